"""
Pure: how a thread line words each type of event, with the part between what happened and who did it: "from P3 to P1".

People and things are named, never mentioned. A change says from what to what, as far as that is known; an
escalation says only whom it reached, for it adds to what was said before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.model import event_types
from shared.model.thread_layout import SUMMED, ThreadEntry, timed_out
from shared.model.timeline import Line
from shared.slack.render import channel_wording
from shared.slack.render.blocks import clamp, date, link, short

VALUE = 250
"""Characters that a title or a value may take."""
LIST = 600
"""Characters that a list may take."""


Detail = Callable[[ThreadEntry], str]
"""The words about an event beyond what happened and who did it."""


@dataclass(frozen=True)
class Wording:
    """How a line words one type of event: its symbol, what a person did, and what happened where no one is known."""

    symbol: str
    active: str
    passive: str
    detail: Detail | None = None


def merged(line: Line) -> str:
    """Return the incident that one was merged into, if a line says so."""
    target = merge_target(line)
    return f": merged into {link(line.detail_value('merged_url'), target)}" if target else ""


def merge_target(line: Line) -> str:
    """Return the number of the incident that one was merged into, as far as it is known; empty if it was not merged."""
    return short(dict(line.details)["merged"]) or "another incident" if "merged" in dict(line.details) else ""


def _change(name: str, nothing: str = "none") -> Detail:
    """Return "from A to B", or only "to B" if the state before is unknown."""

    def detail(entry: ThreadEntry) -> str:
        said = dict(entry.line.details)
        if name not in said:
            return ""
        was = dict(entry.before).get(name, said.get("was"))
        begin = "" if was in (None, said[name]) else f" from {short(was, VALUE) or nothing}"
        return f"{begin} to {short(said[name], VALUE) or nothing}"

    return detail


def _escalated(entry: ThreadEntry) -> str:
    assigned = entry.line.detail_value("assigned")
    return f" to {short(assigned, VALUE)}" if assigned else ""


def _delegated(entry: ThreadEntry) -> str:
    assigned = entry.line.detail_value("assigned")
    return _change("policy")(entry) + (f"; now assigned to {short(assigned, VALUE)}" if assigned else "")


def _unacknowledged(entry: ThreadEntry) -> str:
    assigned = entry.line.detail_value("assigned")
    whose = f"; it is assigned to {short(assigned, VALUE)}" if assigned else ""
    return f". Nobody is working on it{whose}" if timed_out(entry.line) and not entry.late else ""


def _bridge(entry: ThreadEntry) -> str:
    was, now = (_where(dict(said)) for said in (entry.before, entry.line.details))
    return f"{f' from {was}' if was not in ('', now) else ''} to {now or 'none'}"


def _where(said: Mapping[str, str]) -> str:
    return ", ".join(filter(None, (short(said.get(name, ""), VALUE) for name in ("number", "url"))))


def _note(entry: ThreadEntry) -> str:
    author, written = entry.line.detail_value("author"), entry.line.detail_value("written")
    return f" (written by {short(author)}, {date(int(written))})" if author and written else ""


def _fields(entry: ThreadEntry) -> str:
    said = dict(entry.line.details)
    changed = (name.removeprefix("field:") for name in said if name.startswith("field:"))
    told = "; ".join(_field(name, said[f"field:{name}"], said.get(f"was:{name}")) for name in changed)
    return f": {clamp(told, LIST)}" if told else ""


def _field(name: str, now: str, was: str | None) -> str:
    if not now:
        return f"{short(name)} cleared{f' (was {short(was, VALUE)})' if was else ''}"
    begin = f" from {short(was, VALUE)}" if was else ""
    return f"{short(name)}{begin} to {short(now, VALUE)}"


def _item(name: str, *, with_state: bool = False) -> Detail:
    """Name the task, action or workflow that an event is about, its state, and whom it is for; empty if unnamed."""

    def detail(entry: ThreadEntry) -> str:
        line = entry.line
        if not line.detail_value(name):
            return ""
        state, whose = short(line.detail_value("state").replace("_", " ")), line.detail_value("to")
        shown = f" ({state})" if with_state and state else ""
        return f": {short(line.detail_value(name), VALUE)}{shown}{f', for {short(whose, VALUE)}' if whose else ''}"

    return detail


def _summed(entry: ThreadEntry) -> str:
    """Return since when, or in which time, changes are counted and not told, and where they are."""
    line = entry.line
    since, there = date(int(line.detail_value("since"))), link(line.detail_value("link"), "See them in PagerDuty")
    when = f"between {since} and {date(line.at.ms)}" if line.detail_value("over") == "yes" else f"since {since}"
    return f" {when}, not shown here one by one. {there}"


def _reminded(entry: ThreadEntry) -> str:
    """Return who acknowledged it and since when nothing was done; that it was asked, once that is over."""
    if entry.late:
        return " It has changed since this was asked."
    who, since = short(entry.line.detail_value("who")), entry.line.detail_value("since")
    acknowledged = f" It was acknowledged{f' by {who}' if who else ''}."
    return f"{acknowledged} Nothing has been done about it since {date(int(since))}." if since else acknowledged


def _snoozed(entry: ThreadEntry) -> str:
    until = entry.line.detail_value("until")
    return f" until {date(int(until))}" if until else ""


LINE: Mapping[str, Wording] = {
    event_types.TRIGGERED: Wording(":rotating_light:", "triggered it", "Triggered"),
    event_types.ACKNOWLEDGED: Wording(":eyes:", "acknowledged it", "Acknowledged"),
    event_types.UNACKNOWLEDGED: Wording(":rotating_light:", "unacknowledged it", "Unacknowledged", _unacknowledged),
    event_types.RESOLVED: Wording(":white_check_mark:", "resolved it", "Resolved", lambda entry: merged(entry.line)),
    event_types.REOPENED: Wording(":rotating_light:", "reopened it", "Reopened"),
    event_types.ESCALATED: Wording(":rotating_light:", "escalated it", "Escalated", _escalated),
    event_types.DELEGATED: Wording(
        ":arrow_right:", "changed the escalation policy", "Escalation policy changed", _delegated
    ),
    event_types.REASSIGNED: Wording(":arrow_right:", "reassigned it", "Reassigned", _change("assigned", "no one")),
    event_types.PRIORITY_UPDATED: Wording(
        ":triangular_flag_on_post:", "changed the priority", "Priority changed", _change("priority")
    ),
    event_types.SERVICE_UPDATED: Wording(":arrow_right:", "changed the service", "Service changed", _change("service")),
    event_types.INCIDENT_TYPE_CHANGED: Wording(
        ":label:", "changed the incident type", "Incident type changed", _change("type")
    ),
    event_types.ANNOTATED: Wording(":memo:", "added a note", "Note added"),
    event_types.RESPONDER_ADDED: Wording(":raising_hand:", "asked for help", "Help was requested"),
    event_types.RESPONDER_REPLIED: Wording(
        ":raising_hand:", "answered the request for help", "Request for help answered"
    ),
    event_types.STATUS_UPDATE: Wording(":mega:", "published a status update", "Status update published"),
    event_types.CONFERENCE_BRIDGE: Wording(
        ":telephone_receiver:", "changed the conference bridge", "Conference bridge changed", _bridge
    ),
    event_types.CUSTOM_FIELDS: Wording(":label:", "changed fields", "Fields changed", _fields),
    event_types.ROLE_ASSIGNED: Wording(":busts_in_silhouette:", "changed roles", "Roles changed", _fields),
    event_types.TASK_CREATED: Wording(":clipboard:", "created a task", "Task created", _item("task")),
    event_types.TASK_UPDATED: Wording(":clipboard:", "changed a task", "Task changed", _item("task", with_state=True)),
    event_types.TASK_COMPLETED: Wording(":clipboard:", "completed a task", "Task completed", _item("task")),
    event_types.ACTION_CREATED: Wording(":gear:", "started an action", "Action started", _item("action")),
    event_types.ACTION_UPDATED: Wording(
        ":gear:", "changed an action", "Action changed", _item("action", with_state=True)
    ),
    event_types.ACTION_TERMINATED: Wording(
        ":gear:", "ended an action", "Action ended", _item("action", with_state=True)
    ),
    event_types.WORKFLOW_STARTED: Wording(":gear:", "started a workflow", "Workflow started", _item("workflow")),
    event_types.WORKFLOW_COMPLETED: Wording(":gear:", "completed a workflow", "Workflow completed", _item("workflow")),
    event_types.SNOOZED: Wording(":zzz:", "snoozed it", "Snoozed", _snoozed),
    event_types.URGENCY_CHANGED: Wording(
        ":triangular_flag_on_post:", "changed the urgency", "Urgency changed", _change("urgency")
    ),
    event_types.TITLE_CHANGED: Wording(":pencil2:", "changed the title", "Title changed", _change("title")),
    event_types.NOTE_EDITED: Wording(":memo:", "edited a note", "Note edited", _note),
    event_types.REMINDED: Wording(
        ":alarm_clock:", "asked whether it is still being worked on", "Still being worked on?", _reminded
    ),
    event_types.CONFIRMED: Wording(":white_check_mark:", "is still on it", "Still being worked on"),
    event_types.CHANNEL_ASKED: Wording(":speech_balloon:", "asked for a channel", "A channel was asked for"),
    event_types.CHANNEL_OPENED: Wording(
        ":speech_balloon:", "opened a channel", "Channel opened", channel_wording.opened
    ),
    event_types.CHANNEL_FAILED: Wording(
        ":warning:", "had trouble with the channel", "The incident's channel", channel_wording.failed
    ),
    SUMMED: Wording(":fast_forward:", "", "Further changes", _summed),
}
REPLIES = {"joined": "accepted", "declined": "declined"}
"""PagerDuty's states of a responder who replied, in words (PagerDuty REST: responder requests)."""
