"""What the commands of one press have in common is read once, and for no other press."""

import asyncio
from dataclasses import replace

import pytest

from shared.errors import Unavailable
from shared.model.actions import Action
from shared.model.command import Command, SlackActor
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.vendor_calls import PRESS_KEPT, Presses, read_once
from tests.builders import INCIDENT

ALICE = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
PRESSED = Command(
    CommandId("c1"), Action.ACKNOWLEDGE, INCIDENT, ALICE, ChannelId("C0"), None, "", "#37", requested_ms=1000
)


class Reading:
    """Counts how often it is read, and waits until it may end."""

    def __init__(self) -> None:
        self.times = 0
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        """Read."""
        self.times += 1
        await self.may_end.wait()
        if self.error:
            raise self.error
        return self.times


async def read(presses: Presses, command: Command, reading: Reading) -> int:
    """Read for a command."""
    with presses.of(command):
        return await read_once("link", reading)


async def test_the_commands_of_one_press_read_once() -> None:
    """Also those that come while it is being read, and later."""
    presses, reading = Presses(), Reading()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(presses, PRESSED, reading)) for _ in range(3)]
        await asyncio.sleep(0)
        reading.may_end.set()

    assert [1, 1, 1] == [task.result() for task in tasks]
    assert 1 == await read(presses, PRESSED, reading)


@pytest.mark.parametrize(
    "other",
    [
        replace(PRESSED, requested_ms=1001),
        replace(PRESSED, by=SlackActor(SlackUserId("U0BOB"), "T0ACME")),
        replace(PRESSED, requested_ms=0),
    ],
)
async def test_every_other_press_reads_for_itself(other: Command) -> None:
    """Another time, another person, and a command of which it is not known when it was pressed."""
    presses, reading = Presses(), Reading()
    reading.may_end.set()
    await read(presses, PRESSED, reading)

    assert 2 == await read(presses, other, reading)


async def test_what_was_read_long_ago_is_read_again() -> None:
    """Ten seconds after the press was begun."""
    now = 0.0
    presses, reading = Presses(lambda: now), Reading()
    reading.may_end.set()
    await read(presses, PRESSED, reading)
    now = PRESS_KEPT + 1

    assert 2 == await read(presses, PRESSED, reading)


async def test_a_failure_is_for_those_who_wait_for_it() -> None:
    """The next try reads anew."""
    presses, reading = Presses(), Reading()
    reading.error = Unavailable("away")
    both = asyncio.gather(*(read(presses, PRESSED, reading) for _ in range(2)), return_exceptions=True)
    await asyncio.sleep(0)
    reading.may_end.set()
    failed = await both
    assert [reading.error] * 2 == failed
    reading.error = None

    assert 2 == await read(presses, PRESSED, reading)


async def test_who_gives_up_leaves_the_others_to_try_again() -> None:
    """The reading ends with the command that began it; the others hear that it may be repeated."""
    presses, reading = Presses(), Reading()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(read(presses, PRESSED, reading))
        await asyncio.sleep(0)

        async def second() -> None:
            with pytest.raises(Unavailable):
                await read(presses, PRESSED, reading)

        group.create_task(second())
        await asyncio.sleep(0)
        first.cancel()

    reading.may_end.set()
    assert 2 == await read(presses, PRESSED, reading)
