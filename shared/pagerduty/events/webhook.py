"""
A delivery's body becomes an event. Pure.

The shapes are those of PagerDuty's V3 webhooks, real deliveries from 2021 on included: a field that older ones lack may
be missing. A verified signature is no reason to trust more than the documented types: of an incident in which one field
has another, nothing is taken, and the event only says that PagerDuty has to be read. What does not say which incident
it is about, when and what happened, goes to the dead letters as a whole.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, NoReturn

from pydantic import PlainValidator, StringConstraints

from shared.errors import Malformed
from shared.model import event_types
from shared.model.event import SECOND, Event, Instant, Snapshot, Source
from shared.model.ids import EventId, IncidentId, command_of_key, incident_id
from shared.model.incident import AHEAD_MS
from shared.model.timeline import KEPT
from shared.pagerduty.events.details import Happening, happening
from shared.pagerduty.models.fields import (
    Many,
    OptionalAgent,
    OptionalNumber,
    OptionalText,
    Reference,
    as_object,
    milliseconds,
    named,
    parser,
)
from shared.pagerduty.models.incident import Facts

SNAPSHOT_TYPES = frozenset(event_types.TRANSITIONS) | {
    event_types.ESCALATED,
    event_types.DELEGATED,
    event_types.REASSIGNED,
    event_types.PRIORITY_UPDATED,
    event_types.SERVICE_UPDATED,
    event_types.INCIDENT_TYPE_CHANGED,
}
"""The events that are documented to carry the whole incident."""

PING = "pagey.ping"
MOST_OF_A_LINE = 20_000
"""Characters of what one event tells; a note that is shown in part, and dozens of fields, are far below."""
_INCIDENT = "incident."
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


@dataclass(frozen=True)
class Ignored:
    """A genuine delivery that concerns no incident; `why` says what it was instead, `ping` that it was a test."""

    why: str
    ping: bool = field(default=False, compare=False)


def _instant(value: object, latest_ms: int | None = None) -> Instant:
    """
    Take a time in any zone. Finer than a millisecond is cut off; without a fraction it is a whole second.

    An event about an incident cannot have come long before that was opened, by `latest_ms` at the latest.
    """
    if not isinstance(value, str) or not (found := _TIME.fullmatch(value)):
        raise Malformed("something else in place of a time with its time zone")
    try:
        at = Instant(milliseconds(datetime.fromisoformat(value)), 1 if found["fraction"] else SECOND)
    except ValueError:
        raise Malformed("not a date of the calendar") from None
    if latest_ms is not None and at.ms > latest_ms:
        raise Malformed("opened after the event")
    return at


@dataclass(frozen=True)
class _Head:
    """The fields that every event has, also an ignored one."""

    id: Annotated[EventId, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
    event_type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


@dataclass(frozen=True)
class _Body:
    occurred_at: Annotated[Instant, PlainValidator(_instant)]
    data: Annotated[Mapping[str, object], PlainValidator(as_object)]
    agent: OptionalAgent
    client: Annotated[OptionalText, named("client", "name")]
    client_url: Annotated[OptionalText, named("client", "url")]
    key: Annotated[OptionalText, named("data", "incident_key")]
    has_client: Annotated[bool, PlainValidator(lambda value: value is not None), named("client")] = False


@dataclass(frozen=True)
class _WebhookFacts(Facts):
    title: OptionalText
    number: OptionalNumber
    urgency: OptionalText
    assignees: Many[Reference]
    created_ms: Annotated[
        int | None,
        PlainValidator(lambda value, info: None if value is None else _instant(value, info.context.latest_ms).ms),
        named("created_at"),
    ] = None


_head, _body, _facts = parser(_Head, "event"), parser(_Body, "event"), parser(_WebhookFacts, strict=True)


def parse(body: bytes) -> Event | Ignored:
    """
    Parse the body of a delivery.

    An unknown `incident.*` type becomes an event with what it carries. Raises `Malformed`, and nothing else, for
    anything but a V3 delivery.
    """
    delivery = _json(body)
    head = _head(delivery)
    if not head.event_type.startswith(_INCIDENT):
        return Ignored(f"{head.event_type} concerns no incident", ping=head.event_type == PING)
    told = _body(delivery)
    kind, snapshot, happened = _read(head.event_type, told.data, told.occurred_at.end + AHEAD_MS)
    by_person = told.agent is not None and told.agent.is_user
    # One without a name that can be read is a client all the same, and not PagerDuty itself.
    of_a_tool = (("client", told.client), ("client_url", told.client_url)) if told.has_client and not by_person else ()
    # Bound the size of the event's line: its document is read and written as a whole.
    agent = len(told.agent.id + told.agent.name + told.agent.kind) if told.agent else 0
    said = sum(len(name) + min(len(text), KEPT) for name, text in (*happened.said, *of_a_tool))
    if agent + len(happened.detail) + len(happened.subject) + said > MOST_OF_A_LINE:
        raise Malformed("longer than anything that a line tells")
    key = told.key if head.event_type == event_types.TRIGGERED else ""
    return Event(
        id=head.id,
        type=kind,
        incident=_incident(told.data),
        source=Source.WEBHOOK,
        at=told.occurred_at,
        agent=told.agent,
        snapshot=snapshot,
        detail=happened.detail,
        subject=happened.subject,
        details=(*happened.said, *of_a_tool),
        command=command_of_key(key) if key else None,
    )


def incident_named(body: bytes) -> IncidentId | None:
    """Find the incident that a delivery is about of which nothing else can be read; None if that cannot either."""
    try:
        return _incident(as_object(as_object(as_object(_json(body)).get("event")).get("data")))
    except Malformed:
        return None


def _incident(data: Mapping[str, object]) -> IncidentId:
    """Find whose event it is: the incident itself, the one that the data refers to, or its first part does."""
    if data.get("type") == "incident":
        return incident_id(data.get("id"))
    reference = data.get("incident")
    if reference is None:
        # A role assignment names the incident only inside the list of assignments.
        parts = [part for value in data.values() if isinstance(value, list) for part in value]
        reference = next((part["incident"] for part in parts if isinstance(part, dict) and "incident" in part), None)
    if reference is None:
        raise Malformed("an event about an incident that it does not name")
    return incident_id(as_object(reference).get("id"))


def _read(kind: str, data: Mapping[str, object], latest_ms: int) -> tuple[str, Snapshot | None, Happening]:
    """
    Read what happened, and the incident that a delivery carries.

    Of an incident that cannot be read nothing is believed: of a transition its kind remains, of another change nothing.
    """
    if data.get("type") != "incident":
        return kind, None, happening(kind, None, data)
    try:
        snapshot = Snapshot(**vars(_facts(data, latest_ms)))
        return kind, snapshot, happening(kind, snapshot, data)
    except Malformed:
        only_seen = kind in SNAPSHOT_TYPES and kind not in event_types.TRANSITIONS
        return event_types.UNREADABLE if only_seen else kind, None, Happening()


def _json(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8", "strict"), object_pairs_hook=_object, parse_constant=_no_number)
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
