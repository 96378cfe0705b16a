"""Archives the channel of an incident that is over, when no one writes there any more, and opens it again."""

from dataclasses import dataclass, replace

import structlog

from bolt_app.incident_channel.channel_pass import ChannelPass
from shared.errors import CallError, Refused
from shared.model.event import SECOND
from shared.model.event_types import Status
from shared.model.ids import ChannelId
from shared.model.incident_channel import ARCHIVED, ARCHIVING
from shared.slack.api.client import Slack
from shared.slack.api.errors import ALREADY_SO, IS_ARCHIVED

log = structlog.get_logger()


@dataclass(frozen=True)
class Archiver:
    """Decides when a channel is archived or reopened, and makes the calls."""

    slack: Slack

    async def archive(self, this: ChannelPass) -> float | None:
        """Archive it if it is time; return the seconds until that is to be looked at again, None for never."""
        channel, after_ms = this.own.channel, this.config.archive_ms
        if channel is None or this.snapshot.status is not Status.RESOLVED:
            return None
        if not this.own.shut:
            if after_ms is None or "archive" in this.own.failed:
                return None
            wait = await self._wait(this, channel, after_ms)
            if wait is None or wait > 0:
                return wait
            # Before it is archived: from here on its card is left as it is.
            await this.save(lambda own: replace(own, shut=ARCHIVING))
        if this.own.shut == ARCHIVING:
            await self._carry_out(this, channel)
        return None

    async def _wait(self, this: ChannelPass, channel: ChannelId, after_ms: int) -> float | None:
        """Return the seconds until it is time, counted from the resolution and from the last message of a person."""
        now_ms, over_ms = await this.records.clock.now_ms(), _resolved_ms(this)
        wait = over_ms + after_ms - now_ms
        if wait <= 0:
            words: list[int] = []

            async def read() -> None:
                words.append(await self.slack.last_word_ms(channel))

            if not await this.step("archive", read):
                return None
            wait = words[0] + after_ms - now_ms
        return max(0.0, wait / SECOND)

    async def _carry_out(self, this: ChannelPass, channel: ChannelId) -> None:
        await this.lease.check(this.records.durations.slack_timeout)
        try:
            await self.slack.archive(channel)
        except Refused as error:
            if error.code not in ALREADY_SO:
                await this.save(lambda own: replace(own, shut=""))
                await this.failed("archive", error)
                return
        except CallError as error:
            this.later.append(error)
            return
        log.info("channel.archived", incident=this.own.id, channel=channel)
        await this.save(lambda own: replace(own, shut=ARCHIVED))

    async def reopen(self, this: ChannelPass) -> None:
        """
        Reopen an archived channel if its incident was reopened, or if a person asked for it.

        If Slack refuses that to the app, another channel is opened in its place.
        """
        own, channel = this.own, this.own.channel
        by_us = own.shut in (ARCHIVING, ARCHIVED)
        if channel is None or not (by_us or own.is_wanted_again):
            return
        try:
            again = (by_us or own.shut == IS_ARCHIVED) and await self._unarchive(this, channel)
        except CallError as error:
            this.later.append(error)
            return
        log.info("channel.reopened", incident=own.id, channel=channel, was=own.shut, replaced=not again)
        await this.save(lambda now: replace(now, shut="") if again else now.replaced())
        await this.records.dirty_queue.mark(own.id)

    async def _unarchive(self, this: ChannelPass, channel: ChannelId) -> bool:
        """Unarchive a channel; return false if Slack refuses that. Raises any other `CallError`."""
        await this.lease.check(this.records.durations.slack_timeout)
        try:
            await self.slack.unarchive(channel)
        except Refused as error:
            return error.code in ALREADY_SO
        return True


def _resolved_ms(this: ChannelPass) -> int:
    """Return when the incident was resolved, as far as that is known."""
    last, change = this.incident.last_change(), this.incident.status_change
    known = last.at.ms if last else change.at.ms if change else 0
    return known or (this.incident.as_of.ms if this.incident.as_of else 0)
