"""
Opens the channel of an incident when it is wanted, and keeps its topic, bookmark, pin and people up to date.

Level-triggered, as the reconciler is: each pass compares the incident with what was done, and makes the difference. It
writes no message: the card in the channel and the lines in the thread are the reconciler's.
"""

from dataclasses import dataclass, replace

import structlog

from bolt_app.incident_channel.archiver import Archiver
from bolt_app.incident_channel.channel_pass import ChannelPass, ChannelRecords
from bolt_app.incident_channel.invitations import Invitations
from bolt_app.incident_channel.opener import ChannelOpener
from bolt_app.read_path.channel_sync import retry_after
from shared.config.bridge_config import LiveConfig
from shared.errors import CallError, Refused
from shared.model.event import ids_of_teams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident_channel import USE, WITHHELD, demands_since
from shared.model.slack_state import SlackState
from shared.pagerduty.api.lanes import Lane, go_in
from shared.slack.api.client import Slack
from shared.slack.api.errors import IS_ARCHIVED, NOT_IN_CHANNEL
from shared.slack.render import channel_wording
from shared.slack.render.blocks import linkable
from shared.store.channel_index import OpenIncidents
from shared.store.coordination import Lease, SharedTokenBuckets
from shared.store.documents import Documents

log = structlog.get_logger()

PACE, AT_ONCE = 60.0, 5
"""Seconds between two channels that are opened by themselves, and how many may come at once: more are a storm."""
TOLD_EVERY = 300.0
"""Seconds between two threads in which a storm is reported; the other incidents of the storm get no line."""


@dataclass(frozen=True)
class ChannelUpkeep:
    """Keeps the channels of incidents."""

    records: ChannelRecords
    slack_states: Documents[SlackState]
    open_incidents: OpenIncidents
    budgets: SharedTokenBuckets
    config: LiveConfig
    slack: Slack
    opener: ChannelOpener
    invitations: Invitations
    archiver: Archiver

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Make one pass; return the seconds until the next one, None if nothing is left. Raises `CallError`."""
        this = await self._begin(incident, lease)
        if this is None:
            return None
        go_in(Lane.UPKEEP)
        await self._hear(this)
        if this.snapshot.status is not Status.RESOLVED:
            await self.archiver.reopen(this)
            await self._open(this)
        again = await self._keep(this) if this.own.channel else None
        if this.later:
            raise min(this.later, key=retry_after)
        return again

    async def _begin(self, incident: IncidentId, lease: Lease) -> ChannelPass | None:
        """Read what is known; return None where there is nothing to do, as for an incident that no channel shows."""
        config = self.config.current.incident_channels
        if config is None:
            return None
        known = (await self.records.incidents.whole(incident)).value
        placed, shown = (await self.slack_states.load(incident)).value, known.snapshot
        if shown is None or shown.teams is None or not placed.channels:
            return None
        own = (await self.records.channels.load(incident, lease)).value
        return ChannelPass(self.records, config, known, shown, own, placed, lease)

    async def _hear(self, this: ChannelPass) -> None:
        """Note a new request: failed steps are retried, and an unusable channel is reopened or replaced."""
        if demands := demands_since(this.incident, this.own.asked_ms):
            await this.save(lambda own: own.asked(max(demands.values()), demands))

    async def _open(self, this: ChannelPass) -> None:
        """Open the channel if it is wanted and not there, unless too many come at once."""
        if this.own.channel or "open" in this.own.failed or not await self._is_wanted(this):
            return
        try:
            await self.opener.open(this)
        except Refused as error:
            await this.failed("open", error)
        except CallError as error:
            this.later.append(error)

    async def _is_wanted(self, this: ChannelPass) -> bool:
        """True if a person asked for it, or if it opens automatically; not in a storm, which a thread reports."""
        if this.own.asked_ms or this.own.admitted:
            return True
        if this.own.bounded or not this.config.is_automatic(this.snapshot):
            return False
        if not await self._is_storm(this) and await self.budgets.take([("channels", PACE, PACE * (AT_ONCE - 1))]) <= 0:
            await this.save(lambda own: replace(own, admitted=True))
            return True
        log.warning("channel.bounded", incident=this.own.id)
        if await self.budgets.take([("channels-told", TOLD_EVERY, 0.0)]) <= 0:
            await this.tell("bound", {"step": "bound"})
        await this.save(lambda own: replace(own, bounded=True))
        return False

    async def _is_storm(self, this: ChannelPass) -> bool:
        """True while too many new incidents are open in its home channel to open one for each."""
        return await self.open_incidents.is_storm(this.home, await self.records.clock.now_ms())

    async def _keep(self, this: ChannelPass) -> float | None:
        """Make the channel as the incident is, as far as it is shown there."""
        channel, placed = this.own.usable, this.placed
        if channel is None:
            return await self.archiver.archive(this)
        if channel in placed.waiting:
            await this.step(USE, lambda: self._look_at(channel))
        await self._describe(this, channel)
        if channel in placed.privacy.hidden_in:
            await self._set_topic(this, channel, WITHHELD, channel_wording.withheld_topic(this.snapshot))
            return await self.archiver.archive(this)
        if channel not in placed.channels:
            await self.opener.judge_again(this)
        elif placed.shows(ids_of_teams(this.snapshot.teams), channel):
            await self._set_topic(this, channel, this.snapshot.status, channel_wording.topic(this.snapshot))
            await self._bookmark(this, channel)
            await self._pin(this, channel)
            if this.snapshot.status is not Status.RESOLVED:
                await self.invitations.send(this, channel)
            return await self.archiver.archive(this)
        return None

    async def _look_at(self, channel: ChannelId) -> None:
        """Raise `Refused` with the reason if a channel that takes no message was closed to the app by a person."""
        found = await self.slack.channel(channel)
        if found.archived or not found.member:
            raise Refused("a person closed this channel", IS_ARCHIVED if found.archived else NOT_IN_CHANNEL)

    async def _describe(self, this: ChannelPass, channel: ChannelId) -> None:
        """Put the incident's mark into the description, by which the channel is found again."""
        if this.own.described:
            return
        words = channel_wording.purpose(this.own.id, this.snapshot)
        if await this.step("describe", lambda: self.slack.set_purpose(channel, words)):
            await this.save(lambda own: replace(own, described=True))

    async def _set_topic(self, this: ChannelPass, channel: ChannelId, tells: str, words: str) -> None:
        """Set the topic only when its state changes: Slack posts a message in the channel about each change."""
        if this.own.topic != tells and await this.step("topic", lambda: self.slack.set_topic(channel, words)):
            await this.save(lambda own: replace(own, topic=tells))

    async def _bookmark(self, this: ChannelPass, channel: ChannelId) -> None:
        """Bookmark the incident's page once: after an uncertain call the bookmark is looked up first."""
        url = this.snapshot.url
        if this.own.bookmarked or not linkable(url):
            return

        async def add() -> None:
            if this.own.bookmark_begun and url in await self.slack.bookmarked_links(channel):
                return
            await this.save(lambda own: replace(own, bookmark_begun=True))
            await self.slack.add_bookmark(channel, channel_wording.bookmark(this.snapshot), url)

        if await this.step("bookmark", add):
            await this.save(lambda own: replace(own, bookmarked=True))

    async def _pin(self, this: ChannelPass, channel: ChannelId) -> None:
        """Pin the card, also the one that took the place of another."""
        card = this.placed.cards.get(channel)
        ts = card.ts if card else None
        if ts and ts != this.own.pinned and await this.step("pin", lambda: self.slack.pin(channel, ts)):
            await this.save(lambda own: replace(own, pinned=ts))
