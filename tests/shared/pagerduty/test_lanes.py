"""Waiting for PagerDuty: seats are given and come back, a turn's calls do not wait, and the limit is kept by lane."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shared.errors import Queued, Stopping, Unavailable
from shared.pagerduty.api import lanes as door
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.lanes import BLOCK, BURST, CALLS, SEATS, SHARE, Lane, Lanes, Turn, go_in
from tests.shared.local_server import LocalServer, Request
from tests.shared.pagerduty.responses import INCIDENT, incident

ACT = SEATS[Lane.ACT]


async def seated(lanes: Lanes, lane: Lane, person: str) -> Turn:
    """Let a person have a seat at once."""
    turn = Turn(lanes, lane, person)
    assert await turn.comes_within(1.0)
    return turn


@asynccontextmanager
async def crowded(lanes: Lanes, lane: Lane) -> AsyncIterator[list[Turn]]:
    """Take every seat of a lane, each for another person."""
    turns = [await seated(lanes, lane, f"U{number}") for number in range(SEATS[lane].all)]
    yield turns
    for turn in turns:
        turn.leave()


@pytest.mark.parametrize("lane", Lane)
async def test_nothing_waits_for_another_lane(lane: Lane) -> None:
    """With all seats of the two others taken, and more who wait for them, a call goes at once."""
    lanes = Lanes(pace=0)
    others = [other for other in Lane if other is not lane]
    async with crowded(lanes, others[0]), crowded(lanes, others[1]):
        waiting = [Turn(lanes, other, "U0ALICE") for other in others]

        turn = await seated(lanes, lane, "U0ALICE")

        assert turn.ahead is None
        assert [0, 0] == [other.ahead for other in waiting]


async def test_one_person_does_not_take_all_seats() -> None:
    """A flood waits behind itself; another person is seated at once, though they came later."""
    lanes = Lanes(pace=0)
    flood = [Turn(lanes, Lane.ACT, "U0ALICE") for _ in range(ACT.all)]
    await flood[ACT.each - 1].comes_within(1.0)

    assert not await flood[ACT.each].comes_within(0.0)
    assert [0, 1] == [turn.ahead for turn in flood[ACT.each : ACT.each + 2]]
    await seated(lanes, Lane.ACT, "U0BOB")


async def test_who_has_left_makes_room_for_who_has_fewest() -> None:
    """The seat that becomes free goes to the person with the fewest, not to who came first."""
    lanes = Lanes(pace=0)
    async with crowded(lanes, Lane.ACT) as turns:
        again, new = Turn(lanes, Lane.ACT, "U1"), Turn(lanes, Lane.ACT, "U0NEW")
        assert (1, 0) == (again.ahead, new.ahead)

        turns.pop(0).leave()

        assert await new.comes_within(1.0)
        assert not await again.comes_within(0.0)
        new.leave()
        again.leave()


async def test_who_is_gone_is_not_waited_for() -> None:
    """Whoever gives up in the line leaves no seat behind that nobody has."""
    lanes = Lanes(pace=0)
    async with crowded(lanes, Lane.ACT) as turns:
        gone, next_ = Turn(lanes, Lane.ACT, "U0GONE"), Turn(lanes, Lane.ACT, "U0NEXT")
        assert not await gone.comes_within(0.01)
        gone.leave()

        turns.pop(0).leave()

        assert await next_.comes_within(1.0)
        next_.leave()


async def test_the_calls_of_a_turn_do_not_wait() -> None:
    """What has begun is carried out at once, though its lane is full; another call waits, in vain."""
    lanes = Lanes(pace=0)
    async with crowded(lanes, Lane.ACT) as turns:
        turns.pop(0).leave()
        async with Turn(lanes, Lane.ACT, "U0BOB").taken(1.0):
            for _ in range(CALLS[Lane.ACT] + 2):
                async with asyncio.timeout(1.0), lanes.call():
                    pass
            go_in(Lane.ACT, "U0ALICE")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), lanes.call():
                    pass


async def test_who_waits_in_vain_hears_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """PagerDuty was not asked: that is not said to be its fault, and it is worth another try."""
    monkeypatch.setitem(door.PATIENCE, Lane.READ, 0.02)
    lanes = Lanes(pace=0)
    async with crowded(lanes, Lane.READ):
        with pytest.raises(Queued, match="the bridge is busy, requests ahead of this one: 0") as raised:
            async with lanes.call():
                pass
    assert raised.value.retry_after


async def test_who_waits_gives_up_when_the_worker_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command goes back to the queue at once, and leaves its place in the line to others."""
    monkeypatch.setattr(door, "STEP", 0.01)
    lanes, stopping = Lanes(pace=0), asyncio.Event()
    async with crowded(lanes, Lane.ACT):
        with pytest.raises(Queued):
            async with Turn(lanes, Lane.ACT, "U0ALICE").taken(0.03, stopping):
                pass
        stopping.set()
        with pytest.raises(Stopping):
            async with asyncio.timeout(5.0), Turn(lanes, Lane.ACT, "U0ALICE").taken(60.0, stopping):
                pass
        assert 0 == Turn(lanes, Lane.ACT, "U0BOB").ahead


