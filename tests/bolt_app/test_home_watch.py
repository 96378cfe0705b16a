"""Which Home tabs are read again when something changes: those that show it, soon, each once, and few at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from redis.exceptions import ResponseError

from bolt_app.home_watch import SPREAD, HomeWatch
from shared.durations import Durations
from shared.errors import StoreDown
from shared.model.event import SECOND, Ref, Snapshot
from shared.model.event_types import Status
from shared.model.ids import IncidentId, SlackUserId
from shared.model.incident import Incident
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.open_homes import FOLLOWED, OpenHomes
from tests.builders import ALICE, INCIDENT, snapshot

OTHERS = frozenset({"PCAROL1", "PSEARCH", "Q0OTHER"})


def incident(shown: Snapshot, incident_id: IncidentId = INCIDENT) -> Incident:
    """Make an incident as it is known."""
    return Incident(incident_id, snapshot=replace(shown, teams=(Ref("PPAYMENTS", "Payments"),)))


@dataclass
class Watched:
    """A watch, and the tabs that are followed."""

    redis: Any
    homes: OpenHomes
    watch: HomeWatch

    async def follow(self, user: str, ids: Iterable[str] | None) -> None:
        """Let a person come to their tab, which then shows these ids; None: it has not been read yet."""
        await self.homes.ask(SlackUserId(user))
        if ids is not None:
            await self.homes.shows(SlackUserId(user), frozenset(ids))
        await self.redis.zrem(keys.of_queue("homes", "due"), user)

    async def asked(self) -> dict[str, float]:
        """Let the watch ask, and return in how many seconds which tabs are to be read."""
        await self.watch._ask()
        now_ms = await self.homes.clock.now_ms()
        due = await self.redis.zrange(keys.of_queue("homes", "due"), 0, -1, withscores=True)
        await self.redis.delete(keys.of_queue("homes", "due"))
        return {user.decode(): (at_ms - now_ms) / SECOND for user, at_ms in due}


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    """Make a watch."""
    redis: Any = FakeAsyncRedis()
    clock = StoreClock(redis)
    await clock.now_ms()
    homes = OpenHomes(redis, WorkQueue(redis, "homes", 10.0), clock)
    yield Watched(redis, homes, HomeWatch(homes, Durations(), asyncio.Event()))
    await redis.aclose()


async def test_only_the_tabs_that_show_it_are_read_again(watched: Watched) -> None:
    """Those of the assignee, of the team, that showed it before, and of which it is not known yet what they show."""
    await watched.follow("U0ALICE", {ALICE.id})
    await watched.follow("U0BOB", {"PPAYMENTS"})
    await watched.follow("U0CAROL", OTHERS)
    await watched.follow("U0DAVE", {INCIDENT})
    await watched.follow("U0ERIN", None)

    watched.watch.changed(incident(snapshot(Status.TRIGGERED, "Slow", ALICE)))

    asked = await watched.asked()
    assert {"U0ALICE", "U0BOB", "U0DAVE", "U0ERIN"} == asked.keys()
    assert [0, SPREAD, 2 * SPREAD, 3 * SPREAD] == pytest.approx(sorted(asked.values()), abs=0.5)


async def test_a_failed_ask_is_made_again(watched: Watched) -> None:
    """The store does not take the marks at first: the change is kept, and the tab asked for with the next try."""
    await watched.follow("U0ALICE", {INCIDENT})
    watched.watch.changed(incident(snapshot(Status.TRIGGERED, "Slow", ALICE)))
    await watched.redis.set(keys.of_queue("homes", "due"), "not a set")
    with pytest.raises(ResponseError):
        await watched.watch._ask()
    await watched.redis.delete(keys.of_queue("homes", "due"))

    assert {"U0ALICE"} == (await watched.asked()).keys()
    assert {} == await watched.asked()


async def test_what_changes_while_tabs_are_asked_for_is_asked_for_next(watched: Watched) -> None:
    """The incident is acknowledged after its tab was asked for as triggered: the tab is asked for again."""

    class Acknowledging(WorkQueue):
        async def mark(self, one: IncidentId, after: float = 0.0) -> None:
            await super().mark(one, after)
            watched.watch.changed(incident(snapshot(Status.ACKNOWLEDGED, "Slow", ALICE)))

    await watched.follow("U0ALICE", {INCIDENT})
    watched.watch.changed(incident(snapshot(Status.TRIGGERED, "Slow", ALICE)))
    watched.watch.open_homes = replace(watched.homes, queue=Acknowledging(watched.redis, "homes", 10.0))
    assert {"U0ALICE"} == (await watched.asked()).keys()
    watched.watch.open_homes = watched.homes

    assert {"U0ALICE"} == (await watched.asked()).keys()
    assert {} == await watched.asked()


async def test_what_looks_as_before_is_no_change(watched: Watched) -> None:
    """A pass over an incident that waits for Slack's limits, or is tried again, asks for nothing."""
    for status, asked in ((Status.TRIGGERED, True), (Status.TRIGGERED, False), (Status.ACKNOWLEDGED, True)):
        await watched.follow("U0ALICE", {INCIDENT})
        watched.watch.changed(Incident(IncidentId("Q0UNREAD")))
        watched.watch.changed(incident(snapshot(status, "Slow", ALICE)))
        assert asked is bool(await watched.asked())


