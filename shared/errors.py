"""
Every way in which work can fail, in one tree.

Each error says at its definition whether the thing asked for has *surely not* been done (`surely_not_done`). That one
bit decides whether a call may be repeated at once, or must be looked up first.
"""

from typing import ClassVar

LONGEST_WAIT = 3600.0
"""Seconds for which another side is left alone at its word: more is never meant, and the next call may be taken."""


class BridgeError(Exception):
    """Base of every error of this project."""


class Malformed(BridgeError):
    """Raised when bytes or values from outside are not what their sender documents. Never worth a retry."""


class CallError(BridgeError):
    """Base of what can go wrong with one call to PagerDuty, Slack or Redis."""

    surely_not_done: ClassVar[bool]


class Unavailable(CallError):
    """
    Raised when a call did not reach its effect and may be repeated: rate limited, or it failed before a byte was sent.

    `retry_after` is in seconds, `LONGEST_WAIT` at most; None when the other side did not say. `limited` is true for a
    rate limit of the other side's.
    """

    surely_not_done = True

    def __init__(self, why: str, retry_after: float | None = None, *, limited: bool = False) -> None:
        super().__init__(why)
        self.retry_after = None if retry_after is None else min(retry_after, LONGEST_WAIT)
        self.limited = limited


class Queued(Unavailable):
    """Raised when a call did not get its turn here in time: the other side was not asked."""


class Uncertain(CallError):
    """Raised when a call may or may not have taken effect: any 5xx, 408, a reset or a time-out after sending."""

    surely_not_done = False


class Refused(CallError):
    """
    Raised when the other side understood the call and declined it.

    `code` is the vendor's own error code (PagerDuty: an integer; Slack: a word), `status` the HTTP status.
    """

    surely_not_done = True

    def __init__(self, why: str, code: int | str | None = None, status: int | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.status = status


class NotFound(Refused):
    """Raised when the thing asked for does not exist, or is not visible to our token."""


class BadCredentials(Refused):
    """Raised when the other side does not accept our token. Nothing will work until an operator acts."""


class StoreDown(BridgeError):
    """Raised when Redis could not take or give what was asked; whether a write happened is unknown."""


class WrongPassword(StoreDown):
    """Raised when Redis does not take the user and password that were given: until they are corrected, or it is."""


class ScriptFailed(StoreDown):
    """Raised when a script failed over what it was given: Redis is up, and the same script would fail again."""


class WrongLayout(BridgeError):
    """Raised when the store was written by a version with another layout. Nothing may be read or written then."""


class FencedOff(BridgeError):
    """Raised if another worker has taken over the incident."""


class Stopping(BridgeError):
    """Raised when work is left to another worker because this one has been told to end."""
