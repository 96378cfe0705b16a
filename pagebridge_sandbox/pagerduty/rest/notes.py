"""Notes: reading, adding, changing and deleting them."""

from http import HTTPStatus

from pagebridge_sandbox.pagerduty import incident_updates
from pagebridge_sandbox.pagerduty.responses import Response, invalid_input
from pagebridge_sandbox.pagerduty.rest import bodies
from pagebridge_sandbox.pagerduty.rest.api import Context, Routes

MOST_NOTES, LONGEST_NOTE = 2000, 65_535
"""Notes of one incident, and characters of one note (knowledge base)."""


def list_notes(context: Context, key: str) -> Response:
    """List the notes of an incident, the oldest first; not in pages."""
    return Response({"notes": [context.show.note(note) for note in context.account.incident(key).notes]})


def create_note(context: Context, key: str) -> Response:
    """Add a note, also to a resolved incident."""
    account, user, content = context.account, context.requester(), _content(context)
    incident = account.incident(key)
    actor = context.acting_on(incident, user)
    if len(incident.notes) >= MOST_NOTES:
        raise invalid_input(f"An incident has {MOST_NOTES} notes at most")
    with account.transaction(incident):
        note = incident_updates.add_note(account, incident, actor, content)
    return Response({"note": context.show.note(note)})


def update_note(context: Context, key: str, note_id: str) -> Response:
    """Change what a note says, whoever has written it."""
    account, user, content = context.account, context.requester(), _content(context)
    incident = account.incident(key)
    context.acting_on(incident, user)
    with account.transaction(incident):
        note = incident_updates.edit_note(account, incident, note_id, content)
    return Response({"note": context.show.note(note)})


def delete_note(context: Context, key: str, note_id: str) -> Response:
    """Delete a note; this needs no requester."""
    incident = context.account.incident(key)
    with context.account.transaction(incident):
        incident_updates.delete_note(incident, note_id)
    return Response("", HTTPStatus.NO_CONTENT)


def _content(context: Context) -> str:
    fields = context.request.json("note")
    content = bodies.needed_text(fields, "content")
    if len(content) > LONGEST_NOTE:
        raise invalid_input(f"A note has {LONGEST_NOTE} characters at most")
    return content


ROUTES: Routes = {
    ("GET", "/incidents/{}/notes"): list_notes,
    ("POST", "/incidents/{}/notes"): create_note,
    ("PUT", "/incidents/{}/notes/{}"): update_note,
    ("DELETE", "/incidents/{}/notes/{}"): delete_note,
}
