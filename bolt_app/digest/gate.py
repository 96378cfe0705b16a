"""Decides, in an incident's own pass, whether a channel's digest card replaces its own card there."""

from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from bolt_app.read_path.reconcile_pass import ReconcilePass
from shared.durations import Durations
from shared.model.digest import ALL_CHANNELS, Digest, DigestEntry, DigestLoad, DigestRule
from shared.model.event_types import REMINDED, Status
from shared.model.ids import ChannelId, IncidentId, MessageTs
from shared.model.thread_layout import layout_thread
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.digests import Digests
from shared.store.documents import Documents

log = structlog.get_logger()

DIGESTED = Counter("pagebridge_incidents_digested", "Incidents that came to share a channel's digest card")


@dataclass(frozen=True)
class DigestGate:
    """
    Lets incidents into a channel's digest and out of it. The rule is in `shared.model.digest`.

    What holds for an incident is in its own document, under the lease on its messages. Its entry in the digest is
    written before that, and the digest asked to look after it: one that is left over there is found by the digest.
    """

    digests: Digests
    load: Documents[DigestLoad]
    queue: WorkQueue
    clock: StoreClock
    durations: Durations

    async def stands_for_card(self, this: ReconcilePass, channel: ChannelId, rule: DigestRule | None) -> bool:
        """
        True if the incident, which has no card in the channel, is to have none now. Raises `StoreDown`, `FencedOff`.

        `rule` is None where no digest may stand for it.
        """
        begun_ms, shown = this.slack_state.digests.get(channel), this.slack_state.is_shown_in(channel)
        if begun_ms is None:
            is_new = shown and channel not in this.slack_state.cards
            return rule is not None and is_new and await self._enter(this, channel, rule)
        digest, over = (await self.digests.load(IncidentId(channel))).value, this.snapshot.status is Status.RESOLVED
        is_in = digest.is_on and digest.begun_ms == begun_ms
        if is_in and shown and rule is not None and (over or rule.is_low(this.snapshot)):
            await self._put(this, channel, digest)
            return True
        if shown and over:
            # The digest counted it; it gets a card only if it is reopened.
            return True
        # The digest has shown its state until now, so the new card does not count as late.
        await this.save(lambda kept: kept.decided_card(channel, this.as_of_ms))
        if is_in:
            await self.digests.drop_entries(channel, this.incident.id)
            await self.queue.mark(IncidentId(channel), await self._due_in(channel, digest))
        return False

    async def _enter(self, this: ReconcilePass, channel: ChannelId, rule: DigestRule) -> bool:
        """Count a new incident; let it into the digest, or note that it is to have a card."""
        now_ms, low = await self.clock.now_ms(), rule.is_low(this.snapshot)
        one = this.incident.id
        load = await self.load.change(ALL_CHANNELS, lambda known: known.with_arrival(one, channel, now_ms))
        crowded = load.value.is_crowded(now_ms)
        changed = await self.digests.change(
            IncidentId(channel),
            lambda known: known.with_arrival(one, now_ms, rule.above, low=low, crowded=crowded),
        )
        if low and changed.value.is_on:
            DIGESTED.inc()
            await self._put(this, channel, changed.value)
            return True
        await this.note(lambda kept: kept.decided_card(channel))
        return False

    async def _put(self, this: ReconcilePass, channel: ChannelId, digest: Digest) -> None:
        """Store the incident's state in the digest. Its lines so far are omitted: a later card shows their result."""
        begun_ms, shown = digest.begun_ms, this.snapshot
        entry = DigestEntry(begun_ms, shown.status, shown.created_ms or begun_ms)
        await this.lease.check(self.durations.slack_timeout)
        await self.digests.put_entry(channel, this.incident.id, entry)
        # A reminder is kept for the thread, where it can be answered.
        told = [each for each in layout_thread(this.incident.lines) if each.line.type != REMINDED]
        lines = {line.key for each in told for line in (each.line, *each.sides)} if channel == this.home else set()
        if channel not in this.slack_state.digests or lines - this.slack_state.omitted_lines:
            await this.save(lambda kept: kept.shares(channel, begun_ms, lines))
        if channel == this.home:
            this.told = tuple(told)
        await self.queue.mark(IncidentId(channel), await self._due_in(channel, digest))

    async def _due_in(self, channel: ChannelId, digest: Digest) -> float:
        if digest.message.ts is None:
            return 0.0
        load = (await self.load.load(ALL_CHANNELS)).value
        return load.due_in(channel, self.clock.estimate_ms(), self.durations.digest_pace)

    async def found(self, channel: ChannelId, ts: MessageTs, begun_ms: int) -> None:
        """Take over a digest card that was found in Slack: the store may have lost its record."""
        now_ms = await self.clock.now_ms()
        await self.digests.change(IncidentId(channel), lambda known: known.with_found(ts, begun_ms, now_ms))
        log.info("digest.found", channel=channel, ts=ts)
        await self.queue.mark(IncidentId(channel))
