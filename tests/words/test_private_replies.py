"""What a person reads privately after a click: every action in every outcome, and every reason that can stand in it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bolt_app.replies.builder import Reply
from bolt_app.replies.outcome_text import (
    Part,
    late_success_reply,
    outcome_reply,
    sending_reply,
    still_trying_reply,
    summary_reply,
)
from bolt_app.write_path.command_intake import CLICK_LOST
from shared.errors import BadCredentials, NotFound, Refused
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams, Command, SlackActor, split
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.outcome import Choice, Kind, Outcome
from shared.pagerduty.api.error_messages import WORDS, refusal
from tests.builders import INCIDENT, NOON
from tests.words import slack_text
from tests.words.page import Page

URL = "https://acme.pagerduty.com/incidents/Q1INCIDENT"
TEXTS = {Action.NOTE: "The pool is full.", Action.STATUS_UPDATE: "Payments are slow."}
WHY, STEP = "(The reason.)", "(The next step)"
MEANING = {
    Kind.DONE: "PagerDuty confirmed it",
    Kind.REOPENED: "It was resolved at the same moment, and so the acknowledgement reopened it",
    Kind.ALREADY: "It was already so",
    Kind.STALE: "It would undo what happened since",
    Kind.CHOOSE: "The person has to choose",
    Kind.NOT_LINKED: "The person is not linked",
    Kind.NOT_ALLOWED: "The person may not",
    Kind.REFUSED: "PagerDuty refused",
    Kind.EXPIRED: "PagerDuty did not answer in time; surely not done",
    Kind.UNKNOWN: "PagerDuty did not confirm it; perhaps done",
    Kind.NOT_STORED: "The click could not be stored",
}
"""A heading for each kind of outcome."""
ONLY_FOR = {
    Kind.REOPENED: {Action.ACKNOWLEDGE},
    Kind.CHOOSE: {Action.ESCALATE},
    Kind.STALE: {action for action in Action if Status.RESOLVED not in SPECS[action].works_in} - {Action.TRIGGER},
}
"""Kinds of outcomes that only these actions have."""


def command(action: Action) -> Command:
    """Make Alice's click on #37."""
    alice = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
    params = ActionParams(text=TEXTS.get(action, ""))
    label = "" if action is Action.TRIGGER else "#37"
    return Command(CommandId("c1"), action, INCIDENT, alice, ChannelId("C0"), None, "", label, params=params)


def outcomes(kind: Kind) -> Iterator[Outcome]:
    """Make the outcomes of a kind that are worded differently."""
    match kind:
        case Kind.DONE:
            yield Outcome(kind)
        case Kind.ALREADY:
            yield Outcome(kind, status=Status.ACKNOWLEDGED)
            yield Outcome(kind, actor="Bob Ray", at_ms=NOON, status=Status.ACKNOWLEDGED)
            yield Outcome(kind, actor="You", at_ms=NOON, status=Status.ACKNOWLEDGED)
        case Kind.STALE:
            yield Outcome(kind, status=Status.RESOLVED)
            yield Outcome(kind, actor="Bob Ray", at_ms=NOON, status=Status.RESOLVED)
            yield Outcome(kind, why=WHY, actor="Bob Ray", at_ms=NOON)
        case Kind.REOPENED:
            yield Outcome(kind)
            yield Outcome(kind, actor="Bob Ray", at_ms=NOON)
        case Kind.CHOOSE:
            yield Outcome(kind, choices=(Choice(1, ("Alice Ng",)), Choice(2, ())))
        case Kind.UNKNOWN:
            yield Outcome(kind, reference="K7QM2XR4")
            yield Outcome(kind, status=Status.TRIGGERED, reference="K7QM2XR4")
        case Kind.EXPIRED | Kind.NOT_STORED:
            yield Outcome(kind, why=WHY, reference="K7QM2XR4")
        case _:
            yield Outcome(kind, why=WHY, next_step=STEP)


