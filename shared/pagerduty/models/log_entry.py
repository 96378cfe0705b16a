"""An incident's log in values: who did what when, from the first trigger on. Answers in. Pure."""

from dataclasses import dataclass

from shared.model.event import Agent, Instant, Ref
from shared.model.ids import IncidentId, incident_id
from shared.pagerduty.models.fields import Fields, members, optional_agent, optional_ref, ref, text, time, written
from shared.pagerduty.models.incident import PendingAction, pending_actions


@dataclass(frozen=True)
class Change:
    """That a field, by PagerDuty's name for it, went from one value to another; empty stands for none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class LogEntry:
    """
    One line of an incident's log, at a second of PagerDuty's clock.

    `type` is PagerDuty's, such as `acknowledge_log_entry`, `channel` the way it came about, such as `website`, `api` or
    `timeout`. What each kind tells besides: assign, delegate and escalate the `assignees`; annotate and resolve the
    `note`; notify the `user` who was notified; snooze the `pending` actions that it moved; a change of fields the
    `changes`. No entry tells an escalation level, or the id of a note. `incident` is None where PagerDuty names none.
    """

    id: str
    type: str
    at: Instant
    agent: Agent | None
    channel: str
    summary: str
    assignees: tuple[Ref, ...] = ()
    note: str = ""
    user: Ref | None = None
    pending: tuple[PendingAction, ...] = ()
    changes: tuple[Change, ...] = ()
    incident: IncidentId | None = None


def parse_log_entries(answer: object) -> tuple[LogEntry, ...]:
    """Read one page of `{"log_entries": [...]}`, in PagerDuty's order."""
    return tuple(_entry(entry) for entry in members(Fields.of(answer).get("log_entries")))


def _entry(entry: Fields) -> LogEntry:
    channel = entry.part("channel")
    return LogEntry(
        id=text(entry.get("id")),
        type=text(entry.get("type")),
        at=time(entry.get("created_at")),
        agent=optional_agent(entry.get("agent")),
        channel=channel.optional_text("type"),
        summary=entry.optional_text("summary"),
        assignees=tuple(ref(one) for one in entry.members("assignees")),
        note=entry.optional_text("note"),
        user=optional_ref(entry.get("user")),
        pending=pending_actions(entry.members("changed_actions")),
        changes=_changes(channel),
        incident=_incident(entry),
    )


def _incident(entry: Fields) -> IncidentId | None:
    incident = optional_ref(entry.get("incident"))
    return incident_id(incident.id) if incident else None


def _changes(channel: Fields) -> tuple[Change, ...]:
    """Read what changed, in PagerDuty's own fields and then in those of the account."""
    changeset = channel.part("changeset")
    changed = [*changeset.members("application_fields"), *changeset.members("customer_fields")]
    return tuple(
        Change(text(one.get("name")), written(one.get("old_value")), written(one.get("value"))) for one in changed
    )
