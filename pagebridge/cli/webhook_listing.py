"""Pure: webhook subscriptions as `pagebridge webhook status` lists them."""

from shared.config.settings import PagerDutySettings
from shared.pagerduty.models.webhook_subscription import NEEDED, WebhookSubscription, delivers_here

TITLES = ("ID", "STATE", "FILTER", "EVENTS", "ADDRESS", "DESCRIPTION")


def row(each: WebhookSubscription) -> tuple[str, ...]:
    """Return a subscription's row of the table."""
    lacking = len(NEEDED - each.events)
    events = f"{lacking} missing" if lacking else "all required events"
    return (each.id, _state(each), f"{each.scope} {each.scope_id}".strip(), events, each.url, each.description)


def as_json_object(each: WebhookSubscription, settings: PagerDutySettings) -> dict[str, object]:
    """Return a subscription as `pagebridge webhook status --json` prints it."""
    return {
        "id": each.id,
        "state": _state(each),
        "filter": {"type": each.scope, "id": each.scope_id or None},
        "events": sorted(each.events),
        "missing_events": sorted(NEEDED - each.events),
        "url": each.url,
        "description": each.description,
        "delivers_here": delivers_here(each, settings.pagerduty_webhook_subscription),
    }


def _state(subscription: WebhookSubscription) -> str:
    return "disabled" if subscription.disabled else "active" if subscription.active else "inactive"
