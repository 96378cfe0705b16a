"""
The connection to Redis or Valkey: one attempt per call, short time-outs, one error, and durable appends.

redis-py retries calls by itself, writes included, which can append one click eleven times. Here each call goes over the
wire once; the caller decides whether to repeat. It also keeps connections to a server that answers and refuses, such as
a primary that has become a replica; here they are closed, and the next call looks anew for what is behind the address.
"""

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any
from weakref import WeakSet

import redis.asyncio
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ClusterDownError, NoScriptError, RedisError, ResponseError

from shared.errors import ScriptFailed, StoreDown
from shared.store.multiplexer import Multiplexer
from shared.store.servers import Sentinels, pool_for

SOCKET_TIMEOUT = 1.5
"""Seconds that one call may take."""
BLOCKING_TIMEOUT = 5.0
"""Seconds that one blocking read may take; its `BLOCK` must be well below."""
DISK_TIMEOUT_MS = 1000
"""Milliseconds that the disk may take to confirm an append; below `SOCKET_TIMEOUT`, so that the answer is seen."""
ALIVE_TIMEOUT = 0.5
"""Seconds in which a connection that lay idle has to show that it still works; else a new one is made."""
ALLOW_OOM = "#!lua flags=allow-oom\n"
"""
Lets a script write also when the memory is full. What fills it is what waits for a worker, which has to write a little
to take it away; new entries are appended without a script, and refused.
"""
FLAGS_NOT_SUPPORTED = "near '#'"
"""The error of a server that does not know script flags: a Redis before 7."""

_SCRIPT_FAILED = re.compile(r"(?<!@)user_script:\d+: |WRONGTYPE ")
"""How an error of Lua itself reads, or one over a key of another type; Redis's other refusals name a script too."""
_ANSWERS = ("BUSYGROUP", "NOGROUP")
"""Replies that say something about the data. Any other error reply means that the server does not do its work."""

_ABOUT_THE_COMMAND = frozenset({"ERR", "NOSCRIPT", "BUSYGROUP", "NOGROUP", "WRONGTYPE", "EXECABORT", "OOM"})
"""
Codes of replies that a new connection would not change. All others (READONLY, LOADING, MASTERDOWN, NOREPLICAS, NOAUTH,
MOVED, UNBLOCKED, ...) mean that this server, or this session at it, does not serve us.
"""
_USES = re.compile("-- uses (.*)")
_WAITS = "WAITAOF"
"""A command that may take long, and would hold up those behind it."""
_NOT_NEEDED = "CONFIG GET"
"""The one command that a user may lack the right to give although all is well."""
_CODE = re.compile(r"(?:^|.*: -)([A-Z]+) ", re.DOTALL)
"""The code of an error reply; a Redis before 7 puts that of a script's call after its own words."""

Argument = str | bytes | int


