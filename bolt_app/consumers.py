"""
The two ways in which a worker takes work from the store.

A stream is read in order; each entry is handled, then acknowledged. Of a work queue many incidents are worked on at the
same time: each that is due gets one pass under its lease, and is then finished or rescheduled.
"""

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from prometheus_client import Counter

from shared.durations import Durations
from shared.errors import (
    CallError,
    FencedOff,
    Malformed,
    Refused,
    ScriptFailed,
    Stopping,
    StoreDown,
    Unavailable,
    WrongLayout,
)
from shared.model.ids import IncidentId
from shared.observability.log import reference
from shared.observability.tracing import tracing
from shared.store.clock import StoreClock
from shared.store.coordination import Due, Lease, Leases, WorkQueue
from shared.store.streams import Entry, Inbox

log = structlog.get_logger()

DEAD_LETTERS = Counter("pagebridge_dead_letters", "Entries that could not be handled", ["stream"])
PASSES = Counter("pagebridge_passes", "Passes over single incidents, by kind of work", ["work"])
FAILED_PASSES = Counter("pagebridge_passes_broken_off", "Passes that failed, by work and reason", ["work", "why"])

MOST_TRIES = 3
"""How often an entry is retried after an unexpected error."""
CONCURRENT_INCIDENTS = 64
"""How many incidents one worker works on at the same time."""
AFTER_ERROR = 5.0
"""Seconds before an incident is retried whose pass raised an unexpected error."""


class StreamConsumer:
    """Handles the entries of one stream, one after the other, or `at_once`. `handle` may take them off the stream."""

    def __init__(self, inbox: Inbox, handle: Callable[[Entry], Awaitable[bool]], *, at_once: bool = False) -> None:
        self._inbox = inbox
        self._handle = handle
        self._at_once = at_once
        self._failures: Tally[str] = Tally()

    async def step(self) -> None:
        """
        Handle the next entries, or wait a moment for some. Raises only `StoreDown` and `WrongLayout`.

        A script that fails over an entry is no outage: after `MOST_TRIES` the entry is buried, and the others go on.
        """
        entries = await self._inbox.batch()
        if self._at_once:
            ends = await asyncio.gather(*map(self._process, entries), return_exceptions=True)
            for error in filter(None, ends):
                raise error
            return
        for entry in entries:
            await self._process(entry)

    async def _process(self, entry: Entry) -> None:
        with tracing.step(f"entry {self._inbox.stream.rpartition(':')[2]}", entry.trace):
            try:
                if not await self._handle(entry):
                    await self._inbox.ack(entry)
            except Malformed as error:
                await self._dead_letter(entry, str(error))
            except Exception as error:
                if isinstance(error, StoreDown | WrongLayout) and not isinstance(error, ScriptFailed):
                    raise
                quoted = reference()
                self._failures[entry.id] += 1
                log.exception("entry.failed", stream=self._inbox.stream, entry=entry.id, reference=quoted)
                if self._failures[entry.id] >= MOST_TRIES:
                    await self._dead_letter(entry, f"failed {MOST_TRIES} times, reference {quoted}")
            else:
                del self._failures[entry.id]

    async def _dead_letter(self, entry: Entry, why: str) -> None:
        DEAD_LETTERS.labels(self._inbox.stream).inc()
        log.error("entry.dead_lettered", stream=self._inbox.stream, entry=entry.id, why=why)
        await self._inbox.dead_letter(entry, why)
        del self._failures[entry.id]


