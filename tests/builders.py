"""Small makers of model values, so that a test names only what it is about."""

from shared.model.command import Expectation
from shared.model.event import Agent, Event, Instant, Ref, Snapshot, Source
from shared.model.event_types import TRANSITIONS, Status
from shared.model.ids import CommandId, EventId, IncidentId, UserId

INCIDENT = IncidentId("Q1INCIDENT")
ALICE = Agent("PALICE1", "Alice Ng")
BOB = Agent("PBOB001", "Bob Ray")
NOON = 1_700_000_000_000
"""A whole second, in milliseconds."""


def snapshot(status: Status = Status.TRIGGERED, title: str = "Checkout is slow", *assignees: Agent) -> Snapshot:
    """Make a snapshot in `status`."""
    return Snapshot(
        status=status,
        title=title,
        number=37,
        url="https://acme.pagerduty.com/incidents/Q1INCIDENT",
        urgency="high",
        service=Ref("PSVC001", "checkout-api"),
        priority=Ref("PPRIO01", "P1"),
        assignees=tuple(Ref(agent.id, agent.name) for agent in assignees),
        teams=(Ref("PTEAM01", "Payments"),),
        escalation_policy=Ref("PPOL001", "Payments on-call"),
        created_ms=NOON,
    )


def webhook(event_type: str, at_ms: int, agent: Agent | None = ALICE, event_id: str = "", title: str = "") -> Event:
    """Make the event that a delivery tells of."""
    status = TRANSITIONS.get(event_type, Status.TRIGGERED)
    return Event(
        EventId(event_id or f"{event_type}:{at_ms}"),
        event_type,
        INCIDENT,
        Source.WEBHOOK,
        Instant(at_ms),
        agent,
        snapshot(status, title or "Checkout is slow"),
    )


def answer(event_type: str, at_ms: int, command: str, agent: Agent = ALICE, *, proven: bool = True) -> Event:
    """Make the event that PagerDuty's answer to a call of ours tells of: whole seconds."""
    return Event(
        EventId(f"answer:{command}"),
        event_type,
        INCIDENT,
        Source.ANSWER,
        Instant(at_ms // 1000 * 1000, 1000),
        agent,
        snapshot(TRANSITIONS[event_type]),
        command=CommandId(command),
        proven=proven,
    )


def expectation(event_type: str, at_ms: int, command: str, agent: Agent = ALICE) -> Expectation:
    """Make what the bridge notes before a call begun at `at_ms`."""
    second = at_ms // 1000 * 1000
    detail = str(TRANSITIONS[event_type])
    return Expectation(CommandId(command), event_type, UserId(agent.id), detail, second, second, NOON)
