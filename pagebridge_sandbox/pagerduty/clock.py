"""The simulated account's clock, and times as PagerDuty writes them."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

MILLISECOND = timedelta(milliseconds=1)


class Timers(Protocol):
    """Actions that run by themselves at their time."""

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens, if anything does."""

    def fire(self) -> None:
        """Let it happen."""

    def reschedule(self) -> None:
        """Look again when that is: something has changed, or the clock was moved."""


class Clock:
    """
    Real time, or as far ahead of it as a test has moved it. Two changes share a millisecond only if a test wants it.

    `timers` fire at their time, also while the clock is being moved.
    """

    def __init__(self) -> None:
        self.timers: Timers | None = None
        self._offset = timedelta(0)
        self._last = datetime.fromtimestamp(0, UTC)
        self._ties = 0

    def now(self) -> datetime:
        """Return the present time."""
        return max(datetime.now(UTC) + self._offset, self._last)

    def tick(self) -> datetime:
        """Return the time of a new change, in whole milliseconds: now, or one millisecond after the last change."""
        if self._ties:
            self._ties -= 1
            return self._last
        now = self.now()
        self._last = max(now.replace(microsecond=now.microsecond // 1000 * 1000), self._last + MILLISECOND)
        return self._last

    def tie_next(self, n: int = 1) -> None:
        """Let the next n changes happen in the same millisecond as the change before them."""
        self._ties += n

    def advance(self, seconds: float) -> None:
        """
        Move the clock ahead of what it shows, which after a burst of changes may be ahead of real time already.

        Before the first change it may be moved back, too: the account then lives in the past.

        What is due on the way happens in its order, each thing at its own time.
        """
        target = self.now() + timedelta(seconds=seconds)
        while self.timers and (due := self.timers.next_due) and due <= target:
            self._set_time(max(due, self.now()))
            self.timers.fire()
        self._set_time(target)
        self.reschedule_timers()

    def reschedule_timers(self) -> None:
        """Let the timers look again at what is due: something has changed."""
        if self.timers:
            self.timers.reschedule()

    def _set_time(self, moment: datetime) -> None:
        self._offset = moment - datetime.now(UTC)


def rest_timestamp(moment: datetime) -> str:
    """Write a time as the REST API does: whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def webhook_timestamp(moment: datetime) -> str:
    """Write a time as `occurred_at` in webhooks has it."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
