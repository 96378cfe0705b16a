"""Checks of the clocks: PagerDuty's and Slack's by the `Date` of their answers, Redis's by `TIME`, against ours."""

import time
from collections.abc import Awaitable, Callable

from pagebridge.cli.checks.findings import Check, Verdict, failed, passed, warned
from shared.model.event import SECOND
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import CLOCK_SKEW_MS, Slack
from shared.slack.render.blocks import duration
from shared.store.clock import StoreClock
from shared.store.redis import Redis

NOTICED_MS = 5 * SECOND
"""A difference from which ages are told wrongly enough for people to notice."""
FIX = "sync the clock that is wrong (NTP); if all differ alike, it is this machine's"

Clock = Callable[[], Awaitable[int]]
"""Tells milliseconds since 1970."""


def of_slack(slack: Slack) -> Check:
    """Compare Slack's clock with ours."""
    return Check("clock of Slack", lambda: skew("Slack", slack.clock_ms, SECOND), needs=("Slack bot token",))


def of_pagerduty(pagerduty: PagerDuty) -> Check:
    """Compare PagerDuty's clock with ours."""

    async def ask() -> int:
        return (await pagerduty.clock()).ms

    return Check("clock of PagerDuty", lambda: skew("PagerDuty", ask, SECOND), needs=("PagerDuty token",))


def of_redis(redis: Redis) -> Check:
    """Compare Redis's clock, by which all workers go, with ours."""
    return Check("clock of Redis", lambda: skew("Redis", StoreClock(redis).now_ms, 1), needs=("Redis",))


async def skew(whose: str, clock: Clock, precision_ms: int) -> Verdict:
    """Check how far a clock, read in whole `precision_ms`, surely is from ours."""
    before = time.time_ns() // 1_000_000
    told = await clock()
    after = time.time_ns() // 1_000_000
    ahead, behind = told - after, before - (told + precision_ms)
    most = max(ahead, behind, 0)
    what = f"{whose}'s clock is {duration(most / SECOND)} {'ahead of' if ahead > behind else 'behind'} this machine's"
    if most >= CLOCK_SKEW_MS:
        return failed(f"{what}: the bridge may not find its own messages in Slack again", FIX)
    if most >= NOTICED_MS:
        return warned(what, FIX)
    return passed("agrees with this machine's clock" if most < SECOND else what)
