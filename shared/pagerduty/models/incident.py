"""
PagerDuty's incident in values, as REST shows it. Answers in. Pure.

A parser takes a decoded answer as PagerDuty sends it, with its envelope (`{"incident": {...}}`), and returns a value or
raises `Malformed`; unknown fields are passed over. Source: PagerDuty's OpenAPI description. The escalation level is not
in it, nor anywhere else that could be read.
"""

from dataclasses import dataclass

from shared.errors import Malformed
from shared.model.event import Instant, Ref, Snapshot, Status, StatusChange
from shared.model.ids import IncidentId, UserId, incident_id
from shared.pagerduty.models.fields import (
    Fields,
    members,
    optional_agent,
    optional_ref,
    optional_time,
    ref,
    text,
    time,
    user_id,
    written,
)

ANSWERABLE = frozenset({"pending", "joined"})
"""The states of a current responder; one who declined or was cancelled is none."""


@dataclass(frozen=True)
class Stamp:
    """An assignment or acknowledgement: by whom and when; None where it is missing."""

    by: Ref
    at: Instant | None


@dataclass(frozen=True)
class PendingAction:
    """
    What PagerDuty will do by itself: `escalate`, `unacknowledge`, `resolve` or `urgency_change`, the last one `to`.

    A snooze ends with an `unacknowledge`.
    """

    type: str
    at: Instant
    to: str = ""


@dataclass(frozen=True)
class Asked:
    """That `user` was asked to help, by whom, when and in what words; how they stand (`state`), and since when."""

    user: Ref
    state: str
    by: Ref | None
    at: Instant | None
    message: str
    since: Instant | None


@dataclass(frozen=True)
class AlertCounts:
    """How many alerts an incident has, and how many of them go on."""

    all: int
    triggered: int


@dataclass(frozen=True)
class Bridge:
    """Where people talk about an incident: a number to dial, a page, or both."""

    number: str
    url: str


@dataclass(frozen=True)
class RestIncident:
    """
    An incident as a read or the answer to a write shows it.

    `updated` is None when PagerDuty did not say; such a reading cannot be compared with any other. `assigned_via` is
    `escalation_policy`, `direct_assignment`, or empty when not said. `responders` are those who were asked or have
    joined. `key` is the de-duplication key. `merged_into` is the incident that goes on in place of this one.
    `details`, with which it was created, and `bridge` are there only when the incident was read in full.
    """

    id: IncidentId
    snapshot: Snapshot
    updated: Instant | None
    status_change: StatusChange | None
    responders: frozenset[UserId]
    acknowledgements: tuple[Stamp, ...]
    assigned_via: str
    assignments: tuple[Stamp, ...] = ()
    pending: tuple[PendingAction, ...] = ()
    alerts: AlertCounts | None = None
    key: str = ""
    kind: str = ""
    first_trigger: Ref | None = None
    resolved: Instant | None = None
    merged_into: Ref | None = None
    details: str = ""
    bridge: Bridge | None = None
    asked: tuple[Asked, ...] = ()

    @property
    def acknowledgers(self) -> tuple[Ref, ...]:
        """Who has acknowledged it; empty once it is resolved or triggered again."""
        return tuple(stamp.by for stamp in self.acknowledgements)

    def due(self, action: str) -> Instant | None:
        """Return when PagerDuty will do `action` by itself; None if it will not."""
        return next((pending.at for pending in self.pending if pending.type == action), None)


def parse_incident(answer: object) -> RestIncident:
    """Read `{"incident": {...}}`."""
    return _incident(Fields.of(Fields.of(answer).get("incident")))


def parse_incidents(answer: object) -> tuple[RestIncident, ...]:
    """Read one page of `{"incidents": [...]}`."""
    return tuple(_incident(incident) for incident in members(Fields.of(answer).get("incidents")))


