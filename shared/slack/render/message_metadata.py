"""Pure: what messages of ours tell about themselves by their metadata, when nothing else is known of them any more."""

from collections.abc import Iterable

from shared.model.event import Agent, Instant, Source
from shared.model.event_types import ANNOUNCED_TYPES
from shared.model.ids import ChannelId, CommandId, EventId, IncidentId, LineKey, MessageTs
from shared.model.timeline import COMMAND, REPEATED, Line, Slots
from shared.slack.api.models import OwnMessage

CARD = "card:"
LINE = "line:"
DIGEST = "digest:"


def incident_of_card(message: OwnMessage) -> str:
    """Give the id of the incident whose card a message is; empty when it is none."""
    return message.key.removeprefix(CARD) if message.key.startswith(CARD) else ""


def incident_of_line(message: OwnMessage) -> str:
    """Give the id of the incident of which a message is a line; empty when it is none."""
    return message.key.removeprefix(LINE).partition(":")[0] if message.key.startswith(LINE) else ""


def digest_key(channel: ChannelId, begun_ms: int) -> str:
    """Name the card of a channel's digest by when that was begun."""
    return f"{DIGEST}{channel}:{begun_ms}"


def begun_of_digest(message: OwnMessage) -> int | None:
    """Return when the digest was begun whose card a message is; None if it is none, or says that it is over."""
    begun = message.key.rpartition(":")[2] if message.key.startswith(DIGEST) else ""
    # When it is over, its card is one block: there is nothing to press.
    return int(begun) if begun.isdecimal() and len(message.block_ids) > 1 else None


def line_key(incident: IncidentId, message: OwnMessage) -> LineKey | None:
    """Give the key of the incident's line that a message is."""
    stem = f"{LINE}{incident}:"
    return LineKey(message.key.removeprefix(stem)) if message.key.startswith(stem) else None


def version(message: OwnMessage) -> str:
    """Name what a card shows, as the digest of its rendering does (`blocks.message`)."""
    return message.block_ids[0].partition(":")[0] if message.block_ids else ""


def lines_by_key(incident: IncidentId, messages: Iterable[OwnMessage]) -> dict[LineKey, MessageTs]:
    """Name the message of each line of an incident; of several the oldest."""
    found: dict[LineKey, MessageTs] = {}
    for message in sorted(messages, key=lambda message: message.ts):
        key = line_key(incident, message)
        if key is not None:
            found.setdefault(key, message.ts)
    return found


def rebuild_lines(incident: IncidentId, messages: Iterable[OwnMessage]) -> tuple[Line, ...]:
    """Make the lines again that a card and its thread tell of. What they say of people and things is not in there."""
    named = [(line_key(incident, message) or _line_of_card(message), message) for message in messages]
    lines = (_line(key, message) for key, message in named if key is not None)
    return tuple({line.key: line for line in lines if line is not None}.values())


def _line_of_card(message: OwnMessage) -> LineKey | None:
    """Give the key of the line of the incident's opening, which its card tells."""
    key = _text(message.payload.get("line"))
    return LineKey(key) if key and incident_of_card(message) else None


def _line(key: LineKey, message: OwnMessage) -> Line | None:
    facts = message.payload
    kind, at, span = facts.get("type"), facts.get("at"), facts.get("span")
    if kind not in ANNOUNCED_TYPES or not isinstance(at, int) or not isinstance(span, int):
        return None
    who, agent_kind, command = _text(facts.get("agent")), _text(facts.get("kind")), key.removeprefix(COMMAND)
    return Line(
        key=key,
        type=str(kind),
        at=Instant(at, span),
        agent=Agent(who, kind=agent_kind) if who and agent_kind else None,
        slots=_slots(facts.get("slots")),
        # The key of a command's line names it (`timeline.command_key`).
        command=CommandId(command.partition(REPEATED)[0].partition(":")[0]) if key != command else None,
        detail=_text(facts.get("detail")),
        subject=_text(facts.get("subject")),
    )


def _slots(value: object) -> Slots:
    pairs = [str(slot).partition("=") for slot in value] if isinstance(value, list) else []
    known = set(Source)
    return tuple((Source(source), EventId(event)) for source, _, event in pairs if source in known)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
