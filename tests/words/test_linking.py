"""Linking oneself: what is read in Slack and in the browser, and every way in which it does not come about."""

from dataclasses import replace

import pytest

from bolt_app.linking import claims, words
from bolt_app.linking.sign_ins import CODE_REFUSED, NOT_SAID
from bolt_app.listeners.linking import UNREADABLE
from bolt_app.queries.router import linked_text
from bolt_app.replies.builder import build_reply
from bolt_app.replies.outcome_text import outcome_reply
from shared.access import made_links
from shared.access.identity import EXCLUDED, Linked, no_match
from shared.access.next_steps import completed
from shared.config.people_config import IdentityConfig
from shared.model.actions import Action
from shared.model.ids import SlackUserId, UserId
from shared.model.link import Claim, Link, LinkedBy, LinkRequest
from shared.store.links import Visitor
from tests.builders import ALICE, NOON
from tests.words import slack_text
from tests.words.page import Page
from tests.words.test_private_replies import URL, command
from tests.words.test_slash_answers import BY, PD, PERSON, USER
from webhook_receiver import sign_in_page

ON = IdentityConfig(
    linking="oauth", callback_url="https://bridge.example.com/oauth/pagerduty/callback", contact="#sre-help"
)
BOB = SlackUserId("U0BOB")
CLAIM = Claim(UserId(ALICE.id), ALICE.name, "a.ng@corp.example")
LINK = Link(BY.id, CLAIM.user, CLAIM.email, LinkedBy.SIGN_IN, NOON)
PRESSED = command(Action.ACKNOWLEDGE)
ADDRESS = "https://identity.pagerduty.com/oauth/authorize?state=..."


def test_linking_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """From the refusal to the link, and every dead end."""
    page = Page("linking", "Linking oneself", "Where it is switched on: what people read in Slack, and in the browser.")
    refused = completed(no_match("alice@example.com"), ON).outcome
    page.case("A press is refused", slack_text.reply(outcome_reply(PRESSED, refused, URL)))
    page.case("**Link** was pressed", slack_text.reply(words.begin_reply(ADDRESS, with_press=True)))
    page.case("`/pd link` was typed", slack_text.reply(words.begin_reply(ADDRESS, with_press=False)))
    page.case("... where Slack shows no buttons", slack_text.seen(words.begin_reply(ADDRESS, with_press=False).text))
    for situation, told in (
        ("The browser comes back", sign_in_page.code_page(Visitor(words.visitor_text(PERSON), PD), "KXQF7MPT")),
        ("... with a sign-in that is over", sign_in_page.OVER),
        ("... without a permission", sign_in_page.DENIED),
        ("... and the store is away", sign_in_page.AWAY),
    ):
        page.case(situation, "\n".join(told))
    page.case(
        "The code was typed",
        _told(words.linked_text(CLAIM, PD)),
        _told(words.linked_text(CLAIM, PD), words.going_on_text(PRESSED)),
        _told(words.linked_text(CLAIM, PD), words.too_old_text(PRESSED)),
        _told(words.linked_text(CLAIM, PD), words.not_kept_text(PRESSED)),
    )
    approved = replace(LINK, by=LinkedBy.APPROVAL, approver=BOB)
    page.case("`/pd whoami`", *(_told(linked_text(Linked(PERSON, USER, each.by, each))) for each in (LINK, approved)))
    page.case("It is not the code", *(_told(words.wrong_code_text(left, PD)) for left in (4, 1, 0)))
    page.case(
        "There is nothing to finish",
        _told(f"{words.NONE_WAITING} {words.again_text(PD)}"),
        _told(words.UNANSWERED),
        _told(words.OFF),
        _told(words.NOT_READY),
        slack_text.seen(UNREADABLE),
    )
    page.case(
        "They can't be linked",
        *(_told(why) for why in (claims.ELSEWHERE, claims.TAKEN, CODE_REFUSED, NOT_SAID, EXCLUDED)),
        *(
            _told(text)
            for text in (
                claims.linked_already(USER),
                claims.AGAIN,
                words.again_step("K7QM2XR4"),
                claims.ASK,
                claims.HOW,
            )
        ),
    )
    page.case("Told to whose PagerDuty user it is", _told(claims.lured_text(replace(PERSON, name="Mallory Poe"))))
    _add_approvals(page)
    page.case("`/pd unlink`", _told(words.unlinked_text(LINK.email)), _told(words.NO_LINK))
    page.case(
        "A link does not hold any more",
        *map(_told, (made_links.ENDED, made_links.IDLE, made_links.GIVEN, made_links.STORE_AWAY)),
    )
    page.check(pytestconfig)


def _add_approvals(page: Page) -> None:
    request = LinkRequest(BY.id, "s", claim=CLAIM)
    refused = completed(no_match("alice@example.com"), IdentityConfig(linking="admin", admins=(BOB,))).outcome
    page.chapter("Where an admin decides")
    page.case("A press is refused", slack_text.reply(outcome_reply(PRESSED, refused, URL)))
    page.case("**Link** was pressed, or `/pd link` typed", _told(words.which_user_text(PD)))
    page.case(
        "An address was typed",
        _told(words.asked_text(CLAIM, [BOB, SlackUserId("U0CAROL")])),
        _told(words.ASKED_ALREADY),
        _told(words.none_asked_text("#sre-help")),
        _told(words.asked_too_often_text("#sre-help")),
        _told(f"{words.NO_SUCH_USER} {words.CHECK_ADDRESS}."),
    )
    page.case("The admin is asked", slack_text.reply(words.asking_reply(PERSON, request, CLAIM)))
    page.case(
        "The admin decided",
        _told(words.you_approved_text(request, CLAIM)),
        _told(words.you_rejected_text(request)),
        _told(words.DECIDED),
        _told(f"{words.NO_ADMIN} {words.LEAVE_IT}."),
    )
    page.case(
        "The person is told",
        _told(words.linked_text(CLAIM, PD), words.approved_by_text(BOB), words.going_on_text(PRESSED)),
        _told(words.rejected_text(BOB)),
    )


def _told(*paragraphs: str) -> str:
    return slack_text.reply(build_reply(*paragraphs))
