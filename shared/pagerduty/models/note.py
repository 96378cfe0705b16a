"""Pure: what people add to an incident, parsed: notes, status updates, responder requests."""

from dataclasses import dataclass

from shared.model.event import Instant, Ref
from shared.pagerduty.models.fields import Fields, members, optional_ref, optional_time, ref, text, time


@dataclass(frozen=True)
class Note:
    """A note, as it reads now. `user` may be a rule or an integration that made it; `updated` tells of an edit."""

    id: str
    content: str
    user: Ref | None
    created: Instant
    updated: Instant | None


@dataclass(frozen=True)
class StatusUpdate:
    """A status update to stakeholders."""

    id: str
    message: str
    sender: Ref | None
    created: Instant


@dataclass(frozen=True)
class Responder:
    """A requested responder; `state` is `pending`, `joined`, `declined` or `user_cancelled`."""

    user: Ref
    state: str


@dataclass(frozen=True)
class ResponderRequest:
    """A responder request and the state of its responders; those asked before may be missing."""

    requester: Ref | None
    requested: Instant | None
    responders: tuple[Responder, ...]


def parse_note(answer: object) -> Note:
    """Read `{"note": {...}}`."""
    return _note(Fields.of(Fields.of(answer).get("note")))


def parse_notes(answer: object) -> tuple[Note, ...]:
    """Read `{"notes": [...]}`, which is not in pages."""
    return tuple(_note(note) for note in members(Fields.of(answer).get("notes")))


def parse_status_update(answer: object) -> StatusUpdate:
    """Read `{"status_update_published": {...}}`."""
    update = Fields.of(Fields.of(answer).get("status_update"))
    return StatusUpdate(
        id=text(update.get("id")),
        message=text(update.get("message")),
        sender=optional_ref(update.get("sender")),
        created=time(update.get("created_at")),
    )


def parse_responder_request(answer: object) -> ResponderRequest:
    """Read `{"responder_request": {...}}`."""
    request = Fields.of(Fields.of(answer).get("responder_request"))
    wrapped = request.members("responder_request_targets")
    targets = [Fields.of(target.get("responder_request_target")) for target in wrapped]
    return ResponderRequest(
        requester=optional_ref(request.get("requester")),
        requested=optional_time(request.get("requested_at")),
        responders=tuple(_responder(entry) for target in targets for entry in target.members("incidents_responders")),
    )


def _responder(entry: Fields) -> Responder:
    return Responder(ref(entry.part("user")), text(entry.get("state")))


def _note(note: Fields) -> Note:
    return Note(
        id=text(note.get("id")),
        content=note.optional_text("content"),
        user=optional_ref(note.get("user")),
        created=time(note.get("created_at")),
        updated=optional_time(note.get("updated_at")),
    )
