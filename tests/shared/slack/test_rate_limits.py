"""How fast the door to Slack lets calls through, and what goes first."""

import asyncio
from collections.abc import Sequence

import pytest

from pagebridge.cli.incident_story import worded
from pagebridge.cli.names import Names
from shared.errors import Queued, StoreDown, Unavailable
from shared.model.ids import ChannelId, MessageTs
from shared.model.journal import failure
from shared.slack.api.client import Slack
from shared.slack.api.rate_limits import RATES, Priority
from shared.slack.api.transport import RateLimiter
from shared.vendor_calls import ANYBODY, LOCAL_FALLBACK_SECONDS, PATIENCE, Caller, Limit
from tests.shared.local_server import LocalServer
from tests.shared.slack.calls import CHANNEL, OTHER, TS, Clock, counter, post, update

POST, UPDATE = "chat.postMessage", "chat.update"


async def passes(pacing: RateLimiter, priority: Priority, method: str = POST, channel: str = CHANNEL) -> bool:
    """Tell whether a call may be made now."""
    try:
        await pacing.take(method, channel, priority)
    except Unavailable:
        return False
    return True


async def burst(pacing: RateLimiter, priority: Priority, method: str = POST, channel: str = CHANNEL) -> int:
    """Count how many calls may be made at once."""
    count = 0
    while await passes(pacing, priority, method, channel):
        count += 1
    return count


async def test_posts_to_one_channel_are_paced(server: LocalServer, slack: Slack, clock: Clock) -> None:
    """
    Four at once, then one a second; what comes too early is not sent, and learns when to come back.

    The incident's story does not take it for a failure of Slack's.
    """
    server.say({"ok": True, "ts": TS})
    for _ in range(4):
        await post(slack)
    before = counter(POST, "unavailable")
    with pytest.raises(Queued) as raised:
        await post(slack)
    assert raised.value.retry_after == pytest.approx(1.0, abs=0.01)
    story = worded(failure("slack.later", raised.value), Names(), {})
    assert "Slack is not up to date yet: the bridge spaces its own calls; tried again in 1.0 s" == story
    assert len(server.requests) == 4
    assert counter(POST, "unavailable") == before
    await post(slack, OTHER)
    clock.seconds += 1
    await post(slack)
    with pytest.raises(Unavailable):
        await post(slack)


async def test_updates_are_paced_together(server: LocalServer, slack: Slack, clock: Clock) -> None:
    """Slack counts updates over all channels: ten at once, then fifty a minute."""
    server.say({"ok": True, "ts": TS})
    for n in range(10):
        await update(slack, ChannelId(f"C{n}"))
    with pytest.raises(Unavailable) as raised:
        await update(slack)
    assert raised.value.retry_after == pytest.approx(1.2, abs=0.01)
    clock.seconds += 1.2
    await update(slack)
    await post(slack)


