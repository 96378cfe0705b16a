"""
How fast Slack may be called. Never waits: it says how long to wait, and whoever asked puts the work back.

Source: Slack's page on rate limits. One message a second to a channel, with short bursts tolerated; tiers count the
calls of a method in a minute, over all channels; after a 429, nothing before `Retry-After`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import Unavailable


@dataclass(frozen=True)
class Rate:
    """One call every `interval` seconds in the long run, `burst` of them at once after a pause."""

    interval: float
    burst: int
    per_channel: bool


TIER_3_PER_MINUTE = 50
RATES = {
    "chat.postMessage": Rate(interval=1.0, burst=3, per_channel=True),
    "chat.update": Rate(interval=60 / TIER_3_PER_MINUTE, burst=10, per_channel=False),
}
"""The methods that a busy hour calls often. The others stay far below their limits."""
ROUNDING = 0.001
"""Seconds by which a call may come early, because sums of fractions come out a little too long."""


class Pacing:
    """
    The calls of one token. `now` gives seconds on a clock that only goes forward.

    `pace` stretches or shrinks the rates: tests against a Slack without limits need not wait for them.
    """

    def __init__(self, now: Callable[[], float], pace: float = 1.0) -> None:
        self._now = now
        self._pace = pace
        self._next: dict[tuple[str, str], float] = {}
        """When the call after the last one would be due at an even pace."""
        self._closed_until: dict[tuple[str, str], float] = {}

    def take(self, method: str, channel: str) -> None:
        """Take the place of one call, or raise `Unavailable` with the seconds until there is one."""
        now = self._now()
        wait = max(self._closed_until.get((method, channel), now) - now, self._wait(method, channel, now))
        if wait > ROUNDING:
            raise Unavailable(f"Slack takes no {method} for another {wait:.1f} s", retry_after=wait)
        rate = RATES.get(method)
        if rate is not None:
            key = _key(rate, method, channel)
            self._next[key] = max(self._next.get(key, now), now) + rate.interval * self._pace

    def close(self, method: str, channel: str, seconds: float) -> None:
        """Let no call through for so many seconds, because Slack said so."""
        self._closed_until[(method, channel)] = self._now() + seconds

    def _wait(self, method: str, channel: str, now: float) -> float:
        rate = RATES.get(method)
        if rate is None:
            return 0.0
        due = self._next.get(_key(rate, method, channel), now)
        return due - (rate.burst - 1) * rate.interval * self._pace - now


def _key(rate: Rate, method: str, channel: str) -> tuple[str, str]:
    return (method, channel if rate.per_channel else "")
