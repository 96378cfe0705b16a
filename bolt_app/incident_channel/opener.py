"""Opens the channel of an incident exactly once: after a crash the channel that was opened is found again."""

from dataclasses import dataclass, replace

import structlog

from bolt_app.incident_channel.channel_pass import ChannelPass
from bolt_app.visibility import Visibility
from shared.errors import CallError, Refused, Unavailable
from shared.model.channel_name import channel_name
from shared.model.event import SECOND, ids_of_teams
from shared.model.ids import ChannelId
from shared.model.incident_channel import MARKER, with_opened
from shared.slack.api.client import Slack
from shared.slack.api.errors import NAME_TAKEN
from shared.slack.api.models import OpenedChannel
from shared.store.clock import Generation

log = structlog.get_logger()

MOST_NAMES = 10
"""Names that are tried in one go."""
SKEW_MS = 60 * SECOND
"""Milliseconds by which the store's clock may be ahead of Slack's."""


@dataclass(frozen=True)
class ChannelOpener:
    """Opens it under the name that is recorded; a name that is taken by another channel gets a suffix."""

    slack: Slack
    visibility: Visibility
    generation: Generation

    async def open(self, this: ChannelPass) -> None:
        """
        Open the channel, or find it. It is private if the incident's team is, or all are.

        Raises `Refused` if Slack opens none, `CallError` if that has to be tried again.
        """
        private = this.config.is_private or await self.visibility.is_private(this.snapshot)
        if not this.own.name and await self._may_be_forgotten(this) and await self._found(this, private=private):
            return
        for _ in range(MOST_NAMES):
            name = this.own.name or channel_name(this.config.name, this.own.id, this.snapshot, this.own.tries)
            channel = await self._try(this, name, private=private)
            if channel is not None:
                await self._opened(this, channel, private=private)
                return
            if await self._found(this, private=private):
                return
            if wait := await self._unsettled(this):
                raise Unavailable("an earlier call may still open this channel", retry_after=wait)
            await this.save(lambda own: own.taken())
        raise Unavailable(f"{MOST_NAMES} names are taken", retry_after=this.records.durations.retry_max)

    async def judge_again(self, this: ChannelPass) -> None:
        """
        Decide again about the channel after the incident's teams changed while it was not shown there.

        If the incident is private now and people of the former teams are in the channel, another one replaces it.
        """
        teams = ids_of_teams(this.snapshot.teams) or frozenset()
        if this.own.teams == teams:
            return
        private = await self.visibility.is_private(this.snapshot)
        if private and not this.own.is_private:
            return
        gives_way = private and this.own.was_shown
        await this.save(lambda own: own.replaced() if gives_way else replace(own, teams=teams))
        await this.records.dirty_queue.mark(this.own.id)

    async def _try(self, this: ChannelPass, name: str, *, private: bool) -> ChannelId | None:
        """Open a channel of this name; return None if the name is taken. The attempt is recorded before the call."""
        before = this.own

        async def begin() -> None:
            now_ms, durations = await this.records.clock.now_ms(), this.records.durations
            await this.save(lambda own: own.begun(name, now_ms, now_ms + int(durations.call_max * SECOND)))
            await this.lease.check(durations.slack_timeout)

        try:
            return await self.slack.open_channel(name, private=private, begin=begin)
        except CallError as error:
            if error.surely_not_done and this.own != before:
                # This call did nothing; an earlier one may still.
                await this.save(lambda own: replace(own, until_ms=before.until_ms))
            if isinstance(error, Refused) and error.code == NAME_TAKEN:
                return None
            raise

    async def _unsettled(self, this: ChannelPass) -> float:
        """Return in how many seconds no earlier call can open the channel any more; 0 if none can now."""
        if this.own.until_ms is None:
            return 0.0
        clock = this.records.clock
        return clock.remaining(this.own.until_ms, await clock.now_ms(), this.records.durations.call_max)

    async def _may_be_forgotten(self, this: ChannelPass) -> bool:
        """True if the incident is older than the data, so that a channel of before may not be recorded."""
        return this.incident.opened_before((await self.generation.current()).ms)

    async def _found(self, this: ChannelPass, *, private: bool) -> bool:
        """Look among the channels that the app has opened for the incident's, and record it; return true if found."""
        async for channel in self.slack.opened_channels():
            if self._is_ours(channel, this) and (channel.private or not private):
                await self._opened(this, channel.id, private=channel.private, found=channel)
                return True
        return False

    def _is_ours(self, channel: OpenedChannel, this: ChannelPass) -> bool:
        """True for the one that the app gave the incident's mark, or the one just opened, which has none yet."""
        # Only the app's own mark counts: with a forged one a person could draw the incident into their channel.
        if f"({MARKER}{this.own.id})" in channel.purpose and channel.purpose_by == channel.creator:
            return True
        since_ms = this.own.begun_ms - SKEW_MS
        named = bool(this.own.name) and channel.name == this.own.name
        return named and not channel.purpose and this.own.until_ms is not None and channel.created * SECOND >= since_ms

    async def _opened(
        self, this: ChannelPass, channel: ChannelId, *, private: bool, found: OpenedChannel | None = None
    ) -> None:
        """Record the channel, add its line to the thread, and queue the incident for its card there."""
        name, since_ms = (found.name, found.created * SECOND) if found else (this.own.name, 0)
        await this.save(lambda own: replace(own.opened(channel, this.snapshot, since_ms, private=private), name=name))
        log.info("channel.opened", incident=this.own.id, channel=channel, private=private, found=found is not None)
        now_ms, own = await this.records.clock.now_ms(), this.own
        await this.records.incidents.change(
            this.own.id, lambda known: with_opened(known, own, now_ms), marks=(this.records.dirty_queue,)
        )
