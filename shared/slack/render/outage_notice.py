"""Pure: what a channel is told once when PagerDuty's updates had not come for a while."""

from collections.abc import Sequence

from shared.model.event import Snapshot
from shared.model.ids import ChannelId
from shared.model.resync_state import Gap
from shared.slack.render.blocks import Message, metadata, section
from shared.slack.render.text import clamp, date, escape, link

MOST = 10
"""How many incidents are named."""
TITLE = 80
"""Characters that the title of each may take."""


def render_outage_notice(channel: ChannelId, gap: Gap, incidents: Sequence[Snapshot]) -> Message:
    """Return the notice of how long no updates arrived, and which incidents were updated only afterwards."""
    named = ", ".join(map(_named, incidents[:MOST]))
    more = f" and {len(incidents) - MOST} more" if len(incidents) > MOST else ""
    updates = "Some of PagerDuty's updates" if gap.partial else "PagerDuty's updates"
    brought = "late" if gap.partial else "only now"
    text = (
        f":hourglass: {updates} were delayed from about {date(gap.since_ms)} to {date(gap.until_ms)}. "
        f"Brought up to date {brought}: {named}{more}. Their threads say what happened when."
    )
    key = f"late:{channel}:{gap.since_ms}"
    return Message(key, text, [section(text)], metadata(key, {"since": gap.since_ms, "until": gap.until_ms}))


def _named(snapshot: Snapshot) -> str:
    number = f"#{snapshot.number} " if snapshot.number is not None else ""
    return link(snapshot.url, clamp(escape(f"{number}{snapshot.title}"), TITLE))
