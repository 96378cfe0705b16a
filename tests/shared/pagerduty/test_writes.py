"""What the bridge asks of PagerDuty."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from shared.errors import Uncertain
from shared.model.event_types import Status
from shared.model.ids import UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.writes import NewIncident
from shared.pagerduty.models.webhook_subscription import change_request, creation_request
from tests.shared.local_server import LocalServer
from tests.shared.pagerduty.responses import EPOCH_MS, INCIDENT

OPENAPI = Path(__file__).parents[4] / "shared" / "reference" / "pagerduty" / "openapi_subset.json"
Call = Callable[[PagerDuty], Awaitable[object]]
Sent = Callable[[Call], Awaitable[dict[str, Any]]]
WHO = "zoë@example.com"
ALICE, BOB = UserId("PALICE1"), UserId("PBOB001")
FULL = NewIncident("PSVC001", "Slow", "low", "Carts", "slack:1")
PUT, POST = ("put", "/incidents/{id}"), ("post", "/incidents")
HOOK = "https://bridge.example.com/webhooks/pagerduty"
SUBSCRIBE, SUBSCRIPTION = ("post", "/webhook_subscriptions"), ("put", "/webhook_subscriptions/{id}")
BODIES: list[tuple[tuple[str, str], Call]] = [
    (SUBSCRIBE, lambda door: door.create_subscription(creation_request(HOOK, "account", "", "pagebridge"))),
    (SUBSCRIBE, lambda door: door.create_subscription(creation_request(HOOK, "service", "PSVC001", "pagebridge"))),
    (SUBSCRIPTION, lambda door: door.change_subscription("PSUB001", change_request(active=True))),
    (SUBSCRIPTION, lambda door: door.change_subscription("PSUB001", change_request(description="pagebridge"))),
    (PUT, lambda door: door.set_status(INCIDENT, Status.ACKNOWLEDGED, WHO)),
    (PUT, lambda door: door.set_status(INCIDENT, Status.RESOLVED, WHO, "Restarted")),
    (PUT, lambda door: door.reassign(INCIDENT, WHO, assignees=[ALICE, BOB])),
    (PUT, lambda door: door.reassign(INCIDENT, WHO, policy="PPOL001")),
    (PUT, lambda door: door.escalate(INCIDENT, 2, WHO)),
    (PUT, lambda door: door.set_priority(INCIDENT, "PPRIO01", WHO)),
    (
        ("post", "/incidents/{id}/responder_requests"),
        lambda door: door.request_responders(INCIDENT, ALICE, "Help", [BOB], WHO),
    ),
    (POST, lambda door: door.create_incident(NewIncident("PSVC001", "Slow"), WHO)),
    # Without details: the description calls them an object, its own example and PagerDuty's guide a text.
    (POST, lambda door: door.create_incident(replace(FULL, details=""), WHO)),
]


@pytest.fixture
def sent(server: LocalServer, door: PagerDuty) -> Sent:
    """Make a call, and give the body that it sends. What is answered does not matter here."""

    async def body(call: Call) -> dict[str, Any]:
        server.say({})
        with pytest.raises(Uncertain):
            await call(door)
        found: dict[str, Any] = json.loads(server.requests[-1].body)
        return found

    return body


def changed(body: dict[str, Any]) -> object:
    """Return what a `PUT` changes, without what every one of them says."""
    incident = body["incident"]
    assert isinstance(incident, dict)
    assert incident.pop("type") == "incident_reference"
    return incident


async def test_only_what_is_to_change_is_sent(sent: Sent) -> None:
    """Each change names itself alone, so that nothing else changes with it: a policy would restart an escalation."""
    acknowledge = await sent(lambda door: door.set_status(INCIDENT, Status.ACKNOWLEDGED, WHO))
    assert changed(acknowledge) == {"status": "acknowledged"}
    assert changed(await sent(lambda door: door.escalate(INCIDENT, 2, WHO))) == {"escalation_level": 2}
    priority = await sent(lambda door: door.set_priority(INCIDENT, "PP1", WHO))
    assert changed(priority) == {"priority": {"id": "PP1", "type": "priority_reference"}}
    policy = {"id": "PPOL001", "type": "escalation_policy_reference"}
    to_policy = await sent(lambda door: door.reassign(INCIDENT, WHO, policy="PPOL001"))
    assert changed(to_policy) == {"escalation_policy": policy}
    assignment = {"assignee": {"id": "PALICE1", "type": "user_reference"}}
    to_alice = await sent(lambda door: door.reassign(INCIDENT, WHO, assignees=[ALICE]))
    assert changed(to_alice) == {"assignments": [assignment]}


async def test_only_a_resolve_has_a_resolution(sent: Sent) -> None:
    """PagerDuty takes a resolution with no other state."""
    resolved = await sent(lambda door: door.set_status(INCIDENT, Status.RESOLVED, WHO, "Restarted"))
    assert changed(resolved) == {"status": "resolved", "resolution": "Restarted"}
    plain = await sent(lambda door: door.set_status(INCIDENT, Status.RESOLVED, WHO))
    assert changed(plain) == {"status": "resolved"}
    acknowledged = await sent(lambda door: door.set_status(INCIDENT, Status.ACKNOWLEDGED, WHO, "Restarted"))
    assert changed(acknowledged) == {"status": "acknowledged"}


async def test_who_is_asked_to_help(sent: Sent) -> None:
    """People are targets, each wrapped once more."""
    body = await sent(lambda door: door.request_responders(INCIDENT, ALICE, "Help", [BOB], WHO))
    assert body == {
        "requester_id": "PALICE1",
        "message": "Help",
        "responder_request_targets": [
            {"responder_request_target": {"id": "PBOB001", "type": "user_reference"}},
        ],
    }


async def test_a_new_incident(sent: Sent) -> None:
    """What is not given is left to PagerDuty."""
    assert await sent(lambda door: door.create_incident(NewIncident("PSVC001", "Slow"), WHO)) == {
        "incident": {
            "type": "incident",
            "title": "Slow",
            "service": {"id": "PSVC001", "type": "service_reference"},
            "urgency": "high",
        }
    }
    full = (await sent(lambda door: door.create_incident(FULL, WHO)))["incident"]
    assert isinstance(full, dict)
    assert full["incident_key"] == "slack:1"
    assert full["body"] == {"type": "incident_body", "details": "Carts"}


def test_incidents_of_any_age() -> None:
    """Without a beginning PagerDuty would show the last month only."""
    everything = {"date_range": "all", "sort_by": "created_at:asc"}
    assert IncidentFilter().params == everything
    assert IncidentFilter(since_ms=EPOCH_MS + 999).params["since"] == "2023-11-14T22:13:20Z"
    assert "date_range" not in IncidentFilter(since_ms=EPOCH_MS).params


def test_which_incidents() -> None:
    """Each wish is a parameter of its own."""
    wanted = IncidentFilter([Status.TRIGGERED], [ALICE], "slack:1")
    assert wanted.params == {
        "statuses[]": ["triggered"],
        "user_ids[]": ["PALICE1"],
        "incident_key": "slack:1",
        "date_range": "all",
        "sort_by": "created_at:asc",
    }


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendors' reference is not beside this checkout")
@pytest.mark.parametrize(("operation", "call"), BODIES)
async def test_bodies_fit_the_vendors_description(sent: Sent, operation: tuple[str, str], call: Call) -> None:
    """Every body is one that PagerDuty's OpenAPI description allows."""
    described: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    method, path = operation
    schema = described["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    Draft4Validator({**schema, "components": described["components"]}).validate(await sent(call))
