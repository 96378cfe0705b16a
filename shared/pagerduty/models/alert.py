"""
The alerts of an incident in values: what monitoring reported. Answers in. Pure.

Sources: PagerDuty's OpenAPI description. It leaves out `body.cef_details`, where the source of events sent through the
Events API is found in practice; it is read where it is as expected and passed over where it is not.
"""

from dataclasses import dataclass

from shared.model.enrichment import Link
from shared.model.event import Instant
from shared.pagerduty.models.fields import Fields, members, optional_time, text, written


@dataclass(frozen=True)
class Image:
    """A picture that the monitoring shows, and the page it leads to, if any."""

    src: str
    text: str
    href: str


@dataclass(frozen=True)
class Alert:
    """
    One alert. `status` is `triggered` or `resolved`; `severity` is `info`, `warning`, `error`, `critical`, or empty.

    `source` names what is affected or, where that is not said, the integration that reported it. `details` are what
    the monitoring sent besides, by name; one that sent a plain text has given it no name.
    """

    id: str
    summary: str
    url: str
    status: str
    severity: str
    source: str
    created: Instant | None
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    details: tuple[tuple[str, str], ...] = ()


def parse_alerts(answer: object) -> tuple[Alert, ...]:
    """Read one page of `{"alerts": [...]}`."""
    return tuple(_alert(alert) for alert in members(Fields.of(answer).get("alerts")))


def _alert(alert: Fields) -> Alert:
    body = alert.part("body")
    contexts = body.members("contexts")
    return Alert(
        id=text(alert.get("id")),
        summary=alert.optional_text("summary"),
        url=alert.optional_text("html_url"),
        status=alert.optional_text("status"),
        severity=alert.optional_text("severity"),
        source=_source(body) or alert.part("integration").optional_text("summary"),
        created=optional_time(alert.get("created_at")),
        links=_links(contexts),
        images=_images(contexts),
        details=_details(body.get("details")),
    )


def _source(body: Fields) -> str:
    event = body.get("cef_details")
    source = event.get("source_origin") if isinstance(event, dict) else None
    return text(source) if isinstance(source, str) else ""


def _links(contexts: list[Fields]) -> tuple[Link, ...]:
    """Read the links; PagerDuty's own example has one that leads nowhere."""
    links = [one for one in contexts if one.get("type") == "link" and one.get("href")]
    return tuple(Link(text(one.get("href")), one.optional_text("text")) for one in links)


def _images(contexts: list[Fields]) -> tuple[Image, ...]:
    images = [one for one in contexts if one.get("type") == "image" and one.get("src")]
    return tuple(Image(text(one.get("src")), one.optional_text("text"), one.optional_text("href")) for one in images)


def _details(details: object) -> tuple[tuple[str, str], ...]:
    """Read an object or a text, of which PagerDuty says no more than that it is one of them."""
    if details is None:
        return ()
    if isinstance(details, dict):
        return tuple((text(name), written(value)) for name, value in details.items())
    return (("", written(details)),)
