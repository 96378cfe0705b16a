"""A Redis Cluster on this machine, of Debian's Redis or of the embedded Valkey: three masters and three replicas."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from pagebridge.local.embedded_valkey import packaged_binary
from pagebridge_sandbox.loopback import HOST, free_ports
from shared.config.redis_url import Address
from shared.store.cluster import SLOT, Nodes, read_nodes
from tests.topologies import DOWN_AFTER_MS, NODE, Node, until

RANGES = ((0, 5460), (5461, 10922), (10923, 16383))
"""The slots of each master. The second one has that of the bridge."""
OWNER = 1
MASTERS_OF_REPLICAS = (OWNER, OWNER, 0)
"""The master that each replica follows: two follow ours, so that one is left when it is lost."""
CLUSTERED = """cluster-enabled yes
cluster-node-timeout {down_after}
cluster-port {bus}
cluster-require-full-coverage no
cluster-allow-replica-migration no
"""


class ClusterServers:
    """
    The nodes of a cluster; for tests it looks like the embedded Valkey.

    After `kill` and `stop`, which end all nodes, `start` has all the data.
    """

    def __init__(self, home: Path, *, binary: Path | None = None, down_after: int = DOWN_AFTER_MS) -> None:
        binary = binary or packaged_binary()
        count = len(RANGES) + len(MASTERS_OF_REPLICAS)
        ports = free_ports(2 * count)
        self._bus = dict(zip(ports[:count], ports[count:], strict=True))
        self.nodes = [
            Node(
                home / f"node{number}",
                binary,
                port,
                NODE.format(port=port, home=home / f"node{number}") + CLUSTERED.format(down_after=down_after, bus=bus),
            )
            for number, (port, bus) in enumerate(self._bus.items())
        ]
        self._made = False

    @property
    def url(self) -> str:
        """The address for the product: it knows one node of each part of the cluster."""
        return f"redis+cluster://{','.join(f'{HOST}:{node.port}' for node in self.nodes[: len(RANGES)])}"

    @property
    def pid(self) -> int:
        """The process id of the master that our slot begins at, which changes when it is started again."""
        child = self.nodes[OWNER].child
        return child.pid if child else 0

    @property
    def running(self) -> bool:
        """True if everything runs."""
        return all(node.running for node in self.nodes)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as unless_ready:
            unless_ready.push_async_exit(self)
            await self.start()
            unless_ready.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start what does not run, and wait until every slot is served and every replica follows its master."""
        for node in self.nodes:
            node.start()
        if not self._made:
            await self._make()
        await self.healthy()

    async def healthy(self) -> None:
        """Wait until every node knows of all, and every replica has what its master has."""
        await until(self._is_healthy, "a cluster that is whole")

    async def stop(self) -> None:
        """End everything."""
        for node in self.nodes:
            await node.kill()

    async def kill(self) -> None:
        """Kill all nodes at once, as a crash of them all would."""
        await self.stop()

    async def primary(self) -> Node:
        """Find the master that has the slot of the bridge, as most nodes say that run."""
        said = [servers[0] for node in self.nodes if node.running and (servers := await self.servers(node))]
        return self.at(max(said, key=said.count))

    async def replicas(self) -> list[Node]:
        """Find the replicas of that master."""
        return [self.at(server) for server in (await self.servers(await self.primary()))[1:]]

    async def servers(self, node: Node) -> Sequence[Address]:
        """Ask a node which servers have the slot of the bridge."""
        return (await _nodes(node)).servers

    def at(self, server: Address) -> Node:
        """Find a node by where it listens."""
        return next(node for node in self.nodes if node.port == server[1])

    async def fail_over(self) -> None:
        """Let a replica take the slot over, as an operator would; the old master becomes its replica."""
        before = await self.primary()
        [heir, *_] = await self.replicas()
        await heir.ask("CLUSTER", "FAILOVER")

        async def over() -> bool:
            return await self.primary() is not before

        await until(over, "another master")

    @asynccontextmanager
    async def migration(self, first: str) -> AsyncIterator[None]:
        """
        Move the slot of the bridge to another master that has replicas, as `redis-cli --cluster reshard` does.

        In the block the key `first` has gone, the others have not.
        """
        source = await self.primary()
        [target, *_] = [node for node in self.nodes if node is not source and await _followers(node)]
        await target.ask("CLUSTER", "SETSLOT", str(SLOT), "IMPORTING", await _id(source))
        await source.ask("CLUSTER", "SETSLOT", str(SLOT), "MIGRATING", await _id(target))
        await _move(source, target, [first])
        yield
        while names := await source.ask("CLUSTER", "GETKEYSINSLOT", str(SLOT), "10"):
            assert isinstance(names, list)
            await _move(source, target, names)
        for node in (target, source):
            await node.ask("CLUSTER", "SETSLOT", str(SLOT), "NODE", await _id(target))

    async def _make(self) -> None:
        for number, node in enumerate(self.nodes):
            await until(lambda node=node: _answers(node), "a node")  # type: ignore[misc]  # mypy reads no defaults
            await node.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for node, slots in zip(self.nodes, RANGES, strict=False):
            await node.ask("CLUSTER", "ADDSLOTSRANGE", *map(str, slots))
        for node in self.nodes[1:]:
            await self.nodes[0].ask("CLUSTER", "MEET", HOST, str(node.port), str(self._bus[node.port]))
        await until(self._all_known, "nodes that know each other")
        for replica, master in zip(self.nodes[len(RANGES) :], MASTERS_OF_REPLICAS, strict=True):
            await replica.ask("CLUSTER", "REPLICATE", await _id(self.nodes[master]))
        self._made = True

    async def _all_known(self) -> bool:
        return all([(await _state(node))["cluster_known_nodes"] == str(len(self.nodes)) for node in self.nodes])

    async def _is_healthy(self) -> bool:
        states = [await _state(node) for node in self.nodes]
        followed = {node.port: await _followers(node) for node in self.nodes}
        # A replica is named once it is known that it has got something.
        named = [(await _nodes(node)).servers for node in self.nodes]
        return (
            all(state["cluster_state"] == "ok" and state["cluster_slots_ok"] == "16384" for state in states)
            and sum(followed.values()) == len(MASTERS_OF_REPLICAS)
            and all(servers and followed[servers[0][1]] == len(servers) - 1 for servers in named)
        )


async def _nodes(node: Node) -> Nodes:
    slots = await node.ask("CLUSTER", "SLOTS")
    assert isinstance(slots, list)
    return read_nodes(slots, (HOST, node.port))


async def _move(source: Node, target: Node, names: Sequence[object]) -> None:
    await source.ask("MIGRATE", HOST, str(target.port), "", "0", "5000", "KEYS", *map(_text, names))


async def _answers(node: Node) -> bool:
    return bool(await node.ask("PING"))


async def _id(node: Node) -> str:
    return _text(await node.ask("CLUSTER", "MYID"))


async def _state(node: Node) -> Mapping[str, str]:
    lines = _text(await node.ask("CLUSTER", "INFO")).split()
    return dict(line.split(":", 1) for line in lines)


async def _followers(node: Node) -> int:
    """Count the replicas of a master that confirm what it has."""
    role = await node.ask("ROLE")
    assert isinstance(role, list)
    if _text(role[0]) != "master" or not role[2]:
        return 0
    return int(str(await node.ask("WAIT", str(len(role[2])), "300")))


def _text(reply: object) -> str:
    return reply.decode() if isinstance(reply, bytes) else str(reply)
