"""Reads a stream: handles an entry, then acknowledges it; an entry that cannot be handled becomes a dead letter."""

from collections import Counter as Tally
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import Counter

from shared.errors import Malformed, StoreDown, WrongLayout
from shared.observability.log import reference
from shared.store.streams import Entry, Inbox

log = structlog.get_logger()

DEAD_LETTERS = Counter("pagebridge_dead_letters", "Entries that could not be handled", ["stream"])
MOST_TRIES = 3
"""How often an entry is retried after an unexpected error."""


class StreamConsumer:
    """Handles the entries of one stream, one after the other."""

    def __init__(self, inbox: Inbox, handle: Callable[[Entry], Awaitable[None]]) -> None:
        self._inbox = inbox
        self._handle = handle
        self._failures: Tally[str] = Tally()

    async def step(self) -> None:
        """Handle the next entries, or wait a moment for some. Raises only `StoreDown` and `WrongLayout`."""
        for entry in await self._inbox.batch():
            try:
                await self._handle(entry)
            except Malformed as error:
                await self._dead_letter(entry, str(error))
            except (StoreDown, WrongLayout):
                raise
            except Exception:
                quoted = reference()
                self._failures[entry.id] += 1
                log.exception("entry.failed", stream=self._inbox.stream, entry=entry.id, reference=quoted)
                if self._failures[entry.id] >= MOST_TRIES:
                    await self._dead_letter(entry, f"failed {MOST_TRIES} times, reference {quoted}")
            else:
                await self._inbox.ack(entry)
                del self._failures[entry.id]

    async def _dead_letter(self, entry: Entry, why: str) -> None:
        DEAD_LETTERS.labels(self._inbox.stream).inc()
        log.error("entry.dead_lettered", stream=self._inbox.stream, entry=entry.id, why=why)
        await self._inbox.dead_letter(entry, why)
        del self._failures[entry.id]
