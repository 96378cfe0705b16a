"""Metrics read from the store on each scrape, alike at every worker: rules over several take the maximum."""

from typing import Any

from prometheus_client import Gauge

from shared.model.event import SECOND
from shared.model.resync_state import GLOBAL
from shared.slack.api.rate_limits import RATES, Rate
from shared.store import document_kinds, keys
from shared.store.clock import Generation
from shared.store.redis import Redis
from shared.store.streams import BATCH, first_entry, parse_entries

STREAMS = {"events": keys.EVENTS, "commands": keys.COMMANDS}
QUEUES = ("commands", "dirty", "briefings", "homes", "handovers", "channels", "digests", "summaries")

UP = Gauge("pagebridge_store_up", "1 while Redis answers this worker")
ENTRIES = Gauge("pagebridge_stream_entries", "Entries on a stream that no worker has finished with", ["stream"])
OLDEST = Gauge(
    "pagebridge_stream_oldest_seconds", "Age of the oldest entry on a stream; 0 when it is empty", ["stream"]
)
QUEUED = Gauge("pagebridge_queue_incidents", "Incidents in a work queue, due now or later", ["queue"])
OVERDUE = Gauge(
    "pagebridge_queue_overdue_seconds", "For how long the first incident of a queue has been due", ["queue"]
)
DEAD_LETTERS = Gauge("pagebridge_dead_letters_kept", "Dead letters that nobody has retried or dropped")
OPEN = Gauge("pagebridge_incidents_open", "Open incidents that the bridge knows")
RESYNCED = Gauge(
    "pagebridge_resync_age_seconds", "Seconds since a resync was last completed; before the first, since the data began"
)
CALLS_LEFT = Gauge(
    "pagebridge_slack_calls_left", "Calls of a method that Slack's limit has room for at once", ["method"]
)


class StoreMetrics:
    """Reads them all."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._progress = document_kinds.progress(redis)

    async def refresh(self) -> None:
        """Read everything anew. Raises `StoreDown`; then all but `pagebridge_store_up` stay as they were."""
        UP.set(0)
        seconds, micros = await self._redis.time()
        now_us = int(seconds) * 1_000_000 + int(micros)
        await self._streams(now_us // 1000)
        await self._queues(now_us // 1000)
        for method, rates in RATES.items():
            await self._budget(method, rates, now_us)
        DEAD_LETTERS.set(int(await self._redis.xlen(keys.DEAD_LETTERS)))
        OPEN.set(int(await self._redis.zcard(keys.OPEN)))
        born = await Generation(self._redis).current()
        done_ms = (await self._progress.load(GLOBAL)).value.done_ms or born.ms
        RESYNCED.set(max(0, now_us // 1000 - done_ms) / SECOND)
        UP.set(1)

    async def _streams(self, now_ms: int) -> None:
        for name, stream in STREAMS.items():
            first = await first_entry(self._redis, stream)
            ENTRIES.labels(name).set(int(await self._redis.xlen(stream)))
            OLDEST.labels(name).set(max(0, now_ms - first.received_ms) / SECOND if first else 0)
        waiting = int(await self._redis.llen(keys.DELIVERIES))
        # The receiver's probes are empty.
        element: Any = next(filter(None, await self._redis.lrange(keys.DELIVERIES, 0, BATCH)), b"")
        (oldest,) = parse_entries([(b"%d-0" % now_ms, {b"received": element.partition(b" ")[0]})])
        ENTRIES.labels("deliveries").set(waiting)
        OLDEST.labels("deliveries").set((now_ms - oldest.received_ms) / SECOND)

    async def _queues(self, now_ms: int) -> None:
        for name in QUEUES:
            first = await self._redis.zrange(keys.of_queue(name, "due"), 0, 0, withscores=True)
            due_ms = int(first[0][1]) if first else now_ms
            QUEUED.labels(name).set(int(await self._redis.zcard(keys.of_queue(name, "due"))))
            OVERDUE.labels(name).set(max(0, now_ms - due_ms) / SECOND)

    async def _budget(self, method: str, rates: tuple[Rate, ...], now_us: int) -> None:
        """Report the remaining burst of a method. Per-channel budgets are left out, as there may be many."""
        for rate in rates:
            if not rate.per_channel:
                due = await self._redis.get(keys.budget(method))
                ahead = max(0, int(due) - now_us) / 1_000_000 if due else 0
                CALLS_LEFT.labels(method).set(max(0, rate.burst - ahead * rate.per_minute / 60))
