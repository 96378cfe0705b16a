"""
Pure: an incident as a Slack message, readable in three seconds by somebody who has just been woken up.

The words and the symbol of the state come first, then what and where, then who. Nothing is told by colour alone. `text`
says the same as the blocks, for screen readers and notifications. Whatever comes from PagerDuty is escaped and clamped.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.model.command import Action
from shared.model.event import (
    ACKNOWLEDGED,
    REOPENED,
    RESOLVED,
    TRANSITIONS,
    TRIGGERED,
    UNACKNOWLEDGED,
    Agent,
    Instant,
    Ref,
    Snapshot,
    Status,
)
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Attempt, AttemptState, Incident
from shared.model.timeline import Line
from shared.slack.answers import METADATA_TYPE
from shared.slack.text import clamp, date, escape, link, linkable, plain

Block = dict[str, Any]
"""One Block Kit block, as Slack's documentation writes it."""

SCHEMA = 1
TITLE = 250
NO_NUMBER = "-"
"""Stands in a button's value where there is no number."""
NOTICES = 3
"""How many attempts are shown, the latest: Slack takes 50 blocks."""
NAME = 80

SYMBOL = {
    Status.TRIGGERED: ":rotating_light:",
    Status.ACKNOWLEDGED: ":eyes:",
    Status.RESOLVED: ":white_check_mark:",
}
LINE = {
    TRIGGERED: (":rotating_light:", "Triggered"),
    ACKNOWLEDGED: (":eyes:", "Acknowledged"),
    UNACKNOWLEDGED: (":rotating_light:", "No longer acknowledged"),
    RESOLVED: (":white_check_mark:", "Resolved"),
    REOPENED: (":rotating_light:", "Reopened"),
}
DOING = {Action.ACKNOWLEDGE: "acknowledging", Action.RESOLVE: "resolving"}
DONE = {Action.ACKNOWLEDGE: "acknowledged", Action.RESOLVE: "resolved"}


@dataclass(frozen=True)
class Message:
    """A message as it should be. `key` names it for ever, in its metadata; `digest` tells whether it has changed."""

    key: str
    text: str
    blocks: list[Block]
    metadata: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        """A short name of what people would see."""
        return _digest(self.text, self.blocks)


def render(
    incident: Incident,
    snapshot: Snapshot,
    mentions: Mapping[UserId, SlackUserId],
    *,
    home: ChannelId | None = None,
    displaced: ChannelId | None = None,
) -> Message:
    """
    Render the card. `mentions` gives the Slack user of each assignee who has one.

    `home` is the channel with the timeline, for a card elsewhere; `displaced` the one where the card should have been.
    """
    blocks = [
        _section(_headline(snapshot)),
        _section(_facts(snapshot, mentions)),
        _context(_history(incident, snapshot)),
    ]
    notices = [_attempt(attempt) for attempt in incident.attempts[-NOTICES:]]
    if home:
        notices.append(f":thread: What happened so far is told in <#{home}>.")
    if displaced:
        notices.append(
            f":warning: Shown here because <#{displaced}> cannot be posted to. Invite the app, or unarchive it."
        )
    blocks += [_context(notice) for notice in notices]
    row = _buttons(incident.id, snapshot)
    blocks += [{"type": "actions", "elements": row}] if row else []
    text = _summary(incident, snapshot)
    key = f"card:{incident.id}"
    return Message(key, text, _named(text, blocks), _metadata(key, {"incident": incident.id}))


def render_line(incident: IncidentId, line: Line) -> Message:
    """Render one line of the thread: what happened, who did it, and where."""
    text = f"{LINE[line.type][0]} *{_what(line)}*{_by(line)} · {date(line.at.ms)}"
    key = f"line:{incident}:{line.key}"
    facts = {
        "incident": incident,
        "type": line.type,
        "detail": TRANSITIONS[line.type],
        "agent": line.agent.id if line.agent else "",
        "at": line.at.ms,
        "span": line.at.span,
        "slots": [f"{source}={event}" for source, event in line.slots],
    }
    return Message(key, text, [_section(text)], _metadata(key, facts))


def button(action: Action, label: str, incident: IncidentId, number: str, url: str) -> Block:
    """
    Make the button for `action`. Its value is a hint only: what it names is read again when it is pressed.

    Acknowledging is never confirmed, because seconds matter; resolving is.
    """
    made: Block = {
        "type": "button",
        "action_id": f"pagebridge:{action}",
        "text": {"type": "plain_text", "text": label},
        "value": f"{incident} {number or NO_NUMBER} {url}".strip(),
        "accessibility_label": plain(f"{label}: incident {number}", 75),
    }
    if action is Action.ACKNOWLEDGE:
        made["style"] = "primary"
    if action is Action.RESOLVE:
        made["confirm"] = _confirm(number)
    return made


def number(snapshot: Snapshot) -> str:
    """Name an incident the way people do."""
    return f"#{snapshot.number}" if snapshot.number is not None else ""


def _headline(snapshot: Snapshot) -> str:
    title = clamp(escape(f"{number(snapshot)} {snapshot.title}".strip()), TITLE)
    return f"{SYMBOL[snapshot.status]} *{snapshot.status.capitalize()}*  *{link(snapshot.url, title)}*"


def _facts(snapshot: Snapshot, mentions: Mapping[UserId, SlackUserId]) -> str:
    # Not linked: webhooks and REST give different addresses for it, and the card must not depend on which came last.
    service = _name(snapshot.service) if snapshot.service else "no service"
    facts = [f"*{escape(snapshot.urgency).capitalize()} urgency*", *_priority(snapshot), service]
    if snapshot.status is Status.RESOLVED:
        return " · ".join(facts)
    people = ", ".join(_person(ref, mentions) for ref in snapshot.assignees) or "nobody"
    return " · ".join(facts) + f"\nAssigned to {people}"


