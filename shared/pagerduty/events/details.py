"""
Pure: an event's detail (its result) and the details that its words need.

`detail` is written so that a webhook, a read and a log entry of the same change give the same: ids, not names, and
texts by their digest. Source of every shape: the examples of PagerDuty's pages on V3 webhooks.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shared.model import event_types
from shared.model.event import Details, Ref, Snapshot, digest, joined_ids
from shared.pagerduty.models.fields import (
    as_object,
    as_objects,
    optional_reference,
    optional_text,
    reference,
    text,
    written,
)

Data = Mapping[str, object]
"""The object that an event is about, as PagerDuty writes it."""
SAYS: Mapping[str, tuple[str, ...]] = {
    event_types.TRIGGERED: ("assigned", "priority", "service", "policy"),
    event_types.ACKNOWLEDGED: ("assigned",),
    event_types.UNACKNOWLEDGED: ("assigned",),
    event_types.REOPENED: ("assigned",),
    event_types.ESCALATED: ("assigned",),
    event_types.REASSIGNED: ("assigned",),
    event_types.DELEGATED: ("policy", "assigned"),
    event_types.PRIORITY_UPDATED: ("priority",),
    event_types.SERVICE_UPDATED: ("service",),
}
"""The details of each event that describe the state after it. A later line takes its "from" from there."""
_NUMBER = re.compile(r"\[(#[0-9]+)\] ")
"""How the summary of an incident begins in answers of REST."""


@dataclass(frozen=True)
class Happening:
    """The parts of an `Event` that its kind of data decides."""

    detail: str = ""
    subject: str = ""
    said: Details = ()


def happening(event_type: str, snapshot: Snapshot | None, data: Data) -> Happening:
    """Return what happened. An undocumented kind of data has no details."""
    if snapshot is None:
        read = _KINDS.get(str(data.get("type")))
        return read(data) if read else Happening()
    detail = _CAME_OUT[event_type](snapshot) if event_type in _CAME_OUT else ""
    said = tuple((name, names(_OF_SNAPSHOT[name](snapshot))) for name in SAYS.get(event_type, ()))
    if event_type == event_types.RESOLVED and data.get("resolve_reason") is not None:
        # A merge shows as a resolve with a reason.
        target = optional_reference(as_object(data.get("resolve_reason")).get("incident"))
        said = merged(target) if target else ()
    if (
        event_type in {event_types.TRIGGERED, event_types.INCIDENT_TYPE_CHANGED}
        and data.get("incident_type") is not None
    ):
        kind = optional_text(as_object(data.get("incident_type")).get("name"))
        detail, said = kind if event_type == event_types.INCIDENT_TYPE_CHANGED else "", (*said, ("type", kind))
    return Happening(detail, said=said)


def responder(person: str, state: str) -> str:
    """Return the detail of a responder request to `person`. REST says joined where webhooks say accepted."""
    return f"{person}:{'joined' if state == 'accepted' else state}"


def conference_bridge(number: str, url: str) -> str:
    """Return the detail of a changed conference bridge."""
    return digest(f"{number} {url}")


def merged(into: Ref) -> Details:
    """
    Return the detail of an incident that was merged into another: the number of that, and where it is.

    Its title may be a private team's. Webhooks give nothing else, and no number.
    """
    number = _NUMBER.match(into.name)
    return (("merged", number[1] if number else ""), ("merged_url", into.url))


def names(refs: Iterable[Ref | None]) -> str:
    """Return the names of people or things, independent of their order."""
    return ", ".join(sorted(ref.name or ref.id for ref in refs if ref))


def _words(data: Data) -> Happening:
    words = optional_text(data.get("content")) or optional_text(data.get("message"))
    trimmed: Details = (("trimmed", "yes"),) if data.get("trimmed") is True else ()
    return Happening(digest(words), text(data.get("id")), (("text", words), *trimmed))


def _responder(data: Data) -> Happening:
    asked = optional_reference(data.get("user")) or optional_reference(data.get("escalation_policy"))
    detail = responder(asked.id if asked else "", optional_text(data.get("state")))
    said = (
        ("responder", names([asked])),
        ("state", detail.rpartition(":")[2]),
        ("message", optional_text(data.get("message"))),
    )
    return Happening(detail, said=said)


def _conference_bridge(data: Data) -> Happening:
    number = ", ".join(optional_text(one.get("number")) for one in as_objects(data.get("conference_numbers")))
    url = optional_text(data.get("conference_url"))
    return Happening(conference_bridge(number, url), said=(("number", number), ("url", url)))


def _field_values(data: Data) -> Happening:
    """Return the changed fields: PagerDuty lists all with their new values, then the changed ones with their old."""
    values = _values(as_objects(data.get("custom_fields")))
    old = _values(as_objects(data.get("changed_custom_fields")))
    changed = {name: value for name, value in values.items() if name in old or not old}
    detail = digest(json.dumps(changed, sort_keys=True))
    said = [(f"field:{name}", value) for name, value in changed.items()]
    return Happening(detail, said=(*said, *((f"was:{name}", value) for name, value in old.items())))


def _values(fields: Iterable[Data]) -> dict[str, str]:
    return {optional_text(field.get("name")): _value(field.get("value")) for field in fields}


def _value(value: object) -> str:
    return ", ".join(map(written, value)) if isinstance(value, list) else written(value)


def _roles(data: Data) -> Happening:
    roles: list[str] = []
    said: list[tuple[str, str]] = []
    for given in as_objects(data.get("incident_role_assignments")):
        role, now = optional_reference(given.get("role")), optional_reference(given.get("assignee"))
        if role:
            roles.append(f"{role.id}:{now.id if now else ''}:{optional_text(given.get('status'))}")
            before = names([optional_reference(given.get("old_assignee"))])
            said += [(f"field:{names([role])}", names([now])), (f"was:{names([role])}", before)]
    return Happening(",".join(sorted(roles)), said=tuple(said))


def _task(data: Data) -> Happening:
    whose = names(map(reference, as_objects(data.get("assignees"))))
    name = optional_text(data.get("name")) or optional_text(data.get("summary"))
    return _staged(data, optional_text(data.get("status")), (("task", name), ("to", whose)))


def _action(data: Data) -> Happening:
    return _staged(
        data, optional_text(data.get("state")), (("action", names([optional_reference(data.get("action"))])),)
    )


def _workflow(data: Data) -> Happening:
    name = names([optional_reference(data.get("incident_workflow"))]) or optional_text(data.get("summary"))
    return _staged(data, "", (("workflow", name),))


def _staged(data: Data, state: str, said: Details) -> Happening:
    """Return the details of an object with states, each of which is announced once."""
    return Happening(":".join(filter(None, (text(data.get("id")), state))), said=(*said, ("state", state)))


_OF_SNAPSHOT: Mapping[str, Callable[[Snapshot], Iterable[Ref | None]]] = {
    "assigned": lambda snapshot: snapshot.assignees,
    "priority": lambda snapshot: [snapshot.priority],
    "service": lambda snapshot: [snapshot.service],
    "policy": lambda snapshot: [snapshot.escalation_policy],
}
_CAME_OUT: Mapping[str, Callable[[Snapshot], str]] = {
    event_types.ESCALATED: lambda snapshot: joined_ids(snapshot.assignee_ids),
    event_types.DELEGATED: lambda snapshot: joined_ids(snapshot.assignee_ids),
    event_types.REASSIGNED: lambda snapshot: joined_ids(snapshot.assignee_ids),
    event_types.PRIORITY_UPDATED: lambda snapshot: snapshot.priority.id if snapshot.priority else "",
    event_types.SERVICE_UPDATED: lambda snapshot: snapshot.service.id if snapshot.service else "",
}
"""The result of a change of the incident; for the others their type alone decides it."""
_KINDS: Mapping[str, Callable[[Data], Happening]] = {
    "incident_note": _words,
    "incident_status_update": _words,
    "incident_responder": _responder,
    "incident_conference_bridge": _conference_bridge,
    "incident_field_values": _field_values,
    "incident_role_assignment": _roles,
    "incident_task": _task,
    "incident_action_invocation": _action,
    "incident_workflow_instance": _workflow,
}
