"""Webhook subscriptions in values: answers in. Pure."""

from dataclasses import dataclass

from shared.errors import Malformed
from shared.pagerduty.fields import Fields, members, text


@dataclass(frozen=True)
class WebhookSubscription:
    """
    A subscription to webhooks, without its secret, which PagerDuty tells only to whoever creates it.

    PagerDuty has switched a `disabled` one off for a day because its deliveries were turned away. `scope` is what it
    listens to: `account`, `service` or `team`, the latter two with an id.
    """

    id: str
    url: str
    active: bool
    disabled: bool
    events: frozenset[str]
    scope: str
    scope_id: str
    description: str


def parse_subscription(answer: object) -> WebhookSubscription:
    """Read `{"webhook_subscription": {...}}`."""
    return _subscription(Fields.of(Fields.of(answer).get("webhook_subscription")))


def parse_subscriptions(answer: object) -> tuple[WebhookSubscription, ...]:
    """Read one page of `{"webhook_subscriptions": [...]}`."""
    return tuple(_subscription(one) for one in members(Fields.of(answer).get("webhook_subscriptions")))


def _subscription(subscription: Fields) -> WebhookSubscription:
    delivery = Fields.of(subscription.get("delivery_method"))
    scope, events = Fields.of(subscription.get("filter")), subscription.get("events")
    if not isinstance(events, list):
        raise Malformed("something else in place of a list of event types")
    return WebhookSubscription(
        id=text(subscription.get("id")),
        url=text(delivery.get("url")),
        active=subscription.get("active") is not False,
        disabled=delivery.get("temporarily_disabled") is True,
        events=frozenset(text(event) for event in events),
        scope=text(scope.get("type")).removesuffix("_reference"),
        scope_id=scope.optional_text("id"),
        description=subscription.optional_text("description"),
    )
