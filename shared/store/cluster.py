"""
A Redis Cluster: one master has the slot of all our keys, and every node knows which.

Nothing but the way to that master differs from a Redis that stands alone: when another one has the slot, the calls to
the old one are refused or break, and each new connection asks anew.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from redis.asyncio.connection import AbstractConnection, Connection
from redis.crc import key_slot
from redis.exceptions import AskError, AuthenticationError, RedisError, TryAgainError
from redis.exceptions import ConnectionError as ConnectionBroken

from shared.config.redis_url import Address, ClusterUrl
from shared.store import keys
from shared.store.topology import TO_ASK, Topology

SLOT = key_slot(keys.DELIVERIES.encode())
"""The slot of every key of ours."""
REDIRECTED_FOR = 1.0
"""Seconds for which a call is made anew while its slot is on its way from one node to another."""
PAUSE = 0.05
"""Seconds between two such attempts."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Nodes:
    """A node's view: the `servers` of our slot, its master first and then its replicas, and how many have slots."""

    servers: tuple[Address, ...]
    others: tuple[Address, ...]
    masters: int


class Cluster(Topology):
    """The nodes of a Redis Cluster: those of the address, and those that they name."""

    def __init__(self, url: ClusterUrl, options: dict[str, Any]) -> None:
        super().__init__()
        self._connect = partial(options.get("connection_class", Connection), **{**_of_connection(options), **TO_ASK})
        self._url = url
        self._order = list(url.nodes)

    async def look(self) -> Address:
        """
        Ask for the master of our slot until the one that is named says so itself, because others may be late to know.

        If it does not, it may still be there, and slow. Raises redis-py's `ConnectionError` if none is named.
        """
        failed: dict[Address, Exception] = {}
        named: Address | None = None
        for node in self._next():
            nodes = await self._told(node, failed)
            if nodes and not nodes.servers:
                failed[node] = ConnectionBroken(f"no master has slot {SLOT}, in which all keys of pagebridge are")
            elif nodes:
                named = nodes.servers[0]
                confirmed = nodes if named == node else await self._told(named, failed)
                if confirmed and confirmed.servers[:1] == (named,):
                    break
        if named is None:
            raise self._nobody_knows(failed)
        return named

    async def nodes(self) -> Nodes:
        """Return what the first node that answers knows. Raises redis-py's `ConnectionError` if none does."""
        failed: dict[Address, Exception] = {}
        for node in self._next():
            if nodes := await self._told(node, failed):
                return nodes
        raise self._nobody_knows(failed)

    def _next(self) -> Iterator[Address]:
        """Yield all nodes, each time beginning with another one: a node that is cut off gives outdated answers."""
        for node in list(self._order):
            self._order.append(self._order.pop(0))
            yield node

    async def _told(self, node: Address, failed: dict[Address, Exception]) -> Nodes | None:
        """Ask one node, and know from now on those that it names; None if it fails, or has before."""
        if node in failed:
            return None
        try:
            found = read_nodes(await self._ask(node), node)
        except (RedisError, OSError, TimeoutError) as error:
            failed[node] = error
            return None
        named = {*self._url.nodes, *found.servers, *found.others}
        self._order = [each for each in dict.fromkeys((*self._order, *named)) if each in named]
        return found

    def _nobody_knows(self, failed: dict[Address, Exception]) -> RedisError:
        hosts = ", ".join(f"{host}:{port}" for host, port in failed)
        why = next((error for error in failed.values() if isinstance(error, AuthenticationError)), None)
        error = why or list(failed.values())[-1]
        what = f"none of the nodes of the cluster ({hosts}) can say which one has the keys: {error}"
        return type(why)(what) if why else ConnectionBroken(what)

    def url_of(self, node: Address) -> str:
        """Return the address of one node alone."""
        return self._url.of_node(node)

    async def _ask(self, node: Address) -> Any:  # noqa: ANN401 -- any reply
        connection: AbstractConnection = self._connect(host=node[0], port=node[1])
        try:
            await connection.connect()
            await connection.send_command("CLUSTER", "SLOTS")
            return await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)


def _of_connection(options: dict[str, Any]) -> dict[str, Any]:
    of_pool = {"connection_class", "max_connections", "timeout"}
    return {name: value for name, value in options.items() if name not in of_pool}


def read_nodes(ranges: Sequence[Sequence[Any]], asked: Address) -> Nodes:
    """
    Read a reply to `CLUSTER SLOTS` of the node `asked`.

    https://redis.io/docs/latest/commands/cluster-slots: for each range its first and last slot, its master, its
    replicas. A node without a name is where the one that answered is.
    """
    found = {
        (first, last): tuple((node[0].decode() if node[0] else asked[0], int(node[1])) for node in nodes)
        for first, last, *nodes in ranges
    }
    ours = next((nodes for (first, last), nodes in found.items() if first <= SLOT <= last), ())
    others = dict.fromkeys(node for nodes in found.values() for node in nodes if node not in ours)
    return Nodes((*ours[:1], *sorted(ours[1:])), tuple(others), len({nodes[0] for nodes in found.values()}))


async def redirected(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """
    Make an attempt, and in a cluster for a while again as long as a node says that the slot is, or will be, elsewhere.

    Such a reply means that nothing was done: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec.
    """
    until = time.monotonic() + REDIRECTED_FOR
    while True:
        try:
            return await attempt()
        except (AskError, TryAgainError):  # a MovedError is an AskError
            if time.monotonic() > until:
                raise
        await asyncio.sleep(PAUSE)
