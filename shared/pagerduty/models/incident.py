"""
PagerDuty's incident in values, as REST shows it. Answers in. Pure.

A parser takes a decoded answer as PagerDuty sends it, with its envelope (`{"incident": {...}}`), and returns a value or
raises `Malformed`; unknown fields are passed over. Source: PagerDuty's OpenAPI description. The escalation level is not
in it, nor anywhere else that could be read.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field, PlainValidator, ValidationInfo, model_validator

from shared.errors import Malformed
from shared.model.event import Instant, Ref, Snapshot, StatusChange
from shared.model.event_types import Status
from shared.model.ids import IncidentId, UserId, incident_id
from shared.pagerduty.models.fields import (
    OR_NULL,
    Count,
    Many,
    OptionalMany,
    OptionalNumber,
    OptionalPastTime,
    OptionalReference,
    OptionalText,
    Reading,
    Reference,
    Text,
    Time,
    as_object,
    listing,
    named,
    optional_agent,
    parser,
    text,
    time,
)

LONGEST_SNOOZE = 7 * 24 * 3600
"""Seconds for which an incident can be snoozed (OpenAPI)."""
ESCALATES, ACKNOWLEDGEMENT_ENDS = "escalate", "unacknowledge"
RESOLVES_ITSELF, URGENCY_CHANGES = "resolve", "urgency_change"
"""The changes that PagerDuty makes by itself (OpenAPI, pending actions). A snooze is an acknowledgement that ends."""
BY_POLICY, TO_PEOPLE = "escalation_policy", "direct_assignment"
"""How an incident came to those who have it (OpenAPI, `assigned_via`)."""
ANSWERABLE = frozenset({"pending", "joined"})
"""The states of a current responder; one who declined or was cancelled is none."""


@dataclass(frozen=True)
class Stamp:
    """An assignment or acknowledgement: by whom and when; None where it is missing."""

    by: Annotated[Reference, Field(validation_alias=AliasChoices("acknowledger", "assignee"))]
    at: OptionalPastTime


@dataclass(frozen=True)
class PendingAction:
    """A change that PagerDuty will make by itself, such as `ESCALATES`."""

    type: Text
    at: Time


PendingActions = Annotated[
    Many[PendingAction], AfterValidator(lambda actions: tuple(sorted(actions, key=lambda action: action.at.ms)))
]
"""The next first."""


@dataclass(frozen=True)
class Asked:
    """That `user` was asked to help, by whom, when and in what words; how they stand (`state`), and since when."""

    user: Reference
    state: OptionalText
    by: Annotated[OptionalReference, named("requester")]
    at: Annotated[OptionalPastTime, named("requested_at")]
    message: OptionalText
    since: Annotated[OptionalPastTime, named("updated_at")]


@dataclass(frozen=True)
class AlertCounts:
    """How many alerts an incident has, and how many of them go on."""

    all: Count
    triggered: Count


@dataclass(frozen=True)
class Facts:
    """The fields of a `Snapshot` that a read and a webhook name alike."""

    status: Status
    url: Annotated[OptionalText, named("html_url")]
    service: OptionalReference
    priority: OptionalReference
    teams: OptionalMany[Reference]
    escalation_policy: OptionalReference


@dataclass(frozen=True)
class _RestFacts(Facts):
    title: Text
    number: Annotated[OptionalNumber, named("incident_number")]
    urgency: Text
    assignees: Many[Reference]
    created_ms: Annotated[OptionalPastTime, AfterValidator(lambda at: at and at.ms), named("created_at")]


_rest_facts = parser(_RestFacts)


def _only_text(details: object) -> str:
    return details if isinstance(details, str) else ""


@dataclass(frozen=True)
class RestIncident:
    """
    An incident as a read or the answer to a write shows it.

    `updated` is None when PagerDuty did not say; such a reading cannot be compared with any other. `assigned_via` is
    `BY_POLICY`, `TO_PEOPLE`, or empty when not said. `merged_into` is the incident that goes on in place of this one.
    `says_pending` is true if it lists what PagerDuty will do by itself, which may be nothing.
    `details` is the text that a person opened it with, if that was read; what monitoring sends is in the alerts.
    """

    id: Annotated[IncidentId, PlainValidator(incident_id)]
    snapshot: Snapshot
    updated: Annotated[OptionalPastTime, named("updated_at")]
    status_change: StatusChange | None
    acknowledgements: Many[Stamp]
    assigned_via: OptionalText
    assignments: Many[Stamp] = ()
    pending: Annotated[PendingActions, named("pending_actions")] = ()
    says_pending: Annotated[bool, PlainValidator(lambda given: isinstance(given, list))] = Field(
        default=False, validation_alias="pending_actions"
    )
    alerts: Annotated[AlertCounts | None, OR_NULL, named("alert_counts")] = None
    kind: Annotated[OptionalText, named("incident_type", "name")] = ""
    merged_into: Annotated[OptionalReference, named("resolve_reason", "incident")] = None
    asked: Annotated[Many[Asked], named("incidents_responders")] = ()
    details: Annotated[str, PlainValidator(_only_text), named("body", "details")] = ""

    @property
    def responders(self) -> frozenset[UserId]:
        """Those who were asked to help or have joined."""
        return frozenset(UserId(one.user.id) for one in self.asked if one.state in ANSWERABLE)

    @property
    def acknowledgers(self) -> tuple[Ref, ...]:
        """The people who have acknowledged it; empty once it is resolved or triggered again."""
        return tuple(stamp.by for stamp in self.acknowledgements)

    @property
    def acknowledged_until_ms(self) -> int | None:
        """When its acknowledgement ends by itself, 0 for never; None if that is not said, or it is not acknowledged."""
        if not self.says_pending or self.snapshot.status is not Status.ACKNOWLEDGED or self.due(ESCALATES):
            return None
        ends = self.due(ACKNOWLEDGEMENT_ENDS)
        return ends.ms if ends else 0

    def due(self, action: str) -> Instant | None:
        """Return when PagerDuty will do `action` by itself; None if it will not."""
        return next((pending.at for pending in self.pending if pending.type == action), None)

    @model_validator(mode="before")
    @classmethod
    def _with_parts(cls, incident: object, info: ValidationInfo[Reading]) -> object:
        """Make the parts that several fields tell of, and the snapshot: what a webhook carries as well."""
        found, latest_ms = as_object(incident), info.context.latest_ms
        title, change = found.get("title"), None
        if title is None:
            # As in PagerDuty's example of what a snooze answers.
            title = text(found.get("summary")).removeprefix(f"[#{found.get('incident_number')}] ")
        given = found.get("assignments")
        assignees = [one.get("assignee") for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        snapshot = Snapshot(**vars(_rest_facts({**found, "title": title, "assignees": assignees}, latest_ms)))
        with suppress(Malformed):  # PagerDuty does not say when
            at = time(found.get("last_status_change_at"), latest_ms)
            change = StatusChange(optional_agent(found.get("last_status_change_by")), at)
        return {**found, "snapshot": snapshot, "status_change": change}


parse_incident = parser(RestIncident, "incident")
parse_incidents = listing(RestIncident, "incidents")
