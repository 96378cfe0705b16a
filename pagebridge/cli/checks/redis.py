"""Checks of Redis: reachable, durable, never evicting, all commands of the worker allowed, its layout known."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from hashlib import sha1

from redis.exceptions import MovedError, ResponseError

from pagebridge.cli.checks.findings import Check, Once, Verdict, failed, passed, skipped, warned
from shared.config.bridge_config import DurabilityLevel
from shared.errors import StoreDown, WrongLayout
from shared.store import keys
from shared.store.clock import StoreClock, require_layout
from shared.store.cluster import SLOT, Cluster, Nodes
from shared.store.durability import NO_EVICTION, Durability, probe, require_replica
from shared.store.redis import Redis, connect
from shared.store.redis_errors import store_errors
from shared.store.sentinels import Sentinels

REACH = "start it, fix REDIS_URL, or check the network"
RIGHTS = "give the user in REDIS_URL the rights in deploy/redis-users.acl"
NEEDED = ("Redis",)
MASTERS_TO_AGREE = 3
"""Masters of a cluster of which a majority is left when one is lost."""
LATELY_MS = 7 * 24 * 3600 * 1000
"""Milliseconds for which a loss of writes is worth a word."""
SCRIPT = "return 1"
"""A script that does nothing: the programs run theirs by digest, so EVAL is not needed."""

Command = tuple[str | int, ...]


def checks(redis: Redis, wanted: DurabilityLevel, *, embedded: bool = False, worker: bool = True) -> list[Check]:
    """
    List the checks of Redis. `wanted` is the durability that `bridge.toml` asks for.

    `worker` says that a worker uses this user of Redis; a receiver's own has fewer rights.
    """
    found = Once(lambda: probe(redis))
    return [
        Check("Redis", lambda: reachable(redis, embedded=embedded)),
        Check("Redis persistence", lambda: persistent(redis), needs=NEEDED),
        Check("Redis eviction", lambda: eviction(found), needs=NEEDED),
        Check("Redis durability", lambda: durability(redis, found, wanted), needs=NEEDED),
        Check("Redis losses", lambda: losses(redis), needs=NEEDED),
        Check("Redis rights", lambda: rights(redis, worker=worker), needs=NEEDED),
        Check("Redis layout", lambda: layout(redis), needs=NEEDED),
    ]


async def reachable(redis: Redis, *, embedded: bool) -> Verdict:
    """Check that it answers. The embedded Valkey may run for this check alone."""
    try:
        await redis.ping()
    except StoreDown as error:
        return failed(f"can't be used: {error}", REACH)
    if embedded:
        return passed("REDIS_URL is not set: `pagebridge up` starts an embedded Valkey, which works here")
    match redis.topology:
        case Sentinels() as sentinels:
            return await _behind(sentinels)
        case Cluster() as cluster:
            return await _in(cluster)
        case _:
            return passed("reachable")


async def _behind(sentinels: Sentinels) -> Verdict:
    if why := await sentinels.why_no_failover():
        what = f"reachable, but its Sentinels could not make another server the primary ({why})"
        return warned(what, "run three Sentinels on three machines, each with `quorum` 2")
    return passed("reachable; its Sentinels can make another server the primary")


async def _in(cluster: Cluster) -> Verdict:
    with store_errors():
        return judge_cluster(await cluster.nodes())


def judge_cluster(nodes: Nodes) -> Verdict:
    """Judge whether another server of a cluster could take the keys over."""
    master, *replicas = (f"{host}:{port}" for host, port in nodes.servers)
    has = f"reachable; {master} in the cluster has the keys, which are all in slot {SLOT}"
    if not replicas:
        return warned(f"{has}, and no replica could take them over", f"give {master} two replicas")
    if nodes.masters < MASTERS_TO_AGREE:
        what = f"{has}, but of {nodes.masters} masters none could agree on {' or '.join(replicas)} in its place"
        return warned(what, "run three masters on three machines, each with some of the slots")
    return passed(f"{has}; {' or '.join(replicas)} can take them over")


async def persistent(redis: Redis) -> Verdict:
    """Check that it writes what it takes to a file that survives a restart."""
    await redis.ping()
    try:
        found = await redis.info("persistence")
    except StoreDown as error:
        return skipped(f"this user can't read the setting ({error})", "make sure that `appendonly yes` is set")
    if found.get("aof_enabled"):
        return passed("the append-only file is on")
    what = "the append-only file is off: a restart of Redis loses accepted clicks and deliveries"
    return failed(what, "set `appendonly yes`, and `appendfsync everysec`")


async def eviction(found: Once[Durability]) -> Verdict:
    """Check that a full memory refuses what is new, instead of throwing away what was accepted."""
    policy = (await found()).eviction
    if not policy:
        return skipped(
            "this user can't read maxmemory-policy", f"make sure that `maxmemory-policy {NO_EVICTION}` is set"
        )
    if (await found()).evicts:
        what = f"maxmemory-policy is {policy}: a full Redis evicts accepted clicks and deliveries"
        return failed(what, f"set `maxmemory-policy {NO_EVICTION}`")
    return passed(f"maxmemory-policy is {NO_EVICTION}")


async def durability(redis: Redis, found: Once[Durability], wanted: DurabilityLevel) -> Verdict:
    """Check that the durability which `bridge.toml` asks for can be had."""
    if wanted == "memory":
        what = 'durability = "memory": a crash of Redis may lose the last second'
        return warned(what, 'set durability = "fsync" unless that is intended')
    if not (await found()).fsync:
        what = f'durability = "{wanted}", but Redis cannot provide it: {(await found()).why_not}'
        return failed(what, "use Redis 7.2+ or Valkey with `appendonly yes`, and allow this user WAITAOF")
    if wanted == "replica":
        return await _replicated(redis)
    if await _has_replica(redis):
        what = 'accepted clicks and deliveries are on disk, but durability = "fsync" does not wait for the replica'
        return warned(what, 'set durability = "replica": a failover may lose the last writes otherwise')
    return passed("accepted clicks and deliveries are on disk")


async def _replicated(redis: Redis) -> Verdict:
    try:
        await require_replica(redis)
    except StoreDown as error:
        what = f'durability = "replica", but none confirms: nothing will be accepted ({error})'
        return failed(what, "start a replica of the primary, two to do without one of them, and allow this user WAIT")
    return passed("accepted clicks and deliveries are on disk, and at a replica")


async def _has_replica(redis: Redis) -> bool:
    """Return true if it is known that a replica follows the server, and could take its place."""
    try:
        return int((await redis.info("replication")).get("connected_slaves", 0)) > 0
    except StoreDown as error:
        if isinstance(error.__cause__, ResponseError):
            return False
        raise


async def losses(redis: Redis) -> Verdict:
    """Check that no writes may have been lost lately."""
    try:
        at_ms, now_ms = int(await redis.get(keys.DOUBT) or 0), await StoreClock(redis).now_ms()
    except StoreDown as error:
        return skipped(f"this user can't read when writes may have been lost ({error})", "run it where a worker runs")
    return judge_loss(at_ms, now_ms)


def judge_loss(at_ms: int, now_ms: int) -> Verdict:
    """Judge by when writes may have been lost last, 0 for never."""
    if now_ms - at_ms > LATELY_MS:
        return passed("no loss of writes was noticed in the last 7 days")
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    what = f"a failover, or an older copy of the data, may have lost the writes just before {at:%Y-%m-%d %H:%M:%S} UTC"
    return warned(what, 'see PagebridgeStoreLostWrites in the runbook; durability = "replica" prevents it')


async def rights(redis: Redis, *, worker: bool = True) -> Verdict:
    """Try every command that a worker gives, or else a receiver; in a cluster at each server that may get the keys."""
    asked = _of_worker(secrets.token_hex(4)) if worker else _OF_RECEIVER
    if isinstance(redis.topology, Cluster):
        return await _rights_in(redis.topology, asked)
    if denied := await _all_denied(redis, asked):
        return failed(f"the user in REDIS_URL can't run: {denied}", RIGHTS)
    return passed(f"the user in REDIS_URL has all rights that a {'worker' if worker else 'receiver'} needs")


async def _rights_in(cluster: Cluster, asked: Sequence[Command]) -> Verdict:
    """Try commands at the master and its replicas: one that does not have the slot denies before it redirects."""
    denied = {}
    with store_errors():
        nodes = await cluster.nodes()
    for host, port in nodes.servers:
        async with aclosing(connect(cluster.url_of((host, port)))) as server:
            denied[f"{host}:{port}"] = await _all_denied(server, [("CLUSTER SLOTS",), *asked])
    if what := "; ".join(f"at {where}: {which}" for where, which in denied.items() if which):
        return failed(f"the user in REDIS_URL can't run {what}", RIGHTS)
    return passed(f"the user in REDIS_URL has all rights at {', '.join(denied)}")


async def _all_denied(redis: Redis, asked: Sequence[Command]) -> str:
    try:
        await redis.ping()
    except StoreDown as error:
        return str(error)
    return "; ".join(filter(None, [await _denied(redis, command) for command in asked]))


async def layout(redis: Redis) -> Verdict:
    """Check that no version of pagebridge with another layout has written to it."""
    try:
        known = await require_layout(redis)
    except WrongLayout as error:
        what, _, fix = str(error).partition(". ")
        return failed(what, f"{fix[:1].lower()}{fix[1:]}".rstrip("."))
    return passed("written by a version that this one can follow" if known else "empty")


_OF_RECEIVER: tuple[Command, ...] = (
    ("GET", keys.GENERATION),
    # As the receiver itself proves that it can append: what is empty is no delivery, and thrown away.
    ("RPUSH", keys.DELIVERIES, ""),
)


def _of_worker(run: str) -> list[Command]:
    """List every command of a worker, on keys of our own that are deleted again."""
    stream, string, table, ordered, row = (
        keys.scratch(run, kind) for kind in ("stream", "string", "hash", "zset", "list")
    )
    return [
        ("SCRIPT LOAD", SCRIPT),
        ("EVALSHA", sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest(), 0),
        *_on_stream(stream),
        ("BLMOVE", row, row, "LEFT", "LEFT", "0.01"),
        ("LPOP", row),
        ("LLEN", row),
        ("LINDEX", row, 0),
        ("LRANGE", row, 0, -1),
        ("LPOS", row, ""),
        *_on_string(string),
        ("HSET", table, "rev", 1),
        ("HGET", table, "rev"),
        ("HMGET", table, "rev"),
        ("HGETALL", table),
        ("HDEL", table, "rev"),
        *_on_ordered(ordered),
        ("TIME",),
        ("INFO", "replication"),
        ("DEL", stream, string, table, ordered),
    ]


def _on_stream(key: str) -> Iterator[Command]:
    group = keys.GROUP
    yield ("XADD", key, "*", "v", 1)
    yield ("XGROUP CREATE", key, group, 0)
    yield ("XREADGROUP", "GROUP", group, "doctor", "COUNT", 1, "STREAMS", key, ">")
    yield ("XAUTOCLAIM", key, group, "doctor", 0, "0")
    yield ("XACK", key, group, "0-1")
    yield ("XDEL", key, "0-1")
    yield ("XTRIM", key, "MAXLEN", 1)
    yield ("XLEN", key)
    yield ("XRANGE", key, "-", "+")
    yield ("XINFO CONSUMERS", key, group)
    yield ("XGROUP DELCONSUMER", key, group, "doctor")
    yield ("MEMORY USAGE", key)


def _on_string(key: str) -> Iterator[Command]:
    yield ("SET", key, 1, "PX", 60_000)
    yield ("GET", key)
    yield ("MGET", key)
    yield ("EXISTS", key)
    yield ("EXPIRE", key, 60)
    yield ("PEXPIRE", key, 60_000)
    yield ("PTTL", key)
    yield ("TYPE", key)
    yield ("RENAME", key, key)


def _on_ordered(key: str) -> Iterator[Command]:
    yield ("ZADD", key, 1, "due")
    yield ("ZCARD", key)
    yield ("ZCOUNT", key, "-inf", "+inf")
    yield ("ZRANGE", key, 0, -1)
    yield ("ZREVRANGE", key, 0, -1)
    yield ("ZRANGEBYSCORE", key, "-inf", "+inf")
    yield ("ZRANK", key, "due")
    yield ("ZSCORE", key, "due")
    yield ("ZREM", key, "due")
    yield ("ZREMRANGEBYSCORE", key, "-inf", "+inf")


async def _denied(redis: Redis, command: Command) -> str:
    try:
        await redis.execute_command(*command)
    except (StoreDown, ResponseError) as error:
        return "" if isinstance(error.__cause__, MovedError) else f"{command[0]} ({error})"
    return ""
