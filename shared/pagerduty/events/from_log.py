"""
Pure: an incident's log entries as events: what a lost webhook would have reported, to the second.

Several entries may stand for one act. Triggering, acknowledging and escalating an incident also assign it, and
PagerDuty logs both; only an assignment on its own is a reassignment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from shared.model import event, event_types
from shared.model.event import Agent, Details, Event, Ref, Source, joined_ids
from shared.model.event_types import Status
from shared.model.ids import EventId, IncidentId
from shared.model.timeline import distance_ms, person
from shared.pagerduty.events.details import merged, names
from shared.pagerduty.models.incident_parts import ASSIGN, TRIGGER, LogEntry

ASSIGNING = frozenset({TRIGGER, "acknowledge_log_entry", "escalate_log_entry", "delegate_log_entry"})
BY_ITSELF = frozenset({"timeout", "auto"})
"""The channels of what PagerDuty does when a time is over; webhooks then have no agent."""


def logged(
    incident: IncidentId,
    log: Sequence[LogEntry],
    status: Status | None = None,
    into: Ref | None = None,
    policy: Ref | None = None,
) -> tuple[Event, ...]:
    """
    Make events of the entries of `log`, the oldest first, that tell of something announced.

    `status` is the state before the first of them, None at the beginning of the whole log. What entries do not tell
    comes from the incident: `into` is the one that this one was merged into, by the last resolve, `policy` the
    escalation policy that it has now, by the last that gave it to one.
    """
    more = {
        event_types.RESOLVED: merged(into) if into else (),
        event_types.DELEGATED: (("policy", names([policy])),) if policy else (),
    }
    told = tuple(_told(incident, log, status))
    last = {one.type: one.id for one in told}
    return tuple(
        replace(one, details=(*one.details, *more.get(one.type, ()))) if one.id == last[one.type] else one
        for one in told
    )


def _told(incident: IncidentId, log: Sequence[LogEntry], status: Status | None) -> Iterator[Event]:
    accompanying = set(_accompanying(log))
    for entry in log:
        kind = entry.event
        if entry.type == TRIGGER:
            # Every further alert triggers again, which changes nothing unless the incident was resolved.
            kind = {None: event_types.TRIGGERED, Status.RESOLVED: event_types.REOPENED}.get(status)
        if kind is not None and entry.id not in accompanying:
            status = event_types.TRANSITIONS.get(kind, status)
            yield _event(incident, kind, entry)


def _event(incident: IncidentId, kind: str, entry: LogEntry) -> Event:
    moved = kind in {event_types.ESCALATED, event_types.DELEGATED, event_types.REASSIGNED}
    return Event(
        id=EventId(f"log:{entry.id}"),
        type=kind,
        incident=incident,
        source=Source.LOG,
        at=entry.at,
        agent=_agent(entry),
        detail=joined_ids(ref.id for ref in entry.assignees) if moved else "",
        details=_said(kind, entry),
    )


def _said(kind: str, entry: LogEntry) -> Details:
    if kind == event_types.SNOOZED:
        wakes = next((action.at for action in entry.pending if action.type == "unacknowledge"), None)
        return (("until", str(wakes.ms)),) if wakes else ()
    if kind == event_types.RESOLVED:
        return (("resolution", entry.note),) if entry.note else ()
    return (("assigned", names(entry.assignees)),) if entry.assignees else ()


def _agent(entry: LogEntry) -> Agent | None:
    """Return no agent for PagerDuty's own doing, as webhooks have none."""
    by_itself = entry.channel in BY_ITSELF and entry.agent is not None and not entry.agent.is_user
    return None if by_itself else entry.agent


def _accompanying(log: Sequence[LogEntry]) -> Iterator[str]:
    """Find the assignments that belong to something else: to each the next one after it, if it fits."""
    for place, cause in enumerate(log):
        if cause.type in ASSIGNING:
            following = (entry for entry in log[place + 1 :] if entry.type == ASSIGN)
            yield from (entry.id for entry in islice(following, 1) if _belongs(entry, cause))


def _belongs(assigned: LogEntry, cause: LogEntry) -> bool:
    if distance_ms(assigned.at, cause.at) > event.SECOND or person(assigned.agent) != person(cause.agent):
        return False
    now = {ref.id for ref in assigned.assignees}
    if cause.type == "acknowledge_log_entry":
        return now == {person(cause.agent)}
    return cause.type == TRIGGER or now == {ref.id for ref in cause.assignees}
