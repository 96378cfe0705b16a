"""
The parts of an incident, as values: its log, notes and other additions, and its alerts. Answers in. Pure.

Source: PagerDuty's OpenAPI description. Of alerts it leaves out `body.cef_details`, where the source of events sent
through the Events API is found in practice; it is read where it is as expected and passed over where it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator, model_validator

from shared.model import event_types
from shared.model.enrichment import Link
from shared.model.ids import IncidentId, incident_id
from shared.pagerduty.models.fields import (
    OR_NULL,
    Many,
    OptionalAgent,
    OptionalPastTime,
    OptionalReference,
    OptionalText,
    PastTime,
    Reference,
    Text,
    Written,
    as_object,
    as_objects,
    listing,
    named,
    optional_text,
    parser,
    text,
    written,
)
from shared.pagerduty.models.incident import PendingActions

TRIGGER, ASSIGN = "trigger_log_entry", "assign_log_entry"
EVENTS: Mapping[str, str] = {
    TRIGGER: event_types.TRIGGERED,
    "acknowledge_log_entry": event_types.ACKNOWLEDGED,
    "unacknowledge_log_entry": event_types.UNACKNOWLEDGED,
    "resolve_log_entry": event_types.RESOLVED,
    "escalate_log_entry": event_types.ESCALATED,
    "delegate_log_entry": event_types.DELEGATED,
    ASSIGN: event_types.REASSIGNED,
    "snooze_log_entry": event_types.SNOOZED,
}
"""The events that entries tell of. Of notes they lack the id, of changed fields often what has changed."""


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
    `note`; snooze the `pending` actions that it moved; a change of fields the `changes`. No entry tells an escalation
    level, or the id of a note. `incident` is None where PagerDuty names none.
    """

    id: Text
    type: Text
    at: Annotated[PastTime, named("created_at")]
    agent: OptionalAgent
    channel: Annotated[OptionalText, named("channel", "type")]
    summary: OptionalText
    assignees: Many[Reference] = ()
    note: OptionalText = ""
    pending: Annotated[PendingActions, named("changed_actions")] = ()
    changes: Annotated[tuple[Change, ...], BeforeValidator(_changed), OR_NULL, named("channel", "changeset")] = ()
    incident: Annotated[IncidentId | None, PlainValidator(_incident), OR_NULL] = None

    @property
    def event(self) -> str | None:
        """The event that it tells of, by the type that a webhook gives it; None for the kinds that tell of none."""
        return EVENTS.get(self.type)


parse_log_entries = listing(LogEntry, "log_entries")


LONGEST_NOTE = 65_535
"""The length of a note, in bytes of UTF-8 (knowledge base, which speaks of single-byte characters)."""


@dataclass(frozen=True)
class Note:
    """A note, as it reads now. `user` may be a rule or an integration that made it; `updated` tells of an edit."""

    id: Text
    content: OptionalText
    user: OptionalReference
    created: Annotated[PastTime, named("created_at")]
    updated: Annotated[OptionalPastTime, named("updated_at")]


@dataclass(frozen=True)
class StatusUpdate:
    """A status update to stakeholders."""

    id: Text
    created: Annotated[PastTime, named("created_at")]


@dataclass(frozen=True)
class Responder:
    """A requested responder; `state` is `pending`, `joined`, `declined` or `user_cancelled`."""

    user: Reference
    state: Text


@dataclass(frozen=True)
class _Target:
    responders: Annotated[Many[Responder], named("responder_request_target", "incidents_responders")]


@dataclass(frozen=True)
class ResponderRequest:
    """A responder request; those asked before may be missing in it."""

    targets: Annotated[Many[_Target], named("responder_request_targets")]

    @property
    def responders(self) -> tuple[Responder, ...]:
        """Those whom it asked, through whichever target, and their states."""
        return tuple(responder for target in self.targets for responder in target.responders)


parse_note = parser(Note, "note")
parse_notes = listing(Note, "notes")
parse_status_update = parser(StatusUpdate, "status_update")
parse_responder_request = parser(ResponderRequest, "responder_request")


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _links(contexts: object) -> tuple[Link, ...]:
    """Read the links; PagerDuty's own example has one that leads nowhere."""
    links = [one for one in as_objects(contexts) if one.get("type") == "link" and one.get("href")]
    return tuple(Link(text(one["href"]), optional_text(one.get("text"))) for one in links)


def _images(contexts: object) -> tuple[Link, ...]:
    """Read the images, each with the address of the image itself."""
    images = [one for one in as_objects(contexts) if one.get("type") == "image" and one.get("src")]
    return tuple(Link(text(one["src"]), optional_text(one.get("text"))) for one in images)


def _client(event_details: object) -> Link | None:
    """Find the monitoring tool that sent the event, by its name or else its page."""
    told = _object(event_details)
    name, page = (value if isinstance(value, str) else "" for value in (told.get("client"), told.get("client_url")))
    return Link(page, name) if name or page else None


def _details(details: object) -> tuple[tuple[str, str], ...]:
    """Read an object or a text, of which PagerDuty says no more than that it is one of them."""
    if details is None:
        return ()
    if isinstance(details, dict):
        return tuple((text(name), written(value)) for name, value in details.items())
    return (("", written(details)),)


@dataclass(frozen=True)
class Alert:
    """
    One alert. `status` is `triggered` or `resolved`; `severity` is `info`, `warning`, `error`, `critical`, or empty.

    `source` names what is affected or, where that is not said, the integration that reported it. `details` are what
    the monitoring sent besides, by name; one that sent a plain text has given it no name, and `raw_details` are the
    same as they came. `client` is the monitoring tool, with its page, where it named itself.
    """

    id: Text
    summary: OptionalText
    url: Annotated[OptionalText, named("html_url")]
    status: OptionalText
    severity: OptionalText
    source: OptionalText
    links: Annotated[tuple[Link, ...], PlainValidator(_links), OR_NULL, named("body", "contexts")] = ()
    details: Annotated[tuple[tuple[str, str], ...], PlainValidator(_details), OR_NULL, named("body", "details")] = ()
    client: Annotated[Link | None, PlainValidator(_client)] = None
    raw_details: Annotated[object, PlainValidator(lambda details: details), named("body", "details")] = None
    images: Annotated[tuple[Link, ...], PlainValidator(_images), OR_NULL, named("body", "contexts")] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_source(cls, alert: object) -> object:
        found = as_object(alert)
        body, integration = (_object(found.get(name)) for name in ("body", "integration"))
        event_details = _object(body.get("cef_details"))
        source = event_details.get("source_origin")
        source = source if source and isinstance(source, str) else integration.get("summary")
        return {**found, "source": source, "client": event_details}


parse_alerts = listing(Alert, "alerts")
