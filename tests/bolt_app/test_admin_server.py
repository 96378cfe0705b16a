"""What a worker says of itself: figures read from the store as they are, and what is wrong in words."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fakeredis import FakeAsyncRedis

from bolt_app.admin_server import AdminServer
from bolt_app.slack_transport.socket_mode import SocketMode
from shared.model.ids import IncidentId
from shared.model.resync_state import GLOBAL
from shared.store import document_kinds, keys
from shared.store.channel_index import OpenIncidents
from shared.store.coordination import WorkQueue
from shared.store.redis import Redis, connect
from tests.metric_samples import sample


@dataclass
class Line:
    """A socket to Slack with so many connections up."""

    connections: int = 2
    standby: bool = False
    refused: str = ""
    lost = SocketMode.lost

    async def details(self) -> dict[str, object]:
        """Tell how many."""
        return {"slack_connections": self.connections}

    async def run(self, stopping: asyncio.Event) -> None:
        """Wait for the end."""
        await stopping.wait()

    async def close(self) -> None:
        """Nothing is open."""

    async def connected(self) -> int:
        """Count them."""
        return self.connections


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    yield cast("Redis", client)
    await client.aclose()


def health(redis: Redis, connections: int = 2) -> AdminServer:
    """Make the health of a worker."""
    return AdminServer(redis, Line(connections), durability="fsync")


def figure(name: str, **labels: str) -> float | None:
    """Read one figure."""
    return sample(f"pagebridge_{name}", labels)


async def test_a_scrape_shows_what_waits(redis: Redis) -> None:
    """Streams, queues, dead letters and open incidents, as they are in the store at that moment."""
    await redis.xadd(keys.EVENTS, {"body": b"x"}, id="1000-0")
    await redis.xadd(keys.DEAD_LETTERS, {"body": b"x"})
    await WorkQueue(redis, "dirty", hidden=1.0).mark(IncidentId("Q1"))
    await OpenIncidents(redis).put(IncidentId("Q1"), (), 5)
    await redis.set(keys.budget("users.info"), str(int((await redis.time())[0] + 6) * 1_000_000))

    async with TestClient(TestServer(health(redis).app())) as client:
        text = await (await client.get("/metrics")).text()

    assert 'pagebridge_stream_entries{stream="events"} 1.0' in text
    assert (figure("stream_oldest_seconds", stream="events") or 0) > 1_000_000
    assert 0 == figure("stream_oldest_seconds", stream="commands")
    assert [1, 1, 1] == [
        figure("queue_incidents", queue="dirty"),
        figure("dead_letters_kept"),
        figure("incidents_open"),
    ]
    # 6 s ahead at 100 calls a minute: 10 of the 20 are taken.
    assert 9 <= (figure("slack_calls_left", method="users.info") or 0) <= 12
    assert 20 == figure("slack_calls_left", method="views.open")
    assert [1, 1, 2] == [figure("store_up"), figure("worker_ready"), figure("slack_connections")]


async def test_a_scrape_names_what_it_wants(redis: Redis) -> None:
    """The answer has the metrics that are named, as they are in the store at that moment, and no other one."""
    await WorkQueue(redis, "dirty", hidden=1.0).mark(IncidentId("Q1"))

    async with TestClient(TestServer(health(redis).app())) as client:
        text = await (await client.get("/metrics?name[]=pagebridge_queue_incidents")).text()

    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert ["pagebridge_queue_incidents"] == families
    assert 'pagebridge_queue_incidents{queue="dirty"} 1.0' in text


async def test_a_resync_that_is_never_completed_grows_old(redis: Redis) -> None:
    """The age counts from the last completed resync; a pass that only began changes nothing, nor does none at all."""
    now = int((await redis.time())[0]) * 1000
    await redis.set(keys.GENERATION, f"{keys.LAYOUT}:abc:{now - 7_200_000}")
    states = document_kinds.progress(redis)

    async def age() -> float:
        async with TestClient(TestServer(health(redis).app())) as client:
            await client.get("/metrics")
        return figure("resync_age_seconds") or 0

    await states.change(GLOBAL, lambda state: replace(state, begun_ms=now))
    assert 7200 <= await age() < 7300
    await states.change(GLOBAL, lambda state: replace(state, done_ms=now - 60_000))
    assert 60 <= await age() < 160


async def test_a_scrape_without_the_store_says_so() -> None:
    """The rest of the metrics is there all the same."""
    down = connect("redis://127.0.0.1:1")

    async with TestClient(TestServer(health(down).app())) as client:
        answer = await client.get("/metrics")
        assert 200 == answer.status
        assert "pagebridge_store_up 0.0" in await answer.text()

    assert 0 == figure("worker_ready")
    await down.aclose()


async def test_what_is_wrong_is_said_in_words(redis: Redis) -> None:
    """With what it means, and where to look."""
    problem = "PagerDuty's pings do not reach the receiver"
    await document_kinds.progress(redis).change(GLOBAL, lambda progress: type(progress)(progress.id, problem=problem))
    down = connect("redis://127.0.0.1:1")

    well = await health(redis).details()
    without_slack = await health(redis, connections=0).details()
    without_redis = await health(down).details()

    assert (True, [f"{problem}. Resync finds missed changes later."]) == (well["ready"], well["problems"])
    assert "No connection to Slack" in str(without_slack["problems"])
    assert "Redis can't be used" in str(without_redis["problems"])
    assert [False, False] == [without_slack["ready"], without_redis["ready"]]
    await down.aclose()


async def test_a_worker_that_refuses_what_slack_sends_says_so_and_stays_ready(redis: Redis) -> None:
    """Without new requests it could not find out that they are right again; the alert rests on the metric."""
    line = Line(1, refused="Slack's requests are refused: why.")

    said = await AdminServer(redis, line, durability="fsync").details()

    assert (True, [line.refused]) == (said["ready"], said["problems"])
    assert 1 == figure("worker_problem", what="requests")
