"""
Pure: the words about the channel of one incident: its topic and its description, and what its thread tells of it.

Topic and description are kept by Slack as markup, so they are escaped. Slack takes 250 characters in each (Slack:
conversations.setTopic).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.event import Snapshot
from shared.model.ids import IncidentId
from shared.model.incident_channel import MARKER
from shared.model.thread_layout import ThreadEntry
from shared.model.timeline import Line
from shared.slack.render.blocks import clamp, linkable, named, number, short

LONGEST = 250
TITLE = 120


@dataclass(frozen=True)
class StepWording:
    """The words for a step that failed, and the next step for a person."""

    what: str
    next_step: str


ASK_AGAIN = "The `channel` command tries again"
STEPS: Mapping[str, StepWording] = {
    "open": StepWording("couldn't open it", ASK_AGAIN),
    "describe": StepWording("couldn't describe {channel}", ASK_AGAIN),
    "topic": StepWording("couldn't set the topic of {channel}", ASK_AGAIN),
    "bookmark": StepWording("couldn't bookmark the incident in {channel}", ASK_AGAIN),
    "pin": StepWording("couldn't pin the card in {channel}", "Pin it there yourself"),
    "invite": StepWording("couldn't invite {who} to {channel}", "Invite them there"),
    "archive": StepWording("couldn't archive {channel}", "Archive it in Slack"),
    "use": StepWording("can't use {channel} any more", "The `channel` command opens it again, or another one"),
}
"""The steps by which a channel is kept as it should be; any can fail alone."""
WHY: Mapping[str, str] = {
    "is_archived": "it is archived",
    "channel_not_found": "it is gone",
    "not_in_channel": "the app isn't in it",
    "missing_scope": "the app lacks a scope",
    "restricted_action": "Slack doesn't let the app do this",
    "user_is_restricted": "Slack doesn't let the app do this",
}
"""The meaning of Slack's error codes, in words."""
NEXT_STEPS: Mapping[str, str] = {
    "missing_scope": "Add the scopes that `pagebridge manifest` lists to the Slack app, and reinstall it",
    "restricted_action": "Ask a Slack admin to allow it",
    "user_is_restricted": "Ask a Slack admin to allow it",
}
"""The next step where that names the cause."""
BOUNDED = ": not opened, because several incidents came at once. The `channel` command opens it."


def topic(snapshot: Snapshot) -> str:
    """Return the topic of an incident's channel: its state first, then what and where."""
    priority = named(snapshot.priority) if snapshot.priority else ""
    service = named(snapshot.service) if snapshot.service else ""
    title = short(f"{number(snapshot)} {snapshot.title}".strip(), TITLE)
    return clamp(" · ".join(filter(None, (snapshot.status.capitalize(), title, priority, service))), LONGEST)


def withheld_topic(snapshot: Snapshot) -> str:
    """Return the topic of a channel that does not show its incident any more."""
    return f"{number(snapshot) or 'This incident'} belongs to a private team now."


def purpose(incident: IncidentId, snapshot: Snapshot) -> str:
    """Return the description of an incident's channel, by which it is found again; nothing of it ever changes."""
    name = f"incident {number(snapshot)}".strip()
    where = f" {snapshot.url}" if linkable(snapshot.url) and len(snapshot.url) < LONGEST // 2 else ""
    return clamp(f"PagerDuty {name}{where} ({MARKER}{incident})", LONGEST)


def bookmark(snapshot: Snapshot) -> str:
    """Return the title of the bookmark that leads to the incident."""
    return f"Incident {number(snapshot)}".strip() + " in PagerDuty"


def opened(entry: ThreadEntry) -> str:
    """Return which channel was opened."""
    return f": {_channel(entry.line)}"


def failed(entry: ThreadEntry) -> str:
    """Return which step failed, why by Slack's word, what to do, and the reference."""
    line, step = entry.line, STEPS.get(entry.line.detail_value("step"))
    if step is None:
        return BOUNDED if line.detail_value("step") == "bound" else ""
    code = line.detail_value("code")
    what = step.what.format(channel=_channel(line), who=short(line.detail_value("who")) or "someone")
    why = WHY.get(code) or f"Slack: {short(code) or 'refused'}"
    quoted = f" (reference `{short(line.detail_value('reference'))}`)" if line.detail_value("reference") else ""
    return f": {what} ({why}). {NEXT_STEPS.get(code, step.next_step)}.{quoted}"


def _channel(line: Line) -> str:
    channel = line.detail_value("channel")
    return f"<#{channel}>" if channel.isalnum() else "the channel"
