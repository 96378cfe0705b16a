"""Which webhooks are sent, when, how often and in which order: as PagerDuty does, unless a test wants otherwise."""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.deliveries import DeliveryQueue
from pagebridge_sandbox.pagerduty.delivery_faults import WebhookFaultPlan, WebhookFaultSampler
from pagebridge_sandbox.pagerduty.events import Event, EventFactory
from pagebridge_sandbox.pagerduty.subscriptions import Delivery, Subscription, Webhook


@dataclass
class Hold:
    """
    Webhooks that are held back; others overtake them. None matches everything.

    With `reverse_after` they are sent by themselves, the last one first, once there are so many.
    """

    incident_id: str | None
    event_type: str | None
    _release: Callable[["Hold", Iterable[Webhook]], None]
    reverse_after: int | None = None
    id: str = field(default_factory=ids.object_id)
    held: list[Webhook] = field(default_factory=list)

    def matches(self, event: Event) -> bool:
        """Whether an event is to be held back."""
        return self.incident_id in (None, event.incident) and self.event_type in (None, event.type)

    def add(self, webhook: Webhook) -> None:
        """Hold one back."""
        self.held.append(webhook)
        if len(self.held) == self.reverse_after:
            self.release(reverse=True)

    def release(self, *, reverse: bool = False) -> None:
        """Send what was held back, in its order or the last one first, and hold nothing any more."""
        held, self.held = self.held, []
        self._release(self, reversed(held) if reverse else held)


