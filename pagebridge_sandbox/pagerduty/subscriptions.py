"""Webhook subscriptions, and the log of what was sent to them."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pagebridge_sandbox.pagerduty.events import Event

DROPS_BEFORE_DISABLE = 3
DISABLED_FOR = timedelta(hours=24)
"""After so many dropped webhooks in a row a subscription is off for so long (PagerDuty, webhook behaviour)."""

INCIDENT_EVENTS = """
    triggered acknowledged unacknowledged resolved reopened escalated delegated reassigned priority_updated
    service_updated incident_type.changed annotated responder.added responder.replied status_update_published
    conference_bridge.updated custom_field_values.updated role.assigned task.created task.updated task.completed
    action_invocation.created action_invocation.updated action_invocation.terminated workflow.started workflow.completed
"""
SERVICE_EVENTS = frozenset(
    f"service.{name}" for name in ("created", "updated", "deleted", "custom_field_values.updated")
)
EVENT_TYPES = SERVICE_EVENTS.union(f"incident.{name}" for name in INCIDENT_EVENTS.split())
"""The event types that can be subscribed to (PagerDuty, webhooks overview)."""

Outcome = Literal["sending", "delivered", "retrying", "dropped", "discarded", "lost"]


@dataclass(frozen=True)
class SubscriptionScope:
    """Whose incidents a subscription is about; the account has no id here."""

    kind: Literal["account", "service", "team"]
    id: str | None = None


@dataclass
class Subscription:
    """
    A webhook subscription: all events or those of `events`, of the whole account, one service or one team.

    `secrets` each sign every webhook. `drops` counts dropped webhooks since the last delivered one. One that is not
    `active` gets nothing new; one that is `removed` gets nothing any more.
    """

    id: str
    url: str
    secrets: list[str] = field(repr=False)
    events: frozenset[str] | None = None
    service_id: str | None = None
    team_id: str | None = None
    drops: int = 0
    disabled_until: datetime | None = None
    custom_headers: dict[str, str] = field(default_factory=dict, repr=False)
    description: str = ""
    active: bool = True
    oauth_client: str | None = None
    removed: bool = False

    @property
    def scope(self) -> SubscriptionScope:
        """Whose incidents it is about."""
        if self.service_id is not None:
            return SubscriptionScope("service", self.service_id)
        return SubscriptionScope("account") if self.team_id is None else SubscriptionScope("team", self.team_id)

    def matches(self, event: Event) -> bool:
        """Whether an event is for this subscription; a ping always is."""
        if not event.incident or not self.active:
            return self.active
        here = self.service_id in (None, event.service) and (self.team_id is None or self.team_id in event.teams)
        return here and (self.events is None or event.type in self.events)

    def is_disabled(self, now: datetime) -> bool:
        """Whether it is switched off for having dropped too much."""
        return self.disabled_until is not None and now < self.disabled_until

    def count_drop(self, now: datetime) -> None:
        """Count a dropped webhook; the third in a row switches it off."""
        self.drops += 1
        if self.drops >= DROPS_BEFORE_DISABLE:
            self.disabled_until = now + DISABLED_FOR

    def enable(self) -> None:
        """Switch it on again."""
        self.drops, self.disabled_until = 0, None

    def delivery_headers(self, webhook_id: str, body: bytes) -> dict[str, str]:
        """Make the headers of a delivery: with one signature for each secret, over the bytes of the body."""
        digests = (hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in self.secrets)
        return {
            "Content-Type": "application/json",
            "User-Agent": "PagerDuty-Webhook/V3.0",
            "X-PagerDuty-Signature": ",".join(f"v1={digest}" for digest in digests),
            "X-Webhook-Id": webhook_id,
            "X-Webhook-Subscription": self.id,
            **self.custom_headers,
        }


@dataclass(frozen=True, eq=False)
class Webhook:
    """An event on its way to one subscription. Every attempt to deliver it has the same `id`."""

    id: str
    subscription: Subscription
    event: Event


@dataclass
class Delivery:
    """
    One attempt to deliver a webhook.

    `status` is the HTTP status of the answer, None when there was none. `dropped` is what will not be tried again,
    `discarded` what was not even sent because the subscription is switched off or gone, `lost` what a test took away.
    `ended_at` is when it was answered or given up.
    """

    event_type: str
    incident_id: str
    event_id: str
    webhook_id: str
    subscription_id: str
    attempt: int
    at: datetime
    outcome: Outcome = "sending"
    status: int | None = None
    body: bytes = b""
    ended_at: datetime | None = None
