"""One play after another: each has a playground of its own, what is broken in it, its tour and its recording."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagebridge_sandbox.demo.processes import ProcessFailed
from pagebridge_sandbox.play import pagerduty_acts, slack_acts
from pagebridge_sandbox.play.playground import Playground, open_playground
from pagebridge_sandbox.play.recording import RECORDED_PATHS, Recorder
from pagebridge_sandbox.play.state import state_of
from pagebridge_sandbox.play.tour import Tour
from pagebridge_sandbox.play.verdicts import Breaker

Json = dict[str, Any]

READY_TIMEOUT = 60.0
"""Seconds that receiver and worker may take to become ready."""
POLL_INTERVAL = 0.05
WARM_UP = 2.5
"""Seconds until an incident is surely younger than the bridge's store. For an older one, cards are looked for first."""
LONGEST_PAUSE = 10.0
"""Seconds between two acts of a scenario, however long a person paused who recorded it."""
PATIENCE = 20.0
"""Seconds that an act of a scenario waits for what it is about: a card, a dialog."""
ACTS = slack_acts.ACTS | pagerduty_acts.ACTS


@dataclass
class Progress:
    """How far a scenario has been played; `error` says why it stopped."""

    done: int = 0
    of: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Play:
    """One play."""

    playground: Playground
    breaker: Breaker
    tour: Tour
    recorder: Recorder

    @classmethod
    def on(cls, playground: Playground) -> "Play":
        """Begin a play."""
        return cls(playground, Breaker(playground), Tour(playground), Recorder(playground))

    async def act(self, path: str, body: Json) -> Json:
        """Carry out what a person does, and write it down. Raises what the simulators raise about what cannot be."""
        described = self.recorder.described(path, body)
        if path == "breaks":
            await self.breaker.set(str(body["id"]), on=bool(body["on"]))
            answer: Json = {}
        else:
            answer = await ACTS[path](self.playground, body)
        if described:
            self.recorder.keep(described)
        return answer

    async def end(self) -> None:
        """Mend what is broken, so that everything can end."""
        await self.tour.reset()
        await self.breaker.mend_all()


class Game:
    """The present play, in place of which another one can be begun."""

    def __init__(self, directory: Path, group: asyncio.TaskGroup) -> None:
        self._directory = directory
        self._group = group
        self._plays = 0
        self._over = asyncio.Event()
        self._begun = asyncio.Event()
        self._play: Play | None = None
        self.progress = Progress()

    @property
    def play(self) -> Play:
        """The present play. Raises `LookupError` while the next one is being started."""
        if self._play is None:
            raise LookupError("Everything is being started. Try again in a moment.")
        return self._play

    async def run(self) -> None:
        """Let one play follow another, until cancelled. Raises `ProcessFailed` when one cannot be started."""
        while True:
            self._plays += 1
            async with open_playground(self._directory / str(self._plays)) as playground:
                await _ready(playground)
                self._play = play = Play.on(playground)
                self._over.clear()
                self._begun.set()
                try:
                    await self._over.wait()
                finally:
                    self._play = None
                    self._begun.clear()
                    await play.end()

    async def begun(self) -> None:
        """Wait for a play to be begun."""
        await self._begun.wait()

    async def restart(self) -> None:
        """End the present play, and wait for the next one."""
        self.progress = Progress()
        if self._play is not None:
            self._begun.clear()
            self._over.set()
        await self.begun()

    def perform(self, acts: Sequence[Json]) -> None:
        """Play a scenario from a fresh beginning, in the background. Raises `ValueError` for one that is none."""
        if unknown := [act for act in acts if not _is_act(act)]:
            raise ValueError(f"This is no act of a scenario: {unknown[0]!r}")
        self._group.create_task(self._perform(acts))

    def state(self) -> Json:
        """Return everything that the page shows, as it is at this moment. Raises `LookupError` between two plays."""
        play, progress = self.play, self.progress
        shown = state_of(play.playground, play.breaker, play.tour)
        return shown | {"scenario": {"done": progress.done, "of": progress.of, "error": progress.error}}

    async def _perform(self, acts: Sequence[Json]) -> None:
        await self.restart()
        self.progress = progress = Progress(of=len(acts))
        for act in acts:
            await asyncio.sleep(min(LONGEST_PAUSE * 1000, max(0, act["after_ms"])) / 1000)
            if self.progress is not progress:
                return
            progress.error = await _patiently(self._act, act["path"], act["body"])
            if progress.error:
                return
            progress.done += 1

    async def _act(self, path: str, body: Json) -> Json:
        return await self.play.act(path, body)


@asynccontextmanager
async def running_game(directory: Path) -> AsyncIterator[Game]:
    """Start a game, and end it when left. Raises `ProcessFailed`, perhaps in an `ExceptionGroup`."""
    async with asyncio.TaskGroup() as group:
        game = Game(directory, group)
        running = group.create_task(game.run())
        beginning = group.create_task(game.begun())
        await beginning
        try:
            yield game
        finally:
            running.cancel()


async def _patiently(act: Callable[[str, Json], Awaitable[Json]], path: str, body: Json) -> str | None:
    """Try an act until it can be done. Returns why it could not be, None when it was."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            await act(path, dict(body))
        except Exception as error:  # noqa: BLE001 - a scenario of somebody else's may end itself, and never the play
            if asyncio.get_running_loop().time() > deadline:
                return f"{path} could not be done: {error}"
            await asyncio.sleep(POLL_INTERVAL * 4)
        else:
            return None


async def _ready(playground: Playground) -> None:
    """Wait for receiver and worker. Raises `ProcessFailed`."""
    deadline = asyncio.get_running_loop().time() + READY_TIMEOUT
    while not await playground.bridge.is_ready():
        playground.bridge.require_running()
        if asyncio.get_running_loop().time() > deadline:
            raise ProcessFailed(f"receiver and worker are not ready after {READY_TIMEOUT:.0f} s")
        await asyncio.sleep(POLL_INTERVAL)
    await asyncio.sleep(WARM_UP)


def _is_act(act: object) -> bool:
    return (
        isinstance(act, dict)
        and act.get("path") in RECORDED_PATHS
        and isinstance(act.get("body"), dict)
        and isinstance(act.get("after_ms"), int | float)
    )
