"""The oracle understands what the bridge says: its answers, its cards and its lines."""

import pytest

from bolt_app.replies import outcome_text
from shared.model.actions import Action
from shared.model.command import Command, SlackActor
from shared.model.event_types import Status
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId
from shared.model.outcome import Kind, Outcome
from tests.proof.reply_classifier import Said, card_status, place, said, still_trying

COMMAND = Command(
    CommandId("c1"),
    Action.ACKNOWLEDGE,
    IncidentId("Q1INCIDENT"),
    SlackActor(SlackUserId("U0ALICE"), "T0ACME"),
    ChannelId("C0INCIDENTS"),
    MessageTs("1.0"),
    "",
    label="#1",
)
FINAL = {
    Kind.DONE: Said.DONE,
    Kind.ALREADY: Said.ALREADY,
    Kind.STALE: Said.STALE,
    Kind.NOT_LINKED: Said.DECLINED,
    Kind.NOT_ALLOWED: Said.DECLINED,
    Kind.REFUSED: Said.DECLINED,
    Kind.REOPENED: Said.REOPENED,
    Kind.EXPIRED: Said.NOT_DONE,
    Kind.UNKNOWN: Said.UNKNOWN,
    Kind.NOT_STORED: Said.NOT_STORED,
}


@pytest.mark.parametrize(("kind", "meaning"), FINAL.items())
@pytest.mark.parametrize("action", [Action.ACKNOWLEDGE, Action.RESOLVE])
def test_every_final_answer_is_understood(action: Action, kind: Kind, meaning: Said) -> None:
    """An answer whose words have changed is noticed here, before the oracle goes deaf."""
    if (action, kind) in {(Action.RESOLVE, Kind.REOPENED), (Action.RESOLVE, Kind.STALE)}:
        return
    command = COMMAND if action is Action.ACKNOWLEDGE else _resolve()
    outcome = Outcome(kind, why="A reason.", actor="Bob Ray", at_ms=1_700_000_000_000, status=Status.RESOLVED)

    assert meaning is said(outcome_text.outcome_reply(command, outcome, "").text)


def test_news_on_the_way_are_understood() -> None:
    """What is said while it goes on is no final answer, and the late success is one."""
    under_way = [
        *(outcome_text.sending_reply(COMMAND, ahead) for ahead in (None, 0, 12)),
        *(outcome_text.still_trying_reply(COMMAND, "", 12, unclear=doubt) for doubt in (False, True)),
        *(outcome_text.still_trying_reply(COMMAND, "", unclear=doubt) for doubt in (False, True)),
    ]

    assert [Said.UNDER_WAY] * 7 == [said(reply.text) for reply in under_way]
    assert Said.AFTER_ALL is said(outcome_text.late_success_reply(COMMAND).text)


def test_cards_and_lines_are_understood() -> None:
    """State, place, and whether somebody is still at it."""
    assert card_status("Acknowledged by Alice Ng in Slack: #1 Checkout is slow") == "acknowledged"
    assert ["Slack", "PagerDuty", ""] == [
        place(f"*Resolved*{by} · now") for by in (" by A in Slack", " by A in PagerDuty", "")
    ]
    assert still_trying("Triggered: ... PagerDuty has not confirmed it yet.")


def _resolve() -> Command:
    return Command(**{**vars(COMMAND), "action": Action.RESOLVE})
