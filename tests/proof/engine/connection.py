"""The product's own Redis client, talking to a `MemoryServer` in place of a socket."""

from functools import partial
from typing import Any

import redis.asyncio
from redis._parsers.encoders import Encoder
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroken

from shared.store.redis import Redis
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Process

KIND = "redis"
"""The kind of these calls, as `Process` counts them."""


class Straight(redis.asyncio.Redis):
    """redis-py without repeating and measuring, which take longer than the calls here."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- as redis-py declares it
        """Send one command, once, and return its reply."""
        connection = await self.connection_pool.get_connection()
        await connection.send_command(*args)
        return await self.parse_response(connection, args[0], **options)


class SimRedis(Redis, Straight):  # type: ignore[misc]  # two classes of redis-py that disagree on a command
    """
    One process's client, for quick and for blocking calls alike.

    Everything above the connections is the product's and redis-py's own code, but for what `Straight` leaves out.
    """

    def __init__(self, server: MemoryServer, process: Process) -> None:
        super().__init__(connection_pool=SimPool(server, process))  # type: ignore[arg-type]  # as much of a pool as is used


class SimConnection:
    """
    A connection: what redis-py calls of one.

    Made without a word on the wire; it breaks when the server cuts it. A call on a broken one fails.
    """

    retry = Retry(NoBackoff(), 0)
    host = port = None
    db = 0

    def __init__(self, server: MemoryServer, process: Process) -> None:
        self.is_connected = True
        self._server = server
        self._process = process
        self._cuts: int | None = None
        self._sent: tuple[Any, ...] = ()

    async def connect(self) -> None:
        """Connect anew."""
        self.is_connected, self._cuts = True, None

    async def disconnect(self, *_: object, **__: object) -> None:
        """Let go of the connection."""
        self.is_connected = False

    async def send_command(self, *command: Any, **_: object) -> None:  # noqa: ANN401 -- as redis-py declares it
        """Take a command; it travels with the reading of its reply."""
        name, *arguments = command
        self._sent = (*name.split(), *arguments)

    async def read_response(self, **_: object) -> Any:  # noqa: ANN401 -- any reply
        """Bring the command to the server, and its reply back."""
        try:
            reply = await self._process.call(KIND, self._sent[0], partial(self._execute, self._sent))
            self._check()
        except (OSError, ConnectionBroken) as error:
            self.is_connected = False
            raise ConnectionBroken(str(error)) from error
        return reply

    def _execute(self, command: tuple[Any, ...]) -> Any:  # noqa: ANN401 -- any reply
        if self._cuts is None:
            self._cuts = self._server.cuts
        self._check()
        return self._server.execute(*command)

    def _check(self) -> None:
        if self._server.away or self._cuts != self._server.cuts:
            raise ConnectionBroken("connection refused, or closed by the server")


class SimPool:
    """Makes a new connection for each use: making one costs nothing here."""

    def __init__(self, server: MemoryServer, process: Process) -> None:
        self.connection_kwargs: dict[str, Any] = {"protocol": 2}
        self._server = server
        self._process = process

    def get_encoder(self) -> Encoder:
        """Say how text is encoded."""
        return Encoder("utf-8", "strict", decode_responses=False)

    async def get_connection(self, *_: object, **__: object) -> SimConnection:
        """Give a connection."""
        return SimConnection(self._server, self._process)

    async def release(self, _: SimConnection) -> None:
        """Take it back."""
