"""The receiver's side: webhooks come late, twice, in another order or never, and are stored as the receiver does it."""

import asyncio
from random import Random

from shared.errors import StoreDown
from shared.store import keys
from shared.store.redis import write_once
from tests.proof.engine.connection import SimRedis
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Process
from tests.proof.schedule import Delivered, Schedule

PROMPT = 0.08
"""Seconds that a webhook takes when nothing else is said."""
AGAIN = 1.0
"""Seconds after which PagerDuty repeats a delivery that could not be stored."""


class Deliveries:
    """Brings PagerDuty's events to the store. `outstanding` counts those on their way."""

    def __init__(self, schedule: Schedule, server: MemoryServer, rng: Random, group: asyncio.TaskGroup) -> None:
        self.outstanding = 0
        self._planned = {item.event: item.delays for item in schedule.items if isinstance(item, Delivered)}
        self._receiver = Process("receiver", rng)
        self._redis = SimRedis(server, self._receiver)
        self._group = group
        self._events = 0

    def announce(self, body: bytes) -> None:
        """Send one event on its way."""
        delays = self._planned.get(self._events, (PROMPT,))
        self._events += 1
        for delay in delays:
            self.outstanding += 1
            self._group.create_task(self._bring(body, delay))

    async def _bring(self, body: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        while not await self._stored(body):  # noqa: ASYNC110 -- PagerDuty has no event for it either
            await asyncio.sleep(AGAIN)
        self.outstanding -= 1

    async def _stored(self, body: bytes) -> bool:
        element = b"0 " + body
        try:
            await self._receiver.run(
                lambda: write_once(self._redis, "RPUSH", keys.DELIVERIES, element, wait_for_disk=True)
            )
        except StoreDown:
            return False
        return True
