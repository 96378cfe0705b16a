"""Sees to it that each channel with `[[handovers]]` is looked at: at once, and never left out of the queue for long."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from bolt_app.handover.shifts import LOOK
from shared.config.bridge_config import HandoverConfig, LiveConfig
from shared.durations import Durations
from shared.model.ids import IncidentId
from shared.store.coordination import WorkQueue


@dataclass
class HandoverWatch:
    """Marks the channels; the queue keeps when each is due, and gives it to one worker."""

    queue: WorkQueue
    config: LiveConfig
    durations: Durations
    stopping: asyncio.Event
    _known: Collection[HandoverConfig] = field(default=(), init=False)

    async def step(self) -> None:
        """Mark what is new as due; the others stay due when they are, or after a while if they are not. `StoreDown`."""
        handovers = self.config.current.handovers
        for each in handovers:
            await self.queue.mark(IncidentId(each.channel), LOOK if each in self._known else 0.0)
        self._known = handovers
        with suppress(TimeoutError):
            async with asyncio.timeout(self.durations.watchdog_interval):
                await self.stopping.wait()
