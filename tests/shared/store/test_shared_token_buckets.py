"""The budgets of all workers: counted in the store, as one process alone would count them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

import lupa.lua51  # type: ignore[import-untyped]  # it comes without types
import pytest
from fakeredis import FakeAsyncRedis
from hypothesis import given
from hypothesis import strategies as st

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.slack import RateLimits, SlackSandbox
from shared import vendor_calls
from shared.errors import StoreDown, Unavailable
from shared.model.ids import ChannelId
from shared.slack.api.client import Slack
from shared.slack.api.rate_limits import Priority
from shared.slack.api.transport import RateLimiter
from shared.store import keys
from shared.store.coordination import FURTHEST, SharedTokenBuckets
from shared.store.redis import Redis, connect
from shared.vendor_calls import Caller, Limit, LocalTokenBuckets

POST = "chat.postMessage"
LONG = 3600.0


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    yield cast("Redis", client)
    await client.aclose()


async def burst(pacing: RateLimiter, channel: str = "C0") -> int:
    """Count how many posts may be made at once."""
    count = 0
    with suppress(Unavailable):
        while True:
            await pacing.take(POST, channel, Priority.FIRST)
            count += 1
    return count


async def test_all_workers_take_from_the_same_budget(redis: Redis) -> None:
    """What one worker has used up is not there for another; another channel is."""
    one, other = (RateLimiter(time.monotonic, pace=50, shared=SharedTokenBuckets(redis)) for _ in range(2))
    for _ in range(3):
        await one.take(POST, "C0", Priority.FIRST)
    assert 1 == await burst(other)
    assert 4 == await burst(other, "C1")


async def test_a_429_closes_for_all_workers(redis: Redis) -> None:
    """Who was told to wait tells the others."""
    one, other = (RateLimiter(time.monotonic, shared=SharedTokenBuckets(redis)) for _ in range(2))
    await one.pause(POST, "C0", 30)
    with pytest.raises(Unavailable) as raised:
        await other.take(POST, "C0", Priority.FIRST)
    assert pytest.approx(30, abs=1) == raised.value.retry_after
    await other.take(POST, "C1", Priority.FIRST)


async def test_a_shorter_wait_does_not_end_a_longer_one(redis: Redis) -> None:
    """Two workers were told different times: the later one holds."""
    budgets = SharedTokenBuckets(redis)
    await budgets.postpone("b", 30)
    await budgets.postpone("b", 10)
    assert 29 < await budgets.take([Limit("b", 1.0, 0.0)]) <= 30


async def test_all_or_nothing(redis: Redis) -> None:
    """A call that has no room in one of its budgets takes nothing from the other."""
    budgets = SharedTokenBuckets(redis)
    await budgets.postpone("full", LONG)
    assert await budgets.take([Limit("free", LONG, 0.0), Limit("full", 1.0, 0.0)]) > 0
    assert 0 == await budgets.take([Limit("free", LONG, 0.0)])


async def test_those_who_wait_are_told_times_of_their_own(redis: Redis) -> None:
    """Each comes back when it is its turn, however often it asks, and not all at the same moment."""
    budgets, limits = SharedTokenBuckets(redis), [Limit("b", 100.0, 0.0)]
    await budgets.take(limits)

    waits = [await budgets.take(limits, Caller(name, 0)) for name in "abcab"]

    assert [pytest.approx(seconds, abs=1) for seconds in (100, 200, 300, 100, 200)] == waits


async def test_the_higher_priority_goes_before_those_who_wait(redis: Redis) -> None:
    """It is told of those before it alone, and the others learn of it when they come back."""
    budgets, limits = SharedTokenBuckets(redis), [Limit("b", 100.0, 0.0)]
    await budgets.take(limits)
    await budgets.take(limits, Caller("low", 3))
    await budgets.take(limits, Caller("lower", 3))

    waits = [await budgets.take(limits, Caller(name, n)) for name, n in (("high", 0), ("notice", -1), ("lower", 3))]

    assert [pytest.approx(seconds, abs=1) for seconds in (100, 100, 400)] == waits


async def test_nobody_takes_the_place_of_those_who_wait(redis: Redis) -> None:
    """There is room for one, and it is kept for who came first; when that one has gone through, the next one may."""
    budgets = SharedTokenBuckets(redis)
    full, room = [Limit("b", 100.0, 0.0)], [Limit("b", 100.0, 101.0)]
    await budgets.take(full)
    await budgets.take(full, Caller("first", 1))

    assert 0 < await budgets.take(room, Caller("second", 1))
    assert 0 == await budgets.take(room, Caller("first", 1))
    assert pytest.approx(99, abs=1) == await budgets.take(room, Caller("second", 1))


async def test_who_does_not_come_back_loses_the_place(redis: Redis) -> None:
    """A worker that died holds up the others only for a while."""
    budgets, soon = SharedTokenBuckets(redis, late=0.01), [Limit("b", 0.5, 0.0)]
    await budgets.take(soon)
    assert 0 < await budgets.take(soon, Caller("dead", 0))

    async with asyncio.timeout(20):
        while await budgets.take(soon, Caller("alive", 0)):  # noqa: ASYNC110 -- the time that it takes is what is tested
            await asyncio.sleep(0.01)


async def test_a_busy_channel_holds_up_no_other(redis: Redis) -> None:
    """Who waits for its own channel keeps no room in the budget that all channels share."""
    budgets, all_channels = SharedTokenBuckets(redis), Limit("all", 100.0, 150.0)
    await budgets.postpone("busy", LONG)
    for name in "abc":
        assert 0 < await budgets.take([Limit("busy", 100.0, 0.0), all_channels], Caller(name, 0))

    assert 0 == await budgets.take([Limit("quiet", 100.0, 0.0), all_channels], Caller("d", 3))


async def test_a_busy_channel_does_not_fill_the_line_of_a_method(redis: Redis) -> None:
    """Updates count over all channels: whoever is the first of its channel to wait goes before a busy one's backlog."""
    budgets, limits = SharedTokenBuckets(redis), [Limit("chat.update", 100.0, 0.0)]
    await budgets.take(limits)
    for number in range(5):
        await budgets.take(limits, Caller(f"C0BUSY:{number}", 0))

    waits = [await budgets.take(limits, Caller(name, 0)) for name in ("C0QUIET:1", "C0BUSY:0", "C0BUSY:1", "C0BUSY:4")]

    assert [pytest.approx(seconds, abs=1) for seconds in (300, 100, 200, 600)] == waits


