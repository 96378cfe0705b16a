"""The Home tab: full, empty, unread, and for people who are nobody in PagerDuty."""

import re
from dataclasses import replace

import pytest

from bolt_app.home_tab import NO_TEAM
from bolt_app.listeners.home_tab import STORE_DOWN
from bolt_app.open_incidents import OLDER
from bolt_app.queries.home_view import HomeIncident, HomeList, HomeParts, home_view, plain_home
from bolt_app.queries.on_call import more_policies, render_levels, unread_policies
from bolt_app.queries.router import linked_text, not_linked_text, query_failed_text
from shared.access.identity import Linked
from shared.model.direct_card import Level
from shared.model.event import Instant, Ref
from shared.pagerduty.models.account import EscalationLevel, EscalationPolicy, OnCall
from shared.slack.render.blocks import Block, date
from tests.builders import ALICE, BOB, NOON
from tests.words import slack_text
from tests.words.incidents import MINUTE, open_incidents
from tests.words.page import Page
from tests.words.test_slash_answers import BY, PD, PERSON, SLOW, UNLINKED, USER

LATER = NOON + 60 * MINUTE
POLICY = EscalationPolicy("PPOL001", "Payments on-call", (EscalationLevel(()),))
ON_CALL = OnCall(1, Ref(ALICE.id, ALICE.name), Ref(POLICY.id), Instant(LATER))
NEXT = OnCall(1, Ref(BOB.id, BOB.name), Ref(POLICY.id), None, Instant(LATER))
FULL = HomeParts(
    linked_text(Linked(PERSON, USER, "e-mail")),
    HomeList(
        [
            HomeIncident(one, ahead, snoozed)
            for one, ahead, snoozed in zip(
                open_incidents(4)[1:] + open_incidents(4)[:1],
                (f"Escalates to Bob Ray {date(LATER)}", "", "", f"Snoozed until {date(LATER)}"),
                (False, False, False, True),
                strict=True,
            )
        ]
    ),
    HomeList([HomeIncident(one) for one in open_incidents(11)[9:]]),
    [render_levels(POLICY, [ON_CALL, NEXT], NOON), unread_policies(1)],
    Level.HIGH,
)


def test_the_home_tab_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Everything that it can say."""
    page = Page("home_tab", "The Home tab", "Each person sees their own, in the app's own place in Slack.")
    page.case("Everything there is", _shown(home_view(FULL, NOON, PD, LATER)))
    empty = replace(FULL, mine=HomeList(), teams=HomeList(rest=NO_TEAM), on_call=(), notify=None)
    page.case("Nothing is open, and there are no direct messages", _shown(home_view(empty, NOON, PD, LATER)))
    for level in (Level.ON, Level.OFF):
        shown = _shown(home_view(replace(empty, notify=level), NOON, PD, LATER)).splitlines()
        page.case(f"Direct messages: {level}", "\n".join(shown[-2:]))
    many = HomeList([HomeIncident(one) for one in open_incidents(20)])
    levels = [*FULL.on_call, more_policies(1), more_policies(2)]
    crowded = replace(FULL, mine=many, teams=replace(many, rest=OLDER), on_call=levels)
    text = _shown(home_view(crowded, NOON, PD, LATER))
    page.case(
        "More than it holds",
        "\n".join(line for line in text.splitlines() if "more" in line or "to you" in line or "newest" in line),
    )
    unread = re.sub(r"`\w+`", "`K7QM2XR4`", query_failed_text("home", SLOW, "#sre-help"))
    page.case(
        "A part could not be read",
        _shown(home_view(replace(FULL, mine=unread, teams=HomeList(), on_call=unread), NOON, PD, LATER)),
    )
    page.case("Not linked", _shown(plain_home(not_linked_text(BY.id, UNLINKED), NOON)))
    page.case("The bridge's database is away", _shown(plain_home(STORE_DOWN, NOON)))
    page.check(pytestconfig)


def _shown(view: Block) -> str:
    return slack_text.blocks(view["blocks"])
