"""A playground with its server, as the page drives it: over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pagebridge_sandbox.demo import processes
from pagebridge_sandbox.play.game import Game, running_game
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.web import PlayServer
from tests import forked_process
from tests.forked_process import ForkedProcess

Json = dict[str, Any]
ALICE, CHANNEL = "U0ALICE", "C0INCIDENTS"
PATIENCE = 60.0
"""Seconds to wait for what the page will show."""


@dataclass
class Page:
    """What the page knows and does. `game` is behind it, for what no page could know."""

    session: aiohttp.ClientSession
    url: str
    game: Game

    @property
    def playground(self) -> Playground:
        """Where it is played."""
        return self.game.play.playground

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Read something, and return the status and the JSON."""
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, **body: object) -> Json:
        """Do something that is taken, and return the answer."""
        status, answer = await self.try_post(path, **body)
        assert 200 == status, answer
        return answer

    async def try_post(self, path: str, **body: object) -> tuple[int, Json]:
        """Do something, and return the status and the answer."""
        async with self.session.post(self.url + "api/" + path, json=body) as answer:
            return answer.status, await answer.json()

    async def state(self) -> Json:
        """Read the whole state."""
        status, state = await self.get("api/state")
        assert 200 == status
        return dict(state)

    async def until(self, condition: Callable[[Json], object], patience: float = PATIENCE) -> Json:
        """Wait until the state is as wanted, and return it. What is not there yet counts as not yet."""
        deadline = time.monotonic() + patience
        while True:
            state = await self.state()
            try:
                if condition(state):
                    return state
            except (LookupError, TypeError):
                pass
            assert time.monotonic() < deadline, f"not so within {patience:.0f} s: {shortly(state)}"
            await asyncio.sleep(0.1)


def shortly(state: Json) -> Json:
    """Return what tells most about a state that did not come."""
    texts = {channel["name"]: [each["text"] for each in channel["messages"]] for channel in state["slack"]["channels"]}
    return {"texts": texts, "counters": state["counters"], "processes": state["processes"]}


def channel(state: Json, name: str = "incidents") -> Json:
    """Return a channel by its name."""
    return next(dict(each) for each in state["slack"]["channels"] if each["name"] == name)


def cards(state: Json, name: str = "incidents") -> list[Json]:
    """Return the messages of a channel."""
    return list(channel(state, name)["messages"])


def card(state: Json, number: int, name: str = "incidents") -> Json:
    """Return the card of an incident. `LookupError` while there is none."""
    found = [each for each in cards(state, name) if f"#{number} " in each["text"]]
    return found[0]


def action_row(card: Json) -> Json:
    """Return the row of a card with the buttons that act. `LookupError` while there is none."""
    rows = [dict(block) for block in card["blocks"] if block["type"] == "actions"]
    return rows[0]


def incident(state: Json, number: int) -> Json:
    """Return an incident as PagerDuty shows it."""
    return next(dict(each) for each in state["pagerduty"]["incidents"] if each["number"] == number)


def private(state: Json, user: str) -> str:
    """Return all that only one person reads."""
    return "\n".join(each["text"] for each in state["slack"]["private"][user])


def finding(state: Json, invariant: str) -> str:
    """Return how a promise stands."""
    return next(str(each["state"]) for each in state["invariants"] if each["id"] == invariant)


async def opened(page: Page, alert: str = "checkout") -> int:
    """Let an alert come, wait for its card, and return its number."""
    number = int((await page.post("pagerduty/trigger", alert=alert))["incident"])
    await page.until(lambda it: card(it, number))
    return number


@pytest.fixture(scope="package", autouse=True)
def forked() -> Iterator[None]:
    """Fork receivers and workers from a process that has imported them. `pagebridge play` itself starts them anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "start_module", ForkedProcess)
        yield


@asynccontextmanager
async def looking(directory: Path) -> AsyncIterator[Page]:
    """Open a game whose first play is ready, and a page that looks at it."""
    forked_process.prepare()
    async with (
        running_game(directory) as game,
        PlayServer(game).listening("127.0.0.1", 0) as server,
        aiohttp.ClientSession(trust_env=False) as session,
    ):
        yield Page(session, server.url, game)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Look at a fresh play."""
    async with looking(tmp_path) as page:
        yield page
