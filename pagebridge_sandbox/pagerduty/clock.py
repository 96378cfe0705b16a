"""The simulated account's clock, and times as PagerDuty writes them."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

MILLISECOND = timedelta(milliseconds=1)


class Alarms(Protocol):
    """What happens by itself at some time."""

    @property
    def due(self) -> datetime | None:
        """When the next thing happens, if anything does."""

    def ring(self) -> None:
        """Let it happen."""

    def arm(self) -> None:
        """Look again when that is: something has changed, or the clock was moved."""


class Clock:
    """
    Real time, or as far ahead of it as a test has moved it. Two changes share a millisecond only if a test wants it.

    `alarms` ring at their time, also while the clock is being moved.
    """

    def __init__(self) -> None:
        self.alarms: Alarms | None = None
        self._ahead = timedelta(0)
        self._last = datetime.fromtimestamp(0, UTC)
        self._ties = 0

    def now(self) -> datetime:
        """Return the present time."""
        return max(datetime.now(UTC) + self._ahead, self._last)

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

        What is due on the way happens in its order, each thing at its own time.
        """
        target = self.now() + timedelta(seconds=seconds)
        while self.alarms and (due := self.alarms.due) and due <= target:
            self._move(max(due, self.now()))
            self.alarms.ring()
        self._move(target)
        self.arm()

    def arm(self) -> None:
        """Tell the alarms that something has changed."""
        if self.alarms:
            self.alarms.arm()

    def _move(self, moment: datetime) -> None:
        self._ahead = moment - datetime.now(UTC)


def in_seconds(moment: datetime) -> str:
    """Write a time as the REST API does: whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def in_milliseconds(moment: datetime) -> str:
    """Write a time as `occurred_at` in webhooks has it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
