"""
PagerDuty's incident in values, as REST shows it. Answers in. Pure.

A parser takes a decoded answer as PagerDuty sends it, with its envelope (`{"incident": {...}}`), and returns a value or
raises `Malformed`; unknown fields are passed over. Source: PagerDuty's OpenAPI description. The escalation level is not
in it, nor anywhere else that could be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field, PlainValidator, model_validator

from shared.model.event import Instant, Ref, Snapshot, Status, StatusChange, incident_id
from shared.model.ids import IncidentId, UserId
from shared.pagerduty.models.fields import (
    Count,
    Many,
    OptionalNumber,
    OptionalReference,
    OptionalText,
    OptionalTime,
    Reference,
    Text,
    Time,
    Written,
    as_object,
    as_objects,
    named,
    optional_agent,
    optional_text,
    parser,
    reference,
    text,
    time,
)

LONGEST_SNOOZE = 7 * 24 * 3600
"""Seconds for which an incident can be snoozed (OpenAPI)."""
ANSWERABLE = frozenset({"pending", "joined"})
"""The states of a current responder; one who declined or was cancelled is none."""


@dataclass(frozen=True)
class Stamp:
    """An assignment or acknowledgement: by whom and when; None where it is missing."""

    by: Annotated[Reference, Field(validation_alias=AliasChoices("acknowledger", "assignee"))]
    at: OptionalTime


@dataclass(frozen=True)
class PendingAction:
    """
    What PagerDuty will do by itself: `escalate`, `unacknowledge`, `resolve` or `urgency_change`, the last one `to`.

    A snooze ends with an `unacknowledge`.
    """

    type: Text
    at: Time
    to: OptionalText = ""


def _next_first(actions: tuple[PendingAction, ...]) -> tuple[PendingAction, ...]:
    return tuple(sorted(actions, key=lambda action: action.at.ms))


def _milliseconds(value: object) -> int | None:
    return None if value is None else time(value).ms


PendingActions = Annotated[Many[PendingAction], AfterValidator(_next_first)]


@dataclass(frozen=True)
class Asked:
    """That `user` was asked to help, by whom, when and in what words; how they stand (`state`), and since when."""

    user: Reference
    state: OptionalText
    by: Annotated[OptionalReference, named("requester")]
    at: Annotated[OptionalTime, named("requested_at")]
    message: OptionalText
    since: Annotated[OptionalTime, named("updated_at")]


@dataclass(frozen=True)
class AlertCounts:
    """How many alerts an incident has, and how many of them go on."""

    all: Count
    triggered: Count


@dataclass(frozen=True)
class Bridge:
    """Where people talk about an incident: a number to dial, a page, or both."""

    number: Annotated[OptionalText, named("conference_number")]
    url: Annotated[OptionalText, named("conference_url")]


@dataclass(frozen=True)
class Facts:
    """The fields of a `Snapshot` that a read and a webhook name alike."""

    status: Status
    url: Annotated[OptionalText, named("html_url")]
    service: OptionalReference
    priority: OptionalReference
    teams: Many[Reference]
    escalation_policy: OptionalReference


@dataclass(frozen=True)
class _RestFacts(Facts):
    title: Text
    number: Annotated[OptionalNumber, named("incident_number")]
    urgency: Text
    assignees: Many[Reference]
    created_ms: Annotated[int | None, PlainValidator(_milliseconds), named("created_at")] = None

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, incident: object) -> object:
        """Take the title out of the summary where it has none, as in PagerDuty's example of what a snooze answers."""
        found = as_object(incident)
        title = found.get("title")
        if title is None:
            title = text(found.get("summary")).removeprefix(f"[#{found.get('incident_number')}] ")
        assignees = [one.get("assignee") for one in as_objects(found.get("assignments"))]
        return {**found, "title": title, "assignees": assignees}


_rest_facts = parser(_RestFacts)


def snapshot_from_rest(incident: object) -> Snapshot:
    """Read the fields of one incident object that a webhook carries as well, and are compared with it."""
    return Snapshot(**vars(_rest_facts(incident)))


def _status_change(incident: Mapping[str, object]) -> StatusChange | None:
    at = incident.get("last_status_change_at")
    return None if at is None else StatusChange(optional_agent(incident.get("last_status_change_by")), time(at))


def _responders(entries: object) -> frozenset[UserId]:
    current = (one for one in as_objects(entries) if optional_text(one.get("state")) in ANSWERABLE)
    return frozenset(UserId(reference(one.get("user")).id) for one in current)


def _bridge_if_any(bridge: Bridge | None) -> Bridge | None:
    return bridge if bridge and (bridge.number or bridge.url) else None


@dataclass(frozen=True)
class RestIncident:
    """
    An incident as a read or the answer to a write shows it.

    `updated` is None when PagerDuty did not say; such a reading cannot be compared with any other. `assigned_via` is
    `escalation_policy`, `direct_assignment`, or empty when not said. `responders` are those who were asked or have
    joined. `key` is the de-duplication key. `merged_into` is the incident that goes on in place of this one.
    `details`, with which it was created, and `bridge` are there only when the incident was read in full.
    """

    id: Annotated[IncidentId, PlainValidator(incident_id)]
    snapshot: Annotated[Snapshot, PlainValidator(snapshot_from_rest)]
    updated: Annotated[OptionalTime, named("updated_at")]
    status_change: Annotated[StatusChange | None, PlainValidator(_status_change)]
    responders: Annotated[frozenset[UserId], PlainValidator(_responders)]
    acknowledgements: Many[Stamp]
    assigned_via: OptionalText
    assignments: Many[Stamp] = ()
    pending: Annotated[PendingActions, named("pending_actions")] = ()
    alerts: Annotated[AlertCounts | None, named("alert_counts")] = None
    key: Annotated[OptionalText, named("incident_key")] = ""
    kind: Annotated[OptionalText, named("incident_type", "name")] = ""
    first_trigger: Annotated[OptionalReference, named("first_trigger_log_entry")] = None
    resolved: Annotated[OptionalTime, named("resolved_at")] = None
    merged_into: Annotated[OptionalReference, named("resolve_reason", "incident")] = None
    details: Annotated[Written, named("body", "details")] = ""
    bridge: Annotated[Bridge | None, AfterValidator(_bridge_if_any), named("conference_bridge")] = None
    asked: Annotated[Many[Asked], named("incidents_responders")] = ()

    @property
    def acknowledgers(self) -> tuple[Ref, ...]:
        """Who has acknowledged it; empty once it is resolved or triggered again."""
        return tuple(stamp.by for stamp in self.acknowledgements)

    def due(self, action: str) -> Instant | None:
        """Return when PagerDuty will do `action` by itself; None if it will not."""
        return next((pending.at for pending in self.pending if pending.type == action), None)

    @model_validator(mode="before")
    @classmethod
    def _with_parts(cls, incident: object) -> object:
        """Give those parts the whole incident that are made of several of its fields."""
        found = as_object(incident)
        return {
            **found,
            "snapshot": found,
            "status_change": found,
            "responders": found.get("incidents_responders"),
        }


parse_incident = parser(RestIncident, "incident")
parse_incidents = parser(tuple[RestIncident, ...], "incidents")
