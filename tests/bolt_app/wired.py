"""The real parts of a worker on a store of a test's own, with the doors that the test opens."""

import asyncio
from dataclasses import replace
from typing import Any

from bolt_app.wiring import Wiring
from shared.authorization import Authorization
from shared.bridge_config import BridgeConfig
from shared.clock import Durations
from shared.echo import Echo
from shared.identity import Identity
from shared.slack.client import SlackIdentity
from shared.store import documents
from shared.store.audit import Audit
from shared.store.generation import Generation
from shared.store.leases import Leases
from shared.store.links import Links
from shared.store.open_incidents import OpenIncidents
from shared.store.redis import Redis
from shared.store.time import StoreClock
from shared.store.workqueue import WorkQueue

CLOSED: Any = None
"""A door that nothing in the test goes through."""


async def wired(redis: Redis, pagerduty: Any = CLOSED, slack: Any = CLOSED, **durations: float) -> Wiring:  # noqa: ANN401 -- whatever stands for a door
    """Put a worker's parts together; `durations` are those that are not as usual."""
    config, incidents, clock = BridgeConfig(), documents.incidents(redis), StoreClock(redis)
    await clock.now_ms()
    scaled = replace(Durations(), **durations)
    home: SlackIdentity = CLOSED
    return Wiring(
        config=config,
        stopping=asyncio.Event(),
        durations=scaled,
        redis=redis,
        durable=False,
        generation=Generation(redis),
        clock=clock,
        incidents=incidents,
        command_queues=documents.command_queues(redis),
        surfaces=documents.surfaces(redis),
        progress=documents.progress(redis),
        open_incidents=OpenIncidents(redis),
        leases=lambda work: Leases(redis, work, scaled.lease),
        dirty=WorkQueue(redis, "dirty", scaled.lease),
        commands=WorkQueue(redis, "commands", scaled.lease),
        briefings=WorkQueue(redis, "briefings", scaled.lease),
        pagerduty=pagerduty,
        slack=slack,
        identity=Identity(config.identity, slack, pagerduty, Links(redis), home),
        authorization=Authorization(config.authorization, pagerduty),
        echo=Echo(incidents),
        audit=Audit(redis),
        catalogue=CLOSED,
    )
