"""Checking the fields of request bodies, as their schemas say."""

from collections.abc import Collection
from typing import Any

from pagebridge_sandbox.pagerduty.directory import Directory
from pagebridge_sandbox.pagerduty.incident_parts import ConferenceBridge
from pagebridge_sandbox.pagerduty.responses import INVALID_PRIORITY, ApiError, Json, invalid_input


def require(fields: Json, *names: str) -> None:
    """Refuse when any of these is missing."""
    missing = [name for name in names if name not in fields]
    if missing:
        raise invalid_input(*(f"{name} is missing" for name in missing))


def required_text(fields: Json, name: str) -> str:
    """Return a text that must be there."""
    require(fields, name)
    return optional_text(fields, name) or ""


def required_objects(fields: Json, name: str) -> list[Json]:
    """Return a list of objects that must be there, with something in it."""
    require(fields, name)
    value = fields[name]
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise invalid_input(f"{name} must be a list of objects, and not empty")
    return value


def optional_text(fields: Json, name: str) -> str | None:
    """Return an optional text, which must not be blank."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise invalid_input(f"{name} must be a text, and not blank")
    return value


def optional_choice(fields: Json, name: str, allowed: Collection[str]) -> str | None:
    """Return an optional text that must be one of these."""
    value = optional_text(fields, name)
    if value is not None and value not in allowed:
        raise invalid_input(f"{name} must be one of {', '.join(allowed)}")
    return value


def optional_number(fields: Json, name: str) -> int | None:
    """Return an optional whole number, not negative."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise invalid_input(f"{name} must be a whole number")
    return value


def optional_reference(fields: Json, name: str, kind: str) -> str | None:
    """Return the id in an optional reference to something of this kind."""
    return reference_id(fields[name], name, kind) if name in fields else None


def reference_id(value: Any, name: str, kind: str, *, full: bool = True) -> str:  # noqa: ANN401 - anything may come
    """Return the id in a reference to something of this kind or, unless `full` is off, in the thing itself."""
    if not isinstance(value, dict) or value.get("type") not in ((kind,) if full else ()) + (f"{kind}_reference",):
        raise invalid_input(f"{name} must be a reference of type {kind}_reference")
    thing_id = value.get("id")
    if not isinstance(thing_id, str) or not thing_id:
        raise invalid_input(f"{name} must have an id")
    return thing_id


def assignee_ids(fields: Json) -> list[str] | None:
    """Return the ids of the users in optional `assignments`."""
    if "assignments" not in fields:
        return None
    listed = required_objects(fields, "assignments")
    return list(dict.fromkeys(reference_id(each.get("assignee"), "assignee", "user", full=False) for each in listed))


def priority_id(fields: Json, directory: Directory, *, by_name: bool = True) -> str | None:
    """Return the id of an optional priority, perhaps given by name, where the highest one of that name counts."""
    value = fields.get("priority")
    if "priority" not in fields:
        return None
    if isinstance(value, str) and by_name:
        found = next((each.id for each in directory.priorities.values() if each.name == value), None)
    else:
        found = reference_id(value, "priority", "priority")
    if found not in directory.priorities:
        raise ApiError(INVALID_PRIORITY, "Invalid Priority")
    return found


def incident_type(fields: Json, directory: Directory) -> str | None:
    """Return the name of an optional incident type, which must be one of the account."""
    value = fields.get("incident_type")
    if "incident_type" not in fields:
        return None
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or name not in directory.incident_types:
        raise invalid_input("incident_type must have the name of an incident type of this account")
    return name


def conference_bridge(fields: Json) -> ConferenceBridge | None:
    """Return an optional conference bridge: a number, the address of a page, or both."""
    value = fields.get("conference_bridge")
    if "conference_bridge" not in fields:
        return None
    if not isinstance(value, dict):
        raise invalid_input("conference_bridge must be an object")
    url = optional_text(value, "conference_url")
    if url is not None and not url.startswith(("http://", "https://")):
        raise invalid_input("conference_url must be the address of a page")
    return ConferenceBridge(optional_text(value, "conference_number"), url)


def forbid_assignees_with_policy(fields: Json) -> None:
    """Refuse an escalation policy beside assignees."""
    if "assignments" in fields and "escalation_policy" in fields:
        raise invalid_input("assignments and escalation_policy must not be given together")
