"""What all workers know of a channel: who waits for it to open, and how late its cards are."""

from collections.abc import AsyncIterator
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis

from shared.model.ids import ChannelId, IncidentId
from shared.store.channel_index import ClosedChannels, Delay, DelayedCards
from shared.store.redis import Redis

CHANNEL, OTHER = ChannelId("C0"), ChannelId("C1")
ONE, TWO = IncidentId("Q1"), IncidentId("Q2")


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    yield cast("Redis", client)
    await client.aclose()


async def ago(redis: Redis, seconds: float) -> int:
    """Give a time in the store's past."""
    now, _ = await redis.time()
    return int((int(now) - seconds) * 1000)


async def test_who_has_waited_longest_tries(redis: Redis) -> None:
    """The others try when that one is through; who never had to wait may try at any time."""
    closed = ClosedChannels(redis)

    assert [True, False, True] == [
        await closed.add(CHANNEL, incident, now) for incident, now in ((ONE, 1), (TWO, 2), (ONE, 3))
    ]
    assert [True, False] == [await closed.may_try(CHANNEL, incident) for incident in (ONE, TWO)]
    assert await closed.may_try(CHANNEL, IncidentId("Q3"))
    await closed.remove(CHANNEL, ONE)
    assert TWO == await closed.first(CHANNEL)
    assert await closed.may_try(CHANNEL, TWO)
    assert await closed.first(OTHER) is None


async def test_a_lag_is_told_once_and_its_end_once(redis: Redis) -> None:
    """By the oldest card that waits; who asks next, in whatever worker, is not told to tell."""
    lag = DelayedCards(redis, most=30)
    assert ("", 1) == told(await lag.record(CHANNEL, ONE, await ago(redis, 20)))

    assert [("begin", 2), ("", 2)] == [told(await lag.record(CHANNEL, TWO, await ago(redis, 40))) for _ in range(2)]
    assert ("", 1) == told(await lag.record(CHANNEL, ONE, None))
    assert [("end", 0), ("", 0)] == [told(await lag.record(CHANNEL, TWO, None)) for _ in range(2)]
    assert ("", 1) == told(await lag.record(OTHER, ONE, await ago(redis, 20)))


async def test_a_card_waits_since_it_first_had_to(redis: Redis) -> None:
    """What happens later does not make it younger."""
    lag = DelayedCards(redis, most=30)
    await lag.record(CHANNEL, ONE, await ago(redis, 20))

    assert pytest.approx(20, abs=2) == (await lag.record(CHANNEL, ONE, await ago(redis, 1))).seconds


async def test_a_lag_is_over_when_it_is_clearly_less(redis: Redis) -> None:
    """Just below what was too much it neither ends nor begins again."""
    lag = DelayedCards(redis, most=30)
    await lag.record(CHANNEL, ONE, await ago(redis, 40))
    await lag.record(CHANNEL, TWO, await ago(redis, 25))

    assert ("", 1) == told(await lag.record(CHANNEL, ONE, None))


async def test_words_that_could_not_be_said_are_still_to_be_said(redis: Redis) -> None:
    """Whoever asks next is told to tell."""
    lag = DelayedCards(redis, most=30)
    await lag.record(CHANNEL, ONE, await ago(redis, 40))
    await lag.undo_notice(CHANNEL, "begin")
    assert "begin" == (await lag.record(CHANNEL, ONE, 0)).verdict
    await lag.record(CHANNEL, ONE, None)
    await lag.undo_notice(CHANNEL, "end")
    assert "end" == (await lag.record(CHANNEL, ONE, None)).verdict


def told(late: Delay) -> tuple[str, int]:
    """Give what somebody is told to tell, and how many cards wait."""
    return late.verdict, late.cards
