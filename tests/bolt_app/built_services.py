"""The real parts of a worker on a store of a test's own, with the doors that the test opens."""

from dataclasses import replace
from typing import Any

from bolt_app.services import Clients, Services
from shared.config.bridge_config import BridgeConfig
from shared.durations import Durations
from shared.store.redis import Redis

CLOSED: Any = None
"""A door that nothing in the test goes through."""


async def wired(redis: Redis, pagerduty: Any = CLOSED, slack: Any = CLOSED, **durations: float) -> Services:  # noqa: ANN401 -- whatever stands for a door
    """Put a worker's parts together; `durations` are those that are not as usual."""
    scaled = replace(Durations(), **durations)
    services = Services.build(Clients(redis, redis, slack, pagerduty), CLOSED, BridgeConfig(), scaled)
    await services.clock.now_ms()
    return replace(services, durable=False)
