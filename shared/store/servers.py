"""
The pools of connections to the server behind `REDIS_URL`: at a fixed address, or wherever the primary is.

Nothing is tried twice. Behind Sentinel and in a Cluster every new connection asks anew where the primary is, so that
leaving a server that died, or that refuses to write because it is a replica now, is all that a failover takes.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio.connection import BlockingConnectionPool, Connection, SSLConnection, parse_url

from shared.config.redis_url import Address, ClusterUrl, SentinelUrl
from shared.store.cluster import Cluster
from shared.store.sentinels import Sentinels
from shared.store.topology import CONNECT_TIMEOUT, ONE_ATTEMPT, Topology

MOST_CONNECTIONS = 32
"""Connections that one client keeps; a burst waits its turn."""
Primary = Callable[[], Awaitable[Address]]
"""Finds out where the primary is."""


class PrimaryConnection(Connection):
    """A connection to the server that is the primary at the moment in which it is made."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:  # noqa: ANN401 -- as redis-py declares it
        super().__init__(**options)
        self._primary = primary

    async def _connect(self) -> None:
        self.host, self.port = await self._primary()
        await super()._connect()  # type: ignore[no-untyped-call]  # redis-py is untyped here


class TlsPrimaryConnection(PrimaryConnection, SSLConnection):
    """The same over TLS."""


def pool_for(url: str, socket_timeout: float) -> tuple[BlockingConnectionPool, Topology | None]:
    """Make the pool for `url`, and what it asks for its server; nothing is sent. Raises `ValueError` for no address."""
    sentinel, cluster = SentinelUrl.parse(url), ClusterUrl.parse(url)
    server = sentinel.server if sentinel else cluster.of_node() if cluster else url
    waits = {"max_connections": MOST_CONNECTIONS, "timeout": CONNECT_TIMEOUT, "socket_timeout": socket_timeout}
    settings = {**ONE_ATTEMPT, **waits, **parse_url(server)}
    topology = Sentinels(sentinel, settings) if sentinel else Cluster(cluster, settings) if cluster else None
    if topology:
        kind = TlsPrimaryConnection if "connection_class" in settings else PrimaryConnection
        settings |= {"connection_class": kind, "primary": topology.primary}
    return BlockingConnectionPool(**settings), topology
