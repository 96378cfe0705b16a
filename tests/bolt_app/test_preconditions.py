"""Whether a command still means what it meant: every combination of what was seen, what is so, and what is asked."""

from dataclasses import replace

import pytest

from bolt_app.write_path.actions.registry import HANDLERS
from bolt_app.write_path.actions.status import status_is_ours
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams, Command, SlackActor
from shared.model.event import Agent, Instant, Ref, StatusChange
from shared.model.event_types import ESCALATED, Status
from shared.model.ids import ChannelId, CommandId, SlackUserId, UserId
from shared.model.incident import Incident, fold
from shared.model.outcome import Kind
from shared.pagerduty.models.incident import RestIncident
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot, webhook

T, A, R = Status.TRIGGERED, Status.ACKNOWLEDGED, Status.RESOLVED
GO, ALREADY, STALE, NO = None, Kind.ALREADY, Kind.STALE, Kind.REFUSED
KNOWN = Incident(INCIDENT)
SEEN = frozenset({UserId(BOB.id)})
OTHERS = frozenset({UserId(ALICE.id)})


NOTHING = ActionParams()


def command(action: Action, terms: ActionParams = NOTHING) -> Command:
    """Make what Alice asks for."""
    alice = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
    return Command(CommandId("c1"), action, INCIDENT, alice, ChannelId("C0"), None, "", "#37", params=terms)


def read(status: Status, by: Agent | None = BOB, at_ms: int = NOON) -> RestIncident:
    """Make what PagerDuty shows now: assigned to Bob unless it is resolved."""
    change = StatusChange(by, Instant(at_ms, 1000))
    shown = snapshot(status, "Checkout is slow", *([] if status is R else [BOB]))
    return replace(BLANK, snapshot=shown, updated=Instant(at_ms, 1000), status_change=change)


BLANK = RestIncident(INCIDENT, snapshot(T), None, None, (), "escalation_policy")

TABLE = [
    # what is asked                                    is triggered  acknowledged  resolved
    (command(Action.ACKNOWLEDGE), GO, ALREADY, STALE),
    (command(Action.RESOLVE), GO, GO, ALREADY),
    (command(Action.RESOLVE, ActionParams(text="Rolled back")), GO, GO, ALREADY),
    (command(Action.NOTE, ActionParams(text="Looking")), GO, GO, GO),
    (command(Action.STATUS_UPDATE, ActionParams(text="Looking")), GO, GO, GO),
    (command(Action.ESCALATE, ActionParams(expected_assignees=SEEN)), GO, GO, STALE),
    (command(Action.ESCALATE, ActionParams(expected_assignees=OTHERS)), STALE, STALE, STALE),
    (command(Action.ESCALATE, ActionParams(level=2)), GO, GO, STALE),
    (command(Action.REASSIGN, ActionParams(people=(Ref("PALICE1"),), expected_assignees=SEEN)), GO, GO, STALE),
    (command(Action.REASSIGN, ActionParams(people=(Ref("PALICE1"),), expected_assignees=OTHERS)), STALE, STALE, STALE),
    (command(Action.REASSIGN, ActionParams(people=(Ref(BOB.id),), expected_assignees=SEEN)), ALREADY, ALREADY, STALE),
    (command(Action.REASSIGN, ActionParams(policy=Ref("PPOL001"), expected_assignees=SEEN)), GO, GO, STALE),
    (command(Action.SNOOZE, ActionParams(seconds=3600)), NO, GO, STALE),
    (command(Action.PRIORITY, ActionParams(priority=Ref("PPRIO02"))), GO, GO, STALE),
    (command(Action.PRIORITY, ActionParams(priority=Ref("PPRIO01"))), ALREADY, ALREADY, STALE),
    (command(Action.ADD_RESPONDERS, ActionParams(people=(Ref("PCAROL1"),))), GO, GO, STALE),
    (command(Action.ADD_RESPONDERS, ActionParams(people=(Ref(BOB.id),))), ALREADY, ALREADY, STALE),
]


def named(row: tuple[Command, Kind | None, Kind | None, Kind | None]) -> str:
    """Name a row by what is asked."""
    return f"{row[0].action}:{row[0].params}"


