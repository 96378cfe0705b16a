"""The way into the store for deliveries, and what is known of its durability."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Histogram

from shared.config.bridge_config import DurabilityLevel
from shared.errors import StoreDown, WrongLayout
from shared.http.server import ClientLimits
from shared.observability.tracing import tracing
from shared.store import keys
from shared.store.clock import require_layout
from shared.store.durability import Durability, probe, require_replica
from shared.store.redis import Redis, write_once

log = structlog.get_logger()

PROBE = b""
"""The entry that tries whether an append is taken; the worker throws it away."""
MOST_BATCH = 1024 * 1024
"""Bytes that are appended at once: one refusal then costs few deliveries, and none waits for a long transfer."""

STORE_SECONDS = Histogram(
    "pagebridge_store_seconds",
    "Time to store one delivery, waiting for the disk included",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
)


@dataclass(frozen=True)
class Limits(ClientLimits):
    """How many clients there may be, and seconds that things may take: `body` and `store` within PagerDuty's 5."""

    store: float = 2.0
    """For storing a delivery; past it the answer is 503 and PagerDuty tries again."""
    probe: float = 2.0
    """Between two looks at Redis."""
    proof: float = 10.0
    """For which an append that was taken proves that the next one would be. Redis may answer and still take none."""


@dataclass(eq=False)
class Delivery:
    """A delivery on its way: `element` is what is appended, `id` is only for the log. `stored` is its end, by `due`."""

    element: bytes
    id: str
    due: float
    stored: asyncio.Future[None]

    def settle(self, error: Exception | None) -> None:
        """Wake what waits, with the error if it may not be stored; it is no error if nothing waits any more."""
        if self.stored.done():
            return
        if error is None:
            self.stored.set_result(None)
        else:
            self.stored.set_exception(error)


class EventStream:
    """
    The deliveries that wait for a worker, for a client that may only append to them.

    `wanted` is the configured durability. `durability` is what the last probe found, None before the first. `down` is
    why Redis could not be used at the last probe, empty if it could.
    """

    def __init__(self, client: Redis, wanted: DurabilityLevel, limits: Limits) -> None:
        self._client = client
        self.want(wanted)
        self.durability: Durability | None = None
        self.down = "not checked yet"
        self._taken = -math.inf
        self._layout_checked = False
        self._limits = limits
        self._waiting: deque[Delivery] = deque()
        self._batch: Sequence[Delivery] = ()
        self._writer: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def want(self, level: DurabilityLevel) -> None:
        """Let a delivery count as stored only once it is as safe as that."""
        self.wanted = level
        self._client.waits_for_replica = level == "replica"

    @property
    def waits_for_disk(self) -> bool:
        """True if a delivery counts as stored only once it is on disk."""
        return self.wanted != "memory" and (self.durability is None or self.durability.fsync)

    async def append(self, body: bytes, delivery_id: str = "") -> None:
        """Store one delivery within `Limits.store` seconds. Raises `StoreDown`, `WrongLayout`."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        traced = f"{time.time_ns() // 1_000_000} {tracing.context()}".rstrip()
        delivery = Delivery(
            b"%b %b" % (traced.encode(), body), delivery_id, begun + self._limits.store, loop.create_future()
        )
        self._waiting.append(delivery)
        if self._deadline is None:
            self._deadline = loop.call_at(delivery.due, self._give_up, loop)
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._write_all())
        try:
            await delivery.stored
        except StoreDown:
            self._taken = -math.inf
            raise
        finally:
            STORE_SECONDS.observe(loop.time() - begun)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Refuse what has waited for too long. The first in the row is due first, so one timer is enough."""
        self._deadline = None
        for delivery in (*self._batch, *self._waiting):
            if delivery.due > loop.time():
                self._deadline = loop.call_at(delivery.due, self._give_up, loop)
                return
            delivery.settle(self._too_long())

    def _too_long(self) -> StoreDown:
        return StoreDown(f"Redis took longer than {self._limits.store:g} s")

    async def _write_all(self) -> None:
        """Store what waits, batch after batch: what comes during one makes the next, so that one sync is for many."""
        while self._waiting:
            self._batch = self._next_batch()
            if self._batch:
                await self._write(self._batch)
        self._batch = ()

    def _next_batch(self) -> list[Delivery]:
        """
        Take those that came first and still wait: `MOST_BATCH` bytes of them at most, but always one.

        And no more than half of what is in hand, with the batch before: senders wait for their answers, so that batches
        of 1 and of 31 would take turns for ever, and nothing be computed while the disk has the 31.
        """
        batch: list[Delivery] = []
        room, most = MOST_BATCH, (len(self._waiting) + len(self._batch) + 1) // 2
        while self._waiting and (not batch or (len(batch) < most and len(self._waiting[0].element) <= room)):
            delivery = self._waiting.popleft()
            if not delivery.stored.done():
                batch.append(delivery)
                room -= len(delivery.element)
        return batch

    async def _write(self, batch: Sequence[Delivery]) -> None:
        """Store all of a batch or none, with one append and one wait for the disk."""
        error: Exception | None = self._too_long()
        try:
            async with asyncio.timeout(self._limits.store):
                await self._check_layout()
                await self._push(*(delivery.element for delivery in batch), wait_for_disk=self.waits_for_disk)
            error = None
            # One line for all of them: it would otherwise cost as much as everything else.
            ids, sizes = (delivery.id for delivery in batch), (len(delivery.element) for delivery in batch)
            log.info("delivery.stored", delivery=" ".join(filter(None, ids)), deliveries=len(batch), bytes=sum(sizes))
        except TimeoutError:
            pass
        except (StoreDown, WrongLayout) as failed:
            error = failed
        finally:
            for delivery in batch:
                delivery.settle(error)

    async def _push(self, *elements: bytes, wait_for_disk: bool) -> None:
        await write_once(self._client, "RPUSH", keys.DELIVERIES, *elements, wait_for_disk=wait_for_disk)
        self._taken = time.monotonic()

    async def _check_layout(self) -> None:
        if not self._layout_checked:
            self._layout_checked = await require_layout(self._client)

    async def watch(self) -> None:
        """Look at Redis again and again, so that a change of its durability or its return is noticed."""
        while True:
            await asyncio.sleep(self._limits.probe)
            await self.probe()

    async def probe(self) -> None:
        """Look whether Redis can be used, and how durable it is; log what has changed. Raises `WrongLayout`."""
        try:
            async with asyncio.timeout(self._limits.store):
                await self._check_layout()
                if time.monotonic() - self._taken > self._limits.proof:
                    await self._push(PROBE, wait_for_disk=False)
                if self.wanted == "replica":
                    await require_replica(self._client)
                found = await probe(self._client)
        except (StoreDown, TimeoutError) as error:
            why = str(error) or "Redis does not answer"
            if why != self.down:
                log.error("store.down", why=why, hint="deliveries are answered with 503 until Redis is back")
            self.down = why
            return
        if found != self.durability or self.down:
            self._log_durability(found)
        self.durability, self.down = found, ""

    def _log_durability(self, found: Durability) -> None:
        if found.evicts:
            log.warning(
                "store.evicts", policy=found.eviction, hint="set maxmemory-policy noeviction, or entries get lost"
            )
        if self.wanted != "memory" and not found.fsync:
            hint = "a crash of Redis may lose deliveries that were answered with 202: use Redis 7.2 or Valkey with AOF"
            log.warning("store.not_durable", wanted=self.wanted, why=found.why_not, hint=hint)
        else:
            log.info("store.ready", durability=self.wanted)
