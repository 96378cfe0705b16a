"""Writes the digest card of a channel, under the lease on it; after the storm the incidents get their own cards."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from bolt_app.digest.render import MOST_ROWS, render, render_over
from bolt_app.open_incidents import OpenIncident
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.errors import Refused
from shared.model.digest import ALL_CHANNELS, Digest, DigestEntry, DigestLoad, open_first
from shared.model.event import SECOND, ids_of_teams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.slack_state import SlackState
from shared.slack.render.blocks import Message
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.digests import Digests
from shared.store.documents import Documents
from shared.store.incidents import Incidents

log = structlog.get_logger()

Entries = Mapping[IncidentId, DigestEntry]


@dataclass(frozen=True)
class DigestPoster:
    """One pass updates the card from the store; the queue retries a pass that fails."""

    digests: Digests
    load: Documents[DigestLoad]
    incidents: Incidents
    slack_states: Documents[SlackState]
    dirty_queue: WorkQueue
    message_sync: MessageSync
    config: LiveConfig
    clock: StoreClock
    durations: Durations

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Look after the digest of the channel that `incident` names. Raises `CallError`, `StoreDown`, `FencedOff`."""
        channel = ChannelId(incident)
        # Read before the digest: entries that a newer digest gets meanwhile must not count as left over.
        entries = await self.digests.entries(channel)
        digest, now_ms = (await self.digests.load(incident, lease)).value, await self.clock.now_ms()
        if digest.is_on and self._is_over(channel, digest, now_ms):
            digest = (await self.digests.change(incident, Digest.ended, lease)).value
        left = [one for one, entry in entries.items() if entry.begun_ms != digest.begun_ms]
        await self._release(channel, left)
        shared = {one: entry for one, entry in entries.items() if one not in left}
        if not digest.begun_ms:
            return None
        if digest.is_on and digest.message.ts:
            load = (await self.load.load(ALL_CHANNELS)).value
            if wait := load.due_in(channel, now_ms, self.durations.digest_pace):
                return wait
        try:
            if digest.is_on:
                shown = await self._write(channel, await self._card(channel, digest, shared), digest, lease)
                again = [
                    shown.over_in(now_ms, self.durations.digest_quiet),
                    await self.message_sync.doubled(shown.message),
                ]
                return min(filter(None, again), default=0.0)
            return await self._close(channel, digest, shared, lease)
        except Refused as error:
            log.error("digest.refused", channel=channel, why=str(error), code=error.code)
            not_before_ms = now_ms + int(self.durations.digest_quiet * SECOND)
            await self.digests.change(incident, lambda known: known.refused(not_before_ms), lease)
            if digest.is_on:
                return 0.0
            await self._forget(channel, shared, lease)
        return None

    def _is_over(self, channel: ChannelId, digest: Digest, now_ms: int) -> bool:
        """True if the storm is over, or the configuration has no digest for the channel."""
        if channel in self.config.current.routing.digest_channels:
            return not digest.over_in(now_ms, self.durations.digest_quiet)
        why = "the bridge.toml of this worker has no digest for this channel"
        hint = "give all workers the same bridge.toml: else one begins a digest, and the other ends it"
        log.warning("digest.unwanted", channel=channel, why=why, hint=hint)
        return True

    async def fenced_off(self, incident: IncidentId) -> None:
        """Forget what the card shows, because our last call may have landed late."""
        await self.digests.change(incident, Digest.content_unknown)

    async def _card(self, channel: ChannelId, digest: Digest, shared: Entries) -> Message:
        """Render it with those of the open incidents that the channel shows as they are now."""
        first = open_first(shared)[:MOST_ROWS]
        known = await asyncio.gather(*map(self.incidents.load, first))
        states = await asyncio.gather(*map(self.slack_states.load, first))
        shown = [
            OpenIncident(one.value.id, one.value.snapshot)
            for one, state in zip(known, states, strict=True)
            if one.value.snapshot is not None
            and one.value.snapshot.status is not Status.RESOLVED
            and state.value.digests.get(channel) == digest.begun_ms
            and state.value.shows(ids_of_teams(one.value.snapshot.teams), channel)
        ]
        return render(channel, digest.begun_ms, shared, shown)

    async def _write(self, channel: ChannelId, message: Message, digest: Digest, lease: Lease) -> Digest:
        """Write the card; one that was deleted, or can't be edited any more, is posted again."""
        change = partial(self.digests.change, IncidentId(channel), lease=lease)
        state = digest.message
        target: MessageTarget[Digest] = MessageTarget(
            channel,
            lambda state: lambda known: known.with_message(state),
            change,
            change,
            lease,
            foremost=True,
            since_ms=digest.begun_ms,
        )
        for _ in range(2):
            state = await self.message_sync.sync(message, state, target)
            if state.ts is not None:
                break
        if state != digest.message:
            now_ms = await self.clock.now_ms()
            await self.load.change(ALL_CHANNELS, lambda known: known.with_written(channel, now_ms))
        return digest.with_message(state)

    async def _close(self, channel: ChannelId, digest: Digest, shared: Entries, lease: Lease) -> float | None:
        """Queue the open incidents for their own cards, write the closing text, and drop the digest if safe."""
        for one in open_first(shared):
            await self.dirty_queue.mark(one)
        if digest.message.exists:
            written = await self._write(channel, render_over(channel, digest.begun_ms, shared), digest, lease)
            if wait := await self.message_sync.doubled(written.message):
                return wait
        await self._forget(channel, shared, lease)
        return None

    async def _forget(self, channel: ChannelId, shared: Entries, lease: Lease) -> None:
        # In this order: without its incidents a digest that is still known would be closed with none.
        await self.digests.change(IncidentId(channel), Digest.closed, lease)
        await self._release(channel, shared)
        log.info("digest.closed", channel=channel, incidents=len(shared))

    async def _release(self, channel: ChannelId, incidents: Collection[IncidentId]) -> None:
        """Queue incidents, whose own passes decide about their cards, and drop their entries."""
        for one in incidents:
            await self.dirty_queue.mark(one)
        await self.digests.drop_entries(channel, *incidents)