async def test_a_channel_is_closed_alone(server: LocalServer, slack: Slack, clock: Clock) -> None:
    """After a 429 to a post nothing more is sent to that channel for as long as Slack says; then at an even pace."""
    server.say({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
    with pytest.raises(Unavailable) as raised:
        await post(slack)
    assert raised.value.retry_after == 30
    server.say({"ok": True, "ts": TS})
    clock.seconds += 10
    with pytest.raises(Unavailable) as raised:
        await post(slack)
    assert raised.value.retry_after == pytest.approx(20, abs=0.01)
    assert len(server.requests) == 1
    await post(slack, OTHER)
    clock.seconds += 20
    await post(slack)
    with pytest.raises(Unavailable) as raised:
        await post(slack)
    assert raised.value.retry_after == pytest.approx(1, abs=0.01)


async def test_a_method_that_counts_over_all_channels_is_closed_in_all(
    server: LocalServer, slack: Slack, clock: Clock
) -> None:
    """After a 429 to an update no other update is sent, wherever; posts go on."""
    server.say({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
    with pytest.raises(Unavailable):
        await update(slack)
    server.say({"ok": True, "ts": TS})
    with pytest.raises(Unavailable) as raised:
        await update(slack, OTHER)
    assert raised.value.retry_after == pytest.approx(30, abs=0.01)
    await post(slack)
    clock.seconds += 30
    await update(slack)


async def test_a_429_without_a_time_closes_nothing(server: LocalServer, slack: Slack) -> None:
    """Where Slack does not say how long, whoever asked decides when to try again."""
    server.say({"ok": False, "error": "ratelimited"}, 429)
    for _ in range(2):
        with pytest.raises(Unavailable) as raised:
            await post(slack)
        assert raised.value.retry_after is None


@pytest.mark.parametrize("method", sorted(RATES))
async def test_lower_ones_leave_the_last_part_of_a_burst(clock: Clock, method: str) -> None:
    """However much the lower levels press, each higher one finds room at once."""
    pacing = RateLimiter(clock)
    for priority in (Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.FIRST):
        assert await burst(pacing, priority, method) > 0


async def test_room_is_filled_up_for_the_highest_first(clock: Clock) -> None:
    """While cards keep coming, lines get nothing; when they stop, lines follow."""
    pacing = RateLimiter(clock)
    assert await burst(pacing, Priority.FIRST) == 4
    for _ in range(20):
        clock.seconds += 1
        assert not await passes(pacing, Priority.LOW)
        assert await passes(pacing, Priority.FIRST)
    clock.seconds += 4
    assert await passes(pacing, Priority.LOW)


async def test_updates_never_take_the_place_of_posts(clock: Clock) -> None:
    """A first card does not wait for updates, of whatever urgency."""
    pacing = RateLimiter(clock)
    await burst(pacing, Priority.FIRST, UPDATE)
    assert await passes(pacing, Priority.HIGH)


async def test_busy_channels_leave_a_first_card_its_place(clock: Clock) -> None:
    """Slack counts the messages to all channels too: lines to many channels leave room there for cards."""
    pacing = RateLimiter(clock)
    lines = [await burst(pacing, Priority.LOW, channel=f"C{n}") for n in range(100)]
    assert sum(lines) == 15
    assert await passes(pacing, Priority.HIGH, channel="CNEW")


@pytest.mark.parametrize(
    ("urgent", "thread", "alone"), [(True, None, 4), (False, None, 3), (True, TS, 2), (False, TS, 1)]
)
async def test_what_a_post_is_decides_when_it_goes(
    server: LocalServer, slack: Slack, *, urgent: bool, thread: MessageTs | None, alone: int
) -> None:
    """Cards before lines, high urgency before low: by how much of a burst each may use."""
    server.say({"ok": True, "ts": TS})

    async def one() -> None:
        await slack.post(CHANNEL, text="words", blocks=[], metadata={}, thread_ts=thread, urgent=urgent)

    for _ in range(alone):
        await one()
    with pytest.raises(Unavailable):
        await one()


@pytest.mark.parametrize(("urgent", "alone"), [(True, 10), (False, 5)])
async def test_urgent_updates_go_first(server: LocalServer, slack: Slack, *, urgent: bool, alone: int) -> None:
    """Cards of low urgency leave half of the updates that may be made at once."""
    server.say({"ok": True, "ts": TS})
    for _ in range(alone):
        await slack.update(CHANNEL, TS, text="words", blocks=[], urgent=urgent)
    with pytest.raises(Unavailable):
        await slack.update(CHANNEL, TS, text="words", blocks=[], urgent=urgent)


async def test_deleting_can_wait(server: LocalServer, slack: Slack) -> None:
    """Nobody waits for a message to go, so two at once are enough."""
    server.say({"ok": True, "ts": TS})
    for _ in range(2):
        await slack.delete(CHANNEL, TS)
    with pytest.raises(Unavailable):
        await slack.delete(CHANNEL, TS)


async def test_no_pace_is_no_limit(clock: Clock) -> None:
    """Tests against a Slack without limits do not wait; what Slack asks for still holds."""
    pacing = RateLimiter(clock, pace=0)
    for _ in range(1000):
        await pacing.take(POST, CHANNEL, Priority.LOW)
    await pacing.pause(POST, CHANNEL, 5)
    with pytest.raises(Unavailable):
        await pacing.take(POST, CHANNEL, Priority.FIRST)
    clock.seconds += 5
    await pacing.take(POST, CHANNEL, Priority.FIRST)


class Broken:
    """Shared budgets that fail, or never answer; `asked` counts how often they were tried."""

    def __init__(self, *, silent: bool = False) -> None:
        self.asked = 0
        self._silent = silent

    async def take(self, _limits: Sequence[Limit], _caller: Caller = ANYBODY) -> float:
        """Fail."""
        await self._fail()
        return 0.0

    async def postpone(self, _budget: str, _seconds: float) -> None:
        """Fail."""
        await self._fail()

    async def _fail(self) -> None:
        self.asked += 1
        if self._silent:
            await asyncio.Event().wait()
        raise StoreDown("Redis: away")


async def test_without_the_store_a_process_paces_itself(clock: Clock) -> None:
    """A store that is down holds nothing up: own budgets count, and it is asked again only after a while."""
    shared = Broken()
    pacing = RateLimiter(clock, shared=shared)
    assert await burst(pacing, Priority.FIRST) == 4
    assert shared.asked == 1
    clock.seconds += LOCAL_FALLBACK_SECONDS
    assert await passes(pacing, Priority.FIRST)
    assert shared.asked == 2


async def test_a_429_is_obeyed_without_the_store(clock: Clock) -> None:
    """What Slack asks for holds in this process, whether or not the others could be told."""
    shared = Broken()
    pacing = RateLimiter(clock, shared=shared)
    await pacing.pause(UPDATE, CHANNEL, 30)
    assert not await passes(pacing, Priority.FIRST, UPDATE)
    clock.seconds += 30
    assert await passes(pacing, Priority.FIRST, UPDATE)


async def test_a_silent_store_holds_a_call_up_only_briefly(clock: Clock) -> None:
    """A store that hangs costs a fraction of a second once, not each call its time-out."""
    shared = Broken(silent=True)
    pacing = RateLimiter(clock, shared=shared)
    async with asyncio.timeout(PATIENCE * 3):
        assert await burst(pacing, Priority.FIRST) == 4
    assert shared.asked == 1
