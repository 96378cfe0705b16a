"""Delivering webhooks over HTTP, by PagerDuty's rules on order, retries and failing receivers."""

import asyncio
from collections import deque
from datetime import timedelta
from http import HTTPStatus

import aiohttp

from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.subscriptions import Delivery, Outcome, Webhook

RETRY_WINDOW = timedelta(hours=48)

Lane = deque[Webhook]
"""The webhooks that wait for one subscription about one incident, in order."""


class DeliveryQueue:
    """
    Delivers webhooks to the subscriptions.

    In order for each subscription and incident: while one is tried again, later ones of the same incident wait. An
    answer of 2xx within `timeout` seconds is a delivery. 429, 5xx, no answer and no connection are tried again every
    `retry_delay` seconds, for 48 hours; any other answer is not, and three such in a row switch the subscription off.
    """

    def __init__(self, clock: Clock, retry_delay: float, timeout: float) -> None:
        self._clock = clock
        self._retry_delay = retry_delay
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self.log: list[Delivery] = []
        self.idle = asyncio.Event()
        self.idle.set()
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to deliver, in tasks of `group`."""
        self._group = group
        self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._session.close()

    def enqueue(self, webhook: Webhook) -> None:
        """Deliver after what was enqueued before for the same subscription and incident."""
        if self._is_suppressed(webhook):
            self._record_attempt(webhook, 0).outcome = "discarded"
            return
        key = webhook.subscription.id, webhook.event.incident
        if key in self._lanes:
            self._lanes[key].append(webhook)
            return
        self._lanes[key] = deque([webhook])
        self.idle.clear()
        task = self._group.create_task(self._drain(key))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _drain(self, key: tuple[str, str]) -> None:
        lane = self._lanes[key]
        while lane:
            await self._deliver(lane[0])
            lane.popleft()
        del self._lanes[key]
        if not self._lanes:
            self.idle.set()

    async def _deliver(self, webhook: Webhook) -> None:
        attempt = 0
        while True:
            attempt += 1
            delivery = self._record_attempt(webhook, attempt)
            if self._is_suppressed(webhook):
                delivery.outcome = "discarded"
                return
            delivery.status = await self._post(webhook)
            delivery.ended_at = self._clock.now()
            delivery.outcome = self._classify(webhook, delivery.status)
            if delivery.outcome != "retrying":
                return
            await asyncio.sleep(self._retry_delay)

    def log_lost(self, webhook: Webhook) -> None:
        """Log a webhook that is never sent, as if it had been lost on its way."""
        self._record_attempt(webhook, 0).outcome = "lost"

    def _is_suppressed(self, webhook: Webhook) -> bool:
        return webhook.subscription.removed or webhook.subscription.is_disabled(self._clock.now())

    def _classify(self, webhook: Webhook, status: int | None) -> Outcome:
        if status is None or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            expired = self._clock.now() - webhook.event.at > RETRY_WINDOW
            return "dropped" if expired else "retrying"
        if status < HTTPStatus.MULTIPLE_CHOICES:
            webhook.subscription.drops = 0
            return "delivered"
        webhook.subscription.count_drop(self._clock.now())
        return "dropped"

    async def _post(self, webhook: Webhook) -> int | None:
        subscription, body = webhook.subscription, webhook.event.body
        headers = subscription.delivery_headers(webhook.id, body)
        try:
            async with self._session.post(
                subscription.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (TimeoutError, aiohttp.ClientError):
            return None

    def _record_attempt(self, webhook: Webhook, attempt: int) -> Delivery:
        event = webhook.event
        delivery = Delivery(
            event_type=event.type,
            incident_id=event.incident,
            event_id=event.id,
            webhook_id=webhook.id,
            subscription_id=webhook.subscription.id,
            attempt=attempt,
            at=self._clock.now(),
            body=event.body,
        )
        self.log.append(delivery)
        return delivery
