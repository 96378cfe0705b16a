"""Letting PagerDuty ping a subscription, and seeing whether that comes through to the store."""

import asyncio
from enum import Enum
from typing import Any

from pagebridge.cli.checks.local_endpoints import Receiver
from shared.errors import Malformed
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events import webhook
from shared.pagerduty.events.webhook import Ignored
from shared.store import keys
from shared.store.redis import Redis

PATIENCE = 20.0
"""Seconds that a ping may take: PagerDuty sends it at once, and may be slow to."""
LOOK = 0.1
"""Seconds between two looks."""


class Ping(Enum):
    """The result of a ping: stored, rejected for its signature, not seen by the local receiver, or no receiver here."""

    CAME = "came"
    TURNED_AWAY = "turned away"
    LOST = "lost"
    NOBODY = "nobody"


class Pinging:
    """Pings subscriptions, one at a time, and watches the events stream and the receiver on this machine."""

    def __init__(self, pagerduty: PagerDuty, redis: Redis, receiver: Receiver, patience: float = PATIENCE) -> None:
        self._pagerduty = pagerduty
        self._redis = redis
        self._receiver = receiver
        self._patience = patience

    async def ping(self, subscription: str) -> Ping:
        """Ping a subscription. Raises as a call does, and `StoreDown`."""
        since = await self._now_ms()
        before = await self._receiver.turned_away()
        await self._pagerduty.ping_subscription(subscription)
        try:
            async with asyncio.timeout(self._patience):
                return await self._seen(since, before)
        except TimeoutError:
            return Ping.NOBODY if await self._receiver.turned_away() is None else Ping.LOST

    async def _seen(self, since: int, before: float | None) -> Ping:
        """Wait until it is stored or turned away; who else was turned away at this moment cannot be told apart."""
        while True:
            if await self._stored(since):
                return Ping.CAME
            now = await self._receiver.turned_away()
            if before is not None and now is not None and now > before:
                return Ping.TURNED_AWAY
            await asyncio.sleep(LOOK)

    async def _stored(self, since: int) -> bool:
        """Look on the stream, and whether a worker has taken it from there already."""
        taken = await self._redis.get(keys.PING)
        if isinstance(taken, bytes) and int(taken) >= since:
            return True
        entries: Any = await self._redis.execute_command("XRANGE", keys.EVENTS, since, "+")
        return any(_is_ping(dict(fields).get(b"body", b"")) for _, fields in entries)

    async def _now_ms(self) -> int:
        seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000


def _is_ping(body: bytes) -> bool:
    try:
        read = webhook.parse(body)
    except Malformed:
        return False
    return isinstance(read, Ignored) and read.ping
