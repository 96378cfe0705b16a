"""
Pure: an event's detail (its result) and the details that its words need.

`detail` is written so that a webhook, a read and a log entry of the same change give the same: ids, not names, and
texts by their digest. Source of every shape: the examples of PagerDuty's pages on V3 webhooks.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shared.model.event import (
    ACKNOWLEDGED,
    DELEGATED,
    ESCALATED,
    INCIDENT_TYPE_CHANGED,
    PRIORITY_UPDATED,
    REASSIGNED,
    REOPENED,
    RESOLVED,
    SERVICE_UPDATED,
    TRIGGERED,
    UNACKNOWLEDGED,
    Details,
    Ref,
    Snapshot,
    digest,
    joined_ids,
)
from shared.pagerduty.models.fields import Fields, optional_ref, ref, text, written

SAYS: Mapping[str, tuple[str, ...]] = {
    TRIGGERED: ("assigned", "priority", "service", "policy"),
    ACKNOWLEDGED: ("assigned",),
    UNACKNOWLEDGED: ("assigned",),
    REOPENED: ("assigned",),
    ESCALATED: ("assigned",),
    REASSIGNED: ("assigned",),
    DELEGATED: ("policy", "assigned"),
    PRIORITY_UPDATED: ("priority",),
    SERVICE_UPDATED: ("service",),
}
"""The details of each event that describe the state after it. A later line takes its "from" from there."""


@dataclass(frozen=True)
class Happening:
    """The parts of an `Event` that its kind of data decides."""

    detail: str = ""
    subject: str = ""
    said: Details = ()


def happening(event_type: str, snapshot: Snapshot | None, data: Fields) -> Happening:
    """Return what happened. An undocumented kind of data has no details."""
    if snapshot is not None:
        return _of_incident(event_type, snapshot, data)
    read = _KINDS.get(str(data.get("type")))
    return read(data) if read else Happening()


def came_out(event_type: str, snapshot: Snapshot) -> str:
    """Return the detail of a change of the incident; empty where the type alone decides it."""
    read = _CAME_OUT.get(event_type)
    return read(snapshot) if read else ""


def responder(person: str, state: str) -> str:
    """Return the detail of a responder request to `person`. REST says joined where webhooks say accepted."""
    return f"{person}:{'joined' if state == 'accepted' else state}"


def conference_bridge(number: str, url: str) -> str:
    """Return the detail of a changed conference bridge."""
    return digest(f"{number} {url}")


def merged(into: Ref) -> Details:
    """Return the detail of an incident that was merged into another."""
    return (("merged", into.name or into.id), ("merged_url", into.url))


def names(refs: Iterable[Ref]) -> str:
    """Return the names of people or things, independent of their order."""
    return ", ".join(sorted(map(_name, refs)))


def _of_incident(event_type: str, snapshot: Snapshot, data: Fields) -> Happening:
    said = tuple((name, _OF_SNAPSHOT[name](snapshot)) for name in SAYS.get(event_type, ()))
    if event_type == RESOLVED:
        said = _merged(data.get("resolve_reason"))
    if event_type in {TRIGGERED, INCIDENT_TYPE_CHANGED} and data.get("incident_type") is not None:
        kind = Fields.of(data.get("incident_type")).optional_text("name")
        return Happening(kind if event_type == INCIDENT_TYPE_CHANGED else "", said=(*said, ("type", kind)))
    return Happening(came_out(event_type, snapshot), said=said)


def _merged(reason: object) -> Details:
    """Read which incident took this one over: a merge shows as a resolve with a reason."""
    if reason is None:
        return ()
    target = optional_ref(Fields.of(reason).get("incident"))
    return merged(target) if target else ()


def _note(data: Fields) -> Happening:
    return _text(data, data.optional_text("content"))


def _status_update(data: Fields) -> Happening:
    return _text(data, data.optional_text("message"))


def _text(data: Fields, words: str) -> Happening:
    trimmed: Details = (("trimmed", "yes"),) if data.get("trimmed") is True else ()
    return Happening(digest(words), text(data.get("id")), (("text", words), *trimmed))


def _responder(data: Fields) -> Happening:
    asked = optional_ref(data.get("user")) or optional_ref(data.get("escalation_policy"))
    detail = responder(asked.id if asked else "", data.optional_text("state"))
    said = (
        ("responder", _name(asked)),
        ("state", detail.rpartition(":")[2]),
        ("message", data.optional_text("message")),
    )
    return Happening(detail, said=said)


def _conference_bridge(data: Fields) -> Happening:
    number = ", ".join(one.optional_text("number") for one in data.members("conference_numbers"))
    url = data.optional_text("conference_url")
    return Happening(conference_bridge(number, url), said=(("number", number), ("url", url)))


def _field_values(data: Fields) -> Happening:
    """Return the changed fields: PagerDuty lists all with their new values, then the changed ones with their old."""
    values = _values(data.members("custom_fields"))
    old = _values(data.members("changed_custom_fields"))
    changed = {name: value for name, value in values.items() if name in old or not old}
    detail = digest(json.dumps(changed, sort_keys=True))
    said = [(f"field:{name}", value) for name, value in changed.items()]
    return Happening(detail, said=(*said, *((f"was:{name}", value) for name, value in old.items())))


def _values(fields: Iterable[Fields]) -> dict[str, str]:
    return {field.optional_text("name"): _value(field.get("value")) for field in fields}


def _value(value: object) -> str:
    return ", ".join(map(written, value)) if isinstance(value, list) else written(value)


def _roles(data: Fields) -> Happening:
    given = [one for one in data.members("incident_role_assignments") if one.get("role") is not None]
    said = tuple(told for one in given for told in _role(one))
    return Happening(",".join(sorted(map(_assigned, given))), said=said)


def _role(given: Fields) -> Details:
    role = ref(Fields.of(given.get("role")))
    now, before = (optional_ref(given.get(name)) for name in ("assignee", "old_assignee"))
    return ((f"field:{_name(role)}", _name(now)), (f"was:{_name(role)}", _name(before)))


def _assigned(given: Fields) -> str:
    role, holder = ref(Fields.of(given.get("role"))), optional_ref(given.get("assignee"))
    return f"{role.id}:{holder.id if holder else ''}:{given.optional_text('status')}"


def _task(data: Fields) -> Happening:
    whose = names(map(ref, data.members("assignees")))
    name = data.optional_text("name") or data.optional_text("summary")
    return _staged(data, data.optional_text("status"), (("task", name), ("to", whose)))


def _action(data: Fields) -> Happening:
    return _staged(data, data.optional_text("state"), (("action", _name(optional_ref(data.get("action")))),))


def _workflow(data: Fields) -> Happening:
    name = _name(optional_ref(data.get("incident_workflow"))) or data.optional_text("summary")
    return _staged(data, "", (("workflow", name),))


def _staged(data: Fields, state: str, said: Details) -> Happening:
    """Return the details of an object with states, each of which is announced once."""
    return Happening(":".join(filter(None, (text(data.get("id")), state))), said=(*said, ("state", state)))


def _name(reference: Ref | None) -> str:
    return (reference.name or reference.id) if reference else ""


_OF_SNAPSHOT: Mapping[str, Callable[[Snapshot], str]] = {
    "assigned": lambda snapshot: names(snapshot.assignees),
    "priority": lambda snapshot: _name(snapshot.priority),
    "service": lambda snapshot: _name(snapshot.service),
    "policy": lambda snapshot: _name(snapshot.escalation_policy),
}
_CAME_OUT: Mapping[str, Callable[[Snapshot], str]] = {
    ESCALATED: lambda snapshot: joined_ids(snapshot.assignee_ids),
    DELEGATED: lambda snapshot: joined_ids(snapshot.assignee_ids),
    REASSIGNED: lambda snapshot: joined_ids(snapshot.assignee_ids),
    PRIORITY_UPDATED: lambda snapshot: snapshot.priority.id if snapshot.priority else "",
    SERVICE_UPDATED: lambda snapshot: snapshot.service.id if snapshot.service else "",
}
_KINDS: Mapping[str, Callable[[Fields], Happening]] = {
    "incident_note": _note,
    "incident_status_update": _status_update,
    "incident_responder": _responder,
    "incident_conference_bridge": _conference_bridge,
    "incident_field_values": _field_values,
    "incident_role_assignment": _roles,
    "incident_task": _task,
    "incident_action_invocation": _action,
    "incident_workflow_instance": _workflow,
}
