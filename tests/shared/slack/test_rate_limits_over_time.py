"""Over any stretch of time, no more calls than the limits allow: by our own reckoning, and by the simulator's."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pagebridge_sandbox.slack import RateLimits
from pagebridge_sandbox.slack.limits import RateLimitEnforcer
from pagebridge_sandbox.slack.methods import METHODS
from shared.errors import Unavailable
from shared.slack.api.rate_limits import RATES, Priority
from shared.slack.api.transport import RateLimiter
from shared.vendor_calls import ROUNDING
from tests.shared.slack.calls import Clock

Wish = tuple[float, str, str, Priority]
"""Seconds after the one before, method, channel, priority."""
WISHES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.1, 0.5, 1.0, 1.2, 7.0, 90.0]),
        st.sampled_from(["chat.postMessage", "chat.postMessage", "chat.update", "conversations.history"]),
        st.sampled_from(["C0", "C1"]),
        st.sampled_from(Priority),
    ),
    max_size=120,
)


def granted(wishes: Sequence[Wish], clock: Clock) -> list[tuple[float, str, str]]:
    """Return the calls that the pacing lets through, each with its time."""
    pacing = RateLimiter(clock)
    calls = []

    async def ask() -> None:
        for after, method, channel, priority in wishes:
            clock.seconds += after
            try:
                await pacing.take(method, channel, priority)
            except Unavailable:
                continue
            calls.append((clock.seconds, method, channel))

    asyncio.run(ask())
    return calls


@given(WISHES)
def test_no_stretch_of_time_holds_more_than_burst_and_rate(wishes: list[Wish]) -> None:
    """From any call to any later one there are at most a burst, and the rate times the time between them."""
    calls = granted(wishes, Clock())
    for method, rates in RATES.items():
        for rate in rates:
            for channel in ("C0", "C1"):
                times = [at for at, m, c in calls if m == method and (c == channel or not rate.per_channel)]
                for first, begin in enumerate(times):
                    for last, end in enumerate(times[first:], first):
                        most = rate.burst + (end - begin + ROUNDING) * rate.per_minute / 60
                        assert last - first + 1 <= most + 1e-6


@given(WISHES)
def test_the_simulator_finds_nothing_too_early(wishes: list[Wish]) -> None:
    """Whatever the pacing lets through, Slack's limits as the simulator reads them let through too."""
    clock = Clock()
    calls = granted(wishes, clock)
    now = Clock()
    throttle = RateLimitEnforcer(RateLimits(), now)
    for at, method, channel in calls:
        now.seconds = at
        assert throttle.retry_after(method, METHODS[method].tier, channel) is None


@given(WISHES, st.integers(1, 40))
def test_whoever_comes_back_when_told_gets_through(wishes: list[Wish], seconds: int) -> None:
    """The time that is told is the time it takes, also after a 429: nobody who is alone is refused twice."""
    clock = Clock()
    pacing = RateLimiter(clock)

    async def ask() -> None:
        for after, method, channel, priority in wishes:
            clock.seconds += after
            try:
                await pacing.take(method, channel, priority)
            except Unavailable as early:
                clock.seconds += (early.retry_after or 0) + 1e-6
                await pacing.take(method, channel, priority)
            if len(wishes) % seconds == 0:
                await pacing.pause(method, channel, seconds)

    asyncio.run(ask())
