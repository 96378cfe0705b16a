"""Pure: the one message that counts a person's incidents in a storm."""

from collections.abc import Sequence

from shared.model.event import Snapshot
from shared.model.ids import IncidentId
from shared.slack.render.blocks import Message, clamp, link, message, number, section, short
from shared.slack.render.buttons import several_button

NAMED = 10
"""Incidents that are named; the others are counted."""
TITLE = 80
OVER = ":white_check_mark: None of the other incidents is waiting for you any more."


def render_summary(key: str, waiting: Sequence[tuple[IncidentId, Snapshot]], command: str) -> Message:
    """Render it: how many of them wait for the person, the first few by name, and how to act on all at once."""
    if not waiting:
        return message(key, OVER, [section(OVER)], {})
    count = "1 more incident is" if len(waiting) == 1 else f"{len(waiting)} more incidents are"
    head = f":rotating_light: *{count} assigned to you* and waiting for an acknowledgement."
    named = [
        f"• {link(snapshot.url, number(snapshot) or incident)} {short(snapshot.title, TITLE)}"
        for incident, snapshot in waiting[:NAMED]
    ]
    rest = [f"…and {len(waiting) - NAMED} more."] if len(waiting) > NAMED else []
    step = f"So many at once share this message. `{command} list mine` lists all that are yours."
    text = clamp("\n".join((head, *named, *rest, step)), 3000)
    blocks = [section(text), {"type": "actions", "elements": [several_button("list:mine")]}]
    return message(key, text, blocks, {})
