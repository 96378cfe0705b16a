"""The rights of the two processes at Redis, on a server that was started with the deployment's own file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.cli.checks import redis
from pagebridge.cli.checks.findings import Status, look_at_all
from shared.durations import Durations
from shared.errors import StoreDown, WrongPassword
from shared.model.ids import SlackUserId
from shared.store import keys
from shared.store.clock import require_layout
from shared.store.durability import probe
from shared.store.links import LinkRequests, came_back, signing_in
from shared.store.redis import Redis, connect, write_once
from shared.store.streams import Deliveries, Inbox
from tests.deploy.users import ROOT, Store, store
from tests.servers import BOTH, program


@pytest.fixture(params=BOTH)
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Run each server."""
    async with store(tmp_path, program(request.param) if request.param else None) as running:
        yield running


async def allowed(server: Store, user: str, *lines: str) -> list[str]:
    """Give each line as a command, and return those that the user was allowed."""
    client = connect(server.url(user))
    try:
        return [line for line in lines if not await refused(client, line)]
    finally:
        await client.aclose()


async def refused(client: Redis, line: str) -> bool:
    """Tell whether a command is refused for want of rights; any other error means that it was not."""
    try:
        await client.execute_command(*line.split())
    except StoreDown as error:
        return "no permissions" in str(error).lower()
    return False


@pytest.mark.parametrize("user", ["worker:wrong", "nobody:any", "receiver"])
async def test_a_wrong_password_is_named_by_its_setting(server: Store, user: str) -> None:
    """Wrong, of no user, or missing: log, `/readyz` and commands say which setting it is in, and show no password."""
    client = connect(f"redis://{user}@127.0.0.1:{server.port}/0")
    with pytest.raises(WrongPassword, match="rejects the user or password in REDIS_URL") as raised:
        await client.ping()
    assert "wrong" not in str(raised.value)
    await client.aclose()


async def test_the_receiver_appends_and_nothing_else(server: Store) -> None:
    """It stores deliveries durably, learns how durable, reads the layout, and nothing else, not even its entries."""
    client = connect(server.url("receiver"))
    assert server.confirms is (await probe(client)).fsync
    assert 1 == await write_once(client, "RPUSH", keys.DELIVERIES, b"0 x", wait_for_disk=server.confirms)
    assert not await require_layout(client)
    await client.aclose()

    assert [] == await allowed(
        server,
        "receiver",
        f"LRANGE {keys.DELIVERIES} 0 -1",
        f"LLEN {keys.DELIVERIES}",
        f"LPOP {keys.DELIVERIES}",
        f"LREM {keys.DELIVERIES} 0 x",
        f"LSET {keys.DELIVERIES} 0 x",
        f"LTRIM {keys.DELIVERIES} 1 0",
        f"LMOVE {keys.DELIVERIES} {keys.DELIVERIES} LEFT LEFT",
        f"LPUSH {keys.DELIVERIES} x",
        f"EXPIRE {keys.DELIVERIES} 1",
        f"RENAME {keys.DELIVERIES} {keys.EVENTS}",
        f"DEL {keys.DELIVERIES}",
        f"RPUSH {keys.EVENTS} x",
        f"RPUSH {keys.DELIVERIES}: x",
        f"XADD {keys.EVENTS} * body x",
        f"XADD {keys.EVENTS} MAXLEN 0 * body x",
        f"XADD {keys.COMMANDS} * body x",
        f"XADD {keys.AUDIT} * body x",
        f"XADD {keys.DEAD_LETTERS} * body x",
        f"SET {keys.GENERATION} x",
        f"SET {keys.PING} 9999999999999",
        f"GET {keys.DELIVERIES}",
        f"GET {keys.GENERATION}:x",
        "GET pb:x",
        "EVAL return 0",
        "SCRIPT LOAD x",
        "KEYS *",
        "SCAN 0",
        "INFO",
        "CONFIG GET *",
        "ACL LIST",
        "CLIENT LIST",
        "FLUSHALL",
        "SHUTDOWN",
    )


