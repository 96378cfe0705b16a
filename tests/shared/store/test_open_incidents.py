"""The index of open incidents: in all and by channel, the newest first."""

from dataclasses import replace
from typing import cast

from fakeredis import FakeAsyncRedis

from shared.model.event import Instant
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.store import keys
from shared.store.channel_index import OpenIncidents
from shared.store.incidents import Incidents
from shared.store.redis import Redis
from tests.builders import NOON, snapshot

HERE, THERE = ChannelId("C0HERE"), ChannelId("C0THERE")
OLD, NEW = IncidentId("Q1OLD"), IncidentId("Q2NEW")


async def test_an_incident_is_found_where_it_is_shown_until_it_is_dropped() -> None:
    """Put twice it is there once; dropped it is nowhere; one that no channel shows is open all the same."""
    index = OpenIncidents(cast("Redis", FakeAsyncRedis()))
    for _ in range(2):
        await index.put(NEW, [HERE, THERE], 2000)
    await index.put(OLD, [HERE], 1000)
    await index.put(IncidentId("Q3UNSHOWN"), [], 500)

    assert [NEW, OLD] == await index.shown_in(HERE)
    assert [NEW] == await index.shown_in(THERE)
    assert [NEW, OLD, "Q3UNSHOWN"] == await index.all()

    await index.drop(NEW, [HERE, THERE])

    assert [OLD] == await index.shown_in(HERE)
    assert [] == await index.shown_in(THERE)
    assert [OLD, "Q3UNSHOWN"] == await index.all()


async def test_an_incident_is_found_by_its_number_alone() -> None:
    """Its number is noted once it is known; one that only claims another's number is found beside it."""
    redis = cast("Redis", FakeAsyncRedis())
    incidents = Incidents(redis)
    await incidents.change(OLD, lambda known: replace(known, snapshot=snapshot()))
    assert [OLD] == [known.id for known in await incidents.numbered(37)]
    assert [] == await incidents.numbered(36)

    await incidents.change(NEW, lambda known: replace(known, snapshot=snapshot()))
    assert {OLD, NEW} == {known.id for known in await incidents.numbered(37)}

    other = replace(snapshot(), number=38)
    await incidents.change(NEW, lambda known: replace(known, snapshot=other))
    assert [OLD] == [known.id for known in await incidents.numbered(37)]
    assert [NEW] == [known.id for known in await incidents.numbered(38)]


async def test_an_old_number_is_kept_as_long_as_the_documents() -> None:
    """An incident that was open for months is resolved: its number is found as long as its story."""
    redis = cast("Redis", FakeAsyncRedis())
    incidents = Incidents(redis)
    await incidents.change(OLD, lambda known: replace(known, snapshot=snapshot()))
    await redis.expire(keys.of_number(37), 60)

    await incidents.change(OLD, lambda known: replace(known, snapshot=snapshot(Status.RESOLVED)))

    assert await redis.ttl(keys.of_number(37)) > 179 * 24 * 3600


async def test_the_number_of_an_incident_of_one_day_is_not_noted_again() -> None:
    """It is kept for days longer than the documents from the beginning, and so ends not before them."""
    redis = cast("Redis", FakeAsyncRedis())
    incidents = Incidents(redis)
    await incidents.change(OLD, lambda known: replace(known, snapshot=replace(snapshot(), created_ms=NOON)))
    await redis.expire(keys.of_number(37), keys.INCIDENT_KEPT + 48 * 3600)
    over = replace(snapshot(Status.RESOLVED), created_ms=NOON)

    await incidents.change(OLD, lambda known: replace(known, snapshot=over, as_of=Instant(NOON + 3_600_000)))

    assert keys.INCIDENT_KEPT < await redis.ttl(keys.of_number(37)) <= keys.INCIDENT_KEPT + 48 * 3600


async def test_however_many_are_open_the_newest_are_listed() -> None:
    """Asked for the newest of them, the index gives no more."""
    index = OpenIncidents(cast("Redis", FakeAsyncRedis()))
    for number in range(20):
        await index.put(IncidentId(f"Q{number}"), [HERE], number)

    assert ["Q19", "Q18", "Q17"] == await index.shown_in(HERE, 3)
    assert ["Q19", "Q18"] == await index.all(2)
    assert 20 == len(await index.all())


async def test_what_was_resolved_today_is_found() -> None:
    """In its channel and in all, the last first; it may be open again by then."""
    index = OpenIncidents(cast("Redis", FakeAsyncRedis()))
    await index.put(OLD, [HERE], 1)
    await index.drop(OLD, [HERE])
    await index.put(OLD, [HERE], 1)

    assert [OLD] == await index.just_over(HERE, 5) == await index.just_over(None, 5)
    assert [] == await index.just_over(THERE, 5)
    assert [OLD] == await index.shown_in(HERE)
