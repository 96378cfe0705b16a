"""
Watches the webhook subscription: without it nothing arrives until the next resync.

PagerDuty disables a subscription for a day after three rejected deliveries in a row. It is pinged then and, once the
signed ping arrives, enabled again. PagerDuty does not document whether it pings a disabled subscription, so one whose
ping does not arrive is enabled anyway and pinged again; if that ping does not arrive either, the receiver is at fault.
Source: PagerDuty's pages on webhook behaviour and its OpenAPI description.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from shared.durations import Durations
from shared.errors import BadCredentials, CallError, Refused
from shared.model.event import SECOND
from shared.model.resync_state import Gap, ResyncState
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.webhook_subscription import ANY, WebhookSubscription, delivers_here, missing, wrong_with
from shared.store.clock import StoreClock, last_ping_ms
from shared.store.coordination import Lease
from shared.store.redis import Redis

log = structlog.get_logger()

OFF = "PagerDuty disabled the webhook subscription, because its deliveries were rejected: see the receiver's log"
LOCKED = "PagerDuty disabled the webhook subscription and does not let the bridge switch it on ({}): enable it there"
UNREAD = (
    "PagerDuty's webhook subscriptions can't be read ({}), so nothing shows whether they deliver: "
    "allow the bridge's API key or app to read them (scope webhook_subscriptions.read)"
)
SILENT = "PagerDuty's pings don't reach the receiver: see its log for rejected deliveries"


@dataclass(frozen=True)
class SubscriptionWatchdog:
    """Checks the subscriptions that deliver here: the one with that id, or else all that deliver to our path."""

    pagerduty: PagerDuty
    redis: Redis
    clock: StoreClock
    durations: Durations
    subscription: str = ANY

    async def check(self, progress: ResyncState, lease: Lease) -> ResyncState:
        """Check the subscription; report a problem once and repair it if possible. Raises `CallError`, `Malformed`."""
        await lease.check(self.durations.pagerduty_timeout)
        try:
            everything = await self.pagerduty.webhook_subscriptions()
        except BadCredentials:
            # One cause, which `Vitals` names.
            raise
        except Refused as error:
            return _noted(progress, UNREAD.format(error))
        ours = [each for each in everything.value if delivers_here(each, self.subscription)]
        if not ours:
            everything.require_whole()
        disabled = [each for each in ours if each.disabled]
        problem = OFF if disabled else str(wrong_with(ours) or "")
        now_ms = await self.clock.now_ms()
        nothing_comes = bool(disabled) or missing(ours) is not None
        if problem:
            progress = replace(progress, gap=_open_gap(progress, now_ms, silent=nothing_comes))
        gap = progress.gap
        if disabled:
            progress, problem = await self._repair(progress, disabled, lease, now_ms)
        elif progress.pinged_ms and not await self._ping_came(progress):
            timed_out = self._ping_timed_out(progress, now_ms)
            problem = problem or (SILENT if timed_out else progress.problem)
            progress = await self._ping(progress, ours, lease, now_ms) if timed_out else progress
        elif gap and not gap.until_ms and not (nothing_comes if gap.silent else problem):
            progress = replace(progress, gap=replace(gap, until_ms=now_ms), pinged_ms=0, due_ms=now_ms)
            log.warning("subscription.works_again", hint="what was lost meanwhile is looked up now")
        return _noted(progress, problem)

    async def _repair(
        self, progress: ResyncState, disabled: Sequence[WebhookSubscription], lease: Lease, now_ms: int
    ) -> tuple[ResyncState, str]:
        """Ping it; enable it when the ping has arrived or timed out. Also return what is wrong with it."""
        timed_out = self._ping_timed_out(progress, now_ms)
        came = bool(progress.pinged_ms) and await self._ping_came(progress)
        if progress.pinged_ms and not came and not timed_out:
            return progress, progress.problem or OFF
        problem = OFF
        if progress.pinged_ms:
            for subscription in disabled:
                await lease.check(self.durations.pagerduty_timeout)
                try:
                    await self.pagerduty.enable_subscription(subscription.id)
                except CallError as error:
                    log.warning("subscription.not_enabled", subscription=subscription.id, why=str(error))
                    problem = LOCKED.format(error) if isinstance(error, Refused) else OFF
                else:
                    log.warning("subscription.enabled", subscription=subscription.id, ping_came=came, why=OFF)
        return progress if came else await self._ping(progress, disabled, lease, now_ms), problem

    async def _ping(
        self, progress: ResyncState, ours: Sequence[WebhookSubscription], lease: Lease, now_ms: int
    ) -> ResyncState:
        """Request pings. A refused request is handled like a ping that does not arrive: by its timeout."""
        for subscription in ours:
            await lease.check(self.durations.pagerduty_timeout)
            try:
                await self.pagerduty.ping_subscription(subscription.id)
            except CallError as error:
                log.warning("subscription.not_pinged", subscription=subscription.id, why=str(error))
        return replace(progress, pinged_ms=now_ms)

    def _ping_timed_out(self, progress: ResyncState, now_ms: int) -> bool:
        return now_ms - progress.pinged_ms > self.durations.call_max * SECOND

    async def _ping_came(self, progress: ResyncState) -> bool:
        return await last_ping_ms(self.redis) >= progress.pinged_ms


def _noted(progress: ResyncState, problem: str) -> ResyncState:
    """Return the state with what is wrong now, which is logged once."""
    if problem and problem != progress.problem:
        log.error("subscription.wrong", why=problem)
    elif progress.problem and not problem:
        log.info("subscription.right", was=progress.problem)
    return replace(progress, problem=problem)


def _open_gap(progress: ResyncState, now_ms: int, *, silent: bool) -> Gap:
    """
    Return the current gap; a new one begins at the last check without a problem.

    A gap without any delivery ends at the next delivery: if something is still missing then, that is another gap.
    """
    gap = progress.gap
    if gap is None:
        return Gap(progress.watched_ms or now_ms, partial=not silent, silent=silent)
    return replace(gap, until_ms=0, silent=True) if silent else gap
