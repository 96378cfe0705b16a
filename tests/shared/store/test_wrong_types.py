"""Keys of another type than ours, which only a real server refuses: laid aside, counted, and in the way of nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.durations import Durations
from shared.model.event_types import ANNOTATED
from shared.model.ids import ChannelId
from shared.model.incident import fold
from shared.store import document_kinds, keys
from shared.store.channel_index import OpenIncidents
from shared.store.coordination import Due, Leases, WorkQueue
from shared.store.incidents import Incidents
from shared.store.redis import Redis, connect, write_once
from shared.store.streams import Deliveries, Inbox
from tests.builders import INCIDENT, NOON, webhook
from tests.metric_samples import sample

DURATIONS = Durations()


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Connect to an empty server."""
    client = connect(valkey.url)
    yield client
    await client.aclose()


async def spoil(redis: Redis, *names: str) -> None:
    """Let each of these keys be of a type that none of ours has."""
    for name in names:
        await redis.delete(name)
        await redis.execute_command("SET" if name == keys.DELIVERIES else "RPUSH", name, "spoilt")


@pytest.mark.parametrize("part", ["incident", "slack", "journal", "lines", "lease:slack", "epoch:slack"])
async def test_an_incidents_keys(redis: Redis, part: str) -> None:
    """Whichever it is, an event is folded, the incident is taken, and what is made of it is stored."""
    incidents, states, queue = Incidents(redis), document_kinds.surfaces(redis), WorkQueue(redis, "dirty", 5.0)
    await incidents.change(INCIDENT, lambda known: replace(known, moved_until_ms=NOON))
    event = webhook(ANNOTATED, NOON)
    await spoil(redis, keys.of_incident(INCIDENT, part))

    before = await incidents.to_fold(event)
    assert await incidents.swap(INCIDENT, before, fold(before.value, event, NOON).incident, marks=[queue])
    await spoil(redis, keys.of_incident(INCIDENT, part))
    while not isinstance(due := await queue.take(Leases(redis, "slack", 0.1), ["incident", "slack"]), Due):
        await queue.wait(due or 0.1)
    await states.change(INCIDENT, lambda now: replace(now, channels=(ChannelId("C1"),)), due.lease)
    await incidents.load(INCIDENT, due.lease)
    await queue.finish(due)

    assert ("C1",) == (await states.load(INCIDENT)).value.channels


async def test_what_all_share(redis: Redis, valkey: EmbeddedValkey) -> None:
    """Streams, queues and indexes are begun anew; what was there is kept, named, and goes in the end."""
    queue, index, blocking = WorkQueue(redis, "dirty", 5.0), OpenIncidents(redis), connect(valkey.url, blocking=True)
    inbox, before = Inbox(redis, blocking, keys.EVENTS, "one", DURATIONS), counted()
    names = [keys.EVENTS, keys.OPEN, keys.DELIVERIES, *queue.keys]
    await spoil(redis, *names)

    await Deliveries(redis, blocking, DURATIONS).step()
    await write_once(redis, "RPUSH", keys.DELIVERIES, "1 {}", wait_for_disk=False)
    await Deliveries(redis, blocking, DURATIONS).step()
    while not (entries := await inbox.batch()):
        pass
    await queue.mark(INCIDENT)
    await index.put(INCIDENT, [], NOON)

    assert [b"{}"] == [entry.fields["body"] for entry in entries]
    assert isinstance(await queue.take(), Due)
    assert [INCIDENT] == await index.all()
    assert before + len(names) == counted()
    assert all([await redis.ttl(f"{name}:unreadable") > 0 for name in names])
    await blocking.aclose()


async def test_a_key_of_its_own_type_is_left_where_it_is(redis: Redis) -> None:
    """Each key has the type that a write of ours gives it."""
    incidents, states, queue = Incidents(redis), document_kinds.surfaces(redis), WorkQueue(redis, "dirty", 5.0)
    await incidents.change(INCIDENT, lambda known: fold(known, webhook(ANNOTATED, NOON), NOON).incident, marks=[queue])
    await states.change(INCIDENT, lambda now: replace(now, generation="g"))
    await queue.take(Leases(redis, "slack", 5.0))
    await OpenIncidents(redis).put(INCIDENT, [ChannelId("C1")], NOON)

    found = [name.decode() async for name in redis.scan_iter("pb:*")]

    assert len(found) >= 8
    assert {name: keys.type_of(name) for name in found} == {name: await of_type(redis, name) for name in found}


async def of_type(redis: Redis, name: str) -> str:
    """Return the type that a key has."""
    return bytes(await redis.execute_command("TYPE", name)).decode()


def counted() -> float:
    """Count the keys that were laid aside."""
    return sample("pagebridge_documents_unreadable_total", {"kind": "key"}) or 0.0
