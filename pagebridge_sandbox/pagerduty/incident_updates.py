"""The other changes of an incident: notes, priority, urgency, title, service, type, conference bridge."""

from dataclasses import replace

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import Service
from pagebridge_sandbox.pagerduty.incident_parts import ConferenceBridge, Note
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.pending_actions import schedule_escalation
from pagebridge_sandbox.pagerduty.responses import not_found


def add_note(account: Account, incident: Incident, actor: Actor, content: str) -> Note:
    """Add a note, in any state of the incident. Only its own reading shows it."""
    at = account.clock.tick()
    note = Note(ids.object_id(), actor.id if actor.kind == "person" else None, content, at)
    incident.notes.append(note)
    account.add_log_entry("annotate", incident, actor, at, note=content)
    account.emit(account.events.note_added(incident, note, actor))
    return note


def edit_note(account: Account, incident: Incident, note_id: str, content: str) -> Note:
    """Change what a note says, of which no event tells."""
    old = _find_note(incident, note_id)
    edited = replace(old, content=content, edited=account.clock.tick())
    incident.notes = [edited if note is old else note for note in incident.notes]
    return edited


def delete_note(incident: Incident, note_id: str) -> None:
    """Delete a note, of which no event tells."""
    incident.notes.remove(_find_note(incident, note_id))


def _find_note(incident: Incident, note_id: str) -> Note:
    for note in incident.notes:
        if note.id == note_id:
            return note
    raise not_found("Note Not Found")


def set_priority(account: Account, incident: Incident, actor: Actor, priority: str | None) -> None:
    """Set or clear the priority."""
    if incident.priority == priority:
        return
    at = account.clock.tick()
    incident.priority, incident.updated = priority, at
    account.add_log_entry("field_value_change", incident, actor, at)
    account.emit_change("priority_updated", incident, actor, at)


def set_urgency(account: Account, incident: Incident, actor: Actor, urgency: str) -> None:
    """Change the urgency, of which no event tells."""
    if incident.urgency == urgency:
        return
    at = account.clock.tick()
    incident.urgency, incident.updated = urgency, at
    if incident.status is Status.TRIGGERED:
        schedule_escalation(account, incident, at)
    account.add_log_entry("urgency_change", incident, actor, at)


def set_title(account: Account, incident: Incident, actor: Actor, title: str) -> None:
    """Change the title, of which no event tells."""
    if incident.title == title:
        return
    at = account.clock.tick()
    incident.title, incident.updated = title, at
    account.add_log_entry("field_value_change", incident, actor, at)


def set_service(account: Account, incident: Incident, actor: Actor, service: Service) -> None:
    """Move to another service, and so to its teams."""
    if incident.service == service.id:
        return
    at = account.clock.tick()
    incident.service, incident.teams, incident.updated = service.id, service.teams, at
    account.add_log_entry("field_value_change", incident, actor, at)
    account.emit_change("service_updated", incident, actor, at)


def set_incident_type(account: Account, incident: Incident, actor: Actor, name: str) -> None:
    """Change the type."""
    if incident.incident_type == name:
        return
    at = account.clock.tick()
    incident.incident_type, incident.updated = name, at
    account.add_log_entry("field_value_change", incident, actor, at)
    account.emit_change("incident_type.changed", incident, actor, at)


def set_conference_bridge(account: Account, incident: Incident, actor: Actor, bridge: ConferenceBridge) -> None:
    """Set where people talk."""
    if incident.bridge == bridge:
        return
    at = account.clock.tick()
    incident.bridge, incident.updated = bridge, at
    account.add_log_entry("field_value_change", incident, actor, at)
    account.emit(account.events.conference_bridge_updated(incident, bridge, actor, at))