def _history(incident: Incident, snapshot: Snapshot) -> str:
    """Since when, and who acted last."""
    opened = f"Open since {date(snapshot.created_ms)}" if snapshot.created_ms else "Open"
    if snapshot.status is Status.RESOLVED and snapshot.created_ms:
        opened = f"Opened {date(snapshot.created_ms)}"
    last = incident.last_change()
    if last is not None and last.type != TRIGGERED:
        return f"{opened} · {_what(last)}{_by(last)} {date(last.at.ms)}"
    if last is None and incident.change is not None and snapshot.status is not Status.TRIGGERED:
        return f"{opened} · {snapshot.status.capitalize()}{_agent(incident.change.by)} {_at(incident.change.at)}"
    return opened


def _attempt(attempt: Attempt) -> str:
    # A mention: the card is only ever edited while somebody is at it, and an edit notifies nobody.
    who = f"<@{attempt.by}>"
    if attempt.state is AttemptState.TRYING:
        return f":hourglass_flowing_sand: {who} is {DOING[attempt.action]}… PagerDuty has not confirmed it yet."
    if attempt.state is AttemptState.UNCLEAR:
        return f":warning: It is not known whether {who}'s {attempt.action} went through."
    return f":warning: {who}'s {attempt.action} did *not* go through: this is not {DONE[attempt.action]} by them."


def _buttons(incident: IncidentId, snapshot: Snapshot) -> list[Block]:
    """
    Give the buttons that work in this state.

    Resolve always keeps the second place: a hurried second press on Acknowledge must never land on it.
    """
    if snapshot.status is Status.RESOLVED:
        return []
    resolve = button(Action.RESOLVE, "Resolve", incident, number(snapshot), snapshot.url)
    if snapshot.status is Status.TRIGGERED:
        return [button(Action.ACKNOWLEDGE, "Acknowledge", incident, number(snapshot), snapshot.url), resolve]
    return [_open(snapshot), resolve] if linkable(snapshot.url) else [resolve]


def _open(snapshot: Snapshot) -> Block:
    label = {"type": "plain_text", "text": "Open in PagerDuty"}
    return {"type": "button", "action_id": "pagebridge:open", "text": label, "url": snapshot.url}


def _confirm(incident: str) -> Block:
    texts = {
        "title": f"Resolve {incident}?".replace(" ?", "?"),
        "text": "PagerDuty will close it for everybody, and nobody will be paged for it any more.",
        "confirm": "Resolve",
        "deny": "Keep it open",
    }
    return {name: {"type": "plain_text", "text": text} for name, text in texts.items()}


def _summary(incident: Incident, snapshot: Snapshot) -> str:
    """Say what the blocks say, in one sentence after the other."""
    title = clamp(escape(f"{number(snapshot)} {snapshot.title}".strip()), TITLE)
    service = f" on {_name(snapshot.service)}" if snapshot.service else ""
    facts = ", ".join([f"{escape(snapshot.urgency)} urgency", *_priority(snapshot)])
    last = incident.last_change()
    by = _by(last) if last is not None and last.type != TRIGGERED else ""
    people = ", ".join(_name(ref) for ref in snapshot.assignees)
    assigned = f" Assigned to {people}." if people else ""
    notices = "".join(f" {_attempt(attempt)}" for attempt in incident.attempts[-NOTICES:])
    return clamp(f"{snapshot.status.capitalize()}{by}: {title}{service} ({facts}).{assigned}{notices}", 3000)


def _what(line: Line) -> str:
    """Say what happened. PagerDuty takes an acknowledgement back by itself when its time is over."""
    if line.type == UNACKNOWLEDGED and line.agent is None:
        return "Acknowledgement ran out"
    return LINE[line.type][1]


def _by(line: Line) -> str:
    """Name who did it, and where: a command was given in Slack, everything else happened at PagerDuty."""
    if line.agent is None:
        return "" if line.type == UNACKNOWLEDGED else " by PagerDuty itself"
    if not line.agent.is_user:
        return _agent(line.agent)
    return f"{_agent(line.agent)} in {'Slack' if line.command else 'PagerDuty'}"


def _agent(agent: Agent | None) -> str:
    if agent is None:
        return ""
    return f" by {clamp(escape(agent.name or agent.id), NAME)}"


def _at(instant: Instant) -> str:
    return date(instant.ms)


def _priority(snapshot: Snapshot) -> list[str]:
    return [f"*{_name(snapshot.priority)}*"] if snapshot.priority else []


def _name(ref: Ref) -> str:
    return clamp(escape(ref.name or ref.id), NAME)


def _person(ref: Ref, mentions: Mapping[UserId, SlackUserId]) -> str:
    slack_user = mentions.get(UserId(ref.id))
    return f"<@{slack_user}>" if slack_user else _name(ref)


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _named(text: str, blocks: list[Block]) -> list[Block]:
    """Give each block an id that changes with the message, as Slack advises for messages that are updated."""
    version = _digest(text, blocks)
    return [{**block, "block_id": f"{version}:{place}"} for place, block in enumerate(blocks)]


def _digest(text: str, blocks: list[Block]) -> str:
    return hashlib.sha256(json.dumps([text, blocks], sort_keys=True).encode()).hexdigest()[:12]


def _metadata(key: str, facts: Mapping[str, object]) -> dict[str, Any]:
    """Write what a message is into it. Everybody in the workspace can read this, so it holds ids and nothing else."""
    return {"event_type": METADATA_TYPE, "event_payload": {"key": key, "v": SCHEMA, **facts}}
