"""The checks of Redis, each against one that is broken."""

import re
from pathlib import Path

from pagebridge.cli.checks import redis
from pagebridge.cli.checks.findings import Finding, Status
from shared.config.bridge_config import BridgeConfig
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.pagebridge.cli_session import Office, found, says

STORE = Path(keys.__file__).parent


async def of_redis(store: Redis, name: str, wanted: str = "fsync") -> Finding:
    """Make one of the checks of Redis."""
    config = BridgeConfig.model_validate({"durability": wanted})
    return await found(redis.checks(store, config.durability), name)


async def test_a_redis_that_is_not_there(office: Office, store: Redis) -> None:
    """It is the one check that fails; the others could not be asked."""
    await office.valkey.kill()
    says(await of_redis(store, "Redis"), Status.FAIL, "can't be used", "REDIS_URL")
    for name in ("persistence", "eviction", "durability", "rights", "layout"):
        says(await of_redis(store, f"Redis {name}"), Status.SKIPPED, "not checked, because Redis failed")


async def test_a_redis_without_a_file(store: Redis) -> None:
    """Without the append-only file nothing survives, and nothing can be waited for."""
    await store.config_set("appendonly", "no")
    says(await of_redis(store, "Redis persistence"), Status.FAIL, "append-only file is off", "appendonly yes")
    says(await of_redis(store, "Redis durability"), Status.FAIL, "cannot provide it", "WAITAOF")


async def test_a_redis_that_throws_things_away(store: Redis) -> None:
    """Any policy but one loses what was accepted."""
    await store.config_set("maxmemory-policy", "allkeys-lru")
    says(await of_redis(store, "Redis eviction"), Status.FAIL, "allkeys-lru", "noeviction")


async def test_memory_is_enough_for_who_says_so(store: Redis) -> None:
    """It is told what that means."""
    says(await of_redis(store, "Redis durability", "memory"), Status.WARNING, 'durability = "memory"')


async def test_writes_that_may_be_lost(store: Redis) -> None:
    """It is said when, for a week, and which setting prevents it."""
    says(await of_redis(store, "Redis losses"), Status.PASS, "no loss")
    await store.set(keys.DOUBT, 1000 * int((await store.time())[0]))
    says(await of_redis(store, "Redis losses"), Status.WARNING, "may have lost the writes just before", '"replica"')


def test_what_a_worker_does_is_tried() -> None:
    """Every command in a script and in the modules of the store is among those that the doctor tries, and no other."""
    text = "".join(path.read_text() for path in STORE.rglob("*.lua"))
    used = {" ".join(filter(None, found)) for found in re.findall(r"redis\.p?call\('([A-Z]+)'(?:, '([A-Z]+)')?", text)}
    tried = {str(command[0]) for command in redis._of_worker("run")}
    assert set() == used - tried
    assert {"BLMOVE", "XREADGROUP", "XAUTOCLAIM", "EVALSHA", "SCRIPT LOAD", "TIME"} <= tried
    assert set() == {"EVAL", "SCAN", "KEYS", "CONFIG GET"} & tried


async def test_a_user_with_too_few_rights(office: Office, store: Redis) -> None:
    """What it may not do is named; what it may not see is left to a person."""
    await store.execute_command(
        "ACL", "SETUSER", "small", "on", ">pw", "~pb:*", "+@all", "-@admin", "-@dangerous", "-zadd"
    )
    small = connect(office.valkey.url.replace("unix://", "unix://small:pw@"))
    says(await of_redis(small, "Redis rights"), Status.FAIL, "ZADD", "REDIS_URL")
    says(await of_redis(small, "Redis eviction"), Status.SKIPPED, "noeviction")
    says(await of_redis(small, "Redis persistence"), Status.SKIPPED, "appendonly")
    await small.aclose()


async def test_a_store_of_another_layout(store: Redis) -> None:
    """It says which layout there is, which is needed, and what to do; an empty store will do."""
    says(await of_redis(store, "Redis layout"), Status.PASS, "empty")
    await store.set(keys.GENERATION, f"{int(keys.LAYOUT) + 1}:0123456789abcdef:1700000000000")
    says(await of_redis(store, "Redis layout"), Status.FAIL, "layout " + keys.LAYOUT, "REDIS_URL")
    await store.set(keys.GENERATION, f"{keys.LAYOUT}:0123456789abcdef:1700000000000")
    says(await of_redis(store, "Redis layout"), Status.PASS, "this one can follow")
