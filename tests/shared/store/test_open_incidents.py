"""The index of open incidents: in all and by channel, the newest first."""

from typing import cast

from fakeredis import FakeAsyncRedis

from shared.model.ids import ChannelId, IncidentId
from shared.store.channel_index import OpenIncidents
from shared.store.redis import Redis

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
