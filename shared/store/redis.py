"""
The connection to Redis or Valkey: one attempt per call, short time-outs, one error, and durable writes.

redis-py retries calls by itself, writes included, which can append one click eleven times. Here each call goes over the
wire once; the caller decides whether to repeat. It also keeps connections to a server that answers and refuses, such as
a primary that has become a replica; here they are closed, and the next call looks anew for what is behind the address.
"""

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from hashlib import sha1
from importlib.resources import files
from typing import Any
from weakref import WeakSet

import redis.asyncio
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shared.errors import ScriptFailed, StoreDown
from shared.store.cluster import redirected
from shared.store.multiplexer import ALIVE_TIMEOUT, Multiplexer, cancellation_kept
from shared.store.redis_errors import WRONG_TYPE, is_refusal, store_error
from shared.store.servers import pool_for
from shared.store.topology import Topology
from shared.store.unreadable import lay_aside_wrong_types

SOCKET_TIMEOUT = 1.5
"""Seconds that one call may take."""
BLOCKING_TIMEOUT = 5.0
"""Seconds that one blocking read may take; its `BLOCK` must be well below."""
DISK_TIMEOUT_MS = COPY_TIMEOUT_MS = 1000
"""Milliseconds that the disk or a replica may take to confirm; below `SOCKET_TIMEOUT`, so that the answer is seen."""
ALLOW_OOM = "#!lua flags=allow-oom\n"
"""Lets a script write to a full memory: a worker has to write a little to empty it. Appends use no script."""
FLAGS_NOT_SUPPORTED = "near '#'"
"""The error of a server that does not know script flags: a Redis before 7."""
_USES = re.compile("-- uses (.*)")
_WAITS = frozenset({"WAITAOF", "WAIT"})
"""Commands that may take long, and would hold up those behind them."""
_NOT_NEEDED = "CONFIG GET"
"""The one command that a user may lack the right to give although all is well."""
Argument = str | bytes | int
Call = Callable[..., Awaitable[Any]]
"""Sends a command, and returns its reply."""


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
    copying: Multiplexer | None = None
    """The connection for scripts that wait for a replica: others must not wait behind them."""
    writing: Multiplexer | None = None
    """The connection that its `write_once` share; without one, each has a connection of the pool to itself."""
    waits_for_replica: bool = False
    """Whether what must not be lost counts only once a replica has it as well."""
    appended: tuple[str, str] = "", ""
    stored: tuple[str, int] = "", 0
    """The last confirmed writes: an entry by its stream and id, and a document by its key and revision."""
    topology: Topology | None = None
    """Finds the server, unless it has a fixed address."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- as redis-py declares it
        """
        Send one command, once, and return its reply; what is `copied` is at a replica then, if one is wanted.

        One that failed over a key of another type than ours is sent again, once that key is laid aside.
        """
        attempt, is_again = partial(self._attempt, *args, **options), False
        while True:
            try:
                return await (attempt() if self.topology is None else redirected(attempt))
            except (RedisError, OSError) as error:
                if (failed := store_error(error)) is None:
                    raise
                is_wrong_type = isinstance(failed, ScriptFailed) and WRONG_TYPE in str(failed)
                if is_again or not is_wrong_type or not await lay_aside_wrong_types(partial(run_script, self), args):
                    raise failed from error
                is_again = True

    async def _attempt(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- any reply
        copied = options.pop("copied", False) and self.waits_for_replica
        try:
            if copied and self.copying is not None:
                return await self._copied(self.copying, *args)
            if self.multiplexer is None or args[0] in _WAITS:
                with cancellation_kept():
                    return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py is untyped here
            reply = await self.multiplexer.call(*args)
        except RedisError as error:
            if args[0] != _NOT_NEEDED:
                await self.leave_if_refused(error)
            raise
        options.pop("keys", None)  # for a cache that we do not use
        understood = self.response_callbacks.get(args[0])
        return understood(reply, **options) if understood else reply

    def leave(self) -> None:
        """Make the next calls on new connections, as far as they share one."""
        for shared in filter(None, (self.multiplexer, self.copying, self.writing)):
            shared.leave()

    async def leave_if_refused(self, error: BaseException) -> None:
        """Leave the server if that is how it refuses to do its work."""
        if isinstance(error, RedisError) and is_refusal(error):
            self.note_refusal(f"Redis: {error}")
            await self.leave_server()

    async def leave_server(self) -> None:
        """Close every idle connection, and each other one after its call."""
        await self.connection_pool.update_active_connections_for_reconnect()
        # The pool's own `disconnect` waits, and meanwhile another call may take one that is about to be closed.
        for connection in self.connection_pool._available_connections:  # noqa: SLF001
            await connection.disconnect(nowait=True)
        self.leave()

    async def _copied(self, copying: Multiplexer, *args: Any) -> Any:  # noqa: ANN401 -- any reply
        """Send one command over `copying`, and return its reply as soon as a replica has what it wrote."""
        # On one connection: on that of another primary there would be nothing to wait for.
        reply, copies = await copying.calls(args, ("WAIT", 1, COPY_TIMEOUT_MS))
        require_copy(self, copies)
        return reply

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 -- as redis-py declares it
        """Close all connections."""
        self.leave()
        await super().aclose(close_connection_pool)
        if self.topology is not None:
            await self.topology.aclose()


def connect(url: str, *, blocking: bool = False, one_writer: bool = False, timeout: float = SOCKET_TIMEOUT) -> Redis:
    """
    Make a client for `url`, as `RedisUrl` describes it; nothing is sent before the first command.

    A call may take `timeout` seconds. `blocking` makes one only for reads that wait, at most `BLOCKING_TIMEOUT`.
    `one_writer` makes `write_once` cheap where one is made after the other, and slow where many are at once.
    """
    pool, topology = pool_for(url, BLOCKING_TIMEOUT if blocking else timeout)
    client = Redis(connection_pool=pool)
    client.auto_close_connection_pool = True
    if topology is not None:
        client.topology = topology
        topology.leaves.append(client.leave_server)
    if not blocking:
        client.multiplexer = Multiplexer(pool.make_connection, timeout)
        client.copying = Multiplexer(pool.make_connection, timeout)
    if one_writer:
        client.writing = Multiplexer(pool.make_connection, timeout)
    return client


def require_copy(client: Redis, copies: int) -> None:
    """Raise `StoreDown` if no replica has confirmed what was written, and note that as a refusal to work."""
    if not copies:
        client.leave()  # Another server may have taken over, with all of them.
        why = f"no replica confirmed within {COPY_TIMEOUT_MS} ms that it has what was written"
        client.note_refusal(f"Redis: {why}")
        raise StoreDown(f"Redis: {why}")


async def write_once(client: Redis, *command: Argument, wait_for_disk: bool) -> Any:  # noqa: ANN401 -- any reply
    """
    Send `command` exactly once, and return its reply; with `wait_for_disk` only after it is on the server's disk.

    If the client waits for a replica, one has it then as well. Raises `StoreDown` for any failure, a disk or replica
    that did not confirm in time included; it may be done all the same.
    """
    write = partial(_write, client, *command, wait_for_disk=wait_for_disk)
    try:
        with cancellation_kept():
            return await (write() if client.topology is None else redirected(write))
    except (RedisError, OSError) as error:
        if (failed := store_error(error, answers=())) is None:
            raise
        raise failed from error


async def _write(client: Redis, *command: Argument, wait_for_disk: bool) -> Any:  # noqa: ANN401 -- any reply
    async with _pooled(client) if client.writing is None else _kept(client, client.writing) as call:
        reply = await call(*command)
        # On this very connection, and apart: a WAITAOF that comes in the same packet as the append is only looked
        # at when the server's timer next goes off, which takes 100 ms instead of one.
        if client.waits_for_replica:
            require_copy(client, await call("WAIT", 1, COPY_TIMEOUT_MS))
        if wait_for_disk:
            synced, _ = await call("WAITAOF", 1, 0, DISK_TIMEOUT_MS)
            if not synced:
                raise StoreDown(
                    f"Redis did not get the entry to its disk within {DISK_TIMEOUT_MS} ms; is appendfsync set to no?"
                )
    return reply


_WITHOUT_FLAGS: WeakSet[Redis] = WeakSet()
"""The clients of servers that do not know script flags."""


async def run_script(
    client: Redis, name: str, keys: Sequence[str], arguments: Sequence[Argument], *, copied: bool = False
) -> object:
    """
    Run a script of `shared/store/lua` by its digest, sending it if need be; return its reply. Raises `StoreDown`.

    What is to be `copied` is at a replica as well when this returns, if the client waits for one.
    """
    options = {"copied": True} if copied else {}
    flags = "" if client in _WITHOUT_FLAGS else ALLOW_OOM
    text, digest = _script(name, flags)
    try:
        try:
            return await client.execute_command("EVALSHA", digest, len(keys), *keys, *arguments, **options)
        except NoScriptError:
            await client.execute_command("SCRIPT LOAD", text)
            return await client.execute_command("EVALSHA", digest, len(keys), *keys, *arguments, **options)
    except NoScriptError as error:
        raise StoreDown("Redis: it lost its data just after the script was sent again") from error
    except (StoreDown, ResponseError) as error:
        if not flags or FLAGS_NOT_SUPPORTED not in str(error):
            raise
        _WITHOUT_FLAGS.add(client)
        return await run_script(client, name, keys, arguments, copied=copied)


@cache
def _script(name: str, flags: str) -> tuple[str, str]:
    """Return the text of a script, after those that its first line says it uses, and its digest."""
    text = _script_text(name)
    used = _USES.match(text)
    text = flags + "".join(map(_script_text, used[1].split() if used else ())) + text
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


def _script_text(name: str) -> str:
    return files("shared.store").joinpath(f"lua/{name}.lua").read_text("utf-8")


@asynccontextmanager
async def _kept(client: Redis, writing: Multiplexer) -> AsyncIterator[Call]:
    """Give the way to call over the connection for writes, which is replaced first if it is dead: each is sent once."""
    connection = await writing.proven()
    try:
        yield connection.call
    except BaseException as error:
        connection.close()
        await client.leave_if_refused(error)
        raise


@asynccontextmanager
async def _pooled(client: Redis) -> AsyncIterator[Call]:
    """Give the way to call over a pooled connection, which is replaced first if it is dead."""
    pool = client.connection_pool
    connection = await pool.get_connection()
    try:
        try:
            async with asyncio.timeout(ALIVE_TIMEOUT):
                await _call(connection, "PING")
        except (RedisError, OSError):
            await connection.disconnect(nowait=True)
            await connection.connect()
        yield partial(_call, connection)
    except BaseException as error:
        # An unread reply must not be taken for that of the next call on this connection.
        await connection.disconnect(nowait=True)
        await client.leave_if_refused(error)
        raise
    finally:
        await pool.release(connection)


async def _call(connection: AbstractConnection, *command: Argument) -> Any:  # noqa: ANN401 -- any reply
    """Send a command, and return its reply. Raises `StoreDown` if the connection is closed: it would be opened anew."""
    if not connection.is_connected:
        raise StoreDown("Redis: the connection was closed before the entry was confirmed")
    with cancellation_kept():
        await connection.send_command(*command)
    return await connection.read_response()
