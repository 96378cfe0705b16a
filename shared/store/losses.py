"""
Detects that the store lost writes which it had confirmed to this process, and until when it may have lost some.

Redis replicates without waiting, and an older copy can be started in its place: then the last writes are gone, and what
is left is whole, only older. It is looked into wherever a connection for quick calls is made, before a call goes over
it: replacing a server ends its connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from shared.durations import Durations
from shared.model.actions import SPECS
from shared.model.command import CommandRecord
from shared.model.event import SECOND
from shared.model.ids import CommandId
from shared.store import keys
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import wait_at_most
from shared.store.multiplexer import SharedConnection
from shared.store.redis import Redis

log = structlog.get_logger()

LOSSES = Counter("pagebridge_store_losses", "Losses of what Redis had confirmed, as far as this worker knows", ["what"])
for _what in ("all", "some", "maybe"):
    LOSSES.labels(_what)  # A series that begins with its first failure shows no increase.
NO_PREDECESSOR = "0" * 40
"""The `master_replid2` of a server that has not taken over from another one."""


class Losses:
    """
    Losses of writes. `doubt_ms` is until when, by the store's clock, some may have been lost; 0 for never.

    One is certain if something is missing that was confirmed to this process. One is possible if a replica has taken
    over, unless all that counts waits for a replica. `clicks` are those that this process has accepted, whose end it
    does not know; `ended` are those that it has brought to their end, also if another process accepted them; `replied`
    are those whose end it has told, by what was asked: of a press's parts the last one stands for all.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._generation = Generation(redis)
        self._name = ""
        self.doubt_ms = 0
        self.clicks: dict[CommandId, CommandRecord] = {}
        self.ended: dict[CommandId, CommandRecord] = {}
        self.replied: dict[CommandId, CommandRecord] = {}

    def watch(self) -> None:
        """Look into each shared connection that is made from now on; those that are there are left."""
        for shared in filter(None, (self._redis.multiplexer, self._redis.copying)):
            shared.inspect = self.look
        self._redis.leave()

    def end(self, record: CommandRecord) -> None:
        """Remember that a command has come to its end."""
        self.clicks.pop(record.command.id, None)
        self.ended[record.command.id] = record

    async def refresh(self) -> str:
        """Take in what other workers noticed; return the data's name, another one after a loss. Raises `StoreDown`."""
        before, self._name = self._name, (await self._generation.current()).name
        if before not in {"", self._name}:
            _tell("all", "its data is gone")
        # A loss that this process noticed counts, also if a full store could not record it.
        doubt_ms = max(self.doubt_ms, int(await self._redis.get(keys.DOUBT) or 0))
        if doubt_ms and (now_ms := _in_ms(await self._redis.time())) < doubt_ms:
            # The clock was set back: new records must not count as older than the loss.
            await self._redis.set(keys.DOUBT, now_ms)
            doubt_ms = now_ms
        self.doubt_ms = doubt_ms
        return f"{self._name} {self.doubt_ms}"

    async def look(self, connection: SharedConnection) -> None:
        """Look whether all is there, over a new connection. Raises redis-py's errors."""
        about = await _about_replication(connection)
        if about.get("role") == "slave":
            # A replica that becomes the primary later keeps this connection, so the loss would go unnoticed.
            raise ReadOnlyError("You can't write against a read only replica.")
        name = about.get("master_replid", "")
        kept, doubt = await connection.call("MGET", keys.PRIMARY, keys.DOUBT)
        known, told_ms = (kept or b"").decode(errors="replace"), int(doubt or 0)
        is_other = name != "" and known not in {"", name}
        missing = await self._missing(connection)
        took_over = is_other and about.get("master_replid2") != NO_PREDECESSOR
        if missing or (took_over and not self._redis.waits_for_replica):
            _tell("some" if missing else "maybe", missing or "a replica has taken over")
            # Unless another worker has noted it since this one looked last.
            if is_other or told_ms <= self.doubt_ms:
                told_ms = _in_ms(await connection.call("TIME"))
                await _write(connection, keys.DOUBT, told_ms)
        if name not in {"", known}:
            await _write(connection, keys.PRIMARY, name)
        self.doubt_ms = told_ms

    async def _missing(self, connection: SharedConnection) -> str:
        """Name the last confirmed write if it is missing; if it is there, so is everything before it."""
        redis = self._redis
        (stream, entry), (key, revision) = redis.appended, redis.stored
        if entry and _order(await _last_id(connection, stream)) < _order(entry):
            missing = f"{stream} does not have its entry {entry}"
        elif revision and int(await connection.call("HGET", key, "rev") or 0) < revision:
            missing = f"{key} does not have its revision {revision}"
        else:
            return ""
        redis.appended, redis.stored = ("", ""), ("", 0)
        return missing


@dataclass
class LossWatch:
    """Looks now and then whether writes were lost, and has `react` do what that calls for."""

    losses: Losses
    react: Callable[[], Awaitable[None]]
    clock: StoreClock
    durations: Durations
    stopping: asyncio.Event
    _data: str = field(default="", init=False)
    """The name of the data in which all that was confirmed is, as far as is known."""

    async def step(self) -> None:
        """Look, react to a loss, forget the commands that none concerns any more, and pause. Raises `StoreDown`."""
        data = await self.losses.refresh()
        if self._data not in {"", data}:
            await self.react()
        self._data = data
        # Every command has ended whose lifetime is over. Only once the store has answered: during an outage commands
        # would expire by this clock alone.
        now_ms = self.clock.estimate_ms()
        for records in (self.losses.clicks, self.losses.ended, self.losses.replied):
            for command, record in list(records.items()):
                long_lived = SPECS[record.command.action].long_lived
                life = self.durations.text_lifetime if long_lived else self.durations.command_lifetime
                if record.accepted_ms + life * SECOND < now_ms:
                    del records[command]
        await wait_at_most(self.durations.retry_max, self.stopping)


async def _write(connection: SharedConnection, key: str, value: str | int) -> None:
    """Write for the other processes. A full Redis must still be read, or it stays full: then the next look writes."""
    try:
        await connection.call("SET", key, value)
    except OutOfMemoryError as error:
        log.warning("store.full", key=key, why=str(error))


def _tell(what: str, why: str) -> None:
    LOSSES.labels(what).inc()
    hint = "what may be done twice is looked for first; see PagebridgeStoreLostWrites in the runbook"
    log.error("store.writes_lost", what=what, why=why, hint=hint)


async def _about_replication(connection: SharedConnection) -> dict[str, str]:
    """Read the server's replication info; empty if this user may not."""
    try:
        text = (await connection.call("INFO", "replication")).decode()
    except ResponseError:
        return {}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _in_ms(time: Sequence[bytes | int]) -> int:
    seconds, micros = time
    return int(seconds) * 1000 + int(micros) // 1000


async def _last_id(connection: SharedConnection, stream: str) -> str:
    """Return the id of the last entry that a stream was ever given."""
    try:
        about = await connection.call("XINFO", "STREAM", stream)
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return "0-0"
    return str(dict(zip(about[::2], about[1::2], strict=True))[b"last-generated-id"].decode())


def _order(entry: str) -> tuple[int, int]:
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number)
