"""
Pure: a message of an incident's thread in plain words: what happened, from what to what, who did it, and where.

People and things are named, never mentioned: the card mentions the assignees. People's text is quoted below, its first
part if it is long.
"""

from collections.abc import Collection

from shared.model import event_types
from shared.model.actions import SPECS, Action
from shared.model.backlog import is_final
from shared.model.command import BY_RULE
from shared.model.event import Agent, Snapshot, Source
from shared.model.ids import IncidentId
from shared.model.thread_layout import BEFORE_WAKE, RESOLUTION_NOTE, SUMMED, ThreadEntry, timed_out, was_snoozed
from shared.model.timeline import Line
from shared.slack.render.blocks import (
    Block,
    Message,
    clamp,
    context,
    date,
    escape,
    listed,
    message,
    number,
    section,
    short,
)
from shared.slack.render.buttons import button
from shared.slack.render.event_wording import LINE, REPLIES

QUOTE = 1000
"""Characters quoted of people's text."""
QUOTED_LINES = 15
MOST = 10
"""How many people are named."""
MOST_SIDES = 40
"""How many sides the metadata names: Slack takes 16 KB of it, and refuses the message for one more."""
FACT = 2000
"""Characters of each fact in it: far more than any but a list of hundreds of people has."""
REST = "The rest is in PagerDuty."
SNOOZE_ENDED = "Snooze ended"

UNATTRIBUTED_TYPES = frozenset(
    {
        event_types.UNACKNOWLEDGED,
        event_types.RESPONDER_ADDED,
        event_types.SNOOZED,
        event_types.URGENCY_CHANGED,
        event_types.TITLE_CHANGED,
        event_types.NOTE_EDITED,
        event_types.REMINDED,
        event_types.CHANNEL_OPENED,
        event_types.CHANNEL_FAILED,
    }
)
"""Without an agent these are not PagerDuty's own doing: a timer fired, only a read showed it, or no one was named."""


def render_line(incident: IncidentId, entry: ThreadEntry, snapshot: Snapshot | None = None) -> Message:
    """Render a message of the thread; the `snapshot` is what a question in it can be answered about."""
    line = entry.line
    written = written_text(entry)
    body, cut = quote(written) if written else ("", False)
    when = "" if line.type in {SUMMED, event_types.REMINDED} else f" · {date(line.at.ms)}"
    head = f"{LINE[line.type].symbol} {headline(entry)}{when}"
    text = "\n".join(filter(None, (head, body)))
    blocks = [section(text)]
    if line.type == event_types.REMINDED and snapshot is not None and not entry.late:
        blocks = [*blocks, _answers(incident, snapshot)]
    if cut or (written and line.detail_value("trimmed")):
        text, blocks = f"{text}\n{REST}", [*blocks, context(REST)]
    key = f"line:{incident}:{line.key}"
    facts = {
        "incident": incident,
        **line_facts(line),
        "sides": [side.key for side in entry.sides[:MOST_SIDES]],
    }
    return message(key, text, blocks, facts)


def _answers(incident: IncidentId, snapshot: Snapshot) -> Block:
    """Offer what can be answered when the thread asks whether an incident is still worked on."""
    label, url = number(snapshot), snapshot.url
    offered = {action: SPECS[action].label for action in (Action.STILL_ON_IT, Action.RESOLVE)}
    row = [button(action, said, incident, label, url) for action, said in offered.items()]
    hand_over = button(Action.REASSIGN, "Hand over", incident, label, url, seen=snapshot.assignee_ids)
    return {"type": "actions", "elements": [*row, hand_over]}


def line_facts(line: Line) -> dict[str, object]:
    """Return what a line is known again by when the store has lost it: ids and times."""
    return {
        "type": line.type,
        "detail": line.detail[:FACT],
        "subject": line.subject[:FACT],
        "agent": line.agent.id[:FACT] if line.agent else "",
        "kind": line.agent.kind[:FACT] if line.agent else "",
        "at": line.at.ms,
        "span": line.at.span_ms,
        "slots": [f"{source}={known}" for source, known in line.slots],
    }


def headline_text(line: Line, lines: Collection[Line] = ()) -> str:
    """Return what happened. An acknowledgement ends by itself: at its timeout, or as a snooze that is in `lines`."""
    if line.type == event_types.NOTE_EDITED and line.detail_value("state") == "deleted":
        return "Note deleted"
    if timed_out(line):
        return SNOOZE_ENDED if was_snoozed(lines, line) else "Acknowledgement timed out"
    if line.type == SUMMED:
        count, least = int(line.detail_value("said")), "" if is_final(line) else "At least "
        return f"{least}{count:,} further {'change' if count == 1 else 'changes'}"
    return LINE[line.type].passive


