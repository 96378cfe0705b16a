"""Identifiers and timestamps as Slack writes them."""

import secrets
from collections.abc import Callable

MICROSECONDS = 1_000_000
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class Clock:
    """The time, also as Slack's `ts` values: seconds with six decimals, each greater than the one before."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._offset = 0.0
        self._last = 0

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._now() + self._offset

    def advance(self, seconds: float) -> None:
        """Move on at once by so many seconds."""
        self._offset += seconds

    def next_ts(self) -> str:
        """Return a new timestamp, at the present time or one microsecond after the last one."""
        self._last = max(self._last + 1, int(self.now() * MICROSECONDS))
        return f"{self._last // MICROSECONDS}.{self._last % MICROSECONDS:06d}"


def identifier(prefix: str) -> str:
    """Make an id such as `U0A1B2C3D4E`: a letter for its kind and ten more characters."""
    return prefix + "0" + "".join(secrets.choice(ALPHABET) for _ in range(9))


def trigger_id(now: float) -> str:
    """Make a `trigger_id`: two numbers and a hexadecimal word, joined by dots."""
    return f"{int(now * 1000)}.{secrets.randbelow(10**10):010d}.{secrets.token_hex(16)}"


def verification_token() -> str:
    """Make the deprecated token that Slack still puts into every payload."""
    return secrets.token_urlsafe(18)
