"""What PagerDuty's alerts mean."""

import pytest

from shared.errors import Malformed
from shared.model.enrichment import Link
from shared.model.event import Instant
from shared.pagerduty.models.alert import Alert, Image, parse_alerts
from tests.shared.pagerduty.responses import EPOCH_MS, alert


def one(**changed: object) -> Alert:
    """Parse an alert."""
    (read,) = parse_alerts({"alerts": [alert(**changed)]})
    return read


def body(**fields: object) -> dict[str, object]:
    """Make the body of an alert."""
    return {"type": "alert_body", **fields}


def test_an_alert() -> None:
    """An alert says what is wrong, how badly, since when, and where to look."""
    read = one()
    assert (read.summary, read.status, read.severity) == ("p99 latency over 2 s", "triggered", "critical")
    assert read.created == Instant(EPOCH_MS, 1000)
    assert read.links == (Link("https://graphs.example.com/1", "Latency"),)
    assert read.images == (Image("https://graphs.example.com/1.png", "", "https://graphs.example.com/1"),)
    assert read.details == (("p99", "2.4"), ("region", "eu-west-1"))


def test_where_an_alert_comes_from() -> None:
    """The source that the monitoring named counts before the integration through which it came."""
    assert one().source == "Prometheus"
    assert one(body=body(cef_details={"source_origin": "web-7"})).source == "web-7"
    for other in (None, "web-7", {"source_origin": 7}, {}):
        assert one(body=body(cef_details=other)).source == "Prometheus"
    assert one(integration=None).source == ""


def test_links_that_lead_nowhere() -> None:
    """Contexts without an address, and of kinds that PagerDuty does not document, are passed over."""
    read = one(body=body(contexts=[{"type": "link"}, {"type": "image"}, {"type": "video", "src": "https://e.example"}]))
    assert (read.links, read.images) == ((), ())


def test_details_of_any_kind() -> None:
    """Details may be an object, a text, or missing, with values of any kind."""
    assert one(body=body(details="it is down")).details == (("", "it is down"),)
    assert one(body=body(details=None)).details == ()
    assert one(body=None).details == ()
    assert one(body=body(details={"hosts": ["a", "b"], "up": None})).details == (("hosts", '["a", "b"]'), ("up", ""))


def test_details_without_end() -> None:
    """A value nested deeper than anybody can read is refused, and breaks nothing."""
    deep: object = "bottom"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Malformed):
        one(body=body(details={"deep": deep}))
