"""Whether a click still means what it meant: every combination of action and state."""

import pytest

from bolt_app.guard import guard, took_effect
from shared.model.command import Action
from shared.model.event import Agent, Instant, Status, StatusChange
from shared.model.ids import UserId
from shared.model.outcome import Kind
from shared.pagerduty.rest import RestIncident
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot


def read(status: Status, by: Agent | None = BOB, at_ms: int = NOON) -> RestIncident:
    """Make what PagerDuty shows now."""
    change = StatusChange(by, Instant(at_ms, 1000))
    return RestIncident(INCIDENT, snapshot(status), Instant(at_ms, 1000), change, frozenset(), (), "escalation_policy")


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        (Action.ACKNOWLEDGE, Status.TRIGGERED, None),
        (Action.ACKNOWLEDGE, Status.ACKNOWLEDGED, Kind.ALREADY),
        (Action.ACKNOWLEDGE, Status.RESOLVED, Kind.STALE),
        (Action.RESOLVE, Status.TRIGGERED, None),
        (Action.RESOLVE, Status.ACKNOWLEDGED, None),
        (Action.RESOLVE, Status.RESOLVED, Kind.ALREADY),
    ],
)
def test_every_action_in_every_state_has_an_answer(action: Action, status: Status, kind: Kind | None) -> None:
    """What would undo a later state is stale; what is there already is not sent."""
    outcome = guard(action, read(status))

    assert kind == (outcome.kind if outcome else None)


def test_the_answer_says_who_did_what_when() -> None:
    """Whoever is refused for a later state learns whose it is."""
    outcome = guard(Action.ACKNOWLEDGE, read(Status.RESOLVED))

    assert outcome is not None
    assert ("Bob Ray", NOON, Status.RESOLVED) == (outcome.who, outcome.at_ms, outcome.status)


@pytest.mark.parametrize(
    ("status", "by", "at_ms", "expected"),
    [
        (Status.ACKNOWLEDGED, ALICE, NOON, True),
        (Status.ACKNOWLEDGED, BOB, NOON, False),
        (Status.ACKNOWLEDGED, None, NOON, False),
        (Status.ACKNOWLEDGED, ALICE, NOON - 5000, False),
        (Status.RESOLVED, ALICE, NOON, False),
    ],
)
def test_only_our_own_change_since_then_is_our_effect(
    status: Status, by: Agent | None, at_ms: int, *, expected: bool
) -> None:
    """State, agent and time must all fit before an unclear call counts as done."""
    assert expected == took_effect(Action.ACKNOWLEDGE, UserId("PALICE1"), NOON, read(status, by, at_ms))