async def test_the_receiver_takes_people_who_sign_in(tmp_path: Path) -> None:
    """
    With the line of docs/security.md it hands them on, and reads whose sign-in a state is; nothing else of links.

    A worker takes them over.
    """
    lines = (ROOT / "docs/security.md").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if line.startswith("user receiver on #...")]
    users = (ROOT / "deploy/redis-users.acl").read_text(encoding="utf-8").splitlines()
    own = line.replace("#...", "#RECEIVER_PASSWORD_SHA256")
    changed = [own if each.startswith("user receiver ") else each for each in users]
    async with store(tmp_path, users="\n".join(changed) + "\n") as server:
        client = connect(server.url("receiver"))
        assert 1 == await write_once(client, "RPUSH", keys.DELIVERIES, b"0 x", wait_for_disk=False)
        assert await signing_in(client, "s" * 43) is None
        await came_back(client, "s" * 43, "code", "ABCDEFGH")
        await client.aclose()
        worker = connect(server.url("worker"))
        requests = LinkRequests(worker, worker)
        answer = await requests.next_answer(0.05, 30.0)
        assert answer is not None
        assert await requests.take(answer) is None
        await requests.handled(answer)
        assert await requests.next_answer(0.05, 30.0) is None
        await worker.aclose()
        assert [] == await allowed(
            server,
            "receiver",
            f"LRANGE {keys.SIGN_INS} 0 -1",
            f"LPOP {keys.SIGN_INS}",
            f"RPUSH {keys.SIGN_INS_TAKEN} x",
            f"ZADD {keys.SIGN_INS_TAKEN} 0 x",
            f"HGETALL {keys.LINKS}",
            f"HSET {keys.LINKS} U0MALLORY x",
            f"GET {keys.link_request(SlackUserId('U0DAVE'))}",
            f"SET {keys.sign_in('x')} U0MALLORY",
            f"GETDEL {keys.sign_in('x')}",
            f"RPUSH {keys.sign_in('x')} x",
            "SCAN 0",
        )


async def test_no_option_of_a_command_of_the_receivers_does_more_than_append(server: Store) -> None:
    """What it has told stays, in its order, and nothing but more of it comes: whatever words follow its commands."""
    client, worker = connect(server.url("receiver")), connect(server.url("worker"))
    await write_once(client, "RPUSH", keys.DELIVERIES, b"0 first", wait_for_disk=server.confirms)
    before = await worker.execute_command("SET", keys.GENERATION, "2:abc:1")
    for options in ("MAXLEN 0", "MINID ~ 18446744073709551615", "NX", "EX 1", "0", "LEFT", "-inf", "DEL", "* a b"):
        for line in (f"RPUSH {keys.DELIVERIES} {options}", f"GET {keys.GENERATION} {options}", f"PING {options}"):
            await refused(client, line)
        for wait in ("0 0 0", "1 0 10", "1 9 10", "2 0 10", "-1 0 10", "1 0 -1", options):
            await refused(client, f"WAITAOF {wait}")
        for wait in ("0 10", "-1 10", "1 -1", options):
            await refused(client, f"WAIT {wait}")

    elements = await worker.execute_command("LRANGE", keys.DELIVERIES, 0, -1)
    assert b"0 first" == elements[0]
    assert len(elements) > 9
    assert (True, b"2:abc:1") == (before, await worker.execute_command("GET", keys.GENERATION))
    assert -1 == await worker.execute_command("PTTL", keys.DELIVERIES)
    await client.aclose()
    await worker.aclose()


async def test_the_worker_has_all_that_it_works_with(server: Store) -> None:
    """Its streams, its scripts and the list of deliveries, with the rights that `pagebridge doctor` looks for."""
    client = connect(server.url("worker"))
    deliveries = Deliveries(client, client, Durations(block=0.05))
    inbox = Inbox(client, client, keys.EVENTS, "one", Durations(block=0.05, claim_idle=0.0))
    await write_once(client, "RPUSH", keys.DELIVERIES, b"0 x", wait_for_disk=server.confirms)
    await inbox.open()
    await deliveries.step()
    await deliveries.step()
    [entry] = await inbox.batch()
    await inbox.dead_letter(entry, "a test")
    assert [] == await inbox.batch()
    await client.aclose()


@pytest.mark.parametrize("user", ["receiver", "worker"])
async def test_the_doctor_finds_nothing_wrong_with_the_rights_of_either(server: Store, user: str) -> None:
    """It tries what that program does and no more; what a user may not see is skipped, and nothing is left behind."""
    client = connect(server.url(user))
    findings = await look_at_all(redis.checks(client, "fsync", worker=user == "worker"))
    await client.aclose()

    bad = {finding.check for finding in findings if finding.status in {Status.FAIL, Status.WARNING}}
    assert bad == (set() if server.confirms else {"Redis durability"})
    (rights,) = [finding for finding in findings if finding.check == "Redis rights"]
    assert f"all rights that a {user} needs" in rights.what


async def test_the_worker_has_its_keys_and_no_others(server: Store) -> None:
    """It works on `pb:*`; other keys, other users' business and the server itself are out of its reach."""
    assert ["SET pb:x 1", "TIME"] == await allowed(
        server,
        "worker",
        "SET pb:x 1",
        "TIME",
        "SET other 1",
        "GET other",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "CONFIG GET *",
        "CONFIG SET appendonly no",
        "ACL LIST",
        "CLIENT LIST",
        "MONITOR",
        "FLUSHALL",
        "FLUSHDB",
        "SHUTDOWN",
        "FUNCTION LIST",
        "PUBLISH x y",
    )


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}", "redis://receiver:wrong@127.0.0.1:{}"])
async def test_nobody_else_gets_in(server: Store, url: str) -> None:
    """Without a name, or with a wrong password, nothing is answered."""
    client = connect(url.format(server.port))
    with pytest.raises(StoreDown):
        await client.ping()
    await client.aclose()
