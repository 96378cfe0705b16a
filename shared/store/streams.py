"""
The streams: those that are worked on, and the audit, which is only appended to.

Every entry of the former is worked on until it is done, by whichever worker is alive. An entry that a dead worker took
is taken over after seconds. Handling must bear repetition: nothing here promises that an entry comes only once.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.exceptions import ResponseError

from shared.durations import Durations
from shared.errors import Malformed
from shared.model.command import Command
from shared.model.journal import AuditEntry
from shared.observability.tracing import tracing
from shared.store import keys
from shared.store.redis import Argument, Redis, run_script, write_once

log = structlog.get_logger()

BATCH = 32
PAGE = 500
"""Entries that are read at once where all are read."""
TIDY = 12
"""How many looks for entries of dead workers there are for each for the names that they have left."""
MOST_DELIVERY = 1024 * 1024
"""Bytes of a delivery that are taken; the receiver lets half as many in."""
MOST_FIELDS = 16
"""Fields of an entry that a dead letter keeps: more than any entry of ours has."""
MOST_FIELD = 1024 * 1024
"""Bytes of each of them."""

AUDIT_JSON = TypeAdapter(AuditEntry)
"""How an entry of the audit is written."""
COMMAND_JSON = TypeAdapter(Command)
"""How a command stands on its stream."""
_TIME = re.compile(rb"[0-9]{1,15}")


@dataclass(frozen=True)
class Entry:
    """
    One entry of a stream. `at_ms` is when the store took it, by the store's clock, which is the time within its id.

    `received_ms` is when it came in: a delivery by the receiver's clock, as it may have waited, but never after it was
    taken. `trace` is the context of the trace that goes on with it, empty without one.
    """

    id: str
    fields: dict[str, bytes]
    at_ms: int
    received_ms: int
    trace: str = ""


class Deliveries:
    """
    The way from what the receiver has appended to the events stream, for any number of workers at once.

    The receiver's user can do nothing with a list but append to it. With a stream it could choose ids, which are times,
    and use up or trim them for everybody.
    """

    def __init__(self, redis: Redis, blocking: Redis, durations: Durations) -> None:
        self._redis = redis
        self._blocking = blocking
        self._block = durations.block
        self._some = True

    async def step(self) -> None:
        """Move the next deliveries, or wait a moment for some. Raises `StoreDown`."""
        if self._some and await move_deliveries(self._redis) == BATCH:
            return  # there may be more
        # From its place to the same place: a way to wait for the first one that takes nothing away.
        place = [keys.DELIVERIES, keys.DELIVERIES, "LEFT", "LEFT"]
        self._some = await self._blocking.execute_command("BLMOVE", *place, self._block) is not None


async def move_deliveries(redis: Redis) -> int:
    """Move the next ones, each in the step in which it leaves the list; return how many. Raises `StoreDown`."""
    names = [keys.DELIVERIES, keys.EVENTS]
    return int(str(await run_script(redis, "take_deliveries", names, [BATCH, MOST_DELIVERY])))


async def waiting_deliveries(redis: Redis) -> int:
    """Count the deliveries that are not moved yet, without the receiver's probes. Raises `StoreDown`."""
    probes = await redis.execute_command("LPOS", keys.DELIVERIES, "", "COUNT", 0)
    return int(await redis.execute_command("LLEN", keys.DELIVERIES)) - len(probes)


class Inbox:
    """One consumer of a stream; `blocking` is a connection for blocking reads, so that `redis` stays quick."""

    def __init__(self, redis: Redis, blocking: Redis, stream: str, consumer: str, durations: Durations) -> None:
        self._redis = redis
        self._blocking = blocking
        self.stream = stream
        self._consumer = consumer
        self._claim_idle = durations.claim_idle
        self._looked = -math.inf
        self._tidied = -math.inf
        self._block = max(1, int(durations.block * 1000))

    async def open(self) -> None:
        """Create the consumer group if it is not there, from the first entry on: nothing is ever skipped."""
        try:
            await run_script(self._redis, "create_group", [self.stream], [keys.GROUP])
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def batch(self) -> list[Entry]:
        """
        Read what dead workers left, then what is new, waiting a moment for it; a lost group is made again.

        As long as there is something to take over it is looked for each time, else only as often as there can be some.
        """
        now, idle = asyncio.get_running_loop().time(), int(self._claim_idle * 1000)
        looks, claimed = now - self._looked >= self._claim_idle, []
        try:
            if looks:
                found: Any = await self._redis.xautoclaim(
                    self.stream, keys.GROUP, self._consumer, min_idle_time=idle, count=BATCH
                )
                claimed = found[1]
            read: Any = await self._blocking.xreadgroup(
                keys.GROUP, self._consumer, {self.stream: ">"}, count=BATCH, block=self._block
            )
            if looks and not claimed:
                self._looked = now
                if now - self._tidied >= self._claim_idle * TIDY:
                    # The consumers of dead workers cost nothing but room.
                    await run_script(self._redis, "drop_consumers", [self.stream], [keys.GROUP, idle])
                    self._tidied = now
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.open()
            return []
        return parse_entries([*claimed, *(entry for _, entries in read or [] for entry in entries)])

    async def ack(self, entry: Entry) -> None:
        """Take a finished entry off the stream for good."""
        await run_script(self._redis, "ack_delete", [self.stream], [keys.GROUP, entry.id])

    async def dead_letter(self, entry: Entry, why: str) -> None:
        """
        Move an entry that can never be worked on to the dead letters, with the reason.

        It is kept whole, unless it is larger than any entry of ours: then as much of it as there is room for.
        """
        letter: dict[str, Argument] = {**_cut(entry.fields), "stream": self.stream, "entry": entry.id, "why": why}
        fields = [part for field in letter.items() for part in field]
        room = [keys.DEAD_LETTERS_KEPT, keys.DEAD_LETTERS_BYTES]
        await run_script(self._redis, "dead_letter", [keys.DEAD_LETTERS], [*room, *fields])
        await self.ack(entry)


