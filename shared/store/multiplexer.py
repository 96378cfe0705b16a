"""
One connection for all quick calls of a process: what is asked for in one turn of the loop leaves in one packet.

redis-py makes the connection, with TLS, password, database and name, and knows its errors. From then on it is read and
written here, because redis-py makes one call at a time on a connection. A call that waits, and one whose effect must be
on the disk, need a connection of their own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hiredis
from redis._parsers.base import BaseParser
from redis.asyncio.connection import AbstractConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as ConnectionBroken
from redis.exceptions import InvalidResponse, RedisError
from redis.exceptions import TimeoutError as TimedOut

Reply = asyncio.Future[Any]
ALIVE_TIMEOUT = 0.5
"""Seconds in which a connection that lay idle has to show that it still works, or else is replaced; it counts as idle
after as many without a reply."""


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


class SharedConnection(asyncio.Protocol):
    """
    A connection, made by redis-py, on which calls do not wait for each other. Replies come in the order of the calls.

    A call that has no reply after `timeout` seconds ends the connection, and with it every call that waits: each of
    them may have been carried out.
    """

    def __init__(self, connection: AbstractConnection, timeout: float) -> None:
        # Taken away from redis-py, so that it can't close it.
        stream: Any = connection._writer  # noqa: SLF001 -- there is no other way
        self._stream = stream
        connection._writer = connection._reader = None  # noqa: SLF001
        self._stream.transport.set_protocol(self)
        # The one of redis-py's asynchronous connections is made of Python.
        self._pack = HiredisRespSerializer().pack
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._replies = hiredis.Reader(protocolError=InvalidResponse, replyError=BaseParser.parse_error)
        self._waiting: deque[tuple[float, Reply]] = deque()
        self._unsent: list[bytes] = []
        self._deadline: asyncio.TimerHandle | None = None
        self._replied = self._loop.time()
        self.usable = True
        """Whether it takes further calls."""

    @property
    def lay_idle(self) -> bool:
        """True if nothing is awaited, and nothing has come for so long that the server may be gone."""
        return not self._waiting and self._loop.time() - self._replied > ALIVE_TIMEOUT

    def call(self, *command: Any) -> Reply:  # noqa: ANN401 -- as redis-py declares it
        """
        Send a command with this turn's others, and return what its reply will be: an error reply is raised.

        Raises `ConnectionError` when it takes no further calls.
        """
        if not self.usable:
            raise ConnectionBroken("the connection was closed")
        packed = self._pack(*command)
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent += packed
        reply: Reply = self._loop.create_future()
        self._waiting.append((self._loop.time() + self._timeout, reply))
        if self._deadline is None:
            self._check_deadline()
        return reply

    def leave(self) -> None:
        """Take no further calls, and close once those under way have their replies."""
        self.usable = False
        if not self._waiting:
            self._stream.close()

    def close(self) -> None:
        """End it at once; calls under way fail as unclear."""
        self._break(ConnectionBroken("it was closed"))

    def data_received(self, data: bytes) -> None:
        """Give each reply to the call that it belongs to."""
        self._replied = self._loop.time()
        self._replies.feed(data)
        try:
            while (reply := self._replies.gets()) is not False:
                _, waiting = self._waiting.popleft()
                if waiting.done():  # its caller was cancelled
                    continue
                if isinstance(reply, RedisError):
                    waiting.set_exception(reply)
                else:
                    waiting.set_result(reply)
        except (RedisError, IndexError) as error:
            # No reply, or one that was not asked for.
            self._break(ConnectionBroken(f"what the server says cannot be read: {error}"))
        if not self.usable and not self._waiting:
            self._stream.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let every call fail that waits."""
        self._break(ConnectionBroken(str(exc) if exc else "Connection closed by server."))

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        self._stream.write(b"".join(unsent))

    def _check_deadline(self) -> None:
        """End the connection if the first call has waited too long: the others stand behind it."""
        self._deadline = None
        if self._waiting and self._waiting[0][0] <= self._loop.time():
            self._break(TimedOut(f"no reply within {self._timeout:g} s"))
        elif self._waiting:
            self._deadline = self._loop.call_at(self._waiting[0][0], self._check_deadline)

    def _break(self, error: RedisError) -> None:
        self.usable = False
        self._stream.transport.abort()
        for _, waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(error)
        self._waiting.clear()


Inspect = Callable[[SharedConnection], Awaitable[None]]


class Multiplexer:
    """The shared connection to one server, made when it is first needed, and anew after it broke or was left."""

    def __init__(self, make: Callable[[], AbstractConnection], timeout: float) -> None:
        self._make = make
        self._timeout = timeout
        self._current: SharedConnection | None = None
        self._connecting = asyncio.Lock()
        self._failures = 0
        self.inspect: Inspect | None = None
        """Looks into a new connection before any call goes over it; what it raises is a failure to connect."""

    async def call(self, *command: Any) -> Any:  # noqa: ANN401 -- as redis-py declares it
        """Send one command, once, and return its reply. Raises redis-py's errors."""
        current = self._current
        if current is None or not current.usable:
            current = await self._connected()
        return await current.call(*command)

    async def calls(self, *commands: Sequence[Any]) -> list[Any]:
        """Send commands in a row over one connection, and return their replies. Raises the first error among them."""
        current = self._current
        if current is None or not current.usable:
            current = await self._connected()
        replies = await asyncio.gather(*(current.call(*each) for each in commands), return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return replies

    async def proven(self) -> SharedConnection:
        """Return the connection for a call that may not be lost: one that lay idle must answer, or is replaced."""
        current = self._current
        if current is not None and current.usable and current.lay_idle:
            try:
                async with asyncio.timeout(ALIVE_TIMEOUT):
                    await current.call("PING")
            except (RedisError, OSError):  # a TimeoutError is an OSError
                current.close()
        return current if current is not None and current.usable else await self._connected()

    def leave(self) -> None:
        """Make the next call on a new connection."""
        if self._current is not None:
            self._current.leave()

    async def _connected(self) -> SharedConnection:
        failures = self._failures
        async with self._connecting:
            if self._failures != failures:
                # Those who waited for an attempt share its end.
                raise ConnectionBroken("it could not be connected to just now")
            if self._current is None or not self._current.usable:
                try:
                    self._current = await self._made()
                except BaseException as error:
                    # A caller that gave up says nothing about the server.
                    self._failures += isinstance(error, RedisError | OSError)
                    raise
            return self._current

    async def _made(self) -> SharedConnection:
        connection = self._make()
        try:
            with cancellation_kept():
                await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        made = SharedConnection(connection, self._timeout)
        try:
            if self.inspect is not None:
                await self.inspect(made)
        except BaseException:
            made.close()
            raise
        return made
