"""Incidents of the cases, with all that they can have."""

from dataclasses import replace

from bolt_app.open_incidents import OpenIncident
from bolt_app.queries.show_incident import IncidentView
from shared.model.enrichment import Link
from shared.model.event import Instant, Ref
from shared.model.event_types import Status
from shared.model.ids import IncidentId
from shared.pagerduty.models.incident import AlertCounts, PendingAction, RestIncident, Stamp
from shared.pagerduty.models.incident_parts import Alert, LogEntry, Note
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot

MINUTE = 60_000
PENDING = ("escalate", "unacknowledge", "resolve", "urgency_change")
"""What PagerDuty will do by itself."""


def whole(*, many: bool = False) -> IncidentView:
    """Make an incident with everything that it can have, or with more of it than can be shown."""
    times = 30 if many else 1
    incident = RestIncident(
        INCIDENT,
        snapshot(Status.ACKNOWLEDGED, "Checkout is slow", ALICE, BOB),
        Instant(NOON, 1000),
        None,
        (Stamp(Ref(ALICE.id, ALICE.name), Instant(NOON)),),
        "escalation_policy",
        pending=tuple(PendingAction(kind, Instant(NOON + 60 * MINUTE)) for kind in PENDING),
        alerts=AlertCounts(all=3 * times, triggered=2 * times),
        details="Since the release of 12:00.\nOnly in Europe.",
    )
    details = (("host", "checkout-db-1"), ("trace", "pool\nexhausted\nafter\n5 s\nof waiting"))
    links = (Link("https://grafana.example.com/d/1", "Dashboard"),)
    tool = Link("https://alertmanager.example.com/#/alerts", "Alertmanager")
    alert = Alert("A1", "p99 of /pay is 8.2 s", "", "triggered", "critical", "db-1", links, details, tool)
    nameless = replace(alert, summary="", severity="", links=(), details=(), client=None)
    by_bob = Note("1", "Looking at it.", Ref(BOB.id, BOB.name), Instant(NOON + MINUTE), None)
    unsigned = replace(by_bob, user=None, content="The pool is full.")
    log = LogEntry("1", "trigger_log_entry", Instant(NOON), None, "api", "Triggered through the API.")
    return IncidentView(incident, (alert, nameless) * times, (by_bob, unsigned) * times, (log,) * times * 3)


def open_incidents(count: int) -> list[OpenIncident]:
    """Make open incidents of different age; the first is acknowledged if there are many, the last of low urgency."""
    made = snapshot(Status.TRIGGERED, "Checkout is slow", ALICE)
    ages = (0, 5 * MINUTE, 3 * 60 * MINUTE, 5 * 24 * 60 * MINUTE)
    found = [
        OpenIncident(IncidentId(f"Q{at}"), replace(made, number=37 + at, created_ms=NOON - ages[min(at, 3)]))
        for at in range(count)
    ]
    last = found[-1]
    if count > 2:
        found[0] = replace(found[0], snapshot=replace(found[0].snapshot, status=Status.ACKNOWLEDGED))
    return [*found[:-1], replace(last, snapshot=replace(last.snapshot, urgency="low", assignees=()))]