def by(agent: Agent | None, line: Line | None = None) -> str:
    """Name who acted, if known, and where if a line says so: a command in Slack, everything else at PagerDuty."""
    where = _where(line) if line else ""
    if agent is None:
        return where
    return f" by {short(agent.name) or ('someone' if agent.is_user else 'an integration')}{where}"


def quote(written: str) -> tuple[str, bool]:
    """Quote people's text, line by line; the flag is true if something was left out."""
    lines = [line for line in map(escape, written.splitlines()) if line.strip()]
    whole = "\n".join(f"> {line.strip()}" for line in lines[:QUOTED_LINES])
    kept = clamp(whole, QUOTE)
    return kept, kept != whole or len(lines) > QUOTED_LINES


def headline(entry: ThreadEntry) -> str:
    """Return who did what to whom, where, and what came with it."""
    line = entry.line
    kinds = {side.type for side in entry.sides}
    if line.type == event_types.RESPONDER_REPLIED:
        return _replied(line)
    if line.type == event_types.REMINDED and entry.sides:
        people = listed([short(side.agent.name) or "Someone" for side in entry.sides if side.agent])
        return f"*{people} {'is' if len(entry.sides) == 1 else 'are'} still on it*"
    people = _asked(entry) if line.type == event_types.RESPONDER_ADDED else ""
    detail = LINE[line.type].detail
    details, where = detail(entry) if detail else "", _where(line)
    # A list of details goes last, so that where it was done is no part of it.
    details_last = details.startswith(":") or line.type == event_types.DELEGATED
    ending = f"{where}{details}" if details_last else f"{details}{where}"
    if line.agent is None:
        asked = f"{people} {'were' if ' and ' in people else 'was'} asked to help" if people else ""
        happened = SNOOZE_ENDED if BEFORE_WAKE in entry.before else headline_text(line)
        return f"*{asked or happened}*{ending}"
    who = short(line.agent.name) or ("Someone" if line.agent.is_user else "An integration")
    did = f"asked {people} to help" if people else LINE[line.type].active
    if line.type == event_types.NOTE_EDITED and line.detail_value("state") == "deleted":
        did = "deleted a note"
    taken = ", and is now assigned" if event_types.REASSIGNED in kinds else ""
    return f"*{who} {did}*{ending}{taken}"


def _where(line: Line) -> str:
    """Return where a person did it, or what did it of itself: the monitoring client that opened it, or PagerDuty."""
    if line.command and line.command.startswith(BY_RULE):
        return " automatically, because no one answered"
    if line.agent:
        return f" in {'Slack' if line.command else 'PagerDuty'}" if line.agent.is_user else ""
    if "client" in dict(line.details):
        return f" from {short(line.detail_value('client')) or 'an integration'}"
    only_read = all(source is Source.READ for source, _ in line.slots)
    return "" if only_read or line.type in UNATTRIBUTED_TYPES else " automatically"


def written_text(entry: ThreadEntry) -> str:
    """Return the text a person wrote; PagerDuty reports a resolution note as an event of its own."""
    line = entry.line
    notes = (
        side.detail_value("text").removeprefix(RESOLUTION_NOTE)
        for side in entry.sides
        if side.type == event_types.ANNOTATED
    )
    match line.type:
        case event_types.RESOLVED:
            return "\n".join(notes) or line.detail_value("resolution")
        case event_types.RESPONDER_ADDED | event_types.RESPONDER_REPLIED:
            return line.detail_value("message")
        case _:
            return line.detail_value("text")


def _asked(entry: ThreadEntry) -> str:
    names = list(dict.fromkeys(line.detail_value("responder") for line in (entry.line, *entry.sides)))
    more = [f"{len(names) - MOST} others"] if len(names) > MOST else []
    return listed([*map(short, names[:MOST]), *more]) if any(names) else ""


def _replied(line: Line) -> str:
    who, state = short(line.detail_value("responder")), line.detail_value("state")
    if not who:
        return f"*{LINE[line.type].passive}*"
    if state == "user_cancelled":
        return f"*The request to {who} was cancelled*"
    return f"*{who} {REPLIES.get(state, 'answered')} the request for help*"
