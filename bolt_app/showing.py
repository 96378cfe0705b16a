"""
What Slack shows of an incident, made equal to what is known of it: the cards, and the lines of the thread.

Each channel is for itself: one that refuses, or has no room for another message just now, holds up no other.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from bolt_app.placing import Place, Placing
from bolt_app.wiring import Wiring
from shared.errors import CallError, Malformed, Refused, Unavailable
from shared.model.event import Snapshot
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.surface import Placed, Surface
from shared.model.telling import Telling, loud, told, wanted
from shared.routing import Route
from shared.slack import card, lines
from shared.store.leases import Lease

log = structlog.get_logger()

DISPLACED = Counter("pagebridge_cards_displaced", "Cards sent to the default channel, by Slack's reason", ["why"])

CLOSED_CHANNEL = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "restricted_action",
        "restricted_action_read_only_channel",
    }
)
"""Slack's words for a channel that cannot be posted to until somebody does something about it."""
SLOWLY = 60.0
"""Seconds before a refused message is tried again, when there is no other channel."""


@dataclass
class Pass:
    """One pass over one incident: what is known, which route holds, and under which lease."""

    incident: Incident
    snapshot: Snapshot
    lease: Lease
    surface: Surface
    route: Route

    @property
    def home(self) -> ChannelId:
        """The channel with the thread."""
        return self.surface.channels[0]

    @property
    def urgent(self) -> bool:
        """Tell whether its messages go before others."""
        return self.snapshot.urgency == "high"


class Showing:
    """Writes cards and lines. Nothing else does."""

    def __init__(self, wiring: Wiring, placing: Placing) -> None:
        self._wiring = wiring
        self._placing = placing

    async def show(self, this: Pass) -> float | None:
        """
        Write the home card, then the lines that are missing, in the order of their time, then the cards elsewhere.

        Returns when to try again what was refused. Raises what kept some channel from being written, after the others
        have been: what can be tried again soonest.
        """
        mentions = await self._mentions(this.snapshot)
        again: list[float] = []
        late: list[CallError] = []
        for channel in this.surface.channels:
            try:
                await self._channel(this, channel, mentions)
            except Refused as error:
                again.append(await self._refused(this, channel, error))
            except CallError as error:
                late.append(error)
        if late:
            raise min(late, key=_soonest)
        return min(again, default=None)

    async def _channel(self, this: Pass, channel: ChannelId, mentions: Mapping[UserId, SlackUserId]) -> None:
        await self._card(this, channel, mentions)
        if channel != this.home:
            return
        for telling in told(this.incident.lines, this.surface.lines.keys()):
            if wanted(telling.line, this.route.verbosity):
                await self._line(this, telling)

    async def _card(self, this: Pass, channel: ChannelId, mentions: Mapping[UserId, SlackUserId]) -> None:
        elsewhere = this.home if channel != this.home else None
        message = card.render(
            this.incident, this.snapshot, mentions, home=elsewhere, displaced=this.surface.displaced_from(channel)
        )

        async def save(placed: Placed) -> None:
            await self._save(this, lambda surface: surface.with_card(channel, placed))

        place = Place(channel, save, this.lease, urgent=this.urgent)
        placed = await self._placing.exist(message, this.surface.cards.get(channel, Placed()), place)
        placed = await self._placing.say(message, placed, place)
        if placed.ts is None:
            # Somebody deleted it, and with it the thread.
            await self._save(this, lambda surface: surface.left_behind())
            await self._placing.exist(message, placed, place)

    async def _line(self, this: Pass, telling: Telling) -> None:
        key = telling.line.key
        known = this.surface.lines.get(key, Placed())
        if known.ts is not None and (not telling.sides or key in this.surface.behind):
            return

        async def save(placed: Placed) -> None:
            await self._save(this, lambda surface: surface.with_line(key, placed))

        place = Place(
            this.home,
            save,
            this.lease,
            thread=this.surface.cards[this.home].ts,
            aloud=loud(telling.line) in this.route.broadcast,
            urgent=this.urgent,
        )
        message = lines.render_line(this.incident.id, telling.line, telling.sides, telling.before)
        placed = await self._placing.exist(message, known, place)
        if telling.sides:
            # A side event adds words to a line that was told before it came.
            await self._placing.say(message, placed, place)

    async def _save(self, this: Pass, rule: Callable[[Surface], Surface]) -> None:
        this.surface = (await self._wiring.surfaces.change(this.incident.id, rule, this.lease)).value

    async def _refused(self, this: Pass, channel: ChannelId, error: Refused) -> float:
        """Go to the default channel, saying so there, when home cannot be posted to; else try again slowly."""
        default = self._wiring.config.routing.default_channel
        log.error("slack.refused", incident=this.incident.id, channel=channel, why=str(error), code=error.code)
        if error.code not in CLOSED_CHANNEL or not default or channel != this.home or default == channel:
            return SLOWLY
        DISPLACED.labels(str(error.code)).inc()
        await self._save(this, lambda surface: surface.moved(ChannelId(default)))
        return 0.0

    async def _mentions(self, snapshot: Snapshot) -> dict[UserId, SlackUserId]:
        """Find whom to mention. A name without a mention is better than a late card."""
        found: dict[UserId, SlackUserId] = {}
        try:
            async with asyncio.timeout(self._wiring.durations.names):
                for user in sorted(snapshot.assignee_ids):
                    slack_user = await self._mention(user)
                    if slack_user is not None:
                        found[user] = slack_user
        except TimeoutError:
            log.warning("mention.unknown", users=sorted(snapshot.assignee_ids - found.keys()), why="it takes too long")
        return found

    async def _mention(self, user: UserId) -> SlackUserId | None:
        try:
            return await self._wiring.identity.mention(user)
        except (CallError, Malformed) as error:
            log.warning("mention.unknown", users=[user], why=str(error))
            return None


def _soonest(error: CallError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0
