"""Two machines that each keep a worker running: one that dies is started again, and envelopes go to who is there."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.errors import StoreDown
from shared.model.command import Command
from tests.proof.engine.process import Fault, Process, What
from tests.proof.evidence import Press
from tests.proof.schedule import Crashed, Item, Slept
from tests.proof.simulated_worker import Core

STARTING = 0.5
"""Seconds after which a worker that could not start tries again."""
REDELIVERY = 3.0
"""Seconds after which Slack brings an envelope again that nobody acked."""


def faults(items: Iterable[Item], worker: int, calls: Counter[str]) -> list[Fault]:
    """List what is to happen to a process of `worker`, whose earlier ones have made so many calls, by their kind."""
    found = []
    for item in items:
        if isinstance(item, Crashed) and item.worker == worker:
            found.append(Fault(item.call - calls[""], "crash_after" if item.after_effect else "crash_before"))
        if isinstance(item, Slept) and item.worker == worker:
            what: What = "pause_before" if item.held else "pause_after"
            found.append(Fault(item.call - calls[item.held], what, item.seconds, item.held))
    return [fault for fault in found if fault.at_call >= 0]


class Host:
    """
    Keeps one worker running. `make` makes the next one, given the calls that those before it made.

    `lives` counts the workers there have been.
    """

    def __init__(self, back: float, make: Callable[[Counter[str]], Core], surprises: list[str]) -> None:
        self.worker: Core | None = None
        self.lives = 0
        self._back = back
        self._make = make
        self._calls: Counter[str] = Counter()
        self._surprises = surprises

    @property
    def process(self) -> Process | None:
        """The process, while one is alive."""
        return self.worker.process if self.worker and self.worker.process.alive else None

    @property
    def away(self) -> bool:
        """Whether no worker is there that works."""
        return self.process is None or self.process.asleep

    async def keep(self) -> None:
        """Run one worker after the other."""
        while True:
            self.lives += 1
            self.worker = self._make(self._calls)
            process = self.worker.process
            await self._lives(self.worker)
            self._calls.update(process._calls)
            self.worker = None
            await asyncio.sleep(STARTING if process.alive else self._back)

    async def _lives(self, worker: Core) -> None:
        try:
            await worker.process.run(worker.run)
        except* StoreDown:
            pass
        except* Exception as group:  # noqa: BLE001 -- whatever it is, it is a finding
            self._surprises.append(f"a worker ended: {group.exceptions[0]!r}")


@dataclass
class Envelopes:
    """Brings presses to the workers, again and again until one acks."""

    hosts: list[Host]

    async def bring(self, press: Press, command: Command, worker: int) -> None:
        """Bring one envelope, to `worker` if it is there."""
        for attempt in range(3):
            if await self._taken(press, command, self.hosts[(worker + attempt) % 2]):
                return
            await asyncio.sleep(REDELIVERY)

    async def _taken(self, press: Press, command: Command, host: Host) -> bool:
        worker = host.worker
        if worker is None or not worker.ready or not worker.process.alive:
            return False
        acked: list[float] = []

        async def ack() -> None:
            acked.append(worker.process.monotonic())

        await worker.process.run(lambda: worker.take(ack, command))
        straight = worker.straight.get(command.id)
        if straight is not None:
            press.direct.append(straight)
        (press.accepted if straight is None else press.acked).extend(acked)
        return bool(acked)