class Webhooks:
    """
    The webhooks of an account. `log` has every attempt to deliver one, oldest first.

    What holds for all of them is in `DeliveryQueue`.
    """

    def __init__(self, clock: Clock, deliveries: DeliveryQueue) -> None:
        self._clock = clock
        self._deliveries = deliveries
        self.subscriptions: dict[str, Subscription] = {}
        self.holds: list[Hold] = []
        self._sent: list[Webhook] = []
        self._pending_duplicates: list[bool] = []
        self._losses_left = 0
        self._fault_sampler: WebhookFaultSampler | None = None
        self._delayed: dict[Webhook, asyncio.TimerHandle] = {}
        self._reordered: list[Webhook] = []
        self._all_sent = asyncio.Event()
        self._all_sent.set()

    @property
    def log(self) -> list[Delivery]:
        """Every attempt to deliver a webhook so far."""
        return self._deliveries.log

    def publish(self, event: Event) -> None:
        """Queue it for every subscription that wants it."""
        for subscription in self.subscriptions.values():
            if subscription.matches(event):
                self._submit(_webhook(subscription, event))

    def duplicate_next(self, n: int = 1, *, same_id: bool = True) -> None:
        """Send each of the next n webhooks twice, the second time under the same or another delivery id."""
        self._pending_duplicates += [same_id] * n

    def lose_next(self, n: int = 1) -> None:
        """Lose the next n webhooks: they are in the log as `lost`, and no one gets them."""
        self._losses_left += n

    def set_fault_plan(self, plan: WebhookFaultPlan | None) -> None:
        """Let a random plan decide about every webhook from now on; None ends it, and sends what still waits."""
        self._fault_sampler = WebhookFaultSampler(plan) if plan else None
        if plan is None:
            self._release_delayed(list(self._delayed))

    def close(self) -> None:
        """Send nothing any more of what waits."""
        for timer in self._delayed.values():
            timer.cancel()

    def hold(self, incident_id: str | None = None, event_type: str | None = None) -> Hold:
        """Hold webhooks back from now on, until they are released."""
        return self._add_hold(Hold(incident_id, event_type, self._release))

    def reverse_next(self, n: int = 2, incident_id: str | None = None, event_type: str | None = None) -> Hold:
        """Send the next n webhooks in reverse order, once there are n."""
        return self._add_hold(Hold(incident_id, event_type, self._release, n))

    def redeliver(self, event_id: str, *, same_id: bool = True) -> None:
        """Send an event again to everybody to whom it was sent. `LookupError` when it never was."""
        sent = {webhook.subscription.id: webhook for webhook in self._sent if webhook.event.id == event_id}
        if not sent:
            raise LookupError(f"no event {event_id} was ever sent")
        for webhook in sent.values():
            self._send(webhook if same_id else _webhook(webhook.subscription, webhook.event))

    def ping(self, subscription_id: str, user_id: str | None = None) -> None:
        """Send a ping, in no one's or in a person's name."""
        event = EventFactory.ping(self._clock.tick(), user_id)
        self._submit(_webhook(self.subscriptions[subscription_id], event))

    def enable(self, subscription_id: str) -> None:
        """Switch a subscription on again that was switched off for having dropped too much."""
        self.subscriptions[subscription_id].enable()

    @property
    def is_idle(self) -> bool:
        """Whether every delivery that can be made has been answered. What is held back does not count."""
        return not self._delayed and self._deliveries.idle.is_set()

    async def wait_until_idle(self, timeout: float = 45) -> None:  # noqa: ASYNC109 - reads as what it is in a test
        """
        Wait until every delivery that can be made has been answered. What is held back does not count.

        `AssertionError` after so many seconds, saying what is still under way.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self.is_idle:
                    await self._deliveries.idle.wait()
                    await self._all_sent.wait()
        except TimeoutError:
            waiting = [str(delivery) for delivery in self.log if delivery.outcome in ("sending", "retrying")]
            raise AssertionError(f"still delivering after {timeout:g} s:\n" + "\n".join(waiting[-10:])) from None

    def _submit(self, webhook: Webhook) -> None:
        hold = next((hold for hold in self.holds if hold.matches(webhook.event)), None)
        if hold:
            hold.add(webhook)
        elif self._losses_left:
            self._losses_left -= 1
            self._deliveries.log_lost(webhook)
        else:
            self._send_with_faults(webhook, self._fault_sampler)

    def _send_with_faults(self, webhook: Webhook, sampler: WebhookFaultSampler | None) -> None:
        """Send a webhook as the plan will have it, and after it what was to come behind it."""
        fault = sampler.next_fault() if sampler else "none"
        if sampler and fault == "lost":
            self._deliveries.log_lost(webhook)
        elif sampler and fault in ("reordered", "held"):
            self._delay(webhook, sampler.plan.held_for, behind=fault == "reordered")
        else:
            if sampler and fault == "duplicated":
                self._pending_duplicates.append(sampler.keeps_delivery_id())
            self._send(webhook)
            self._release_delayed(self._reordered)

    def _delay(self, webhook: Webhook, seconds: float, *, behind: bool) -> None:
        if behind:
            self._reordered.append(webhook)
        self._all_sent.clear()
        self._delayed[webhook] = asyncio.get_running_loop().call_later(seconds, self._release_delayed, [webhook])

    def _release_delayed(self, webhooks: list[Webhook]) -> None:
        for webhook in list(webhooks):
            self._delayed.pop(webhook).cancel()
            if webhook in self._reordered:
                self._reordered.remove(webhook)
            self._send(webhook)
        if not self._delayed:
            self._all_sent.set()

    def _send(self, webhook: Webhook) -> None:
        duplicates = [self._pending_duplicates.pop(0)] if self._pending_duplicates else []
        copies = [webhook if same_id else _webhook(webhook.subscription, webhook.event) for same_id in duplicates]
        for each in (webhook, *copies):
            self._sent.append(each)
            self._deliveries.enqueue(each)

    def _add_hold(self, hold: Hold) -> Hold:
        self.holds.append(hold)
        return hold

    def _release(self, hold: Hold, webhooks: Iterable[Webhook]) -> None:
        if hold in self.holds:
            self.holds.remove(hold)
        for webhook in webhooks:
            self._send(webhook)


def _webhook(subscription: Subscription, event: Event) -> Webhook:
    return Webhook(str(uuid.uuid4()), subscription, event)
