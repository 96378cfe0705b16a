"""
The dead letters: entries that could not be processed, whole, with the reason, until an operator acts.

Two operators may work on them at the same time. A letter is claimed first, then read, so that only one of them puts it
back or drops it; it leaves the dead letters only after it is back on its stream.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from shared.store import keys
from shared.store.redis import Redis
from shared.store.streams import Entry, append, read_all

CLAIMED = 60
"""Seconds that a claim on a letter lasts."""
KINDS = {keys.EVENTS: "webhook", keys.COMMANDS: "command"}


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter: the `fields` of an entry of `stream`, and `why` it could not be worked on."""

    id: str
    stream: str
    entry: str
    why: str
    fields: dict[str, bytes]

    @property
    def at_ms(self) -> int:
        """When it was laid aside, by the store's clock."""
        return int(self.id.partition("-")[0])

    @property
    def kind(self) -> str:
        """`webhook` or `command`; `unknown` for anything else."""
        return KINDS.get(self.stream, "unknown")

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
        async for entry in read_all(self._redis, keys.DEAD_LETTERS):
            yield _letter(entry)

    async def get(self, letter: str) -> DeadLetter | None:
        """Find a letter by its id."""
        async for entry in read_all(self._redis, keys.DEAD_LETTERS, letter, letter):
            return _letter(entry)
        return None

    async def retry(self, letter: str, *, wait_for_disk: bool) -> Resolution:
        """Put a letter back on its stream. Half done it is there twice, which changes nothing: the fold knows it."""
        return await self._alone(letter, partial(self._put_back, wait_for_disk=wait_for_disk))

    async def drop(self, letter: str) -> Resolution:
        """Throw a letter away."""
        return await self._alone(letter, self._dropped)

    async def _alone(self, letter: str, settle: Callable[[str], Awaitable[Resolution]]) -> Resolution:
        """Settle a letter under a claim, which ends with it: what comes later finds the letter as it is then."""
        if not await self._redis.set(keys.claim(letter), "1", nx=True, ex=CLAIMED):
            return Resolution.CLAIMED
        done = await settle(letter)
        await self._redis.delete(keys.claim(letter))
        return done

    async def _put_back(self, letter: str, *, wait_for_disk: bool) -> Resolution:
        found = await self.get(letter)
        if found is None:
            return Resolution.GONE
        if found.stream != keys.EVENTS:
            return Resolution.TOO_LATE
        await append(self._redis, found.stream, found.fields, wait_for_disk=wait_for_disk)
        return await self._dropped(letter, Resolution.RETRIED)

    async def _dropped(self, letter: str, done: Resolution = Resolution.DROPPED) -> Resolution:
        return done if await self._redis.xdel(keys.DEAD_LETTERS, letter) else Resolution.GONE


def _letter(entry: Entry) -> DeadLetter:
    fields = dict(entry.fields)
    stream, origin, why = (fields.pop(name, b"").decode(errors="replace") for name in ("stream", "entry", "why"))
    return DeadLetter(entry.id, stream, origin, why, fields)
