"""
A delivery's body becomes an event. Pure.

The shapes are those of PagerDuty's V3 webhooks, real deliveries from 2021 on included: a field that older ones lack may
be missing. A field that is there must have the documented type. A verified signature is no reason to trust more than
that, and what does not fit goes to the dead letters as a whole.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from shared.errors import Malformed
from shared.model.command import command_of_key
from shared.model.event import SECOND, TRIGGERED, Agent, Event, Instant, Snapshot, Source, Status
from shared.model.ids import EventId, IncidentId, incident_id
from shared.pagerduty.events.details import happening
from shared.pagerduty.models.fields import Fields, optional_ref, ref, text

SNAPSHOT_TYPES = frozenset(
    f"incident.{change}"
    for change in (
        "triggered",
        "acknowledged",
        "unacknowledged",
        "resolved",
        "reopened",
        "escalated",
        "delegated",
        "reassigned",
        "priority_updated",
        "service_updated",
        "incident_type.changed",
    )
)
"""The events that are documented to carry the whole incident."""

LONGEST_NUMBER = 19
"""Digits of a whole number: more than any counter has, few enough for any reader."""

PING = "pagey.ping"
_INCIDENT = "incident."
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- only subtracted from another time that is in UTC by its text
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Ignored:
    """A genuine delivery that concerns no incident; `why` says what it was instead, `ping` that it was a test."""

    why: str
    ping: bool = field(default=False, compare=False)


def parse(body: bytes) -> Event | Ignored:
    """
    Parse the body of a delivery.

    An unknown `incident.*` type becomes an event with what it carries. Raises `Malformed`, and nothing else, for
    anything but a V3 delivery.
    """
    event = Fields.of(Fields.of(_json(body)).get("event"))
    event_type = _matching(_EVENT_TYPE, event.get("event_type"), "the type of an event")
    event_id = EventId(_matching(_EVENT_ID, event.get("id"), "the id of an event"))
    if not event_type.startswith(_INCIDENT):
        return Ignored(f"{event_type} concerns no incident", ping=event_type == PING)
    return _event(event_id, event_type, event, Fields.of(event.get("data")))


def snapshot_from_webhook(data: dict[str, object]) -> Snapshot:
    """Read the incident that a delivery carries in `data`. Raises `Malformed` for a type that is not documented."""
    fields = Fields(data)
    created = fields.get("created_at")
    return Snapshot(
        status=_status(fields.get("status")),
        title=fields.optional_text("title"),
        number=fields.optional_number("number"),
        url=fields.optional_text("html_url"),
        urgency=fields.optional_text("urgency"),
        service=optional_ref(fields.get("service")),
        priority=optional_ref(fields.get("priority")),
        assignees=tuple(ref(one) for one in fields.members("assignees")),
        teams=tuple(ref(one) for one in fields.members("teams")),
        escalation_policy=optional_ref(fields.get("escalation_policy")),
        created_ms=None if created is None else _instant(created).ms,
    )


def _event(event_id: EventId, event_type: str, event: Fields, data: Fields) -> Event:
    snapshot = _snapshot(event_type, data)
    told = happening(event_type, snapshot, data)
    agent, client = _agent(event.get("agent")), _client(event.get("client"))
    return Event(
        id=event_id,
        type=event_type,
        incident=_incident(data),
        source=Source.WEBHOOK,
        at=_instant(event.get("occurred_at")),
        agent=agent,
        snapshot=snapshot,
        detail=told.detail,
        subject=told.subject,
        details=told.said if agent or not client else (*told.said, ("client", client)),
        command=command_of_key(data.optional_text("incident_key")) if event_type == TRIGGERED else None,
    )


def _incident(data: Fields) -> IncidentId:
    """Find whose event it is: the incident itself, the one that the data refers to, or its first part does."""
    if data.get("type") == "incident":
        return incident_id(data.get("id"))
    reference = data.get("incident")
    if reference is None:
        # A role assignment names the incident only inside the list of assignments.
        reference = next((part["incident"] for part in _parts(data) if "incident" in part), None)
    if reference is None:
        raise Malformed("an event about an incident that it does not name")
    return incident_id(Fields.of(reference).get("id"))


def _parts(data: Fields) -> list[dict[str, object]]:
    lists = [value for value in data.values.values() if isinstance(value, list)]
    return [part for parts in lists for part in parts if isinstance(part, dict)]


def _snapshot(event_type: str, data: Fields) -> Snapshot | None:
    if data.get("type") != "incident":
        return None
    try:
        return snapshot_from_webhook(data.values)
    except Malformed:
        if event_type in SNAPSHOT_TYPES:
            raise
        # This event's data is not documented; it still shows that something happened, and the rest can be read.
        return None


def _agent(value: object) -> Agent | None:
    if value is None:
        return None
    agent = Fields.of(value)
    return Agent(text(agent.get("id")), agent.optional_text("summary"), agent.optional_text("type"))


def _client(value: object) -> str:
    return "" if value is None else Fields.of(value).optional_text("name")


def _status(value: object) -> Status:
    try:
        return Status(text(value))
    except ValueError:
        raise Malformed("an incident in a state that PagerDuty does not document") from None


def _matching(pattern: re.Pattern[str], value: object, what: str) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise Malformed(f"something else in place of {what}")


def _instant(value: object) -> Instant:
    """Take a time in any zone. Finer than a millisecond is cut off; without a fraction it is a whole second."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Malformed("something else in place of a time with its time zone")
    moment, fraction, sign, hours, minutes = found.groups()
    try:
        whole = (datetime.fromisoformat(moment) - _EPOCH) // _MILLISECOND
    except ValueError:
        raise Malformed("a time that is on no calendar") from None
    ahead = (int(hours) * 60 + int(minutes)) * 60_000 * (-1 if sign == "-" else 1) if sign else 0
    if fraction is None:
        return Instant(whole - ahead, SECOND)
    return Instant(whole + int(fraction.ljust(3, "0")[:3]) - ahead)


def _json(body: bytes) -> object:
    try:
        return json.loads(
            body.decode("utf-8", "strict"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_int=_whole_number,
        )
    except (ValueError, RecursionError):
        # Not the reason itself: it may quote the body, and reasons are logged.
        raise Malformed("not strict JSON in UTF-8") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object, in which no name may come twice: readers differ in which of the two they take."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Malformed("JSON with the same name twice in one object")
    return values


def _no_number(name: str) -> NoReturn:
    raise Malformed(f"{name} in place of a number")


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise Malformed("a number of more digits than any counter has")
    return int(digits)
