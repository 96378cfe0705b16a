"""The whole bridge as processes, and waiting for it to come to rest, however slow the machine is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pagebridge_sandbox.loopback import HOST
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.bench.traffic import OWN
from tests.stories.harness import SECRET
from tests.stories.processes import Deployment, Process, deployed

PATIENCE = 300.0
"""Seconds after which a measurement that waits for something has failed."""


@dataclass
class Stage:
    """A receiver and a worker at work, and their Redis."""

    bridge: Deployment
    receiver: Process
    worker: Process
    redis: Redis

    async def at_rest(self) -> None:
        """Wait until every webhook is delivered, folded and shown."""
        await self.bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while await self._waiting():  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.02)

    async def enriched(self) -> None:
        """Wait until nothing is left to be read for the cards either."""
        await self.at_rest()
        async with asyncio.timeout(PATIENCE):
            while await self._to_enrich() or await self._waiting():  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.02)

    async def folded(self) -> None:
        """Wait until every webhook is delivered and folded."""
        await self.bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while await self._to_fold():  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.02)

    async def _waiting(self) -> int:
        return await self._to_fold() + int(await self.redis.zcard(keys.of_queue("dirty", "due")))

    async def _to_enrich(self) -> int:
        return int(await self.redis.zcard(keys.of_queue("briefings", "due")))

    async def _to_fold(self) -> int:
        return int(await self.redis.llen(keys.DELIVERIES)) + int(await self.redis.xlen(keys.EVENTS))


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """Start everything, with a worker that does not wait for Slack's limits. Leaves nothing running."""
    async with deployed(directory) as bridge:
        receiver = await bridge.receiver()
        url = f"http://{HOST}:{bridge.receiver_port}/webhooks/pagerduty"
        bridge.pagerduty.subscribe(url, secrets=[SECRET])
        worker = await bridge.worker("tests.bench.unpaced_worker")
        redis = connect(f"{bridge.valkey.url}?client_name={OWN}")
        try:
            yield Stage(bridge, receiver, worker, redis)
        finally:
            await redis.aclose()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition` holds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 -- the simulators have no event for it
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise RuntimeError(f"waited in vain for {what}") from None
