"""Single fields of an alert: whatever monitoring sent, each is a short text or left out for a reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.enrichment import Link
from shared.pagerduty.models.alert_fields import LONGEST_VALUE, chosen_fields, field_value, is_safe_image
from shared.pagerduty.models.incident_parts import Alert, parse_alerts


def alert(details: object) -> Alert:
    """Read an alert as PagerDuty gives it."""
    given = {"id": "PALERT1", "severity": "critical", "body": {"details": details}}
    return parse_alerts({"alerts": [given]}).members[0]


DETAILS: dict[str, Any] = {
    "region": " eu-1\n",
    "pod": {"node": "n-7", "labels": {"app.kubernetes.io/name": "pay"}},
    "k8s.pod": "pay-1",
    "count": 12,
    "rate": 0.5,
    "muted": False,
    "nothing": None,
    "blank": " ",
    "list": [1],
    "just": "x" * LONGEST_VALUE,
    "long": "x" * (LONGEST_VALUE + 1),
    "half": "\ud83d",
}


@pytest.mark.parametrize(
    ("path", "text", "left_out"),
    [
        ("severity", "critical", ""),
        ("details.region", "eu-1", ""),
        ("details.pod.node", "n-7", ""),
        ("details.pod.labels.app.kubernetes.io/name", "pay", ""),
        ("details.k8s.pod", "pay-1", ""),
        ("details.count", "12", ""),
        ("details.rate", "0.5", ""),
        ("details.muted", "false", ""),
        ("details.half", "\ufffd", ""),
        ("details.just", "x" * LONGEST_VALUE, ""),
        ("details.long", "", "too_long"),
        ("details.pod", "", "not_scalar"),
        ("details.list", "", "not_scalar"),
        ("details.nothing", "", "missing"),
        ("details.blank", "", "missing"),
        ("details.other", "", "missing"),
        ("details.region.zone", "", "missing"),
        ("details.list.0", "", "missing"),
    ],
)
def test_a_path_leads_to_a_text_or_to_a_reason(path: str, text: str, left_out: str) -> None:
    """Names below names, names with dots, numbers and yes or no as they are written; all else is left out."""
    value = field_value(alert(DETAILS), path)

    assert (text, left_out) == (value.text, value.left_out)


@pytest.mark.parametrize("details", [None, "a plain text", [], 7])
def test_details_that_have_no_names_have_no_fields(details: object) -> None:
    """PagerDuty says no more of them than that they are an object or a text."""
    assert "missing" == field_value(Alert("A", "", "", "", "", "", raw_details=details), "details.region").left_out


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
)


@given(ANYTHING, st.lists(st.text(max_size=3), max_size=4))
def test_no_alert_and_no_path_fail(details: object, steps: list[str]) -> None:
    """Whatever stands there, what is kept of it is short, can be stored, and has its reason if it is nothing."""
    path = ".".join(["details", *steps])
    found = Alert("A", "", "", "", "", "", raw_details=details)

    value = field_value(found, path)

    assert len(value.text) <= LONGEST_VALUE
    assert bool(value.text) is not bool(value.left_out)
    assert ((path, value.text),) * bool(value.text) == chosen_fields(found, [path])
    json.dumps(value.text, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://grafana.example.com/render/1.png?from=1&to=2", True),
        ("http://grafana.example.com/1.png", False),
        ("data:image/png;base64,AAAA", False),
        ("https://me:secret@grafana.example.com/1.png", False),
        ("https:///1.png", False),
        ("https://[grafana/1.png", False),
        ("https://grafana.example.com/a b.png", False),
        ("https://grafana.example.com/\n.png", False),
        ("https://grafana.example.com/" + "x" * 500, False),
        ("", False),
    ],
)
def test_an_image_is_linked_by_https_only(address: str, *, safe: bool) -> None:
    """Nothing with a password in it, nothing that is no page, and nothing without end."""
    assert safe is is_safe_image(Link(address, "Latency"))


def test_images_are_told_from_links() -> None:
    """PagerDuty has both among an alert's contexts; an image may have no address, or lead elsewhere besides."""
    contexts = [
        {"type": "image", "src": "https://x.example/1.png", "href": "https://x.example/", "text": "Latency"},
        {"type": "image", "href": "https://x.example/"},
        {"type": "link", "href": "https://y.example/", "src": "https://y.example/2.png"},
    ]
    (found,) = parse_alerts({"alerts": [{"id": "PALERT1", "body": {"contexts": contexts}}]}).members

    assert (Link("https://x.example/1.png", "Latency"),) == found.images
    assert (Link("https://y.example/", ""),) == found.links