class Audit:
    """
    The audit: what people did, in the order in which it ended. Entries are only ever appended, and age out.

    An entry is written at least once: a worker that dies between it and the end of its command lets the next one write
    it again. A command whose end turned out to be another has one entry for each.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def record(self, entry: AuditEntry) -> None:
        """Append `entry`, and let go of what is older than `AUDIT_KEPT`. Raises `StoreDown`."""
        oldest = max(0, entry.at_ms - keys.AUDIT_KEPT * 1000)
        await self._redis.xadd(keys.AUDIT, {"entry": AUDIT_JSON.dump_json(entry)}, minid=oldest, approximate=False)

    async def read(self, since_ms: int = 0) -> AsyncIterator[AuditEntry | Malformed]:
        """Give every entry from `since_ms` on, oldest first, once; for an unreadable one, what is wrong with it."""
        seen = set()
        # The store's id of an entry has the time of its writing, which is never before that of the end.
        async for stored in read_all(self._redis, keys.AUDIT, str(since_ms)):
            try:
                entry = parse_audit_entry(stored.fields.get("entry", b""))
            except Malformed as error:
                yield Malformed(f"entry {stored.id} cannot be read: {error}")
                continue
            if entry.at_ms >= since_ms and (told := (entry.command, entry.outcome)) not in seen:
                seen.add(told)
                yield entry


AppendCommand = Callable[[Command, int], Awaitable[str]]
"""`append_command` to one store."""


async def append_command(client: Redis, command: Command, void_ms: int, *, wait_for_disk: bool) -> str:
    """Append a command that counts only if it is on its stream by `void_ms`, by the store's clock; return its id."""
    fields = {"v": b"1", "body": COMMAND_JSON.dump_json(command), "void": str(void_ms).encode()}
    return await append(client, keys.COMMANDS, fields, wait_for_disk=wait_for_disk)


async def append(client: Redis, stream: str, fields: Mapping[str, bytes], *, wait_for_disk: bool) -> str:
    """
    Append one entry to `stream`, as `write_once` does, and return its id.

    Unless it has a field `trace` already, the context of the current trace goes along as such.
    """
    context = tracing.context()
    traced = {"trace": context.encode(), **fields} if context else fields
    arguments = [part for field in traced.items() for part in field]
    entry = await write_once(client, "XADD", stream, "*", *arguments, wait_for_disk=wait_for_disk)
    client.appended = stream, bytes(entry).decode()
    return client.appended[1]


async def first_entry(redis: Redis, stream: str) -> Entry | None:
    """Read the oldest entry of a stream; None when it is empty. Raises `StoreDown`."""
    found: Any = await redis.xrange(stream, count=1)
    return next(iter(parse_entries(found)), None)


async def read_all(redis: Redis, stream: str, start: str = "-", end: str = "+") -> AsyncIterator[Entry]:
    """Yield the entries of a stream from one id to another, the oldest first. Raises `StoreDown`."""
    while True:
        page: Any = await redis.xrange(stream, min=start, max=end, count=PAGE)
        for entry in parse_entries(page):
            yield entry
        if len(page) < PAGE:
            return
        start = f"({page[-1][0].decode()}"


def parse_entries(raw: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    """Read entries as Redis gives them. One without fields was deleted meanwhile, and is left out."""
    entries = []
    for raw_id, raw_fields in raw:
        if raw_fields:
            name = raw_id.decode()
            fields = {field.decode(errors="backslashreplace"): value for field, value in raw_fields.items()}
            at_ms, received = int(name.partition("-")[0]), fields.get("received", b"")
            received_ms = min(int(received), at_ms) if _TIME.fullmatch(received) else at_ms
            trace = fields.get("trace", b"").decode(errors="replace")
            entries.append(Entry(name, fields, at_ms, received_ms, trace))
    return entries


def _cut(fields: dict[str, bytes]) -> dict[str, bytes]:
    return {name[:MOST_FIELD]: value[:MOST_FIELD] for name, value in islice(fields.items(), MOST_FIELDS)}


def parse_audit_entry(text: bytes | str) -> AuditEntry:
    """Read an entry of the audit; raises `Malformed` for anything else."""
    try:
        return AUDIT_JSON.validate_json(text)
    except ValidationError as error:
        raise Malformed(f"not an entry of the audit: {error.error_count()} errors") from None
