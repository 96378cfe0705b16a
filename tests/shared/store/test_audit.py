"""The audit in the store: appended, read in order, each entry once, and kept for long."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis

from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.ids import CommandId, SlackUserId, UserId
from shared.model.journal import AuditEntry
from shared.model.outcome import Kind
from shared.store import keys, streams
from shared.store.redis import Redis
from shared.store.streams import AUDIT_JSON, Audit, parse_audit_entry
from tests.builders import INCIDENT


def entry(command: str, at_ms: int, outcome: Kind = Kind.DONE) -> AuditEntry:
    """Make what Alice did at a time."""
    return AuditEntry(
        at_ms, CommandId(command), Action.NOTE, INCIDENT, SlackUserId("U0ALICE"), UserId("PALICE1"), outcome
    )


async def told(redis: Redis, since_ms: int = 0) -> list[AuditEntry | Malformed]:
    """Read the audit."""
    return [found async for found in Audit(redis).read(since_ms)]


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    yield cast("Redis", client)
    await client.aclose()


async def now_ms(redis: Redis) -> int:
    """Tell the store's time."""
    seconds, micros = await redis.time()
    return seconds * 1000 + micros // 1000


async def test_entries_come_back_in_their_order(redis: Redis) -> None:
    """Also when there are more than one read takes."""
    now = await now_ms(redis)
    written = [entry(f"c{n}", now) for n in range(2 * streams.PAGE + 1)]
    for one in written:
        await Audit(redis).record(one)

    assert written == await told(redis)


async def test_a_repeated_entry_is_read_once(redis: Redis) -> None:
    """A worker died before the command had ended, and the next one wrote it again; another end is told as well."""
    now = await now_ms(redis)
    first, step = entry("c1", now, Kind.UNKNOWN), entry("c1.1", now, Kind.UNKNOWN)
    for one in (first, step, replace(first, at_ms=now + 1), after := entry("c1", now, Kind.DONE)):
        await Audit(redis).record(one)

    assert [first, step, after] == await told(redis)


async def test_only_what_is_new_enough_is_read(redis: Redis) -> None:
    """An entry of exactly that time belongs to it, one that was only written after it does not."""
    now = await now_ms(redis)
    await Audit(redis).record(entry("c1", now - 1))
    await Audit(redis).record(late := entry("c2", now))

    assert [late] == await told(redis, now)


async def test_what_is_too_old_goes_when_something_new_comes(redis: Redis) -> None:
    """Nothing else ever takes an entry away."""
    now = await now_ms(redis)
    oldest = now - keys.AUDIT_KEPT * 1000
    for age in (1, 0):
        fields: dict[str | bytes, str | bytes] = {"entry": AUDIT_JSON.dump_json(entry(f"c{age}", oldest - age))}
        await redis.xadd(keys.AUDIT, fields, id=f"{oldest - age}-0")  # type: ignore[arg-type]  # redis-py's invariant dict

    await Audit(redis).record(entry("new", now))

    assert ["c0", "new"] == [one.command for one in await told(redis) if isinstance(one, AuditEntry)]


@pytest.mark.parametrize("fields", [{"entry": b"{}"}, {"entry": b"not json"}, {"other": b"x"}])
async def test_an_entry_that_cannot_be_read_is_not_left_out_silently(redis: Redis, fields: dict[str, bytes]) -> None:
    """It stands in its place as an error that names it, and the others are read."""
    await redis.xadd(keys.AUDIT, cast("dict[str | bytes, bytes]", fields))  # type: ignore[arg-type]  # redis-py's invariant dict
    await Audit(redis).record(good := entry("c1", await now_ms(redis)))

    bad, read = await told(redis)

    assert isinstance(bad, Malformed)
    assert "cannot be read" in str(bad)
    assert good == read


def test_an_entry_reads_back_as_it_was_written() -> None:
    """Nothing is lost on the way through JSON."""
    full = replace(entry("c1.0", 5), label="#37", mapped="table", rule="linked: role", answer="refused 400 2100")

    assert full == parse_audit_entry(AUDIT_JSON.dump_json(full))
