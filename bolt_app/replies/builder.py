"""Pure: private answers put together from paragraphs, and the words about an incident that several of them share."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.model.event import SECOND, Ref, Snapshot
from shared.model.ids import IncidentId
from shared.slack.render.blocks import NAME, Block, clamp, escape, link, named, number, plain, section, short
from shared.slack.render.card import SYMBOL

PARAGRAPH = 3000
"""Characters that one section of a message takes (Slack's reference on blocks)."""
PART = 2900
"""Characters of one line that are quoted in a paragraph, beside what stands around it."""
MESSAGE = 11_000
"""Characters of all of them: Slack refuses messages of some 13,000 as JSON, and documents no number."""
TITLE = 120
_BROKEN_ENTITY = re.compile(r"&[a-z]{0,4}$")
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


@dataclass(frozen=True)
class Reply:
    """A private answer; `blocks` only when there is something to press."""

    text: str
    blocks: tuple[Block, ...] = ()


def build_reply(*paragraphs: str, press: Sequence[Block] = ()) -> Reply:
    """Make an answer of paragraphs of mrkdwn, which must have been escaped, and of what can be pressed below."""
    shown, room = list[str](), MESSAGE
    for paragraph in filter(None, paragraphs):
        shown += [clamp(paragraph, min(PARAGRAPH, room))] if room > 0 else []
        room -= len(paragraph)
    blocks = [section(paragraph) for paragraph in shown]
    row: list[Block] = [{"type": "actions", "elements": list(press)}] if press else []
    return Reply("\n".join(shown), (*blocks, *row))


def quoted_paragraphs(heading: str, *texts: str) -> list[str]:
    """Quote all that people wrote below a heading, in as many paragraphs as it needs; nothing if there is no text."""
    lines = [f"> {part}" for text in texts for line in text.splitlines() for part in _parts(escape(line))]
    paragraphs = [heading] if lines else []
    for line in lines:
        whole = f"{paragraphs[-1]}\n{line}"
        paragraphs = [*paragraphs[:-1], whole] if len(whole) <= PARAGRAPH else [*paragraphs, line]
    return paragraphs


def _parts(line: str) -> Iterator[str]:
    """Cut an escaped line into parts that fit into a paragraph, never within an entity."""
    while len(line) > PART:
        end = len(_BROKEN_ENTITY.sub("", line[:PART]))
        yield line[:end]
        line = line[end:]
    yield line


def as_code(line: str) -> str:
    """Show a line as it is to be typed."""
    return f"`{escape(line.replace('`', chr(39)))}`"


def label(incident: IncidentId, snapshot: Snapshot) -> str:
    """Name an incident the way people do, or else by its id."""
    return number(snapshot) or incident


def command_reference(incident: IncidentId, snapshot: Snapshot) -> str:
    """Name an incident the way it is typed."""
    return label(incident, snapshot).removeprefix("#")


def headline(incident: IncidentId, snapshot: Snapshot) -> str:
    """Return state, number and title of an incident in one line."""
    named = link(snapshot.url, label(incident, snapshot))
    title = short(snapshot.title, TITLE)
    return f"{SYMBOL[snapshot.status]} *{named}* {title} · {snapshot.status.capitalize()}"


def incident_facts(incident: IncidentId, snapshot: Snapshot) -> list[str]:
    """Return what is known of an incident from any source in three lines: state and title, what and where, whose."""
    said = [f"{escape(snapshot.urgency).capitalize()} urgency"]
    said += [named(ref) for ref in (snapshot.priority, snapshot.service, snapshot.escalation_policy) if ref]
    return [headline(incident, snapshot), " · ".join(said), f"Assigned to {people_listed(snapshot.assignees)}"]


def age(since_ms: int | None, now_ms: int) -> str:
    """Return in two or three words how long an incident has been open; empty if unknown."""
    if since_ms is None:
        return ""
    seconds = max(0, now_ms - since_ms) // SECOND
    if seconds < MINUTE:
        return "opened just now"
    if seconds < HOUR:
        return f"open {seconds // MINUTE} min"
    return f"open {seconds // HOUR} h" if seconds < 2 * DAY else f"open {seconds // DAY} days"


def names(people: Iterable[Ref], joiner: str = " and ") -> str:
    """Return the names of people joined by "and", an id where a name is missing, "nobody" for none. Not escaped."""
    return joiner.join(plain(person.name, NAME).strip() or person.id for person in people) or "nobody"


def people_listed(people: Iterable[Ref]) -> str:
    """List people within a line."""
    return short(names(people, ", "))
