"""
The read path's second half: make Slack equal the projection.

Level-triggered: each pass reads the newest projection, compares it with what Slack shows, and makes the difference. The
only writer of cards and threads.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from prometheus_client import Counter

from bolt_app.placing import Place, Placing
from bolt_app.wiring import Wiring
from shared.errors import CallError, Malformed, NotFound, Refused
from shared.model.event import Snapshot
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident, settle
from shared.model.surface import Placed, Surface
from shared.model.timeline import Line
from shared.routing import route
from shared.slack import card
from shared.store.leases import Lease

log = structlog.get_logger()

UNSHOWN = Counter("pagebridge_incidents_unshown", "Incidents that are shown nowhere, by reason", ["why"])
READS = Counter("pagebridge_incident_reads", "Incidents read because their events could not be ordered")
DISPLACED = Counter("pagebridge_cards_displaced", "Cards sent to the default channel, by Slack's reason", ["why"])

CLOSED_CHANNEL = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel"}
)
"""Slack's words for a channel that cannot be posted to until somebody does something about it."""
SLOWLY = 60.0
"""Seconds before a refused message is tried again, when there is no other channel."""


@dataclass
class Pass:
    """One pass over one incident: what is known, and under which lease."""

    incident: Incident
    snapshot: Snapshot
    lease: Lease
    surface: Surface


class Reconciler:
    """Makes the difference between the projections and what Slack shows."""

    def __init__(self, wiring: Wiring, placing: Placing) -> None:
        self._wiring = wiring
        self._placing = placing

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass. What could not be done now is due again when it can."""
        known = await self._known(incident, lease)
        if known.snapshot is None:
            return self._wiring.durations.retry_most if known.unread else None
        surface = await self._planned(known, known.snapshot, lease)
        if not surface.channels:
            return None
        again = await self._show(Pass(known, known.snapshot, lease, surface))
        return self._wiring.durations.retry_most if again is None and known.unread else again

    async def fenced_off(self, incident: IncidentId) -> None:
        """Forget what the cards say, because our last call may have landed late, and have them looked at again."""
        await self._wiring.surfaces.change(incident, lambda surface: surface.forgotten())
        await self._wiring.dirty.mark(incident)

    async def _known(self, incident: IncidentId, lease: Lease) -> Incident:
        """Load the projection; ask PagerDuty first where the events' times could not decide."""
        before = await self._wiring.incidents.load(incident)
        if not before.value.unread and before.value.snapshot is not None:
            return before.value
        await lease.check(self._wiring.durations.pagerduty_timeout)
        try:
            read = (await self._wiring.pagerduty.incident(incident)).value
        except NotFound:
            # PagerDuty does not know it, or does not let us see it: asking again would not help.
            log.warning("incident.not_found", incident=incident)
            return (await self._wiring.incidents.change(incident, lambda known: replace(known, unread=False))).value
        except CallError as error:
            log.warning("incident.unread", incident=incident, why=str(error))
            return before.value
        READS.inc()
        if read.updated is None:
            return before.value
        settled = settle(before.value, read.snapshot, read.updated)
        if settled is not before.value:
            settled = replace(settled, change=read.status_change)
        if await self._wiring.incidents.swap(incident, before, settled):
            return settled
        # Something was folded while we read, so the read decides nothing; the newer projection is due anyway.
        return (await self._wiring.incidents.load(incident)).value

    async def _planned(self, known: Incident, snapshot: Snapshot, lease: Lease) -> Surface:
        """Decide, once, in which channels the incident is shown."""
        surface = (await self._wiring.surfaces.load(known.id)).value
        if surface.channels:
            return surface
        channels = await self._channels(snapshot)
        if not channels:
            return surface
        planned = replace(surface, channels=channels, generation=self._wiring.generation)
        return (await self._wiring.surfaces.change(known.id, lambda _: planned, lease)).value

    async def _channels(self, snapshot: Snapshot) -> tuple[ChannelId, ...]:
        chosen = route(snapshot, self._wiring.config.routing)
        if not chosen.channels:
            UNSHOWN.labels("no route").inc()
        elif not chosen.named and await self._is_private(snapshot):
            UNSHOWN.labels("private team").inc()
            return ()
        return chosen.channels

    async def _is_private(self, snapshot: Snapshot) -> bool:
        """Tell whether a team of the incident hides its incidents from other teams."""
        for team in snapshot.team_ids:
            if (await self._wiring.pagerduty.team(team)).private:
                return True
        return False

    async def _show(self, this: Pass) -> float | None:
        """
        Write the home card, then the lines that are missing, in the order of their time, then the cards elsewhere.

        A channel that refuses holds up no other. Returns when to try again what was refused.
        """
        mentions = await self._mentions(this.snapshot)
        again = None
        try:
            await self._card(this, this.surface.channels[0], mentions)
            for line in this.incident.lines:
                await self._line(this, line)
        except Refused as error:
            again = await self._refused(this, error)
        for channel in this.surface.channels[1:]:
            try:
                await self._card(this, channel, mentions)
            except Refused as error:
                log.error("slack.refused", incident=this.incident.id, channel=channel, why=str(error), code=error.code)
                again = again if again is not None else SLOWLY
        return again

    async def _card(self, this: Pass, channel: ChannelId, mentions: Mapping[UserId, SlackUserId]) -> None:
        home = this.surface.channels[0]
        elsewhere = home if channel != home else None
        displaced = this.surface.displaced
        message = card.render(this.incident, this.snapshot, mentions, home=elsewhere, displaced=displaced)

        async def save(placed: Placed) -> None:
            await self._save(this, lambda surface: surface.with_card(channel, placed))

        place = Place(channel, save, this.lease)
        placed = await self._placing.exist(message, this.surface.cards.get(channel, Placed()), place)
        placed = await self._placing.say(message, placed, place)
        if placed.ts is None:
            await self._placing.exist(message, placed, place)

    async def _line(self, this: Pass, line: Line) -> None:
        home = this.surface.channels[0]
        known = this.surface.lines.get(line.key, Placed())
        if known.ts is not None:
            return

        async def save(placed: Placed) -> None:
            await self._save(this, lambda surface: surface.with_line(line.key, placed))

        place = Place(home, save, this.lease, thread=this.surface.cards[home].ts)
        await self._placing.exist(card.render_line(this.incident.id, line), known, place)

    async def _save(self, this: Pass, rule: Callable[[Surface], Surface]) -> None:
        this.surface = (await self._wiring.surfaces.change(this.incident.id, rule, this.lease)).value

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

    async def _refused(self, this: Pass, error: Refused) -> float:
        """Go to the default channel, saying so there, when home cannot be posted to; else try again slowly."""
        home, default = this.surface.channels[0], self._wiring.config.routing.default_channel
        unplaced = this.surface.cards.get(home, Placed()).ts is None
        log.error("slack.refused", incident=this.incident.id, channel=home, why=str(error), code=error.code)
        if error.code not in CLOSED_CHANNEL or not default or default == home or not unplaced:
            return SLOWLY
        DISPLACED.labels(str(error.code)).inc()
        moved = replace(this.surface, channels=(ChannelId(default),), displaced=home)
        await self._save(this, lambda _: moved)
        return 0.0
