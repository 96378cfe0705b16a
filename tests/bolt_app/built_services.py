"""The real parts of a worker on a store of a test's own, with the doors that the test opens."""

from dataclasses import replace
from typing import Any

from bolt_app.build import build_worker
from bolt_app.worker_parts import BuiltWorker, Clients, Options, PartTypes
from bolt_app.worker_store import Store
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.store.redis import Redis

CLOSED: Any = None
"""A door that nothing in the test goes through."""


async def wired(
    redis: Redis,
    pagerduty: Any = CLOSED,  # noqa: ANN401 -- whatever stands for a door
    slack: Any = CLOSED,  # noqa: ANN401 -- the same
    types: PartTypes | None = None,
    home: Any = CLOSED,  # noqa: ANN401 -- the same, for who the bridge is in Slack
    **durations: float,
) -> BuiltWorker:
    """Put a worker together; `durations` are those that are not as usual."""
    scaled = replace(Durations(), **durations)
    store = Store.on(redis, scaled.lease, durable=False)
    await store.clock.now_ms()
    clients = Clients(redis, redis, slack, pagerduty)
    return build_worker(clients, home, LiveConfig(BridgeConfig()), scaled, store, Options(), types or PartTypes())
