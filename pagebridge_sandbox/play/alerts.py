"""The prepared alerts: what monitoring can report at the press of a button."""

from dataclasses import dataclass, field
from typing import Any

from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.play import fixtures

HUGE = 10_000
"""Characters of the biggest detail of the hostile alert."""
HOSTILE_TITLE = (
    "<!channel> *bold* _it_ `code` <https://evil.example|Click to log in> "
    '<script>alert(1)</script> &lt;b&gt; "quotes" \u202etxt.exe\u202c @here :rotating_light: \x07' + "long " * 60
)


@dataclass(frozen=True)
class Alert:
    """One alert: what it is called on the page, where it belongs, and what monitoring says."""

    label: str
    service: str
    title: str
    urgency: str = "high"
    priority: str | None = None
    report: dict[str, Any] = field(default_factory=dict)


ALERTS: dict[str, Alert] = {
    "checkout": Alert(
        "Checkout is slow",
        fixtures.CHECKOUT,
        "Checkout latency over 2 s",
        priority="P1",
        report={
            "source": "prometheus-eu-1",
            "client": {"name": "Prometheus", "url": "https://prometheus.example.com/alerts"},
            "links": [
                {"href": "https://runbooks.example.com/checkout", "text": "Runbook"},
                {"href": "https://grafana.example.com/d/checkout", "text": "Latency by region"},
            ],
            "details": {"p99": "2.3 s", "region": "eu-1"},
        },
    ),
    "database": Alert(
        "Search index is stale",
        fixtures.SEARCH,
        "Search results are stale",
        report={"source": "nightly-index", "details": {"age": "26 h"}},
    ),
    "flapping": Alert(
        "A disk that flaps",
        fixtures.CHECKOUT,
        "Disk space below 5% on db-3",
        report={"source": "node-exporter", "details": {"mount": "/var"}},
    ),
    "hostile": Alert(
        "Huge and hostile contents",
        fixtures.CHECKOUT,
        HOSTILE_TITLE,
        report={
            "source": "<!here> attacker & co.",
            "links": [
                {"href": "https://evil.example/?a=1&b=<2>|3", "text": "a <b> & | c"},
                {"href": "javascript:alert(1)", "text": "Not a web address"},
            ],
            "details": {"huge": "x<&>" * (HUGE // 4), "bidi \u202e": "\u2066isolated", "": None, "deep": {"a": [1]}},
        },
    ),
    "low": Alert("Low urgency", fixtures.CHECKOUT, "Certificate expires in 20 days", urgency="low", priority="P3"),
    "private": Alert(
        "A private team's incident",
        fixtures.VAULT,
        "Unusual access to the vault",
        priority="P2",
        report={"source": "audit-log"},
    ),
}


def raise_alert(pagerduty: PagerDutySandbox, name: str, title: str = "") -> str:
    """Let monitoring report a prepared alert, perhaps under another title; returns the incident's id."""
    alert = ALERTS[name]
    opened = pagerduty.trigger(
        alert.service, title or alert.title, alert.urgency, alert.priority, alert=alert.report or None
    )
    return opened.id


def flap(pagerduty: PagerDutySandbox) -> None:
    """Let the flapping alert come, go and come again, a moment after another."""
    for _ in range(2):
        pagerduty.automation.resolve(raise_alert(pagerduty, "flapping"))
    raise_alert(pagerduty, "flapping")
