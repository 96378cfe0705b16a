"""Waiting for a condition that is looked at again after every change."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ChangeNotifier:
    """Wakes the waiters when something in the workspace has changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def notify(self) -> None:
        """Let every waiting condition be looked at again."""
        for changed in self._waiting:
            changed.set()

    async def wait_until(self, condition: Callable[[], T], seconds: float, describe: Callable[[], str]) -> T:
        """
        Return what `condition` gives once that is true; a `LookupError` in it counts as not yet.

        Raises `AssertionError` with the words of `describe` after so many seconds.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(seconds):
                return await _wait_until_true(condition, changed)
        except TimeoutError:
            raise AssertionError(f"not so within {seconds:g} s:\n{describe()}") from None
        finally:
            self._waiting.discard(changed)


async def _wait_until_true(condition: Callable[[], T], changed: asyncio.Event) -> T:
    while True:
        changed.clear()
        try:
            value = condition()
        except LookupError:
            value = None
        if value:
            return value
        await changed.wait()
