"""Pure: what people add to an incident, parsed: notes, status updates, responder requests."""

from dataclasses import dataclass
from typing import Annotated

from shared.pagerduty.models.fields import (
    Many,
    OptionalReference,
    OptionalText,
    OptionalTime,
    Reference,
    Text,
    Time,
    named,
    parser,
)

LONGEST_NOTE = 65_535
"""The length of a note, in bytes of UTF-8 (knowledge base, which speaks of single-byte characters)."""


@dataclass(frozen=True)
class Note:
    """A note, as it reads now. `user` may be a rule or an integration that made it; `updated` tells of an edit."""

    id: Text
    content: OptionalText
    user: OptionalReference
    created: Annotated[Time, named("created_at")]
    updated: Annotated[OptionalTime, named("updated_at")]


@dataclass(frozen=True)
class StatusUpdate:
    """A status update to stakeholders."""

    id: Text
    message: Text
    sender: OptionalReference
    created: Annotated[Time, named("created_at")]


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

    requester: OptionalReference
    requested: Annotated[OptionalTime, named("requested_at")]
    targets: Annotated[Many[_Target], named("responder_request_targets")]

    @property
    def responders(self) -> tuple[Responder, ...]:
        """Those whom it asked, through whichever target, and their states."""
        return tuple(responder for target in self.targets for responder in target.responders)


parse_note = parser(Note, "note")
parse_notes = parser(tuple[Note, ...], "notes")
parse_status_update = parser(StatusUpdate, "status_update")
parse_responder_request = parser(ResponderRequest, "responder_request")