class Redis(redis.asyncio.Redis):
    """
    redis-py's client, whose every command raises `StoreDown` when Redis could not be reached or would not do it.

    Only replies that callers act upon pass as they are: a script or a consumer group that is missing or there already.
    """

    _refused: tuple[float, str] = -math.inf, ""

    def note_refusal(self, why: str) -> None:
        """Note that the server has refused to do its work."""
        self._refused = time.monotonic(), why

    def refusal(self, seconds: float) -> str:
        """Return why the server has refused its work within the last `seconds`; empty if it has not."""
        at, why = self._refused
        return why if time.monotonic() - at < seconds else ""

    multiplexer: Multiplexer | None = None
    """The connection that all its calls share; without one, each has a connection of the pool to itself."""
    sentinels: Sentinels | None = None
    """The Sentinels that are asked where the server is, if there are any."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- as redis-py declares it
        """Send one command, once, and return its reply."""
        with cancellation_kept(), store_errors():
            try:
                if self.multiplexer is None or args[0] == _WAITS:
                    return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py is untyped here
                reply = await self.multiplexer.call(*args)
            except RedisError as error:
                if args[0] != _NOT_NEEDED:
                    await _leave_if_refused(self, error)
                raise
        options.pop("keys", None)  # for a cache that we do not use
        understood = self.response_callbacks.get(args[0])
        return understood(reply, **options) if understood else reply

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 -- as redis-py declares it
        """Close all connections."""
        if self.multiplexer is not None:
            self.multiplexer.leave()
        await super().aclose(close_connection_pool)
        if self.sentinels is not None:
            await self.sentinels.aclose()


def connect(url: str, *, blocking: bool = False, timeout: float = SOCKET_TIMEOUT) -> Redis:
    """
    Make a client for `url`, as `RedisUrl` describes it; nothing is sent before the first command.

    A call may take `timeout` seconds. `blocking` makes a client for reads that wait, at most `BLOCKING_TIMEOUT`; such a
    read must not hold up quick calls, so it gets a client of its own.
    """
    pool, sentinels = pool_for(url, BLOCKING_TIMEOUT if blocking else timeout)
    client = Redis(connection_pool=pool)
    client.auto_close_connection_pool = True
    client.sentinels = sentinels
    if not blocking:
        client.multiplexer = Multiplexer(pool.make_connection, timeout)
    return client


Append = Callable[[Mapping[str, bytes]], Awaitable[str]]
"""`append` to one stream of one store."""


async def append(client: Redis, stream: str, fields: Mapping[str, bytes], *, wait_for_disk: bool) -> str:
    """Append one entry to `stream`, as `write_once` does, and return its id."""
    arguments = [part for field in fields.items() for part in field]
    entry = await write_once(client, "XADD", stream, "*", *arguments, wait_for_disk=wait_for_disk)
    return bytes(entry).decode()


async def write_once(client: Redis, *command: Argument, wait_for_disk: bool) -> Any:  # noqa: ANN401 -- any reply
    """
    Send `command` exactly once, and return its reply; with `wait_for_disk` only after it is on the server's disk.

    Raises `StoreDown` for any failure, a disk that did not confirm in time included; it may be done all the same.
    """
    with cancellation_kept(), store_errors(answers=()):
        async with _connection(client) as connection:
            reply = await _call(connection, *command)
            if not wait_for_disk:
                return reply
            if not connection.is_connected:
                raise StoreDown("Redis: the connection was closed before the disk confirmed")
            # On this very connection, and apart: a WAITAOF that comes in the same packet as the append is only looked
            # at when the server's timer next goes off, which takes 100 ms instead of one.
            synced, _ = await _call(connection, "WAITAOF", 1, 0, DISK_TIMEOUT_MS)
            if not synced:
                raise StoreDown(
                    f"Redis did not get the entry to its disk within {DISK_TIMEOUT_MS} ms; is appendfsync set to no?"
                )
    return reply


_WITHOUT_FLAGS: WeakSet[Redis] = WeakSet()
"""The clients of servers that do not know script flags."""


async def run_script(client: Redis, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> object:
    """Run a script of `shared/store/lua` by its digest, sending it if need be; return its reply. Raises `StoreDown`."""
    flags = "" if client in _WITHOUT_FLAGS else ALLOW_OOM
    text, digest = _script(name, flags)
    try:
        try:
            return await client.execute_command("EVALSHA", digest, len(keys), *keys, *arguments)
        except NoScriptError:
            await client.execute_command("SCRIPT LOAD", text)
            return await client.execute_command("EVALSHA", digest, len(keys), *keys, *arguments)
    except NoScriptError as error:
        raise StoreDown("Redis: it lost its data just after the script was sent again") from error
    except (StoreDown, ResponseError) as error:
        if not flags or FLAGS_NOT_SUPPORTED not in str(error):
            raise
        _WITHOUT_FLAGS.add(client)
        return await run_script(client, name, keys, arguments)


@cache
def _script(name: str, flags: str) -> tuple[str, str]:
    """Return the text of a script, after those that its first line says it uses, and its digest."""
    text = _script_text(name)
    used = _USES.match(text)
    text = flags + "".join(map(_script_text, used[1].split() if used else ())) + text
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


def _script_text(name: str) -> str:
    return files("shared.store").joinpath(f"lua/{name}.lua").read_text("utf-8")


async def _leave_if_refused(client: Redis, error: RedisError) -> None:
    """Close every idle connection, and each other one after its call, if the server refuses to do its work."""
    if _code(error) not in _ABOUT_THE_COMMAND:
        client.note_refusal(f"Redis: {error}")
        pool = client.connection_pool
        await pool.update_active_connections_for_reconnect()
        # The pool's own `disconnect` waits, and meanwhile another call may take one that is about to be closed.
        for connection in pool._available_connections:  # noqa: SLF001
            await connection.disconnect(nowait=True)
        if client.multiplexer is not None:
            client.multiplexer.leave()


def _code(error: RedisError) -> str:
    """Return the code of an error reply; `ERR` for what is no reply: redis-py closes such a connection by itself."""
    inner = _CODE.match(str(error))
    return inner[1] if inner else getattr(error, "status_code", None) or "ERR"


@contextmanager
def store_errors(answers: tuple[str, ...] = _ANSWERS) -> Iterator[None]:
    """Turn every error of Redis or of the way to it into `StoreDown`, except replies that begin with `answers`."""
    try:
        yield
    except NoScriptError:
        raise
    except (RedisError, OSError) as error:
        if isinstance(error, ResponseError) and str(error).startswith(answers):
            raise
        why = str(error) or type(error).__name__
        if isinstance(error, ClusterDownError):
            why = f"its cluster is down, or no node of it serves this key ({error})"
        raise (ScriptFailed if _SCRIPT_FAILED.search(why) else StoreDown)(f"Redis: {why}") from error


@contextmanager
def cancellation_kept() -> Iterator[None]:
    """
    Raise a cancellation that was asked for during the block and got lost in it.

    redis-py sends through `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that comes just as the
    sending is done. A task would go on for ever after it was told to end, and a time-out would not time out.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


@asynccontextmanager
async def _connection(client: Redis) -> AsyncIterator[AbstractConnection]:
    """Take a pooled connection for several commands, and replace a dead one first: an append is sent once."""
    pool = client.connection_pool
    connection = await pool.get_connection()
    try:
        try:
            async with asyncio.timeout(ALIVE_TIMEOUT):
                await _call(connection, "PING")
        except (RedisError, OSError):
            await connection.disconnect(nowait=True)
            await connection.connect()
        yield connection
    except BaseException as error:
        # An unread reply must not be taken for that of the next call on this connection.
        await connection.disconnect(nowait=True)
        if isinstance(error, RedisError):
            await _leave_if_refused(client, error)
        raise
    finally:
        await pool.release(connection)


async def _call(connection: AbstractConnection, *command: Argument) -> Any:  # noqa: ANN401 -- any reply
    with cancellation_kept():
        await connection.send_command(*command)
    return await connection.read_response()
