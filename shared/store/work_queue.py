"""A queue of incidents that need some kind of work: level-triggered, each at most once in it, taken when due."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from shared.model.ids import IncidentId, incident_id
from shared.store import keys
from shared.store.redis import Redis, Script


@dataclass(frozen=True)
class Due:
    """An incident that is due. `marks` tells, when the work is done, whether more has come up meanwhile."""

    incident: IncidentId
    marks: str


class WorkQueue:
    """
    One kind of work: `commands`, `dirty` or `briefings`.

    A taken incident is hidden for `hidden` seconds. If its worker dies, it comes up again by itself.
    """

    def __init__(self, redis: Redis, name: str, hidden: float) -> None:
        self._keys = [keys.due(name), keys.marks(name)]
        self._hidden = int(hidden * 1000)
        self._marked = asyncio.Event()
        self._mark = Script(redis, "mark_work")
        self._take = Script(redis, "take_work")
        self._finish = Script(redis, "finish_work")

    async def mark(self, incident: IncidentId, after: float = 0.0) -> None:
        """Ask for `incident` to be worked on, `after` so many seconds."""
        await self._mark(self._keys, [incident, int(after * 1000)])
        self._marked.set()

    async def wait(self, seconds: float) -> None:
        """Wait until something was marked through this object, at most so many seconds: others mark without telling."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._marked.wait()
        self._marked.clear()

    async def take(self) -> Due | float | None:
        """Take one due incident; else say in how many seconds the next one is due, or None when none waits."""
        taken = await self._take(self._keys, [self._hidden])
        if not isinstance(taken, list) or taken == [-1]:
            return None
        if len(taken) == 1:
            return float(taken[0]) / 1000
        incident, marks = (part.decode() for part in taken)
        return Due(incident_id(incident), marks)

    async def finish(self, due: Due, again_in: float | None = None) -> None:
        """Finish the work, or reschedule it in so many seconds. An incident marked meanwhile stays due."""
        again = -1 if again_in is None else max(0, int(again_in * 1000))
        await self._finish(self._keys, [due.incident, due.marks, again])
