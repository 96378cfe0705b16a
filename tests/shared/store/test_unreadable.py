"""What the store holds and nobody can read costs no neighbour, is counted, and is kept to be looked at."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis

from shared.errors import WrongLayout
from shared.model.event_types import ANNOTATED
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident import fold
from shared.model.slack_state import SlackState
from shared.store import document_kinds, keys
from shared.store.channel_index import ClosedChannels, OpenIncidents
from shared.store.clock import Generation, last_ping_ms, require_layout
from shared.store.coordination import Due, Leases, SharedTokenBuckets, WorkQueue
from shared.store.incidents import Incidents
from shared.store.journal import Journal
from shared.store.redis import Redis
from tests.builders import INCIDENT, NOON, webhook
from tests.metric_samples import sample

SPOILT = '{"id": "Q1INCIDENT", "snapshot": {"sta'


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    yield cast("Redis", client)
    await client.aclose()


def counted(kind: str) -> float:
    """Count the records of a kind that could not be read."""
    return sample("pagebridge_documents_unreadable_total", {"kind": kind}) or 0.0


@pytest.mark.parametrize("text", [SPOILT, " ", "null", "[]", '{"id": 7}', b"\xff\x00", '{"id": "Q1", "lines": 5}'])
async def test_a_projection_is_begun_anew(redis: Redis, text: str | bytes) -> None:
    """It needs a read, knows that lines may have been told, and what was there is kept."""
    incidents, key = Incidents(redis), keys.of_incident(INCIDENT, "incident")
    await incidents.change(INCIDENT, lambda known: fold(known, webhook(ANNOTATED, NOON), NOON).incident)
    before = counted("incident")
    await redis.hset(key, "doc", text)

    read = await incidents.load(INCIDENT)

    assert read.value.needs_read
    assert read.value.anew_ms == read.value.moved_until_ms
    assert read.value.anew_ms > NOON
    assert before + 1 == counted("incident")
    assert [text if isinstance(text, bytes) else text.encode()] == await redis.hmget(key, "unreadable")
    assert read == await incidents.load(INCIDENT)
    assert "document.unreadable" in [entry.fact.name for entry in await Journal(redis).read(INCIDENT)]


@pytest.mark.parametrize("revision", ["soon", "-1", "1e3", "007", " 1", "1" * 40, b"\xff", "", "0", "1.5"])
async def test_a_revision_that_is_no_number(redis: Redis, revision: str | bytes) -> None:
    """The worker that takes the incident lives; what the document says stands and can be changed, if it is readable."""
    states, queue = document_kinds.surfaces(redis), WorkQueue(redis, "dirty", 5.0)
    await states.change(INCIDENT, lambda now: replace(now, generation="g"))
    await redis.hset(keys.of_incident(INCIDENT, "slack"), "rev", revision)
    await queue.mark(INCIDENT)

    due = await queue.take(Leases(redis, "slack", 5.0), ["slack"])
    assert isinstance(due, Due)
    await states.change(INCIDENT, lambda now: replace(now, channels=(ChannelId("C1"),)), due.lease)

    stored = (await states.load(INCIDENT)).value
    assert ("g", ("C1",)) == (stored.generation, stored.channels)
    await redis.hset(keys.of_incident(INCIDENT, "slack"), mapping={"rev": revision, "doc": SPOILT})
    assert () == (await states.load(INCIDENT)).value.channels


async def test_a_mark_that_cannot_be_read(redis: Redis) -> None:
    """The incident is taken all the same."""
    queue = WorkQueue(redis, "dirty", 5.0)
    await queue.mark(INCIDENT)
    await redis.hset(queue.keys[1], INCIDENT, b"\xff \xfe \xff")

    taken = await queue.take(Leases(redis, "slack", 5.0))

    assert isinstance(taken, Due)
    await queue.finish(taken)


async def test_a_lease_without_an_end(redis: Redis) -> None:
    """It ends as every other: no worker takes one that lasts for ever."""
    leases, queue = Leases(redis, "slack", 0.05), WorkQueue(redis, "dirty", 0.05)
    await redis.set(keys.of_incident(INCIDENT, "lease:slack"), "for ever")
    await queue.mark(INCIDENT)

    assert not isinstance(await queue.take(leases), Due)
    assert 0 < await redis.pttl(keys.of_incident(INCIDENT, "lease:slack")) <= 50
    await redis.set(keys.of_incident(INCIDENT, "lease:slack"), "for ever")
    assert await leases.take(INCIDENT) is None
    assert 0 < await redis.pttl(keys.of_incident(INCIDENT, "lease:slack")) <= 50


async def test_it_knows_when_it_was_lost(redis: Redis) -> None:
    """The time is that of its last step, so that what comes later is news."""
    states = document_kinds.surfaces(redis)
    await states.change(INCIDENT, lambda now: replace(now, generation="g", channels=(ChannelId("C1"),)))
    journal = keys.of_incident(INCIDENT, "journal")
    await redis.xadd(journal, {"facts": "[]"})
    ((last, _),) = cast("list[tuple[bytes, object]]", await redis.xrevrange(journal, count=1))
    await redis.hset(keys.of_incident(INCIDENT, "slack"), "doc", SPOILT)

    assert SlackState.anew(INCIDENT, int(last.partition(b"-")[0])) == (await states.load(INCIDENT)).value


async def test_a_line_that_was_moved_out(redis: Redis) -> None:
    """The others are found, and its event is known all the same."""
    incidents, key = Incidents(redis), keys.of_incident(INCIDENT, "lines")
    await incidents.change(INCIDENT, lambda known: replace(known, moved_until_ms=NOON))
    await redis.hset(key, mapping={"line:a@1": SPOILT, "id:E1": ""})
    before = counted("line")

    whole = (await incidents.whole(INCIDENT)).value

    assert (before + 1, ()) == (counted("line"), whole.lines)
    assert {"E1"} == whole.recalled.ids


async def test_an_index_goes_on(redis: Redis) -> None:
    """What names no incident is taken out of the list."""
    index, before = OpenIncidents(redis), counted("index")
    await index.put(INCIDENT, [], NOON)
    await redis.zadd(keys.OPEN, {b"no id!": 1, b"\xff": 2})

    assert [INCIDENT] == await index.all() == await index.all()
    assert before + 2 == counted("index")


async def test_who_waits_for_a_channel_goes_on(redis: Redis) -> None:
    """What names no incident holds no other up, of those that wait for a channel, or have a number."""
    closed, channel = ClosedChannels(redis), ChannelId("C1")
    await redis.zadd(keys.of_channel(channel, "closed"), {b"no id!": 1, b"\xff": 2})
    await redis.zadd(keys.of_number(37), {b"no id!": 0, b"\xff": 0})

    assert await closed.add(channel, INCIDENT, NOON)
    assert [] == await Incidents(redis).numbered(37)


@pytest.mark.parametrize("kept", [b"\xff", b"soon", b"-", b""])
async def test_a_ping_that_cannot_be_read(redis: Redis, kept: bytes) -> None:
    """None has come."""
    await redis.set(keys.PING, kept)

    assert 0 == await last_ping_ms(redis)


@pytest.mark.parametrize("kept", [b"\xff", b"4", b"4:x", b"4:x:soon", b"4:x:" + b"9" * 40])
async def test_a_generation_that_cannot_be_read(redis: Redis, kept: bytes) -> None:
    """It is of no layout that is known: nothing is done with such a store."""
    await redis.set(keys.GENERATION, kept)

    with pytest.raises(WrongLayout):
        await Generation(redis).current()
    with pytest.raises(WrongLayout):
        await require_layout(redis)


async def test_a_journal_goes_on(redis: Redis) -> None:
    """A step that cannot be read is named, and the others are told."""
    key = keys.of_incident(INCIDENT, "journal")
    for text in (SPOILT, "5", "[5]", "[{}]", '[{"what": "incident.read", "n": 5}]'):
        await redis.xadd(key, {"facts": text})

    told = [entry.fact.name for entry in await Journal(redis).read(INCIDENT)]

    assert [*["journal.unreadable"] * 4, "incident.read"] == told


async def test_budgets_and_queues_go_on(redis: Redis) -> None:
    """A number that is none counts as none: nothing waits for it for ever."""
    buckets, queue = SharedTokenBuckets(redis), WorkQueue(redis, "dirty", 5.0)
    await redis.set(keys.budget("slack"), "soon")
    await redis.hset(queue.keys[1], "@", "noon")

    assert 0.0 == await buckets.take([("slack", 1.0, 5.0)])
    await buckets.postpone("slack", 1.0)
    await queue.mark(IncidentId(INCIDENT))
    assert 1 == await redis.zcard(queue.keys[0])
