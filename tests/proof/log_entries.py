"""What PagerDuty's log shows of an incident: to the second, with entries of its own for who it is assigned to."""

from collections.abc import Iterator

from shared.model.event import Agent, Instant, Ref
from shared.model.ids import IncidentId
from shared.pagerduty.models.incident_parts import LogEntry
from tests.proof import pagerduty_model
from tests.proof.pagerduty_model import History, Transition
from tests.proof.personas import ALICE, Person

SECOND = 1000
TRIGGER, ASSIGN = "trigger_log_entry", "assign_log_entry"
LOGGED = {
    "incident.triggered": TRIGGER,
    "incident.reopened": TRIGGER,
    "incident.acknowledged": "acknowledge_log_entry",
    "incident.unacknowledged": "unacknowledge_log_entry",
    "incident.resolved": "resolve_log_entry",
}
SERVICE = Agent(pagerduty_model.SERVICE["id"], pagerduty_model.SERVICE["summary"], pagerduty_model.SERVICE["type"])
"""Whose doing the log calls what nobody did."""


def entries(incident: History, begin_ms: int) -> tuple[LogEntry, ...]:
    """List the entries from that second on, the oldest first."""
    return tuple(entry for entry in _entries(incident) if entry.at.ms >= begin_ms // SECOND * SECOND)


def second(at_ms: int) -> Instant:
    """Cut a time to its second, as REST does."""
    return Instant(at_ms // SECOND * SECOND, SECOND)


def _entries(incident: History) -> Iterator[LogEntry]:
    for place, transition in enumerate(incident.transitions):
        kind = LOGGED[transition.type]
        yield _entry(incident, f"R{incident.number}N{place}", kind, transition)
        if kind == TRIGGER:
            yield _entry(
                incident, f"R{incident.number}N{place}A", ASSIGN, transition, (Ref(ALICE.pagerduty, ALICE.name),)
            )


def _entry(
    incident: History, name: str, kind: str, transition: Transition, assignees: tuple[Ref, ...] = ()
) -> LogEntry:
    channel = "website" if transition.by else "auto" if kind == TRIGGER else "timeout"
    return LogEntry(
        name, kind, second(transition.at_ms), _agent(transition.by), channel, "",
        assignees=assignees, incident=IncidentId(incident.id),
    )  # fmt: skip


def _agent(person: Person | None) -> Agent:
    return Agent(person.pagerduty, person.name) if person else SERVICE
