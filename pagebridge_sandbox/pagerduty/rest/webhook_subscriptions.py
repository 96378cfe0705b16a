"""Webhook subscriptions, as their owner manages them over the REST API."""

import re
import secrets
from http import HTTPStatus

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.directory import Directory
from pagebridge_sandbox.pagerduty.responses import PRODUCT_LIMIT, ApiError, Json, Response, invalid_input, not_found
from pagebridge_sandbox.pagerduty.rest import bodies
from pagebridge_sandbox.pagerduty.rest.api import Context, Operation, Routes
from pagebridge_sandbox.pagerduty.subscriptions import EVENT_TYPES, Subscription, SubscriptionScope
from pagebridge_sandbox.pagerduty.webhooks import Webhooks

SCOPES = ("account", "service", "team")
MAX_SUBSCRIPTIONS = 10
"""Subscriptions of one account, service or team (knowledge base, webhooks)."""
URL = re.compile(r"https?://[^\s/]+(/\S*)?")
CHANGEABLE = frozenset({"description", "events", "filter", "active", "oauth_client_id", "type", "id"})


class WebhookSubscriptions:
    """The operations on the subscriptions of one account."""

    def __init__(self, webhooks: Webhooks, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock
        self.routes: Routes = {
            ("GET", "/webhook_subscriptions"): self.list_all,
            ("POST", "/webhook_subscriptions"): self._counting_revision(self.create),
            ("GET", "/webhook_subscriptions/{}"): self.get,
            ("PUT", "/webhook_subscriptions/{}"): self._counting_revision(self.update),
            ("DELETE", "/webhook_subscriptions/{}"): self._counting_revision(self.delete),
            ("POST", "/webhook_subscriptions/{}/enable"): self._counting_revision(self.enable),
            ("POST", "/webhook_subscriptions/{}/ping"): self._counting_revision(self.ping),
        }

    @staticmethod
    def _counting_revision(operation: Operation) -> Operation:
        """Count what an operation does as a change of the account."""

        def wrapper(context: Context, *variables: str) -> Response:
            answer = operation(context, *variables)
            context.account.revision += 1
            return answer

        return wrapper

    def list_all(self, context: Context) -> Response:
        """List subscriptions: all of them, or those of one scope."""
        request = context.request
        scope, thing = (
            bodies.optional_choice(dict(request.query), "filter_type", SCOPES),
            request.query.get("filter_id"),
        )
        if scope in ("service", "team") and thing is None:
            raise invalid_input("filter_id is missing")
        chosen = [
            each
            for each in self._webhooks.subscriptions.values()
            if scope in (None, each.scope.kind) and thing in (None, each.scope.id)
        ]
        return Response(request.page("webhook_subscriptions", chosen, self._render))

    def create(self, context: Context) -> Response:
        """Subscribe. Only this answer has the secret."""
        fields = context.request.body_object("webhook_subscription")
        bodies.require(fields, "type", "delivery_method", "events", "filter")
        bodies.optional_choice(fields, "type", ("webhook_subscription",))
        scope = _parse_scope(fields, context.account.directory)
        if sum(each.scope == scope for each in self._webhooks.subscriptions.values()) >= MAX_SUBSCRIPTIONS:
            raise ApiError(PRODUCT_LIMIT, "Product Limit Exceeded", f"{MAX_SUBSCRIPTIONS} subscriptions at most")
        url, headers = _parse_delivery_method(fields["delivery_method"])
        subscription = Subscription(ids.object_id(), url, [secrets.token_hex(32)], custom_headers=headers)
        _configure(subscription, fields, scope)
        self._webhooks.subscriptions[subscription.id] = subscription
        shown = self._render(subscription)
        shown["delivery_method"]["secret"] = subscription.secrets[0]
        return Response({"webhook_subscription": shown})

    def get(self, _context: Context, subscription_id: str) -> Response:
        """Show a subscription."""
        return Response({"webhook_subscription": self._render(self._find(subscription_id))})

    def update(self, context: Context, subscription_id: str) -> Response:
        """Change what is subscribed to; address, headers and secret stay as they are."""
        subscription = self._find(subscription_id)
        fields = context.request.body_object("webhook_subscription")
        if fixed := sorted(fields.keys() - CHANGEABLE):
            raise invalid_input(f"{', '.join(fixed)} cannot be changed")
        scope = _parse_scope(fields, context.account.directory) if "filter" in fields else subscription.scope
        _configure(subscription, fields, scope)
        return Response({"webhook_subscription": self._render(subscription)})

    def delete(self, _context: Context, subscription_id: str) -> Response:
        """End a subscription; what is still on its way to it is not sent any more."""
        self._find(subscription_id).removed = True
        del self._webhooks.subscriptions[subscription_id]
        return Response("", HTTPStatus.NO_CONTENT)

    def enable(self, _context: Context, subscription_id: str) -> Response:
        """Switch a subscription on again that has dropped too much."""
        subscription = self._find(subscription_id)
        subscription.enable()
        return Response({"webhook_subscription": self._render(subscription)})

    def ping(self, _context: Context, subscription_id: str) -> Response:
        """Send a ping."""
        self._webhooks.ping(self._find(subscription_id).id)
        return Response("", HTTPStatus.ACCEPTED)

    def _find(self, subscription_id: str) -> Subscription:
        if subscription_id not in self._webhooks.subscriptions:
            raise not_found()
        return self._webhooks.subscriptions[subscription_id]

    def _render(self, subscription: Subscription) -> Json:
        scope, client = subscription.scope, subscription.oauth_client
        return {
            "id": subscription.id,
            "type": "webhook_subscription",
            "active": subscription.active,
            "description": subscription.description,
            "events": sorted(EVENT_TYPES if subscription.events is None else subscription.events),
            "filter": {"type": f"{scope.kind}_reference"} | ({"id": scope.id} if scope.id else {}),
            "oauth_client": {"id": client, "type": "oauth_client_reference", "summary": ""} if client else None,
            "delivery_method": {
                "id": f"PD{subscription.id[:5]}",
                "type": "http_delivery_method",
                "url": subscription.url,
                "secret": None,
                "temporarily_disabled": subscription.is_disabled(self._clock.now()),
                "custom_headers": [{"name": name, "value": "-- redacted --"} for name in subscription.custom_headers],
            },
        }


def _configure(subscription: Subscription, fields: Json, scope: SubscriptionScope) -> None:
    """Take over everything that a body says, or nothing of it."""
    events = _parse_events(fields) if "events" in fields else subscription.events
    active = fields.get("active", subscription.active)
    if not isinstance(active, bool):
        raise invalid_input("active must be true or false")
    client = fields.get("oauth_client_id", subscription.oauth_client)
    if not isinstance(client, str | None):
        raise invalid_input("oauth_client_id must be a text")
    description = bodies.optional_text(fields, "description")
    subscription.description = subscription.description if description is None else description
    subscription.events, subscription.active, subscription.oauth_client = events, active, client
    subscription.service_id = scope.id if scope.kind == "service" else None
    subscription.team_id = scope.id if scope.kind == "team" else None


def _parse_events(fields: Json) -> frozenset[str]:
    events = fields["events"]
    if not isinstance(events, list) or not events or not all(isinstance(each, str) for each in events):
        raise invalid_input("events must be a list of event types, and not empty")
    if len(set(events)) < len(events) or not EVENT_TYPES.issuperset(events):
        raise invalid_input("events must be known, and each of them once")
    return frozenset(events)


def _parse_scope(fields: Json, directory: Directory) -> SubscriptionScope:
    value = fields["filter"]
    if not isinstance(value, dict):
        raise invalid_input("filter must be a reference")
    allowed = [f"{kind}_reference" for kind in SCOPES]
    bodies.require(value, "type")
    kind = str(bodies.optional_choice(value, "type", allowed)).removesuffix("_reference")
    if kind == "account":
        return SubscriptionScope("account")
    thing = bodies.required_text(value, "id")
    known = directory.services if kind == "service" else directory.teams
    if thing not in known:
        raise invalid_input(f"{kind} Not Found")
    return SubscriptionScope("service" if kind == "service" else "team", thing)


def _parse_delivery_method(value: object) -> tuple[str, dict[str, str]]:
    fields = value if isinstance(value, dict) else {}
    bodies.require(fields, "type", "url")
    bodies.optional_choice(fields, "type", ("http_delivery_method",))
    url = bodies.required_text(fields, "url")
    if not URL.fullmatch(url):
        raise invalid_input("url must be the address of a receiver")
    given = fields.get("custom_headers", [])
    headers = [] if given == [] else bodies.required_objects(fields, "custom_headers")
    return url, {bodies.required_text(each, "name"): bodies.required_text(each, "value") for each in headers}
