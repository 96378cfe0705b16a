"""Pure: what is left of a card in a channel that learns nothing more of its incident."""

from shared.model.event import Snapshot
from shared.model.ids import IncidentId
from shared.slack.render.blocks import Message, metadata, section, versioned
from shared.slack.render.buttons import number
from shared.slack.render.text import link


def render_withheld(incident: IncidentId, snapshot: Snapshot) -> Message:
    """
    Return the card of a hidden incident: its number and a link to PagerDuty, which shows it to those who may see it.

    Nothing else, not even the title, which may have changed with the team; and no buttons.
    """
    name = number(snapshot) or "This incident"
    told = "belongs to a private team now. The rest is in PagerDuty."
    text = f"{name} {told}"
    key = f"card:{incident}"
    blocks = [section(f":lock: *{link(snapshot.url, name)}* {told}")]
    return Message(key, text, versioned(text, blocks), metadata(key, {"incident": incident}))
