"""Looking after the webhook subscriptions of an account."""

from shared.pagerduty.api.request_bodies import Body
from shared.pagerduty.api.transport import Transport, change, get
from shared.pagerduty.models import webhook_subscription as webhook_subscription_model
from shared.pagerduty.models.webhook_subscription import Created, WebhookSubscription


class WebhookSubscriptions(Transport):
    """The webhook subscriptions. PagerDuty takes ten for each account, service and team."""

    async def webhook_subscriptions(self) -> tuple[WebhookSubscription, ...]:
        """Read all webhook subscriptions that the key may see."""
        request = get("webhook_subscriptions")
        return await self._all("webhook_subscriptions", request, webhook_subscription_model.parse_subscriptions)

    async def enable_subscription(self, subscription: str) -> WebhookSubscription:
        """Switch a subscription on again that PagerDuty has disabled. What was dropped meanwhile does not come."""
        request = change("POST", "webhook_subscriptions", subscription, "enable")
        return (await self._write("enable_subscription", request, webhook_subscription_model.parse_subscription)).value

    async def ping_subscription(self, subscription: str) -> None:
        """Make PagerDuty send a `pagey.ping`; success means that it was sent, not that it arrived."""
        await self._tell("ping_subscription", change("POST", "webhook_subscriptions", subscription, "ping"))

    async def create_subscription(self, body: Body) -> Created:
        """Subscribe (`creation_request`). The answer alone has the secret."""
        request = change("POST", "webhook_subscriptions", body=body)
        return (await self._write("create_subscription", request, webhook_subscription_model.parse_created)).value

    async def change_subscription(self, subscription: str, body: Body) -> WebhookSubscription:
        """Change a subscription (`change_request`)."""
        request = change("PUT", "webhook_subscriptions", subscription, body=body)
        return (await self._write("change_subscription", request, webhook_subscription_model.parse_subscription)).value

    async def delete_subscription(self, subscription: str) -> None:
        """End a subscription. What it was still to deliver is not sent any more."""
        await self._tell("delete_subscription", change("DELETE", "webhook_subscriptions", subscription))
