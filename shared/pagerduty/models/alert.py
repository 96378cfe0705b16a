"""
The alerts of an incident in values: what monitoring reported. Answers in. Pure.

Sources: PagerDuty's OpenAPI description. It leaves out `body.cef_details`, where the source of events sent through the
Events API is found in practice; it is read where it is as expected and passed over where it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator, model_validator

from shared.model.enrichment import Link
from shared.pagerduty.models.fields import (
    OptionalText,
    OptionalTime,
    Text,
    as_object,
    as_objects,
    named,
    optional_text,
    parser,
    text,
    written,
)


@dataclass(frozen=True)
class Image:
    """A picture that the monitoring shows, and the page it leads to, if any."""

    src: str
    text: str
    href: str


def _contexts(contexts: object, kind: str, address: str) -> list[Mapping[str, object]]:
    """Find those of a kind; PagerDuty's own example has a link that leads nowhere."""
    return [one for one in as_objects(contexts) if one.get("type") == kind and one.get(address)]


def _links(contexts: object) -> tuple[Link, ...]:
    links = _contexts(contexts, "link", "href")
    return tuple(Link(text(one["href"]), optional_text(one.get("text"))) for one in links)


def _images(contexts: object) -> tuple[Image, ...]:
    images = _contexts(contexts, "image", "src")
    return tuple(
        Image(text(one["src"]), optional_text(one.get("text")), optional_text(one.get("href"))) for one in images
    )


def _details(details: object) -> tuple[tuple[str, str], ...]:
    """Read an object or a text, of which PagerDuty says no more than that it is one of them."""
    if details is None:
        return ()
    if isinstance(details, dict):
        return tuple((text(name), written(value)) for name, value in details.items())
    return (("", written(details)),)


@dataclass(frozen=True)
class Alert:
    """
    One alert. `status` is `triggered` or `resolved`; `severity` is `info`, `warning`, `error`, `critical`, or empty.

    `source` names what is affected or, where that is not said, the integration that reported it. `details` are what
    the monitoring sent besides, by name; one that sent a plain text has given it no name.
    """

    id: Text
    summary: OptionalText
    url: Annotated[OptionalText, named("html_url")]
    status: OptionalText
    severity: OptionalText
    source: OptionalText
    created: Annotated[OptionalTime, named("created_at")]
    links: Annotated[tuple[Link, ...], PlainValidator(_links), named("body", "contexts")] = ()
    images: Annotated[tuple[Image, ...], PlainValidator(_images), named("body", "contexts")] = ()
    details: Annotated[tuple[tuple[str, str], ...], PlainValidator(_details), named("body", "details")] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_source(cls, alert: object) -> object:
        found = as_object(alert)
        body, integration = (as_object(found.get(name) or {}) for name in ("body", "integration"))
        event = body.get("cef_details")
        source = event.get("source_origin") if isinstance(event, dict) else None
        return {**found, "source": source if source and isinstance(source, str) else integration.get("summary")}


parse_alerts = parser(tuple[Alert, ...], "alerts")
