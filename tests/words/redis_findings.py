"""The findings of the doctor about Redis, each against servers for which it is so."""

from pathlib import Path
from typing import Any, cast

from pagebridge.cli.checks import redis
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.config.bridge_config import DurabilityLevel
from shared.store import keys
from shared.store.cluster import Nodes
from shared.store.redis import Redis, connect
from shared.store.sentinels import Sentinels
from tests.cluster_servers import ClusterServers
from tests.topologies import WatchedServers, until
from tests.words.findings import Findings
from tests.words.terminal import Terminal


async def add_redis(found: Findings, valkey: EmbeddedValkey) -> None:
    """Add the findings about one Redis."""
    store = connect(valkey.url)

    async def look(situation: str, *names: str, wanted: str = "fsync", client: Redis = store) -> None:
        checks = redis.checks(client, cast("Any", wanted))
        await found.of(situation, checks, *(f"Redis {name}".strip() for name in names))

    await found.of("REDIS_URL is not set", redis.checks(store, "fsync", embedded=True), "Redis")
    await look("`bridge.toml` wants less", "durability", wanted="memory")
    await look("It lost nothing", "losses")
    found.verdict("It may have lost writes", redis.judge_loss(1_796_040_000_000, 1_796_040_060_000))
    await store.execute_command("ACL", "SETUSER", "blind", "on", ">pw", "~pb:*", "+@all", "-get")
    blind = connect(valkey.url.replace("unix://", "unix://blind:pw@"))
    await look("Its user may not read whether it did", "losses", client=blind)
    await blind.aclose()
    await store.execute_command(
        "ACL", "SETUSER", "small", "on", ">pw", "~pb:*", "+@all", "-@admin", "-@dangerous", "-zadd"
    )
    small = connect(valkey.url.replace("unix://", "unix://small:pw@"))
    await look("Its user may do too little", "rights", "eviction", "persistence", client=small)
    await small.aclose()
    await store.config_set("appendonly", "no")
    await look("It has no file", "persistence", "durability")
    await store.config_set("maxmemory-policy", "allkeys-lru")
    await look("It evicts", "eviction")
    await store.set(keys.GENERATION, f"{int(keys.LAYOUT) + 1}:0123456789abcdef:1700000000000")
    await look("It is of another version", "layout")
    await store.set(keys.GENERATION, f"{keys.LAYOUT}:0123456789abcdef:1700000000000")
    await look("It is of this version", "layout")
    await valkey.kill()
    await look("It is not there", "")
    await store.aclose()


async def add_sentinels(found: Findings, directory: Path) -> None:
    """Add those about one behind Sentinel."""
    async with WatchedServers(directory / "watched") as servers:
        store = connect(servers.url)

        async def look(situation: str, name: str = "Redis", wanted: DurabilityLevel = "fsync") -> None:
            await found.of(situation, redis.checks(store, wanted), name)

        await look("It is behind Sentinels")
        await look("A replica that is not waited for", "Redis durability")
        await look("`bridge.toml` wants more", "Redis durability", "replica")
        for node in servers.nodes[1:]:
            await node.kill()
        await look("It has no replica", "Redis durability", "replica")
        for sentinel in servers.sentinels[:2]:
            await sentinel.kill()
        await until(lambda: _cannot_fail_over(store), "a Sentinel that misses the others")
        await look("Its Sentinels are too few to agree")
        await store.aclose()


async def _cannot_fail_over(store: Redis) -> bool:
    assert isinstance(store.topology, Sentinels)
    return "quorum" in (await store.topology.why_no_failover()).lower()


async def add_cluster(found: Findings, directory: Path, terminal: Terminal) -> None:
    """Add those about a Redis Cluster."""
    async with ClusterServers(directory / "cluster") as servers:
        nodes = [*servers.nodes[:3], *sorted(servers.nodes[3:5], key=lambda node: node.port)]
        terminal.names |= {f"127.0.0.1:{node.port}": f"10.0.0.{number}:6379" for number, node in enumerate(nodes, 1)}
        store = connect(servers.url)

        async def look(situation: str, *names: str) -> None:
            await found.of(situation, redis.checks(store, "fsync"), *names)

        await look("It is a cluster", "Redis", "Redis rights")
        for node in servers.nodes[3:]:
            await node.ask("ACL", "SETUSER", "default", "-zadd")
        await look("Its nodes have different users", "Redis rights")
        for node in servers.nodes[3:]:
            await node.kill()
        await until(lambda: _has_no_replica(servers), "a master that misses its replicas")
        await look("It has no replicas", "Redis")
        await store.aclose()
    known = Nodes((("10.0.0.1", 6379), ("10.0.0.4", 6379)), (), masters=2)
    found.verdict("Its masters are too few to agree", redis.judge_cluster(known))


async def _has_no_replica(servers: ClusterServers) -> bool:
    return all([len(await servers.servers(node)) == 1 for node in servers.nodes[:3]])
