"""What else of an incident can be changed: notes, priority, urgency, title, service."""

from pagebridge.sandbox.pagerduty import ids
from pagebridge.sandbox.pagerduty.account import Account
from pagebridge.sandbox.pagerduty.directory import Service
from pagebridge.sandbox.pagerduty.incidents import Actor, Incident, Note


def add_note(account: Account, incident: Incident, actor: Actor, content: str) -> Note:
    """Add a note, in whatever state the incident is. Only its own reading shows it."""
    at = account.clock.tick()
    note = Note(ids.object_id(), actor.id if actor.kind == "person" else None, content, at)
    incident.notes.append(note)
    account.record("annotate", incident, actor, at, note=content)
    account.announce_event(account.events.annotated(incident, note, actor))
    return note


def set_priority(account: Account, incident: Incident, actor: Actor, priority: str | None) -> None:
    """Set or clear the priority."""
    if incident.priority == priority:
        return
    at = account.clock.tick()
    incident.priority, incident.updated = priority, at
    account.record("field_value_change", incident, actor, at)
    account.announce("priority_updated", incident, actor, at)


def set_urgency(account: Account, incident: Incident, actor: Actor, urgency: str) -> None:
    """Change the urgency, of which no event tells."""
    if incident.urgency == urgency:
        return
    at = account.clock.tick()
    incident.urgency, incident.updated = urgency, at
    account.record("urgency_change", incident, actor, at)


def set_title(account: Account, incident: Incident, actor: Actor, title: str) -> None:
    """Change the title, of which no event tells."""
    if incident.title == title:
        return
    at = account.clock.tick()
    incident.title, incident.updated = title, at
    account.record("field_value_change", incident, actor, at)


def set_service(account: Account, incident: Incident, actor: Actor, service: Service) -> None:
    """Move to another service, and so to its teams."""
    if incident.service == service.id:
        return
    at = account.clock.tick()
    incident.service, incident.teams, incident.updated = service.id, service.teams, at
    account.record("field_value_change", incident, actor, at)
    account.announce("service_updated", incident, actor, at)
