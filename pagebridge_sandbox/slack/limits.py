"""Slack's rate limits, as token buckets. Slack tolerates bursts of undisclosed size; those here are small ones."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

POST_MESSAGE = "chat.postMessage"
SPECIAL_TIER = 5


@dataclass(frozen=True)
class RateLimits:
    """
    Calls per minute for each tier of methods, and messages per second and channel with their burst.

    Source: Slack's page on rate limits. Methods with their own rule (tier 5) get several hundred a minute.
    """

    per_minute: Mapping[int, int] = field(
        default_factory=lambda: MappingProxyType({1: 1, 2: 20, 3: 50, 4: 100, SPECIAL_TIER: 600})
    )
    posts_per_second: float = 1.0
    post_burst: int = 5


@dataclass
class TokenBucket:
    """Refills by `rate` tokens a second up to `size`."""

    rate: float
    size: float
    tokens: float
    updated_at: float

    def take(self, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        self.tokens = min(self.size, self.tokens + (now - self.updated_at) * self.rate)
        self.updated_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class RateLimitEnforcer:
    """Decides whether a call comes too soon after the others."""

    def __init__(self, limits: RateLimits, now: Callable[[], float]) -> None:
        self.limits = limits
        self._now = now
        self._buckets: dict[str, TokenBucket] = {}

    def retry_after(self, method: str, tier: int, channel: str | None) -> int | None:
        """Return None if the call may be made now, else after how many whole seconds."""
        waits = [self._take(method, self.limits.per_minute[tier] / 60, self.limits.per_minute[tier])]
        if method == POST_MESSAGE and channel:
            waits.append(self._take(f"{method} {channel}", self.limits.posts_per_second, self.limits.post_burst))
        longest = max(waits)
        return max(1, math.ceil(longest)) if longest else None

    def _take(self, name: str, rate: float, size: float) -> float:
        now = self._now()
        bucket = self._buckets.setdefault(name, TokenBucket(rate, size, size, now))
        return bucket.take(now)
