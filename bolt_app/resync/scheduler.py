"""
Background jobs that one worker runs for all: resync with PagerDuty, the Slack sweep, the subscription watchdog.

They run under a lease; other workers wait and take over when it is free. Progress is in the store, so a worker that
starts, or finds the store empty, begins at once.
"""

import asyncio
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Counter, Gauge

from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.outage_notice import OutageNotice, add_late
from bolt_app.resync.resync_pass import ResyncPass
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from shared.durations import Durations
from shared.errors import BridgeError, CallError, FencedOff, Malformed, Stopping, StoreDown, Unavailable
from shared.model.event import SECOND
from shared.model.resync_state import GLOBAL, ResyncState
from shared.observability.log import reference
from shared.pagerduty.api.lanes import Lane, go_in
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, Leases, wait_at_most
from shared.store.documents import Documents
from shared.store.losses import Losses

log = structlog.get_logger()

HEALTHY = Gauge("pagebridge_subscription_healthy", "1 while a webhook subscription delivers all that is needed here")
PASSES = Counter("pagebridge_resyncs", "Resync passes, by how they ended", ["result"])


@dataclass
class Scheduler:
    """Runs each job when it is due."""

    resync_states: Documents[ResyncState]
    leases: Leases
    clock: StoreClock
    losses: Losses
    durations: Durations
    stopping: asyncio.Event
    resync: IncidentResync
    sweep: SlackSweep
    watchdog: SubscriptionWatchdog
    outage_notice: OutageNotice
    _since_ms: int = field(default=0, init=False)

    async def step(self) -> None:
        """Run what is due unless another worker does, then pause. Raises only `StoreDown`."""
        now_ms = await self.clock.now_ms()
        # When the store's clock was put back, one more is due, and not one after the other until it has caught up.
        self._since_ms = min(self._since_ms or now_ms, now_ms)
        progress = (await self.resync_states.load(GLOBAL)).value
        HEALTHY.set(not progress.problem)
        if any(self._due(progress, now_ms)):
            await self._under_lease()
        await wait_at_most(self.durations.retry_max, self.stopping)

    def _due(self, progress: ResyncState, now_ms: int) -> tuple[bool, bool]:
        """
        Return whether the subscription has to be checked, and whether a resync is due.

        The check is due on a timer, more often while a ping is awaited; a resync at start, after a loss of writes, soon
        after something was too young to judge, and on a timer. A time in the future means that the store's clock was
        set back.
        """
        durations = self.durations
        check_every = durations.retry_max if progress.pinged_ms else durations.watchdog_interval
        check = not 0 <= now_ms - progress.watched_ms < check_every * SECOND
        since_ms = max(self._since_ms, min(self.losses.doubt_ms, now_ms))
        asked_for = progress.begun_ms < since_ms or 0 < progress.due_ms <= now_ms
        return check, asked_for or not 0 <= now_ms - progress.begun_ms < durations.resync * SECOND

    async def _under_lease(self) -> None:
        """Run what is due; errors are retried later, all but `StoreDown`."""
        lease = await self.leases.take(GLOBAL)
        if lease is None:
            return
        down: StoreDown | None = None
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(lease.keep())
            try:
                await self._run_due(lease, group)
            except StoreDown as error:
                down = error
            except (FencedOff, Stopping) as error:
                log.warning("upkeep.broken_off", why=str(error))
            except Exception:
                log.exception("upkeep.failed", reference=reference())
            keeping.cancel()
        if down is not None:
            raise down
        await lease.release()

    async def _run_due(self, lease: Lease, group: asyncio.TaskGroup) -> None:
        """Check the subscription first: the resync then repairs what was lost while it was disabled."""
        progress = await self._check_subscription(lease)
        now_ms = await self.clock.now_ms()
        _, resync_due = self._due(progress, now_ms)
        if resync_due:
            go_in(Lane.UPKEEP)
            # Due at once for the next owner, in case this worker does not finish.
            progress = await self._save(replace(progress, begun_ms=now_ms, due_ms=now_ms), lease)
            watching = group.create_task(self._watch(lease))
            try:
                this, error = await self._run_resync(progress, lease)
            finally:
                watching.cancel()
                await asyncio.wait({watching})
            progress = (await self.resync_states.load(GLOBAL)).value
            asked_for = 0 if progress.due_ms == progress.begun_ms else progress.due_ms
            progress = replace(progress, positions=this.positions if this else progress.positions, due_ms=asked_for)
            await self._save(await self._resync_ended(progress, this, error, lease), lease)

    async def _check_subscription(self, lease: Lease) -> ResyncState:
        """Check the subscription if that is due; return the state after it."""
        now_ms = await self.clock.now_ms()
        progress = (await self.resync_states.load(GLOBAL)).value
        check_due, _ = self._due(progress, now_ms)
        if not check_due:
            return progress
        try:
            progress = await self.watchdog.check(progress, lease)
        except (CallError, Malformed) as error:
            log.warning("subscription.not_checked", why=str(error))
        return await self._save(replace(progress, watched_ms=now_ms), lease)

    async def _watch(self, lease: Lease) -> None:
        """Go on checking the subscription while a resync reads and sweeps, however long that takes."""
        go_in(Lane.READ)
        try:
            while True:
                await asyncio.sleep(self.durations.retry_max)
                await self._check_subscription(lease)
        except (FencedOff, StoreDown) as error:
            log.warning("watch.broken_off", why=str(error))
        except Exception:
            log.exception("watch.failed", reference=reference())

    async def _run_resync(self, progress: ResyncState, lease: Lease) -> tuple[ResyncPass | None, BridgeError | None]:
        """Make a pass; return it, and what has broken it off."""
        this = None
        try:
            this = await self.resync.begin(progress, lease)
            await self.resync.run(this, progress)
        except (CallError, Malformed, Stopping) as error:
            return this, error
        try:
            await self.sweep.sweep(this)
        except (CallError, Malformed, Stopping) as error:
            log.warning("sweep.broken_off", why=str(error))
            this.soon = True
        return this, None

    async def _resync_ended(
        self, progress: ResyncState, this: ResyncPass | None, error: BridgeError | None, lease: Lease
    ) -> ResyncState:
        """Return the state after a pass, and tell the channels what has come late."""
        if error is not None or this is None:
            return await self._resync_interrupted(progress, this, error)
        PASSES.labels("done").inc()
        log.info("resync.done", late=len(this.late), again=len(this.again))
        soon = await self._in(self.durations.webhook_grace) if this.soon else 0
        due = min(filter(None, (soon, progress.due_ms)), default=0)
        progress = replace(progress, since_ms=this.since_ms, due_ms=due, recheck=tuple(this.again), reached=None)
        return await self.outage_notice.resync_passed(progress, this.late, lease)

    async def _resync_interrupted(
        self, progress: ResyncState, this: ResyncPass | None, error: BridgeError | None
    ) -> ResyncState:
        """Return the progress from which the next pass soon resumes."""
        PASSES.labels("broken off").inc()
        log.warning("resync.broken_off", why=str(error))
        if this is not None:
            again = tuple(dict.fromkeys([*progress.recheck, *this.again]))
            # Late incidents are repaired now, so the next pass will not find them again.
            progress = add_late(replace(progress, recheck=again, reached=this.reached), this.late)
        wait = error.retry_after if isinstance(error, Unavailable) else None
        return replace(progress, due_ms=await self._in(wait or self.durations.retry_max))

    async def _in(self, seconds: float) -> int:
        return await self.clock.now_ms() + int(seconds * SECOND)

    async def _save(self, progress: ResyncState, lease: Lease) -> ResyncState:
        return (await self.resync_states.change(GLOBAL, lambda _: progress, lease)).value