async def test_who_has_room_in_its_channel_waits_in_the_line_of_all(redis: Redis) -> None:
    """There the first that could go goes first, of whatever channel."""
    budgets = SharedTokenBuckets(redis)
    await budgets.postpone("all", 100.0)

    waits = [
        await budgets.take([Limit(channel, 1.0, 0.0), Limit("all", 10.0, 0.0)], Caller(channel, 0)) for channel in "abc"
    ]

    assert [pytest.approx(seconds, abs=1) for seconds in (100, 110, 120)] == waits


async def test_nobody_is_told_to_stay_away_while_there_is_room(redis: Redis) -> None:
    """Several of a busy channel come to stand in the line of all together: each of them is told of that line once."""
    budgets, all_channels = SharedTokenBuckets(redis), Limit("all", 10.0, 0.0)
    await budgets.postpone("all", 100.0)
    for number in range(20):
        await budgets.take([Limit(f"quiet {number}", 1.0, 3.0), all_channels], Caller(f"quiet {number}", 0))
    await budgets.postpone("busy", 10.0)

    waits = [await budgets.take([Limit("busy", 1.0, 3.0), all_channels], Caller(name, 0)) for name in "abc"]

    assert [pytest.approx(300, abs=1)] * 3 == waits


async def test_a_budget_that_is_full_again_leaves_nothing_behind(redis: Redis) -> None:
    """The keys end by themselves, as soon as they say nothing any more."""
    budgets = SharedTokenBuckets(redis)
    await budgets.take([Limit("b", 20.0, 0.0)])
    assert 19_000 < await redis.pttl(keys.budget("b")) <= 20_001


async def test_a_real_server_counts_the_calls_of_two_workers(valkey: EmbeddedValkey) -> None:
    """Pressed by two processes' worth of callers, the server grants the burst and the rate, and not more."""
    interval, room = 0.02, 4
    granted = 0

    async def press(url: str) -> None:
        nonlocal granted
        client = connect(url)
        budgets = SharedTokenBuckets(client)
        while time.monotonic() < end:
            granted += not await budgets.take([Limit("b", interval, (room - 1) * interval)])
        await client.aclose()

    begun = time.monotonic()
    end = begun + 0.4
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(press(valkey.url))
    assert room <= granted <= room + (time.monotonic() - begun) / interval


async def test_a_store_that_dies_is_store_down(valkey: EmbeddedValkey) -> None:
    """The budgets say so in the store's own error, which the pacing goes on without."""
    client = connect(valkey.url)
    budgets = SharedTokenBuckets(client)
    pacing = RateLimiter(time.monotonic, pace=100, shared=budgets)
    await pacing.take(POST, "C0", Priority.FIRST)
    await valkey.kill()
    with pytest.raises(StoreDown):
        await budgets.take([Limit("b", 1.0, 0.0)])
    assert 4 == await burst(pacing)
    await client.aclose()


