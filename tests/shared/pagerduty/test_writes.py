"""What the bridge asks of PagerDuty."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from shared.model.event import Status
from shared.model.ids import TeamId, UserId
from shared.pagerduty.api import writes
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.writes import NewIncident
from shared.pagerduty.models import webhook_subscription as webhook_subscription_model
from shared.pagerduty.models.fields import Body
from tests.shared.pagerduty.responses import EPOCH_MS

OPENAPI = Path(__file__).parents[4] / "shared" / "reference" / "pagerduty" / "openapi_subset.json"
ALICE, BOB = UserId("PALICE1"), UserId("PBOB001")
FULL = NewIncident("PSVC001", "Slow", "low", "Carts", "slack:1", policy="PPOL001", priority="PPRIO01")
PUT, POST = ("put", "/incidents/{id}"), ("post", "/incidents")
HOOK = "https://bridge.example.com/webhooks/pagerduty"
SUBSCRIBE, SUBSCRIPTION = ("post", "/webhook_subscriptions"), ("put", "/webhook_subscriptions/{id}")
BODIES: list[tuple[tuple[str, str], Body]] = [
    (SUBSCRIBE, webhook_subscription_model.creation_request(HOOK, "account", "", "pagebridge")),
    (SUBSCRIBE, webhook_subscription_model.creation_request(HOOK, "service", "PSVC001", "pagebridge")),
    (SUBSCRIPTION, webhook_subscription_model.change_request(active=True)),
    (SUBSCRIPTION, webhook_subscription_model.change_request(description="pagebridge")),
    (PUT, writes.status_request(Status.ACKNOWLEDGED)),
    (PUT, writes.status_request(Status.RESOLVED, "Restarted")),
    (PUT, writes.assignees_request([ALICE, BOB])),
    (PUT, writes.policy_request("PPOL001")),
    (PUT, writes.level_request(2)),
    (PUT, writes.priority_request("PPRIO01")),
    (
        ("post", "/incidents/{id}/responder_requests"),
        writes.responders_request(ALICE, "Help", [BOB], ["PPOL001"]),
    ),
    (POST, writes.creation_request(NewIncident("PSVC001", "Slow", assignee=ALICE))),
    # Without details: the description calls them an object, its own example and PagerDuty's guide a text.
    (POST, writes.creation_request(replace(FULL, details=""))),
]


def changed(body: Body) -> object:
    """Return what a `PUT` changes, without what every one of them says."""
    incident = body["incident"]
    assert isinstance(incident, dict)
    assert incident.pop("type") == "incident_reference"
    return incident


def test_only_what_is_to_change_is_sent() -> None:
    """Each change names itself alone, so that nothing else changes with it: a policy would restart an escalation."""
    assert changed(writes.status_request(Status.ACKNOWLEDGED)) == {"status": "acknowledged"}
    assert changed(writes.level_request(2)) == {"escalation_level": 2}
    assert changed(writes.priority_request("PP1")) == {"priority": {"id": "PP1", "type": "priority_reference"}}
    policy = {"id": "PPOL001", "type": "escalation_policy_reference"}
    assert changed(writes.policy_request("PPOL001")) == {"escalation_policy": policy}
    assignment = {"assignee": {"id": "PALICE1", "type": "user_reference"}}
    assert changed(writes.assignees_request([ALICE])) == {"assignments": [assignment]}


def test_only_a_resolve_has_a_resolution() -> None:
    """PagerDuty takes a resolution with no other state."""
    resolved = changed(writes.status_request(Status.RESOLVED, "Restarted"))
    assert resolved == {"status": "resolved", "resolution": "Restarted"}
    assert changed(writes.status_request(Status.RESOLVED)) == {"status": "resolved"}
    assert changed(writes.status_request(Status.ACKNOWLEDGED, "Restarted")) == {"status": "acknowledged"}


def test_who_is_asked_to_help() -> None:
    """People and policies are targets alike, each wrapped once more."""
    body = writes.responders_request(ALICE, "Help", [BOB], ["PPOL001"])
    assert body == {
        "requester_id": "PALICE1",
        "message": "Help",
        "responder_request_targets": [
            {"responder_request_target": {"id": "PBOB001", "type": "user_reference"}},
            {"responder_request_target": {"id": "PPOL001", "type": "escalation_policy_reference"}},
        ],
    }


def test_a_new_incident() -> None:
    """What is not given is left to PagerDuty."""
    assert writes.creation_request(NewIncident("PSVC001", "Slow")) == {
        "incident": {
            "type": "incident",
            "title": "Slow",
            "service": {"id": "PSVC001", "type": "service_reference"},
            "urgency": "high",
        }
    }
    full = writes.creation_request(FULL)["incident"]
    assert isinstance(full, dict)
    assert full["incident_key"] == "slack:1"
    assert full["body"] == {"type": "incident_body", "details": "Carts"}
    assert full["priority"] == {"id": "PPRIO01", "type": "priority_reference"}
    assert full["escalation_policy"] == {"id": "PPOL001", "type": "escalation_policy_reference"}


def test_a_new_incident_is_somebodys_or_a_policys() -> None:
    """PagerDuty refuses both together."""
    both = NewIncident("PSVC001", "Slow", policy="PPOL001", assignee=ALICE)
    incident = writes.creation_request(both)["incident"]
    assert isinstance(incident, dict)
    assert "assignments" in incident
    assert "escalation_policy" not in incident


def test_incidents_of_any_age() -> None:
    """Without a beginning PagerDuty would show the last month only."""
    everything = {"date_range": "all", "sort_by": "created_at:asc"}
    assert IncidentFilter().params == everything
    assert IncidentFilter(since_ms=EPOCH_MS + 999).params["since"] == "2023-11-14T22:13:20Z"
    assert "date_range" not in IncidentFilter(since_ms=EPOCH_MS).params


def test_which_incidents() -> None:
    """Each wish is a parameter of its own."""
    wanted = IncidentFilter([Status.TRIGGERED], ["PSVC001"], [TeamId("PTEAM01")], [ALICE], "slack:1")
    assert wanted.params == {
        "statuses[]": ["triggered"],
        "service_ids[]": ["PSVC001"],
        "team_ids[]": ["PTEAM01"],
        "user_ids[]": ["PALICE1"],
        "incident_key": "slack:1",
        "date_range": "all",
        "sort_by": "created_at:asc",
    }


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendors' reference is not beside this checkout")
@pytest.mark.parametrize(("operation", "body"), BODIES)
def test_bodies_fit_the_vendors_description(operation: tuple[str, str], body: Body) -> None:
    """Every body is one that PagerDuty's OpenAPI description allows."""
    described: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    method, path = operation
    schema = described["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    Draft4Validator({**schema, "components": described["components"]}).validate(json.loads(json.dumps(body)))