class IncidentTask(Protocol):
    """One kind of work on an incident."""

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass; return None when nothing is left, else the seconds until the next pass."""


@dataclass
class QueueWorker:
    """
    Runs one kind of work, `at_once` incidents at the same time, each under its own lease.

    `documents` are read with the lease: those that every pass begins with. `fenced_off` repairs what a pass may have
    left behind during which another worker took the incident over. An empty queue that is not `filled`, because what
    fills it is switched off, is not looked at.
    """

    queue: WorkQueue
    leases: Leases
    work: IncidentTask
    durations: Durations
    clock: StoreClock
    documents: Sequence[str] = ()
    at_once: int = CONCURRENT_INCIDENTS
    fenced_off: Callable[[IncidentId], Awaitable[object]] | None = None
    filled: Callable[[], bool] = lambda: True
    _failures: Tally[IncidentId] = field(default_factory=Tally, init=False)

    async def run(self, stopping: asyncio.Event) -> None:
        """Process due incidents until `stopping`; then wait for the passes that are running."""
        slots, is_empty = asyncio.Semaphore(self.at_once), False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_wait(stopping))
            while not stopping.is_set():
                await slots.acquire()
                due: Due | float | None = None
                try:
                    if self.filled() or not is_empty:
                        due = await self.queue.take(self.leases, self.documents)
                        is_empty = due is None
                except StoreDown as error:
                    log.warning("store.down", during="taking work", why=str(error))
                    await asyncio.sleep(self.durations.retry_first)
                if isinstance(due, Due) and due.lease is not None:
                    self.clock.hear(due.at_ms, due.lease.until - self.leases.lasts)
                    group.create_task(self._process(due, due.lease, slots))
                else:
                    slots.release()
                left = due.left if isinstance(due, Due) else due
                if left != 0.0:
                    await self.queue.wait(self.durations.poll if left is None else min(self.durations.poll, left))

    async def _end_wait(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.queue.end_wait()

    async def _process(self, due: Due, lease: Lease, slots: asyncio.Semaphore) -> None:
        with tracing.step(f"pass {self.leases.work}", *due.traces, incident=due.incident):
            try:
                async with asyncio.TaskGroup() as group:
                    keeping = group.create_task(lease.keep())
                    again = await self._run_task(due.incident, lease)
                    keeping.cancel()
                if isinstance(again, StoreDown):
                    raise again
                try:
                    await self.queue.finish(due, again)
                except FencedOff as error:
                    await self._fenced_off(lease, error)
                    await self.queue.finish(due)
            except StoreDown as error:
                # The incident stays in the queue, hidden for a while; the next worker that reaches the store takes it.
                log.warning("store.down", during=self.leases.work, incident=due.incident, why=str(error))
            finally:
                self.queue.in_hand.discard(due.incident)
                slots.release()

    async def _run_task(self, incident: IncidentId, lease: Lease) -> float | StoreDown | None:
        """Run one pass. Errors concern this incident only; `StoreDown` is returned."""
        PASSES.labels(self.leases.work).inc()
        try:
            again = await self.work.run(incident, lease)
        except FencedOff as error:
            try:
                await self._fenced_off(lease, error)
            except StoreDown as down:
                return down
            return None
        except Stopping:
            return 0.0
        except CallError as error:
            again = self._retry_delay(incident, error)
            FAILED_PASSES.labels(self.leases.work, type(error).__name__.lower()).inc()
            level = log.error if isinstance(error, Refused) else log.info
            level("work.later", work=self.leases.work, incident=incident, why=str(error), again=again)
        except StoreDown as error:
            return error
        except WrongLayout:
            raise
        except Exception:
            FAILED_PASSES.labels(self.leases.work, "failed").inc()
            log.exception("work.failed", work=self.leases.work, incident=incident, reference=reference())
            again = AFTER_ERROR
        else:
            del self._failures[incident]
        return again

    async def _fenced_off(self, lease: Lease, error: FencedOff) -> None:
        """Leave the incident to its new owner, which goes on from what is stored. Raises `StoreDown`."""
        FAILED_PASSES.labels(self.leases.work, "fenced_off").inc()
        log.warning("work.fenced_off", work=self.leases.work, incident=lease.incident, why=str(error))
        lease.unsaved = None
        if self.fenced_off:
            await self.fenced_off(lease.incident)
        await self.queue.mark(lease.incident)

    def _retry_delay(self, incident: IncidentId, error: CallError) -> float:
        """Return the `retry_after` of the error, else a delay that doubles with each failure of the incident."""
        if isinstance(error, Unavailable) and error.retry_after:
            return error.retry_after
        self._failures[incident] += 1
        doubled = self.durations.retry_first * 2.0 ** min(self._failures[incident] - 1, 10)
        return min(doubled, self.durations.retry_max)


async def repeat_until_stopped(step: Callable[[], Awaitable[None]], stopping: asyncio.Event, pause: float) -> None:
    """Repeat a step until the worker stops; while the store is down, log it and wait `pause` seconds."""
    while not stopping.is_set():
        try:
            await step()
        except StoreDown as error:
            log.warning("store.down", during="reading a stream", why=str(error))
            await asyncio.sleep(pause)
