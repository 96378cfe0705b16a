"""
The pools of connections to the server behind `REDIS_URL`: at a fixed address, or wherever Redis Sentinel says.

Nothing is tried twice. Behind Sentinel every new connection asks anew where the primary is, so that leaving a server
that died, or that refuses to write because it is a replica now, is all that a failover takes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from redis.asyncio.connection import BlockingConnectionPool, Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroken
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from shared.config.redis_url import Address, SentinelUrl

CONNECT_TIMEOUT = 1.0
"""Seconds that a connection may take to be made."""
MOST_CONNECTIONS = 32
"""Connections that one client keeps; a burst waits its turn."""
SENTINEL_TIMEOUT = 0.3
"""Seconds that one Sentinel may take to answer; then the next one is asked."""
Primary = Callable[[], Awaitable[Address]]
"""Finds out where the primary is."""

ONE_ATTEMPT: Mapping[str, Any] = {
    "socket_connect_timeout": CONNECT_TIMEOUT,
    "retry": Retry(NoBackoff(), 0),
    "retry_on_error": [],
    "decode_responses": False,
    # Only commands that a user with few rights may give, and no messages that the client did not ask for: with the
    # latter redis-py would take a connection that the server has closed for a good one.
    "protocol": 2,
    "driver_info": None,
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}


class PrimaryConnection(Connection):
    """A connection to what the Sentinels call the primary at the moment in which it is made."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:  # noqa: ANN401 -- as redis-py declares it
        super().__init__(**options)
        self._primary = primary

    async def _connect(self) -> None:
        self.host, self.port = await self._primary()
        await super()._connect()  # type: ignore[no-untyped-call]  # redis-py is untyped here


class TlsPrimaryConnection(PrimaryConnection, SSLConnection):
    """The same over TLS."""


class Sentinels:
    """The Sentinels of one primary. Their own user and password are in the address, after the question mark."""

    def __init__(self, url: SentinelUrl, options: dict[str, Any]) -> None:
        own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
        tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
        timeouts = {"socket_timeout": SENTINEL_TIMEOUT, "socket_connect_timeout": SENTINEL_TIMEOUT}
        self._settings = {**ONE_ATTEMPT, **timeouts, **own, **tls, "ssl": url.server.startswith("rediss")}
        self._url = url
        self._order = list(url.sentinels)
        self._looking: asyncio.Task[Address] | None = None

    async def primary(self) -> Address:
        """Find the primary; those who ask at once share one look. Raises redis-py's `ConnectionError`."""
        if self._looking is None or self._looking.done():
            # A task of its own, so that a caller who gives up leaves no connection open.
            self._looking = asyncio.create_task(self._look())  # noqa: TID251 -- kept here, and ended in `aclose`
            self._looking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._looking)

    async def aclose(self) -> None:
        """Wait until the last look has ended."""
        if self._looking is not None:
            await asyncio.wait([self._looking])

    async def _look(self) -> Address:
        try:
            async with self._asked() as asked:
                host, port = await asked.discover_master(self._url.name)
                self._put_first(asked)
        except MasterNotFoundError:
            # redis-py's words list the settings of each connection.
            hosts = ", ".join(f"{host}:{port}" for host, port in self._url.sentinels)
            raise ConnectionBroken(
                f"none of the Sentinels ({hosts}) says where the primary {self._url.name} is: they can't be reached, "
                "want another user or password, know no such name, or have not agreed on a new one yet"
            ) from None
        except RedisError as error:
            raise ConnectionBroken(f"a Sentinel refuses to say where the primary is ({error})") from error
        return str(host), int(port)

    async def why_no_failover(self) -> str:
        """Return why they could not make another server the primary, in their words; empty if they could."""
        try:
            await self.primary()
            async with self._asked() as asked:
                await asked.sentinels[0].execute_command("SENTINEL CKQUORUM", self._url.name)
        except RedisError as error:
            return str(error)
        return ""

    def _asked(self) -> Sentinel:
        # A new one each time: redis-py puts the one that answers first, and loses some if it is asked twice at once.
        return Sentinel(self._order, sentinel_kwargs=self._settings)

    def _put_first(self, asked: Sentinel) -> None:
        """Ask the one that has just answered first from now on."""
        about = asked.sentinels[0].connection_pool.connection_kwargs
        self._order.sort(key=lambda address: address != (about["host"], about["port"]))


def pool_for(url: str, socket_timeout: float) -> tuple[BlockingConnectionPool, Sentinels | None]:
    """Make the pool for `url`, and what it asks for its server; nothing is sent. Raises `ValueError` for no address."""
    behind = SentinelUrl.parse(url)
    waits = {"max_connections": MOST_CONNECTIONS, "timeout": CONNECT_TIMEOUT, "socket_timeout": socket_timeout}
    settings = {**ONE_ATTEMPT, **waits, **parse_url(behind.server if behind else url)}
    sentinels = Sentinels(behind, settings) if behind else None
    if sentinels:
        kind = TlsPrimaryConnection if "connection_class" in settings else PrimaryConnection
        settings |= {"connection_class": kind, "primary": sentinels.primary}
    return BlockingConnectionPool(**settings), sentinels