async def test_a_failed_call_gives_its_seat_back() -> None:
    """Whatever a call raises, the next one goes."""
    lanes = Lanes(pace=0)
    for _ in range(SEATS[Lane.READ].all + 1):
        with pytest.raises(ValueError, match="broken"):
            async with lanes.call():
                raise ValueError("broken")


async def spent(lanes: Lanes, lane: Lane) -> int:
    """Make calls in a lane until one has to wait; return how many there were."""
    go_in(lane)
    for made in range(BURST + 1):
        try:
            async with asyncio.timeout(0.05), lanes.call():
                pass
        except TimeoutError:
            return made
    return BURST + 1


async def test_what_is_left_of_the_limit_is_for_the_higher_lanes() -> None:
    """Upkeep stops first, then reading; what people do may use the rest."""
    lanes = Lanes(now=lambda: 0.0)  # in which nothing comes back

    made = [await spent(lanes, lane) for lane in (Lane.UPKEEP, Lane.READ, Lane.ACT)]

    assert made[0] == pytest.approx(BURST * SHARE[Lane.UPKEEP], abs=2 * BLOCK)
    assert made[0] + made[1] == pytest.approx(BURST * SHARE[Lane.READ], abs=2 * BLOCK)
    # A turn of people's acts is paid for as a whole, and what is not used of it is for the next.
    assert sum(made) == pytest.approx(BURST, abs=2 * BLOCK)


async def test_calls_that_were_not_made_are_not_lost() -> None:
    """Turns without a call leave the limit as it was."""
    lanes = Lanes(now=lambda: 0.0)
    for _ in range(BURST):
        (await seated(lanes, Lane.ACT, "U0ALICE")).leave()


async def test_a_call_too_many_stops_the_others(server: LocalServer) -> None:
    """PagerDuty says for how long: until then nobody calls, and nobody is told that it cannot be reached."""
    lanes = Lanes()
    pagerduty = PagerDuty("key", server.url, timeout=1.0, lanes=lanes)
    server.say({"error": {"message": "Rate Limit Exceeded", "code": 2020}}, 429, {"ratelimit-reset": "60"})
    with pytest.raises(Unavailable):
        await pagerduty.incident(INCIDENT)

    turn = Turn(lanes, Lane.ACT, "U0ALICE")

    assert not await turn.comes_within(0.05)
    assert turn.ahead == 0
    assert len(server.requests) == 1
    turn.leave()
    await pagerduty.aclose()


async def test_the_clock_of_a_call_starts_when_it_is_sent(server: LocalServer) -> None:
    """Twice as many calls as there are seats, each nearly as slow as allowed: the second half is not late."""

    async def slow(_: Request) -> web.Response:
        await asyncio.sleep(0.6)
        return web.json_response({"incident": incident()})

    server.answer = slow
    pagerduty = PagerDuty("key", server.url, timeout=1.0)

    reads = await asyncio.gather(*(pagerduty.incident(INCIDENT) for _ in range(2 * SEATS[Lane.READ].each)))

    assert len(reads) == len(server.requests)
    await pagerduty.aclose()
