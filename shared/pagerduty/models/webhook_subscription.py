"""Webhook subscriptions in values, what is asked about them, and which of them are as we need them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, SecretStr, model_validator

from shared.config.errors import Problem
from shared.model.event_types import ANNOUNCED_TYPES
from shared.pagerduty.models.fields import Body, OptionalText, Text, as_object, listing, named, parser

ANY = "any"
"""Stands for every subscription that delivers here, in place of the id of one."""
PATH = "/webhooks/pagerduty"
"""Where the receiver takes deliveries; a proxy in front of it may put something before this."""
NEEDED = frozenset(event for event in ANNOUNCED_TYPES if event.startswith("incident."))
"""The events without which something would be missing in Slack until the next resync."""


@dataclass(frozen=True)
class WebhookSubscription:
    """
    A webhook subscription without its secret, which PagerDuty returns only on creation.

    PagerDuty has disabled a `disabled` one for a day because its deliveries were rejected. `scope` is `account`,
    `service` or `team`, the latter two with an id.
    """

    id: Text
    url: Annotated[Text, named("delivery_method", "url")]
    active: Annotated[bool, PlainValidator(lambda active: active is not False), Field(default=True)]
    disabled: Annotated[
        bool,
        PlainValidator(lambda disabled: disabled is True),
        Field(default=False),
        named("delivery_method", "temporarily_disabled"),
    ]
    events: frozenset[Text]
    scope: Annotated[Text, AfterValidator(lambda kind: kind.removesuffix("_reference")), named("filter", "type")]
    scope_id: Annotated[OptionalText, named("filter", "id")]
    description: OptionalText


@dataclass(frozen=True)
class Created:
    """A new subscription and its signing secret, which cannot be read again."""

    subscription: WebhookSubscription
    secret: Annotated[SecretStr, named("delivery_method", "secret")]

    @model_validator(mode="before")
    @classmethod
    def _with_subscription(cls, subscription: object) -> object:
        return {**as_object(subscription), "subscription": subscription}


parse_created = parser(Created, "webhook_subscription")
parse_subscription = parser(WebhookSubscription, "webhook_subscription")
parse_subscriptions = listing(WebhookSubscription, "webhook_subscriptions")


def creation_request(url: str, scope: str, scope_id: str, description: str, events: Iterable[str] = NEEDED) -> Body:
    """Make the body of the `POST` that subscribes, not yet active: nothing is sent before its secret is in place."""
    listens_to = {"type": f"{scope}_reference"} | ({"id": scope_id} if scope_id else {})
    return {
        "webhook_subscription": {
            "type": "webhook_subscription",
            "delivery_method": {"type": "http_delivery_method", "url": url},
            "events": sorted(events),
            "filter": listens_to,
            "description": description,
            "active": False,
        }
    }


def change_request(*, active: bool | None = None, description: str | None = None) -> Body:
    """Make the body of the `PUT`; address and secret cannot be changed (OpenAPI)."""
    given: Body = {"active": active, "description": description}
    return {"webhook_subscription": {name: value for name, value in given.items() if value is not None}}


def delivers_here(subscription: WebhookSubscription, wanted: str = ANY) -> bool:
    """True if it has the id `wanted`; with `ANY`, if it is active and delivers to the receiver."""
    if wanted != ANY:
        return subscription.id == wanted
    return subscription.active and urlsplit(subscription.url).path.endswith(PATH)


def wrong_with(ours: Sequence[WebhookSubscription]) -> Problem | None:
    """Return what is wrong with the subscriptions that deliver here, as they are set up; None when nothing is."""
    active = [each for each in ours if each.active]
    return missing(active) or incomplete(active) or partial(active)


def missing(ours: Sequence[WebhookSubscription]) -> Problem | None:
    """Return the problem if none delivers."""
    if any(each.active for each in ours):
        return None
    what = f"PagerDuty has no active webhook subscription to an address ending in {PATH}"
    return Problem(what, "create one with `pagebridge webhook create`")


def incomplete(ours: Sequence[WebhookSubscription]) -> Problem | None:
    """Return the problem if an event is missing that is shown in Slack."""
    lacking = sorted(NEEDED - frozenset().union(*(each.events for each in ours)))
    if not lacking:
        return None
    fix = "add these events in PagerDuty, or run `pagebridge webhook rotate` to create one that has them"
    return Problem(f"The webhook subscription does not send {', '.join(lacking)}", fix)


def partial(ours: Sequence[WebhookSubscription]) -> Problem | None:
    """Return the problem if none is for the whole account."""
    if any(each.scope == "account" for each in ours):
        return None
    what = "The webhook subscription covers only part of the account, so other incidents are found late"
    return Problem(what, "create one for the whole account")
