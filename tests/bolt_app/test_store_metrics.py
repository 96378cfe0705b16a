"""The metrics that are read from the store."""

from dataclasses import fields
from typing import cast

from fakeredis import FakeAsyncRedis

from bolt_app.store_metrics import QUEUES
from bolt_app.worker_store import Store
from shared.store import keys
from shared.store.coordination import WorkQueue
from shared.store.redis import Redis


def test_every_queue_of_a_worker_is_measured() -> None:
    """What waits in a queue that no metric shows would wait without an alert."""
    store = Store.on(cast("Redis", FakeAsyncRedis()), 1.0)
    held = [getattr(store, field.name) for field in fields(Store)]
    queues = [queue for queue in (*held, store.open_homes.queue) if isinstance(queue, WorkQueue)]

    assert sorted(keys.of_queue(name, "due") for name in QUEUES) == sorted(queue.keys[0] for queue in queues)
