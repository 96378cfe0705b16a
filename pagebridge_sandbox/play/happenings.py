"""The ways in which things break here: each is broken on entering and mended on leaving."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.pagerduty import WebhookFaultPlan
from pagebridge_sandbox.play import fixtures
from pagebridge_sandbox.play.forging import send_forged
from pagebridge_sandbox.play.playground import POLL_INTERVAL, Playground
from pagebridge_sandbox.slack import Fault as SlackFault

Happening = Callable[[Playground], AbstractAsyncContextManager[None]]
"""Breaks something when it is entered, and mends it when it is left."""

WRITES = (("PUT", "/incidents/*"), ("POST", "/incidents/*/*"))
SLOW, LATE = 3.0, 6.0
"""Seconds: what a slow answer takes, and how late a delivery is."""
STORM = 200
HOUR = 3600


@asynccontextmanager
async def pagerduty_down(playground: Playground) -> AsyncIterator[None]:
    """Let PagerDuty's REST API refuse connections; its webhooks go on."""
    playground.pagerduty.stop_answering()
    yield
    playground.pagerduty.answer_again()


def pagerduty_faults(**how: object) -> Happening:
    """Let the writes to PagerDuty go wrong."""

    @asynccontextmanager
    async def happen(playground: Playground) -> AsyncIterator[None]:
        faults = [PagerDutyFault(method, path, **how) for method, path in WRITES]  # type: ignore[arg-type]
        active = [playground.pagerduty.add_fault(fault) for fault in faults]
        yield
        for fault in active:
            fault.remove()

    return happen


def slack_faults(*methods: str, **how: object) -> Happening:
    """Let calls to some methods of Slack go wrong."""

    @asynccontextmanager
    async def happen(playground: Playground) -> AsyncIterator[None]:
        active = [playground.slack.add_fault(SlackFault(method, **how)) for method in methods]  # type: ignore[arg-type]
        yield
        for fault in active:
            fault.remove()

    return happen


@asynccontextmanager
async def slack_cut(playground: Playground) -> AsyncIterator[None]:
    """Cut every WebSocket, without a word."""
    playground.slack.socket.cut()
    yield


def deliveries(mishap: str) -> Happening:
    """Let something happen to webhooks; of several mishaps each has its share."""

    @asynccontextmanager
    async def happen(playground: Playground) -> AsyncIterator[None]:
        playground.mishaps.add(mishap)
        playground.pagerduty.webhooks.set_fault_plan(_plan(playground.mishaps))
        yield
        playground.mishaps.discard(mishap)
        playground.pagerduty.webhooks.set_fault_plan(_plan(playground.mishaps) if playground.mishaps else None)

    return happen


def _plan(mishaps: set[str]) -> WebhookFaultPlan:
    share = 1 / len(mishaps)
    chances = {mishap: share / 2 if mishap == "reorder" else share for mishap in sorted(mishaps)}
    return WebhookFaultPlan(seed=1, held_for=LATE, **chances)


@asynccontextmanager
async def forged(playground: Playground) -> AsyncIterator[None]:
    """Send a delivery that PagerDuty has not signed."""
    playground.forged.append(await send_forged(playground))
    yield


@asynccontextmanager
async def worker_killed(playground: Playground) -> AsyncIterator[None]:
    """Kill the worker in the middle of its work. It is started again a moment later, as always when it ends."""
    worker = playground.bridge.worker
    await worker.child.kill()
    while not worker.running:  # noqa: ASYNC110 - another process is looked at
        await asyncio.sleep(POLL_INTERVAL)
    yield


@asynccontextmanager
async def store_stopped(playground: Playground) -> AsyncIterator[None]:
    """Stop the store."""
    await playground.valkey.stop()
    yield
    await playground.valkey.start()


@asynccontextmanager
async def store_emptied(playground: Playground) -> AsyncIterator[None]:
    """Take everything out of the store. Raises `LookupError` while it is stopped, because it keeps what it has then."""
    try:
        async with Redis.from_url(playground.valkey.url) as store:
            await store.flushall()
    except RedisError:
        raise LookupError("Redis is stopped, and can't be emptied. Start it first.") from None
    playground.emptied_at = time.time()
    yield


@asynccontextmanager
async def store_clock_jumped(playground: Playground) -> AsyncIterator[None]:
    """Put the clock of the store an hour ahead, and back."""
    if playground.store_clock:
        playground.store_clock.put(HOUR)
    yield
    if playground.store_clock:
        playground.store_clock.put(0)


@asynccontextmanager
async def storm(playground: Playground) -> AsyncIterator[None]:
    """Open hundreds of incidents, of which a person acknowledges every other one."""
    pagerduty = playground.pagerduty
    for number in range(STORM):
        opened = pagerduty.trigger(fixtures.EDGE, f"edge-{number:03} does not answer", "high" if number % 3 else "low")
        if number % 2:
            pagerduty.web("PBOB1").acknowledge(opened.id)
        if number % 10 == 0:
            await asyncio.sleep(0)
    yield


@asynccontextmanager
async def first_responder_refused(playground: Playground) -> AsyncIterator[None]:
    """Let PagerDuty no longer know the first person who is asked for help."""
    path, words = "/incidents/*/responder_requests", "User Not Found"
    gone = PagerDutyFault("POST", path, status=400, code=2013, message=words, times=1)
    active = playground.pagerduty.add_fault(gone)
    yield
    active.remove()
