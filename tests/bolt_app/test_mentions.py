"""Whom to mention: looked up once, however many cards ask."""

import asyncio
from dataclasses import replace
from typing import cast

from bolt_app.read_path.reconciler import FAILED_MENTION_TTL, MENTION_TTL, Mentions
from shared.access.identity import Identity
from shared.errors import Unavailable
from shared.model.event import Ref
from shared.model.ids import SlackUserId, UserId
from tests.builders import snapshot

ALICE = SlackUserId("U0ALICE")
INCIDENT = replace(snapshot(), assignees=(Ref("PALICE1", "Alice Ng"),))
FOUND = {UserId("PALICE1"): ALICE}


class Directory:
    """Knows Alice, at times."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = self.silent = False

    async def mention(self, _user: UserId) -> SlackUserId | None:
        """Find her, fail, or never answer."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.silent:
            await asyncio.Event().wait()
        if self.down:
            raise Unavailable("the directory is away")
        return ALICE


class Clock:
    """A clock that a test moves."""

    seconds = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


def mentions(directory: Directory, clock: Clock, timeout: float = 20.0) -> Mentions:
    """Open the mentions over a directory, which is waited for longer than any machine needs, or `timeout` seconds."""
    return Mentions(cast("Identity", directory), timeout, clock)


async def test_many_cards_make_one_look_up() -> None:
    """They wait for the same answer, and it counts for a while."""
    directory, clock = Directory(), Clock()
    known = mentions(directory, clock)

    assert [FOUND] * 50 == await asyncio.gather(*(known.assignees(INCIDENT) for _ in range(50)))
    assert 1 == directory.asked
    clock.seconds += MENTION_TTL
    await known.assignees(INCIDENT)
    assert 2 == directory.asked


async def test_a_directory_that_is_down_is_not_asked_for_each_card() -> None:
    """Cards go without mentions; it is tried again soon."""
    directory, clock = Directory(), Clock()
    known = mentions(directory, clock)
    directory.down = True

    assert [{}] * 50 == await asyncio.gather(*(known.assignees(INCIDENT) for _ in range(50)))
    assert 1 == directory.asked
    directory.down = False
    clock.seconds += FAILED_MENTION_TTL
    assert FOUND == await known.assignees(INCIDENT)


async def test_a_directory_that_is_silent_holds_up_one_round_of_cards() -> None:
    """Those who come right after need not wait for it again."""
    directory, clock = Directory(), Clock()
    known = mentions(directory, clock, 0.05)
    directory.silent = True

    assert [{}] * 50 == await asyncio.gather(*(known.assignees(INCIDENT) for _ in range(50)))
    asked = directory.asked
    assert {} == await known.assignees(INCIDENT)
    assert asked == directory.asked