@pytest.mark.parametrize("row", TABLE, ids=named)
def test_every_action_in_every_state_has_an_answer(
    row: tuple[Command, Kind | None, Kind | None, Kind | None],
) -> None:
    """What would undo a later state is stale; what is there already is not sent; the impossible is said at once."""
    asked, *expected = row

    outcomes = [HANDLERS[asked.action].precondition(asked, read(status), KNOWN) for status in (T, A, R)]

    assert expected == [outcome.kind if outcome else None for outcome in outcomes]


@pytest.mark.parametrize("action", HANDLERS)
def test_nothing_is_sent_in_a_state_in_which_it_does_nothing(action: Action) -> None:
    """Every action, also one without a row above, is declined where its specification says that it works in no way."""
    idle = [status for status in Status if status not in SPECS[action].works_in]
    outcomes = [HANDLERS[action].precondition(command(action), read(status), KNOWN) for status in idle]

    assert None not in outcomes


def test_every_action_on_an_incident_has_a_handler() -> None:
    """No action is left without a defined answer; a new incident is another path."""
    assert set(Action) - {Action.TRIGGER} == set(HANDLERS)


def test_the_answer_says_who_did_what_when() -> None:
    """Whoever is refused for a later state learns whose it is."""
    outcome = HANDLERS[Action.ACKNOWLEDGE].precondition(command(Action.ACKNOWLEDGE), read(R), KNOWN)

    assert outcome is not None
    assert ("Bob Ray", NOON, R) == (outcome.actor, outcome.at_ms, outcome.status)


@pytest.mark.parametrize(("status", "kind"), [(A, ALREADY), (R, STALE)])
def test_who_has_done_it_themselves_is_addressed(status: Status, kind: Kind) -> None:
    """Nobody is told their own name."""
    outcome = HANDLERS[Action.ACKNOWLEDGE].precondition(
        command(Action.ACKNOWLEDGE), read(status), KNOWN, UserId(BOB.id)
    )

    assert outcome is not None
    assert (kind, "You") == (outcome.kind, outcome.actor)


def test_a_second_escalation_says_who_escalated_first() -> None:
    """Two people who press at the same card page one level, and the second learns who was first."""
    known = fold(KNOWN, webhook(ESCALATED, NOON + 500, BOB), NOON).incident

    outcome = HANDLERS[Action.ESCALATE].precondition(
        command(Action.ESCALATE, ActionParams(expected_assignees=OTHERS)), read(T), known
    )

    assert outcome is not None
    assert (Kind.STALE, "Bob Ray", NOON + 500) == (outcome.kind, outcome.actor, outcome.at_ms)
    assert "now assigned to Bob Ray" in outcome.why


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"assigned_via": "direct_assignment"}, "follows no escalation policy"), ({}, "low-urgency")],
)
def test_what_cannot_be_escalated_is_explained(changes: dict[str, str], words: str) -> None:
    """Low urgency and a direct assignment are explained before PagerDuty refuses."""
    now = replace(read(T), **changes)  # type: ignore[arg-type]  # a field by its name
    if not changes:
        now = replace(now, snapshot=replace(now.snapshot, urgency="low"))

    outcome = HANDLERS[Action.ESCALATE].precondition(command(Action.ESCALATE), now, KNOWN)

    assert outcome is not None
    assert Kind.REFUSED is outcome.kind
    assert words in outcome.why
    assert outcome.next_step


@pytest.mark.parametrize(
    ("status", "by", "at_ms", "expected"),
    [
        (A, ALICE, NOON, True),
        (A, BOB, NOON, False),
        (A, None, NOON, False),
        (A, ALICE, NOON - 5000, False),
        (R, ALICE, NOON, False),
    ],
)
def test_only_our_own_change_since_then_is_our_effect(
    status: Status, by: Agent | None, at_ms: int, *, expected: bool
) -> None:
    """State, agent and time must all fit before an unclear call counts as done."""
    assert expected == status_is_ours(Action.ACKNOWLEDGE, UserId("PALICE1"), NOON, read(status, by, at_ms))
