"""
Reading the two streams: every entry is worked on until it is done, by whichever worker is alive.

An entry that a dead worker took is taken over after seconds. Handling must bear repetition: nothing here promises that
an entry comes only once.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from redis.exceptions import ResponseError

from shared.durations import Durations
from shared.errors import Malformed
from shared.model.event import Event
from shared.store import keys
from shared.store.redis import Argument, Redis, Script

BATCH = 32


@dataclass(frozen=True)
class Entry:
    """One entry of a stream. `at_ms` is when the store took it, by the store's clock."""

    id: str
    fields: dict[str, bytes]

    @property
    def at_ms(self) -> int:
        """The time within a stream id, which the store made."""
        return int(self.id.partition("-")[0])


class Inbox:
    """
    One consumer of a stream.

    `blocking` is a connection of its own: a blocking read must not hold up the quick calls of `redis`.
    """

    def __init__(self, redis: Redis, blocking: Redis, stream: str, consumer: str, durations: Durations) -> None:
        self._redis = redis
        self._blocking = blocking
        self.stream = stream
        self._consumer = consumer
        self._idle = int(durations.claim_idle * 1000)
        self._block = max(1, int(durations.block * 1000))
        self._open = Script(redis, "create_group")
        self._done = Script(redis, "ack_delete")
        self._bury = Script(redis, "dead_letter")

    async def open(self) -> None:
        """Create the consumer group if it is not there, from the first entry on: nothing is ever skipped."""
        try:
            await self._open([self.stream], [keys.GROUP])
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def batch(self) -> AsyncIterator[Entry]:
        """Yield what a dead worker left behind, then what is new; waits a moment when there is neither."""
        for entry in await self._read():
            yield entry

    async def ack(self, entry: Entry) -> None:
        """Take a finished entry off the stream for good."""
        await self._done([self.stream], [keys.GROUP, entry.id])

    async def dead_letter(self, entry: Entry, why: str) -> None:
        """Move an entry that can never be worked on to the dead letters, whole, with the reason."""
        letter: dict[str, Argument] = {**entry.fields, "stream": self.stream, "entry": entry.id, "why": why}
        fields = [part for field in letter.items() for part in field]
        await self._bury([keys.DEAD_LETTERS], [keys.DEAD_LETTERS_KEPT, *fields])
        await self.ack(entry)

    async def _read(self) -> list[Entry]:
        """Read both kinds; a group that is gone, with all of Redis's data, is made again."""
        try:
            return [*await self._abandoned(), *await self._new()]
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.open()
            return []

    async def _abandoned(self) -> list[Entry]:
        claimed = await self._redis.xautoclaim(
            self.stream, keys.GROUP, self._consumer, min_idle_time=self._idle, count=BATCH
        )
        return _entries(claimed[1])

    async def _new(self) -> list[Entry]:
        read: Any = await self._blocking.xreadgroup(
            keys.GROUP, self._consumer, {self.stream: ">"}, count=BATCH, block=self._block
        )
        return [entry for _, entries in read or [] for entry in _entries(entries)]


def _entries(raw: list[tuple[bytes, dict[bytes, bytes]]] | Any) -> list[Entry]:  # noqa: ANN401 -- redis-py's reply types vary by version
    return [
        Entry(entry_id.decode(), {name.decode(errors="backslashreplace"): value for name, value in fields.items()})
        for entry_id, fields in raw
        if fields
    ]


_JSON = TypeAdapter(Event)


def answer_fields(event: Event) -> dict[str, bytes]:
    """Write an answer as the fields of a stream entry."""
    return {"v": b"1", "kind": b"answer", "body": _JSON.dump_json(event)}


def parse_answer(body: bytes) -> Event:
    """Read it back; raises `Malformed` for anything else."""
    try:
        return _JSON.validate_json(body)
    except ValidationError as error:
        raise Malformed(f"an answer that does not read back: {error.error_count()} errors") from None
