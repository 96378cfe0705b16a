"""
Pure: the text between what happened and who did it, such as "from P3 to P1", by event type.

People and things are named, never mentioned. A change says from what to what, as far as that is known; an
escalation says only whom it reached, for it adds to what was said before.
"""

from collections.abc import Callable, Mapping

from shared.model import event
from shared.model.thread_layout import ThreadEntry, timed_out
from shared.model.timeline import Line
from shared.slack.render.text import clamp, date, escape, link

NAME = 80
"""Characters that the name of a person or a thing may take."""
VALUE = 250
"""Characters that a title or a value may take."""
LIST = 600
"""Characters that a list may take."""


def detail_text(entry: ThreadEntry) -> str:
    """Return what is said of the event beyond its name, empty if there is nothing."""
    renderer = RENDERERS.get(entry.line.type)
    return renderer(entry) if renderer else ""


def short_name(text: str) -> str:
    """Escape the name of a person or a thing and cut it to `NAME` characters."""
    return clamp(escape(text), NAME)


def short_value(text: str) -> str:
    """Escape a title or a value and cut it to `VALUE` characters."""
    return clamp(escape(text), VALUE)


def _change(entry: ThreadEntry, name: str, nothing: str = "none") -> str:
    """Return "from A to B", or only "to B" if the state before is unknown."""
    said = dict(entry.line.details)
    if name not in said:
        return ""
    was = dict(entry.before).get(name, said.get("was"))
    begin = "" if was in (None, said[name]) else f" from {short_value(was) or nothing}"
    return f"{begin} to {short_value(said[name]) or nothing}"


def _assigned(entry: ThreadEntry) -> str:
    return _change(entry, "assigned", "no one")


def _escalated(entry: ThreadEntry) -> str:
    assigned = entry.line.detail_value("assigned")
    return f" to {short_value(assigned)}" if assigned else ""


def _delegated(entry: ThreadEntry) -> str:
    assigned = entry.line.detail_value("assigned")
    return _change(entry, "policy") + (f", now assigned to {short_value(assigned)}" if assigned else "")


def _unacknowledged(entry: ThreadEntry) -> str:
    assigned = entry.line.detail_value("assigned")
    whose = f"; it is assigned to {short_value(assigned)}" if assigned else ""
    return f". Nobody is working on it{whose}" if timed_out(entry.line) else ""


def merged(line: Line) -> str:
    """Return the incident that it was merged into, if that is how it was resolved."""
    return (
        f"merged into {link(line.detail_value('merged_url'), short_value(line.detail_value('merged')))}"
        if line.detail_value("merged")
        else ""
    )


def _resolved(entry: ThreadEntry) -> str:
    return f": {merged(entry.line)}" if merged(entry.line) else ""


def _bridge(entry: ThreadEntry) -> str:
    was, now = (_where(dict(said)) for said in (entry.before, entry.line.details))
    return f"{f' from {was}' if was not in ('', now) else ''} to {now or 'none'}"


def _where(said: Mapping[str, str]) -> str:
    return ", ".join(filter(None, (short_value(said.get(name, "")) for name in ("number", "url"))))


def _note(entry: ThreadEntry) -> str:
    author, written = entry.line.detail_value("author"), entry.line.detail_value("written")
    return f", written by {short_name(author)} {date(int(written))}" if author and written else ""


def _fields(entry: ThreadEntry) -> str:
    said = dict(entry.line.details)
    changed = (name.removeprefix("field:") for name in said if name.startswith("field:"))
    told = "; ".join(_field(name, said[f"field:{name}"], said.get(f"was:{name}")) for name in changed)
    return f": {clamp(told, LIST)}" if told else ""


def _field(name: str, now: str, was: str | None) -> str:
    begin = f" from {short_value(was)}" if was else ""
    return f"{short_name(name)}{begin} to {short_value(now) or 'none'}"


def _task(entry: ThreadEntry) -> str:
    line = entry.line
    state = f" ({_state(line)})" if line.type == event.TASK_UPDATED and _state(line) else ""
    whose = f", for {short_value(line.detail_value('to'))}" if line.detail_value("to") else ""
    return f": {short_value(line.detail_value('task'))}{state}{whose}"


def _action(entry: ThreadEntry) -> str:
    line = entry.line
    state = f" ({_state(line)})" if line.type != event.ACTION_CREATED and _state(line) else ""
    return f": {short_value(line.detail_value('action'))}{state}"


def _state(line: Line) -> str:
    return short_name(line.detail_value("state").replace("_", " "))


def _snoozed(entry: ThreadEntry) -> str:
    until = entry.line.detail_value("until")
    return f" until {date(int(until))}" if until else ""


RENDERERS: Mapping[str, Callable[[ThreadEntry], str]] = {
    event.UNACKNOWLEDGED: _unacknowledged,
    event.RESOLVED: _resolved,
    event.ESCALATED: _escalated,
    event.DELEGATED: _delegated,
    event.REASSIGNED: _assigned,
    event.PRIORITY_UPDATED: lambda entry: _change(entry, "priority"),
    event.SERVICE_UPDATED: lambda entry: _change(entry, "service"),
    event.INCIDENT_TYPE_CHANGED: lambda entry: _change(entry, "type"),
    event.CONFERENCE_BRIDGE: _bridge,
    event.CUSTOM_FIELDS: _fields,
    event.ROLE_ASSIGNED: _fields,
    event.TASK_CREATED: _task,
    event.TASK_UPDATED: _task,
    event.TASK_COMPLETED: _task,
    event.ACTION_CREATED: _action,
    event.ACTION_UPDATED: _action,
    event.ACTION_TERMINATED: _action,
    event.WORKFLOW_STARTED: lambda entry: f": {short_value(entry.line.detail_value('workflow'))}",
    event.WORKFLOW_COMPLETED: lambda entry: f": {short_value(entry.line.detail_value('workflow'))}",
    event.NOTE_EDITED: _note,
    event.SNOOZED: _snoozed,
    event.URGENCY_CHANGED: lambda entry: _change(entry, "urgency"),
    event.TITLE_CHANGED: lambda entry: _change(entry, "title"),
}
