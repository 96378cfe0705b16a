"""An incident's log in values: who did what when, from the first trigger on. Answers in. Pure."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator

from shared.model.event import incident_id
from shared.model.ids import IncidentId
from shared.pagerduty.models.fields import (
    Many,
    OptionalAgent,
    OptionalReference,
    OptionalText,
    Reference,
    Text,
    Time,
    Written,
    as_object,
    as_objects,
    named,
    parser,
)
from shared.pagerduty.models.incident import PendingActions


@dataclass(frozen=True)
class Change:
    """That a field, by PagerDuty's name for it, went from one value to another; empty stands for none."""

    name: Text
    before: Annotated[Written, named("old_value")]
    after: Annotated[Written, named("value")]


def _changed(changeset: object) -> object:
    """Find what changed, in PagerDuty's own fields and then in those of the account."""
    found = as_object(changeset or {})
    return [*as_objects(found.get("application_fields")), *as_objects(found.get("customer_fields"))]


def _incident(reference: object) -> IncidentId | None:
    return None if reference is None else incident_id(as_object(reference).get("id"))


@dataclass(frozen=True)
class LogEntry:
    """
    One line of an incident's log, at a second of PagerDuty's clock.

    `type` is PagerDuty's, such as `acknowledge_log_entry`, `channel` the way it came about, such as `website`, `api` or
    `timeout`. What each kind tells besides: assign, delegate and escalate the `assignees`; annotate and resolve the
    `note`; notify the `user` who was notified; snooze the `pending` actions that it moved; a change of fields the
    `changes`. No entry tells an escalation level, or the id of a note. `incident` is None where PagerDuty names none.
    """

    id: Text
    type: Text
    at: Annotated[Time, named("created_at")]
    agent: OptionalAgent
    channel: Annotated[OptionalText, named("channel", "type")]
    summary: OptionalText
    assignees: Many[Reference] = ()
    note: OptionalText = ""
    user: OptionalReference = None
    pending: Annotated[PendingActions, named("changed_actions")] = ()
    changes: Annotated[tuple[Change, ...], BeforeValidator(_changed), named("channel", "changeset")] = ()
    incident: Annotated[IncidentId | None, PlainValidator(_incident)] = None


parse_log_entries = parser(tuple[LogEntry, ...], "log_entries")