async def test_a_tab_that_is_followed_no_longer_is_left_alone(watched: Watched) -> None:
    """After half an hour without its person, at once when it is left, and if the clock was put back since."""
    for user, ahead in (("U0ALICE", -1), ("U0BOB", FOLLOWED), ("U0CAROL", 2 * FOLLOWED)):
        await watched.follow(user, {INCIDENT})
        await watched.redis.zadd(keys.HOMES, {user: await watched.homes.clock.now_ms() + ahead * SECOND})
    await watched.homes.leave(SlackUserId("U0BOB"))

    watched.watch.changed(incident(snapshot(Status.TRIGGERED, "Slow", ALICE)))

    assert {} == await watched.asked()
    assert [0.0, 0.0, 0.0] == [await watched.homes.left(SlackUserId(user)) for user in ("U0ALICE", "U0BOB", "U0CAROL")]


async def test_a_stopping_worker_asks_once_more(watched: Watched) -> None:
    """What has changed last is not waited with, and a watch without work ends at once."""
    await watched.follow("U0ALICE", {INCIDENT})
    watched.watch.changed(incident(snapshot(Status.TRIGGERED, "Slow", ALICE)))
    watched.watch.stopping.set()

    async with asyncio.timeout(5):
        await watched.watch.run()
        await watched.watch.run()

    assert {"U0ALICE"} == (await watched.asked()).keys()


async def test_a_store_that_was_away_is_asked_again(watched: Watched) -> None:
    """It does not answer when a change is due: the tabs are asked for when it is back, without another change."""

    class Ending(WorkQueue):
        async def mark(self, one: IncidentId, after: float = 0.0) -> None:
            await super().mark(one, after)
            watched.watch.stopping.set()

    class Away(OpenHomes):
        async def followed(self) -> dict[SlackUserId, frozenset[str] | None]:
            watched.watch.open_homes = replace(watched.homes, queue=Ending(watched.redis, "homes", 10.0))
            raise StoreDown("away")

    await watched.follow("U0ALICE", {INCIDENT})
    watched.watch.durations = Durations(home_pause=0.01, retry_first=0.01)
    watched.watch.open_homes = Away(**vars(watched.homes))
    watched.watch.changed(incident(snapshot(Status.TRIGGERED, "Slow", ALICE)))

    async with asyncio.timeout(5):
        await watched.watch.run()

    assert 1 == await watched.redis.zcard(keys.of_queue("homes", "due"))
