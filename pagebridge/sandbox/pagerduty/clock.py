"""The simulated account's clock, and times as PagerDuty writes them."""

from datetime import UTC, datetime, timedelta

MILLISECOND = timedelta(milliseconds=1)


class Clock:
    """Real time, or as far ahead of it as a test has moved it. Two changes never share a millisecond."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._last = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        """Return the present time."""
        return max(datetime.now(UTC) + self._ahead, self._last)

    def tick(self) -> datetime:
        """Return the time of a new change, in whole milliseconds: now, or one millisecond after the last change."""
        now = self.now()
        self._last = max(now.replace(microsecond=now.microsecond // 1000 * 1000), self._last + MILLISECOND)
        return self._last

    def advance(self, seconds: float) -> None:
        """Move the clock ahead of what it shows, which after a burst of changes may be ahead of real time already."""
        self._ahead = self.now() - datetime.now(UTC) + timedelta(seconds=seconds)


def in_seconds(moment: datetime) -> str:
    """Write a time as the REST API does: whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def in_milliseconds(moment: datetime) -> str:
    """Write a time as `occurred_at` in webhooks has it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
