"""Slack's rate limits, as token buckets. Slack tolerates bursts of undisclosed size; those here are small ones."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

POST = "chat.postMessage"
SPECIAL = 5


@dataclass(frozen=True)
class Limits:
    """
    Calls per minute for each tier of methods, and messages per second and channel with their burst.

    Source: Slack's page on rate limits. Methods with their own rule (tier 5) get several hundred a minute.
    """

    per_minute: Mapping[int, int] = field(
        default_factory=lambda: MappingProxyType({1: 1, 2: 20, 3: 50, 4: 100, SPECIAL: 600})
    )
    posts_per_second: float = 1.0
    post_burst: int = 5


@dataclass
class Bucket:
    """Refills by `rate` tokens a second up to `size`."""

    rate: float
    size: float
    left: float
    at: float

    def take(self, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        self.left = min(self.size, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.rate


class Throttle:
    """Decides whether a call comes too soon after the others."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self.limits = limits
        self._now = now
        self._buckets: dict[str, Bucket] = {}

    def retry_after(self, method: str, tier: int, channel: str | None) -> int | None:
        """Return None if the call may be made now, else after how many whole seconds."""
        waits = [self._take(method, self.limits.per_minute[tier] / 60, self.limits.per_minute[tier])]
        if method == POST and channel:
            waits.append(self._take(f"{method} {channel}", self.limits.posts_per_second, self.limits.post_burst))
        longest = max(waits)
        return max(1, math.ceil(longest)) if longest else None

    def _take(self, name: str, rate: float, size: float) -> float:
        now = self._now()
        bucket = self._buckets.setdefault(name, Bucket(rate, size, size, now))
        return bucket.take(now)
