"""Payloads being stored and acked, so that a stopping worker does not close the socket under them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

ACK_SENT = 0.1
"""Seconds after `ack()` in which Bolt has sent it: it looks every 10 ms whether a listener has acked."""


class InflightTracker:
    """Counts the envelopes that are being taken."""

    def __init__(self) -> None:
        self._count = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def track(self) -> Iterator[None]:
        """Take one in hand."""
        self._count += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._count -= 1
            if self._count == 0:
                self._empty.set()

    async def drained(self) -> None:
        """Wait until nothing is in hand, and the last ack is on its way."""
        await self._empty.wait()
        await asyncio.sleep(ACK_SENT)
