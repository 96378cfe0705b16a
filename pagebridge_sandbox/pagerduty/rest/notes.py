"""Notes: reading, adding, changing and deleting them."""

from http import HTTPStatus

from pagebridge_sandbox.pagerduty import incident_updates
from pagebridge_sandbox.pagerduty.responses import Response, invalid_input
from pagebridge_sandbox.pagerduty.rest import bodies
from pagebridge_sandbox.pagerduty.rest.api import Context, Routes

MAX_NOTES, MAX_NOTE_LENGTH = 2000, 65_535
"""Notes of one incident, and characters of one note (knowledge base)."""


def list_notes(context: Context, key: str) -> Response:
    """List the notes of an incident, the oldest first; not in pages."""
    return Response({"notes": [context.renderer.note(note) for note in context.account.incident(key).notes]})


def create_note(context: Context, key: str) -> Response:
    """Add a note, also to a resolved incident."""
    account, user, content = context.account, context.requester(), _parse_content(context)
    incident = account.incident(key)
    actor = context.actor_for_incident(incident, user)
    if len(incident.notes) >= MAX_NOTES:
        raise invalid_input(f"An incident has {MAX_NOTES} notes at most")
    with account.transaction(incident):
        note = incident_updates.add_note(account, incident, actor, content)
    return Response({"note": context.renderer.note(note)})


def update_note(context: Context, key: str, note_id: str) -> Response:
    """Change the text of a note, also of one by another author."""
    account, user, content = context.account, context.requester(), _parse_content(context)
    incident = account.incident(key)
    context.actor_for_incident(incident, user)
    with account.transaction(incident):
        note = incident_updates.edit_note(account, incident, note_id, content)
    return Response({"note": context.renderer.note(note)})


def delete_note(context: Context, key: str, note_id: str) -> Response:
    """Delete a note; this needs no requester."""
    incident = context.account.incident(key)
    with context.account.transaction(incident):
        incident_updates.delete_note(incident, note_id)
    return Response("", HTTPStatus.NO_CONTENT)


def _parse_content(context: Context) -> str:
    fields = context.request.body_object("note")
    content = bodies.required_text(fields, "content")
    if len(content) > MAX_NOTE_LENGTH:
        raise invalid_input(f"A note has {MAX_NOTE_LENGTH} characters at most")
    return content


ROUTES: Routes = {
    ("GET", "/incidents/{}/notes"): list_notes,
    ("POST", "/incidents/{}/notes"): create_note,
    ("PUT", "/incidents/{}/notes/{}"): update_note,
    ("DELETE", "/incidents/{}/notes/{}"): delete_note,
}
