"""Pure: the digest card of a channel: how many incidents share it, how they stand, the first of them, and buttons."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from bolt_app.commands.verbs import Scope
from bolt_app.open_incidents import OpenIncident
from bolt_app.queries.list_incidents import paragraphs
from bolt_app.replies.builder import TITLE, label
from shared.model.digest import DigestEntry, count_by_status
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.slack.render.blocks import Message, clamp, context, date, link, listed, message, named, section, short
from shared.slack.render.buttons import digest_mine_button, several_button
from shared.slack.render.card import SYMBOL
from shared.slack.render.message_metadata import digest_key

MOST_ROWS = 15
"""Incidents that stand on the card, each in a line; the others are counted."""
ROOM = 8000
"""Characters of all lines: Slack refuses messages of some 13,000 as JSON, and documents no number."""
LONGEST_ADDRESS = 200
"""Characters of an address that is linked."""
SUMMARY = 3000
CARDS = "More important incidents have their own cards. When the storm is over, each that is still open gets one."

Entries = Mapping[IncidentId, DigestEntry]


def render(channel: ChannelId, begun_ms: int, shared: Entries, shown: Sequence[OpenIncident]) -> Message:
    """Render the card of a digest that is on; `shown` are the first of its open incidents."""
    rows = [_row(one) for one in shown]
    rows = rows[: sum(end <= ROOM for end in accumulate(len(row) + 1 for row in rows))]
    more = _open(shared) - len(rows)
    counted = [f"…and {more} more."] if more > 0 and rows else []
    sharing = f"{_incidents(len(shared))} share{'s' if len(shared) == 1 else ''} this card"
    heading = f":ocean: *Many incidents at once.* {sharing}: {_stand(shared)}."
    parts = [heading, *paragraphs(rows), *counted]
    press = {"type": "actions", "elements": [digest_mine_button(begun_ms), several_button(f"list:{Scope.CHANNEL}")]}
    text = clamp("\n".join(parts), SUMMARY)
    return message(digest_key(channel, begun_ms), text, [*map(section, parts), context(CARDS), press], {})


def render_over(channel: ChannelId, begun_ms: int, shared: Entries) -> Message:
    """Render it when the storm is over: how many it was about, and where the open ones are."""
    words = f":white_check_mark: *The storm is over.* {_incidents(len(shared))} shared this card; {_ends(shared)}."
    return message(digest_key(channel, begun_ms), words, [section(words)], {})


def _row(one: OpenIncident) -> str:
    shown = one.snapshot
    # An address without end would leave the other lines no room.
    name = label(one.id, shown) if len(shown.url) > LONGEST_ADDRESS else link(shown.url, label(one.id, shown))
    name = f"{SYMBOL[shown.status]} *{name}* {short(shown.title, TITLE)}"
    service, since = named(shown.service) if shown.service else "", shown.created_ms
    return " · ".join(filter(None, (name, service, date(since) if since else "")))


def _incidents(count: int) -> str:
    return f"{count} less important incident{'' if count == 1 else 's'}"


def _ends(shared: Entries) -> str:
    """Return where the incidents are, such as `2 are resolved, the other 3 have their own cards`."""
    still = _open(shared)
    over = len(shared) - still
    if not still:
        return "it is resolved" if over == 1 else "all of them are resolved"
    if not over:
        return "it has its own card" if still == 1 else "all of them have their own cards"
    others = "other has its own card" if still == 1 else f"other {still} have their own cards"
    return f"{over} {'is' if over == 1 else 'are'} resolved, the {others}"


def _open(shared: Entries) -> int:
    return sum(entry.status is not Status.RESOLVED for entry in shared.values())


def _stand(shared: Entries) -> str:
    """Count them by their status: `101 triggered, 12 acknowledged and 30 resolved`."""
    counts = count_by_status(shared)
    return listed([f"{counts[status]} {status}" for status in Status if counts[status]]) or "none any more"