def snapshot_from_rest(incident: object) -> Snapshot:
    """Read the fields of one incident object that a webhook carries as well, and are compared with it."""
    fields = Fields.of(incident)
    created = optional_time(fields.get("created_at"))
    return Snapshot(
        status=_status(fields.get("status")),
        title=_title(fields),
        number=fields.optional_number("incident_number"),
        url=fields.optional_text("html_url"),
        urgency=text(fields.get("urgency")),
        service=optional_ref(fields.get("service")),
        priority=optional_ref(fields.get("priority")),
        assignees=tuple(ref(one.part("assignee")) for one in fields.members("assignments")),
        teams=tuple(ref(team) for team in fields.members("teams")),
        escalation_policy=optional_ref(fields.get("escalation_policy")),
        created_ms=created.ms if created else None,
    )


def pending_actions(actions: list[Fields]) -> tuple[PendingAction, ...]:
    """Read what PagerDuty will do by itself, the next thing first."""
    read = [PendingAction(text(one.get("type")), time(one.get("at")), one.optional_text("to")) for one in actions]
    return tuple(sorted(read, key=lambda action: action.at.ms))


def _incident(incident: Fields) -> RestIncident:
    return RestIncident(
        id=incident_id(incident.get("id")),
        snapshot=snapshot_from_rest(incident.values),
        updated=optional_time(incident.get("updated_at")),
        status_change=_status_change(incident),
        responders=_responders(incident),
        acknowledgements=_stamps(incident, "acknowledgements", "acknowledger"),
        assigned_via=incident.optional_text("assigned_via"),
        assignments=_stamps(incident, "assignments", "assignee"),
        pending=pending_actions(incident.members("pending_actions")),
        alerts=_alert_counts(incident.get("alert_counts")),
        key=incident.optional_text("incident_key"),
        kind=incident.part("incident_type").optional_text("name"),
        first_trigger=optional_ref(incident.get("first_trigger_log_entry")),
        resolved=optional_time(incident.get("resolved_at")),
        merged_into=optional_ref(incident.part("resolve_reason").get("incident")),
        details=written(incident.part("body").get("details")),
        bridge=_bridge(incident.get("conference_bridge")),
        asked=tuple(_asked(entry) for entry in incident.members("incidents_responders")),
    )


def _title(incident: Fields) -> str:
    """Read the title. PagerDuty's example of what a snooze answers has it in the summary only."""
    if incident.get("title") is not None:
        return text(incident.get("title"))
    return text(incident.get("summary")).removeprefix(f"[#{incident.get('incident_number')}] ")


def _status(value: object) -> Status:
    try:
        return Status(text(value))
    except ValueError:
        raise Malformed("an incident in a state that PagerDuty does not document") from None


def _status_change(incident: Fields) -> StatusChange | None:
    at = incident.get("last_status_change_at")
    return None if at is None else StatusChange(optional_agent(incident.get("last_status_change_by")), time(at))


def _responders(incident: Fields) -> frozenset[UserId]:
    entries = incident.members("incidents_responders")
    return frozenset(user_id(entry.get("user")) for entry in entries if entry.optional_text("state") in ANSWERABLE)


def _asked(entry: Fields) -> Asked:
    return Asked(
        user=ref(entry.part("user")),
        state=entry.optional_text("state"),
        by=optional_ref(entry.get("requester")),
        at=optional_time(entry.get("requested_at")),
        message=entry.optional_text("message"),
        since=optional_time(entry.get("updated_at")),
    )


def _stamps(incident: Fields, name: str, who: str) -> tuple[Stamp, ...]:
    return tuple(Stamp(ref(one.part(who)), optional_time(one.get("at"))) for one in incident.members(name))


def _alert_counts(value: object) -> AlertCounts | None:
    if value is None:
        return None
    counts = Fields.of(value)
    return AlertCounts(counts.optional_number("all") or 0, counts.optional_number("triggered") or 0)


def _bridge(value: object) -> Bridge | None:
    if value is None:
        return None
    bridge = Fields.of(value)
    number, url = bridge.optional_text("conference_number"), bridge.optional_text("conference_url")
    return Bridge(number, url) if number or url else None