async def test_misbehaving_limits(valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Sixty posts to three channels through two workers' doors come without one 429 from a Slack that limits.

    Everything runs three times as fast: Slack's limits and ours.
    """
    faster = 3
    # A slow machine is no reason to go on alone here.
    monkeypatch.setattr(vendor_calls, "PATIENCE", 20.0)
    tiers = MappingProxyType({tier: most * faster for tier, most in RateLimits().per_minute.items()})
    limits = RateLimits(per_minute=tiers, posts_per_second=RateLimits().posts_per_second * faster)
    redis = connect(valkey.url)
    async with SlackSandbox(enforce_rate_limits=True, limits=limits) as sandbox:
        channels = [ChannelId(sandbox.add_channel(name).id) for name in ("one", "two", "three")]
        clients = [
            Slack(sandbox.bot_token, sandbox.api_url, pace=1 / faster, budgets=SharedTokenBuckets(redis))
            for _ in range(2)
        ]
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            for door in clients:
                for channel in channels:
                    group.create_task(ten_posts(door, channel))
        assert [20, 20, 20] == [len(sandbox.channels[channel].messages) for channel in channels]
        assert [True] * 60 == [call.ok for call in sandbox.calls_to(POST)]
        for door in clients:
            await door.aclose()
    await redis.aclose()


async def test_that_slack_does_limit() -> None:
    """The same Slack refuses a burst that nobody paces: the test above is not blind."""
    async with SlackSandbox(enforce_rate_limits=True) as sandbox:
        channel = ChannelId(sandbox.add_channel("one").id)
        door = Slack(sandbox.bot_token, sandbox.api_url, pace=0)
        await asyncio.gather(*(post(door, channel) for _ in range(10)), return_exceptions=True)
        assert "ratelimited" in [call.error for call in sandbox.calls_to(POST)]
        await door.aclose()


async def ten_posts(door: Slack, channel: ChannelId) -> None:
    """Post ten messages, coming back whenever told."""
    posted = 0
    while posted < 10:
        try:
            await post(door, channel)
            posted += 1
        except Unavailable as early:
            await asyncio.sleep(early.retry_after or 0)


async def post(door: Slack, channel: ChannelId) -> None:
    """Post one message."""
    await door.post(channel, text="words", blocks=[], metadata={})


class Script:
    """One of the Lua scripts by itself, on a clock that a test moves and keys in a dictionary. Seconds throughout."""

    def __init__(self, name: str, store: dict[str, str]) -> None:
        self.now = 0
        self._store = store
        self._lua: Any = lupa.lua51.LuaRuntime()
        text = files("shared.store").joinpath(f"lua/{name}.lua").read_text("utf-8")
        self._run = self._lua.eval(f"function(redis, KEYS, ARGV) {text} end")

    def __call__(self, names: list[str], times: list[float], *caller: str) -> float:
        """Run it, and return what it returns, in seconds."""
        arguments = self._lua.table_from([*caller, *(str(round(seconds * 1_000_000)) for seconds in times)])
        redis = self._lua.table_from({"call": self._call})
        return float(self._run(redis, self._lua.table_from(names), arguments)) / 1_000_000

    def _call(self, command: str, *arguments: Any) -> Any:  # noqa: ANN401 # Lua's
        if command == "TIME":
            seconds, micros = divmod(self.now, 1_000_000)
            return self._lua.table_from([str(seconds), str(micros)])
        if command == "GET":
            return self._store.get(arguments[0], False)
        if command == "MGET":
            return self._lua.table_from([self._store.get(name, False) for name in arguments])
        assert ("SET", "PX") == (command, arguments[2])
        self._store[arguments[0]] = arguments[1]
        return "OK"


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1_000, 999_999, 1_000_000, 60_000_000]),
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2, unique=True),
        st.sampled_from([0.0, 0.2, 1.2, 3.6]),
        st.sampled_from([None, None, None, 0.5, 5.0]),
    ),
    max_size=40,
)


@given(STEPS)
def test_the_scripts_count_as_one_process_does(steps: list[tuple[int, list[str], float, float | None]]) -> None:
    """Step by step the scripts in the store and the budgets of one process grant and refuse alike."""
    store: dict[str, str] = {}
    pace, postpone = Script("rate_limit_take", store), Script("rate_limit_delay", store)
    own = LocalTokenBuckets(lambda: pace.now / 1_000_000)
    pace.now = 1_700_000_000_000_000 % 10**10  # small enough for fractions of a second to be exact
    for after, budgets, ahead, closed in steps:
        pace.now += after
        postpone.now = pace.now
        if closed is not None:
            postpone([budgets[0]], [closed, FURTHEST])
            own.postpone(budgets[0], closed)
        # A call may be a hair early: the two clocks count in fractions that are not the same.
        limits = [Limit(budget, 1.2, ahead + 1e-5) for budget in budgets]
        names = [budget + part for budget in budgets for part in ("", ":line", ":back", ":waits")]
        times = [FURTHEST, *(part for limit in limits for part in (limit.interval, limit.ahead))]
        assert pytest.approx(own.take(limits), abs=1e-5) == pace(names, times, "", "0", "0")
