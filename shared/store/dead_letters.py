"""
The dead letters: entries that could not be processed, whole, with the reason, until an operator acts.

Two operators may work on them at the same time. A letter is claimed first, then read, so that only one of them puts it
back or drops it; it leaves the dead letters only after it is back on its stream.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.store import keys
from shared.store.redis import Redis, append

BATCH = 500
CLAIMED = 60
"""Seconds that a claim on a letter lasts."""
_OURS = ("stream", "entry", "why")


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter: the `fields` of an entry of `stream`, and `why` it could not be worked on."""

    id: str
    stream: str
    entry: str
    why: str
    fields: Mapping[str, bytes]

    @property
    def at_ms(self) -> int:
        """When it was laid aside, by the store's clock."""
        return int(self.id.partition("-")[0])

    @property
    def kind(self) -> str:
        """`webhook`, `answer` or `command`; `unknown` for anything else."""
        if self.stream == keys.COMMANDS:
            return "command"
        kind = self.fields.get("kind", b"").decode(errors="replace")
        return kind if kind in {"webhook", "answer"} else "unknown"

    @property
    def body(self) -> bytes:
        """The entry's content."""
        return self.fields.get("body", b"")


class Resolution(StrEnum):
    """The result of an attempt to put a letter back, or to drop it."""

    RETRIED = "retried"
    DROPPED = "dropped"
    GONE = "gone"
    """There is no such letter, or no more."""
    CLAIMED = "claimed"
    """Another operator has claimed it."""
    TOO_LATE = "too late"
    """A command is valid for a moment only: nothing may be done in a person's name long after they asked."""


class DeadLetters:
    """The dead letters of one store. Everything raises `StoreDown`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def all(self) -> AsyncIterator[DeadLetter]:
        """Give every letter, the oldest first."""
        start = "-"
        while True:
            batch: Any = await self._redis.xrange(keys.DEAD_LETTERS, min=start, count=BATCH)
            for entry_id, fields in batch:
                yield _letter(entry_id, fields)
            if len(batch) < BATCH:
                return
            start = f"({batch[-1][0].decode()}"

    async def get(self, letter: str) -> DeadLetter | None:
        """Find a letter by its id."""
        found: Any = await self._redis.xrange(keys.DEAD_LETTERS, min=letter, max=letter)
        return _letter(*found[0]) if found else None

    async def retry(self, letter: str, *, wait_for_disk: bool) -> Resolution:
        """
        Put a letter back on its stream, to be worked on once more.

        Should this end half-way the letter is there twice, which changes nothing: the fold knows an event again.
        """
        if not await self._claim(letter):
            return Resolution.CLAIMED
        found = await self.get(letter)
        if found is None:
            return Resolution.GONE
        if found.stream != keys.EVENTS:
            await self._release(letter)
            return Resolution.TOO_LATE
        await append(self._redis, found.stream, found.fields, wait_for_disk=wait_for_disk)
        await self._redis.xdel(keys.DEAD_LETTERS, letter)
        return Resolution.RETRIED

    async def drop(self, letter: str) -> Resolution:
        """Throw a letter away."""
        if not await self._claim(letter):
            return Resolution.CLAIMED
        return Resolution.DROPPED if await self._redis.xdel(keys.DEAD_LETTERS, letter) else Resolution.GONE

    async def _claim(self, letter: str) -> bool:
        return bool(await self._redis.set(keys.claim(letter), "1", nx=True, ex=CLAIMED))

    async def _release(self, letter: str) -> None:
        await self._redis.delete(keys.claim(letter))


def _letter(entry_id: bytes, fields: Mapping[bytes, bytes]) -> DeadLetter:
    named = {name.decode(errors="backslashreplace"): value for name, value in fields.items()}
    stream, entry, why = (named.pop(name, b"").decode(errors="replace") for name in _OURS)
    return DeadLetter(entry_id.decode(), stream, entry, why, named)