def test_every_answer_to_a_click_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each action in each outcome with its buttons, then the reasons and next steps that PagerDuty's errors give."""
    page = Page(
        "private_replies",
        "Private replies to a click",
        "Only the person who clicked reads these. The incident is #37, the person Alice, the other one Bob. "
        f"{WHY} and {STEP} stand for the sentences of the last chapters.",
    )
    for action in Action:
        page.chapter(SPECS[action].label)
        page.case("On its way", slack_text.reply(sending_reply(command(action))))
        page.case("In line", *(slack_text.reply(sending_reply(command(action), ahead)) for ahead in (12, 1, 0)))
        page.case("Still in line", slack_text.reply(still_trying_reply(command(action), URL, 12, unclear=False)))
        page.case(
            "PagerDuty has not answered yet", slack_text.reply(still_trying_reply(command(action), URL, unclear=False))
        )
        page.case(
            "PagerDuty did not answer the call",
            slack_text.reply(still_trying_reply(command(action), URL, unclear=True)),
        )
        page.case("It went through in the end", slack_text.reply(late_success_reply(command(action))))
        for kind in Kind:
            if action in ONLY_FOR.get(kind, set(Action)):
                page.case(
                    MEANING[kind],
                    *(slack_text.reply(outcome_reply(command(action), each, URL)) for each in outcomes(kind)),
                )
    page.chapter("Several people asked for help at once")
    page.case(
        "One was asked, one already, one perhaps, one not",
        slack_text.reply(_summary(Kind.DONE, Kind.ALREADY, Kind.UNKNOWN, Kind.REFUSED)),
    )
    page.case("All were asked", slack_text.reply(_summary(Kind.DONE, Kind.DONE)))
    page.chapter("The database lost the click after it was acked")
    lost = Outcome(Kind.UNKNOWN, next_step=CLICK_LOST, reference="K7QM2XR4")
    page.case("Its person is told", slack_text.reply(outcome_reply(command(Action.ESCALATE), lost, URL)))
    page.chapter("An incident whose number is not known")
    page.case("On its way", slack_text.reply(sending_reply(replace(command(Action.ACKNOWLEDGE), label=""))))
    page.chapter("Why PagerDuty refused, and the next step", "By the code of PagerDuty's error.")
    for code in sorted(WORDS):
        page.case(str(code), _explained(Refused("PagerDuty answered: words of its own (2001)", code, 400)))
    page.case("Any other code", _explained(Refused("PagerDuty answered: words of its own (2001)", 2001, 400)))
    page.case("No code: the token is not accepted", _explained(BadCredentials("HTTP status 401", None, 401)))
    page.case("No code: it is not there", _explained(NotFound("HTTP status 404", None, 404)))
    page.case("No code: the plan does not have it", _explained(Refused("HTTP status 402", None, 402)))
    page.case("A read is refused", _explained(Refused("HTTP status 403", 2010, 403), written=False))
    page.case("Slack refused", _explained(Refused("Slack refused users.info: missing_scope", "missing_scope")))
    page.case("Slack's token is not accepted", _explained(BadCredentials("Slack refused users.info", "token_revoked")))
    page.check(pytestconfig)


def _explained(error: Refused, *, written: bool = True) -> str:
    return slack_text.reply(
        outcome_reply(command(Action.ACKNOWLEDGE), refusal(error, "#sre-help", written=written), URL)
    )


def _summary(*kinds: Kind) -> Reply:
    people = tuple(Ref(f"P{number}", name) for number, name in enumerate(["Bob Ray", "Carol Wu", "Dan Ek", "Eve Oh"]))
    whole = replace(command(Action.ADD_RESPONDERS), params=ActionParams(people=people[: len(kinds)]))
    outcomes = (Outcome(kind, why=WHY, reference="K7QM2XR4") for kind in kinds)
    return summary_reply([Part(part, outcome) for part, outcome in zip(split(whole), outcomes, strict=True)], URL)
