"""Answers as PagerDuty gives them."""

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from shared.model.ids import IncidentId
from tests.shared.local_server import Request

INCIDENT = IncidentId("Q1INCIDENT")
EPOCH_DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
EPOCH_MS = 1_700_000_000_000


def reference(id_: str, kind: str, summary: str) -> dict[str, object]:
    """Make a reference to something."""
    return {"id": id_, "type": f"{kind}_reference", "summary": summary, "html_url": f"https://acme.pagerduty.com/{id_}"}


ALICE = reference("PALICE1", "user", "Alice Ng")
BOB = reference("PBOB001", "user", "Bob Ray")


def incident(**changed: object) -> dict[str, object]:
    """Make an incident object; keyword arguments replace its fields."""
    return {
        "id": INCIDENT,
        "type": "incident",
        "incident_number": 37,
        "title": "Checkout is slow",
        "status": "triggered",
        "urgency": "high",
        "html_url": "https://acme.pagerduty.com/incidents/Q1INCIDENT",
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:30Z",
        "last_status_change_at": "2023-11-14T22:13:25Z",
        "last_status_change_by": ALICE,
        "service": reference("PSVC001", "service", "checkout-api"),
        "priority": None,
        "assignments": [{"at": "2023-11-14T22:13:20Z", "assignee": ALICE}],
        "acknowledgements": [],
        "assigned_via": "escalation_policy",
        "teams": [reference("PTEAM01", "team", "Payments")],
        "escalation_policy": reference("PPOL001", "escalation_policy", "Payments on-call"),
        **changed,
    }


def user(id_: str, **changed: object) -> dict[str, object]:
    """Make a user object."""
    made = {"id": id_, "type": "user", "name": id_.title(), "email": f"{id_.lower()}@example.com", "role": "user"}
    return {**made, "teams": [], **changed}


def page(name: str, entries: Sequence[Mapping[str, object]], longest: int = 100) -> Callable[[Request], web.Response]:
    """Answer with the page of `entries` that was asked for, or with its first `longest`."""

    def answer(request: Request) -> web.Response:
        offset, limit = int(request.query["offset"]), min(longest, int(request.query["limit"]))
        more = offset + limit < len(entries)
        return web.json_response({name: entries[offset : offset + limit], "more": more, "total": None})

    return answer


def note(**changed: object) -> dict[str, object]:
    """Make a note object."""
    made = {"id": "PNOTE01", "user": ALICE, "channel": {"summary": "The PagerDuty website or APIs"}}
    times = {"created_at": "2023-11-14T22:13:20Z", "updated_at": "2023-11-14T22:13:20Z"}
    return {**made, "content": "Looking at it", **times, **changed}


def log_entry(kind: str, **changed: object) -> dict[str, object]:
    """Make an entry of a log, of one of PagerDuty's kinds, such as `acknowledge`."""
    return {
        "id": "RLOG001",
        "type": f"{kind}_log_entry",
        "summary": f"{kind} by Alice Ng",
        "created_at": "2023-11-14T22:13:20Z",
        "agent": ALICE,
        "channel": {"type": "website"},
        "incident": reference(INCIDENT, "incident", "Checkout is slow"),
        "contexts": [],
        **changed,
    }


def alert(**changed: object) -> dict[str, object]:
    """Make an alert object."""
    body = {
        "type": "alert_body",
        "contexts": [
            {"type": "link", "href": "https://graphs.example.com/1", "text": "Latency"},
            {"type": "image", "src": "https://graphs.example.com/1.png", "href": "https://graphs.example.com/1"},
        ],
        "details": {"p99": 2.4, "region": "eu-west-1"},
    }
    return {
        "id": "QALERT1",
        "type": "alert",
        "summary": "p99 latency over 2 s",
        "html_url": "https://acme.pagerduty.com/alerts/QALERT1",
        "created_at": "2023-11-14T22:13:20Z",
        "status": "triggered",
        "severity": "critical",
        "integration": reference("PINT001", "events_api_v2_inbound_integration", "Prometheus"),
        "body": body,
        **changed,
    }


def policy(**changed: object) -> dict[str, object]:
    """Make an escalation policy object with two levels."""
    rota = reference("PSCHED1", "schedule", "Payments rota")
    rules = [
        {"id": "PRULE01", "escalation_delay_in_minutes": 15, "targets": [ALICE, rota]},
        {"id": "PRULE02", "escalation_delay_in_minutes": 30, "targets": [BOB]},
    ]
    made = {"id": "PPOL001", "type": "escalation_policy", "name": "Payments on-call", "num_loops": 2}
    return {**made, "escalation_rules": rules, "teams": [reference("PTEAM01", "team", "Payments")], **changed}


def on_call(**changed: object) -> dict[str, object]:
    """Make an entry of who is on call."""
    return {
        "user": ALICE,
        "schedule": reference("PSCHED1", "schedule", "Payments rota"),
        "escalation_policy": reference("PPOL001", "escalation_policy", "Payments on-call"),
        "escalation_level": 1,
        "start": "2023-11-14T09:00:00Z",
        "end": "2023-11-15T09:00:00Z",
        **changed,
    }


def service(**changed: object) -> dict[str, object]:
    """Make a service object."""
    return {
        "id": "PSVC001",
        "type": "service",
        "name": "checkout-api",
        "html_url": "https://acme.pagerduty.com/services/PSVC001",
        "acknowledgement_timeout": 1800,
        "escalation_policy": reference("PPOL001", "escalation_policy", "Payments on-call"),
        "teams": [reference("PTEAM01", "team", "Payments")],
        **changed,
    }


def team(**changed: object) -> dict[str, object]:
    """Make a team object."""
    return {"id": "PTEAM01", "type": "team", "name": "Payments", "default_role": "manager", **changed}


def subscription(**changed: object) -> dict[str, object]:
    """Make a webhook subscription object."""
    delivery = {"id": "PD1", "type": "http_delivery_method", "url": "https://bridge.example.com/pagerduty"}
    return {
        "id": "PSUB001",
        "type": "webhook_subscription",
        "active": True,
        "description": "The bridge",
        "events": ["incident.triggered", "incident.resolved"],
        "filter": {"type": "team_reference", "id": "PTEAM01"},
        "delivery_method": {**delivery, "secret": None, "temporarily_disabled": False},
        **changed,
    }


def status_update(**changed: object) -> dict[str, object]:
    """Make a status update object."""
    made = {"id": "PUPD001", "message": "We are on it", "sender": ALICE, "created_at": "2023-11-14T22:13:20Z"}
    return {**made, **changed}


def responder_request(**changed: object) -> dict[str, object]:
    """Make a request for responders in which Alice has asked Bob."""
    asked = {"type": "user", "id": "PBOB001", "incidents_responders": [{"state": "pending", "user": BOB}]}
    made = {"requester": ALICE, "requested_at": "2023-11-14T22:13:20Z", "message": "Please help"}
    return {**made, "responder_request_targets": [{"responder_request_target": asked}], **changed}
