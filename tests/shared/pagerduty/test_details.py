"""What each kind of event tells: what came out, by which the same change is recognised, and what its words need."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.model.event import Event, digest, joined_ids
from shared.model.event_types import ANNOUNCED_TYPES
from shared.pagerduty.events.details import conference_bridge, responder
from shared.pagerduty.events.webhook import parse

DOCUMENTED = Path(__file__).parents[4] / "shared/reference/pagerduty/samples/docs_examples"
needs_samples = pytest.mark.skipif(not DOCUMENTED.exists(), reason="the vendors' reference is not beside this checkout")

ALICE = {"id": "PALICE1", "type": "user_reference", "summary": "Alice Ng"}
BOB = {"id": "PBOB001", "type": "user_reference", "summary": "Bob Ray"}
OF = {"incident": {"id": "Q1INCIDENT"}}
INCIDENT = {
    "id": "Q1INCIDENT",
    "type": "incident",
    "status": "triggered",
    "title": "Checkout is slow",
    "service": {"id": "PSVC001", "summary": "checkout-api"},
    "assignees": [BOB, ALICE],
    "escalation_policy": {"id": "PPOL001", "summary": "Payments on-call"},
    "priority": {"id": "PPRIO01", "summary": "P1"},
    "urgency": "high",
    "incident_type": {"name": "major"},
    "resolve_reason": None,
}
NOTE = OF | {"type": "incident_note", "id": "PNOTE01", "content": "Looking", "trimmed": False}
UPDATE = OF | {"type": "incident_status_update", "id": "PUPD001", "message": "Fixed soon", "trimmed": True}
RESPONDER = OF | {"type": "incident_responder", "user": ALICE, "message": "Help", "state": "accepted"}
BRIDGE = OF | {"type": "incident_conference_bridge", "conference_numbers": [{"number": "+1 555"}]}
FIELDS = OF | {
    "type": "incident_field_values",
    "custom_fields": [{"name": "environment", "value": "production"}, {"name": "regions", "value": ["EU", "US"]}],
    "changed_custom_fields": [{"name": "regions", "value": None}],
}
ROLE = {"assignee": ALICE, "old_assignee": BOB, "role": {"id": "PROLE01", "summary": "Commander"}, "status": "active"}
ROLES = {"type": "incident_role_assignment", "incident_role_assignments": [OF | ROLE]}
TASK = OF | {"type": "incident_task", "id": "PTASK01", "name": "Tell sales", "status": "todo", "assignees": [ALICE]}
ACTION = OF | {"type": "incident_action_invocation", "id": "01RUN", "state": "created", "action": {"id": "01ACT"}}
WORKFLOW = OF | {"type": "incident_workflow_instance", "id": "PRUN001", "incident_workflow": {"id": "PWF001"}}


def read(event_type: str, data: object) -> Event:
    """Parse a delivery about an incident."""
    event = {"id": "01EVENT", "event_type": f"incident.{event_type}", "occurred_at": "2025-04-07T03:47:13.546Z"}
    parsed = parse(json.dumps({"event": event | {"agent": ALICE, "data": data}}).encode())
    assert isinstance(parsed, Event)
    return parsed


@pytest.mark.parametrize(
    ("event_type", "data", "detail"),
    [
        ("triggered", INCIDENT, "triggered"),
        ("acknowledged", INCIDENT, "acknowledged"),
        ("escalated", INCIDENT, "PALICE1,PBOB001"),
        ("delegated", INCIDENT, "PALICE1,PBOB001"),
        ("reassigned", INCIDENT, "PALICE1,PBOB001"),
        ("priority_updated", INCIDENT, "PPRIO01"),
        ("priority_updated", INCIDENT | {"priority": None}, ""),
        ("service_updated", INCIDENT, "PSVC001"),
        ("incident_type.changed", INCIDENT, "major"),
        ("annotated", NOTE, digest("Looking")),
        ("status_update_published", UPDATE, digest("Fixed  soon\n")),
        ("responder.added", RESPONDER | {"state": "pending"}, "PALICE1:pending"),
        ("responder.replied", RESPONDER, responder("PALICE1", "joined")),
        ("responder.added", RESPONDER | {"user": None, "escalation_policy": {"id": "PPOL001"}}, "PPOL001:joined"),
        ("conference_bridge.updated", BRIDGE, conference_bridge("+1 555", "")),
        ("role.assigned", ROLES, "PROLE01:PALICE1:active"),
        ("task.created", TASK, "PTASK01:todo"),
        ("action_invocation.created", ACTION, "01RUN:created"),
        ("workflow.started", WORKFLOW, "PRUN001"),
        ("something.new", OF | {"type": "incident_something"}, ""),
    ],
)
def test_what_came_out_is_told_by_ids(event_type: str, data: object, detail: str) -> None:
    """An event's detail consists of ids, states and digests, which each source of one change gives alike."""
    assert detail == read(event_type, data).detail


@pytest.mark.parametrize(
    ("event_type", "data", "said"),
    [
        ("acknowledged", INCIDENT, {"assigned": "Alice Ng, Bob Ray"}),
        ("delegated", INCIDENT, {"policy": "Payments on-call", "assigned": "Alice Ng, Bob Ray"}),
        ("priority_updated", INCIDENT, {"priority": "P1"}),
        ("service_updated", INCIDENT, {"service": "checkout-api"}),
        ("incident_type.changed", INCIDENT, {"type": "major"}),
        ("annotated", NOTE, {"text": "Looking"}),
        ("status_update_published", UPDATE, {"text": "Fixed soon", "trimmed": "yes"}),
        ("responder.replied", RESPONDER, {"responder": "Alice Ng", "state": "joined", "message": "Help"}),
        ("conference_bridge.updated", BRIDGE, {"number": "+1 555", "url": ""}),
        ("custom_field_values.updated", FIELDS, {"field:regions": "EU, US", "was:regions": ""}),
        ("role.assigned", ROLES, {"field:Commander": "Alice Ng", "was:Commander": "Bob Ray"}),
        ("task.updated", TASK, {"task": "Tell sales", "to": "Alice Ng", "state": "todo"}),
        ("action_invocation.updated", ACTION, {"action": "01ACT", "state": "created"}),
        ("workflow.completed", WORKFLOW, {"workflow": "PWF001", "state": ""}),
    ],
)
def test_what_the_words_need(event_type: str, data: object, said: dict[str, str]) -> None:
    """Names, texts and states are there for whoever puts it into words."""
    assert said == dict(read(event_type, data).details)


def test_a_trigger_says_what_later_changes_come_from() -> None:
    """The first line of an incident remembers what it began with."""
    said = dict(read("triggered", INCIDENT).details)

    assert {
        "assigned": "Alice Ng, Bob Ray",
        "priority": "P1",
        "service": "checkout-api",
        "policy": "Payments on-call",
        "type": "major",
    } == said


def test_a_merge_says_where_the_incident_went() -> None:
    """A merge comes as a resolve with a reason, which names the incident that goes on."""
    target = {"id": "Q2TARGET", "summary": "[#12] On fire", "html_url": "https://acme.pagerduty.com/incidents/Q2TARGET"}
    reason = {"type": "merge_resolve_reason", "incident": target}

    event = read("resolved", INCIDENT | {"status": "resolved", "resolve_reason": reason})

    assert {"merged": "#12", "merged_url": target["html_url"]} == dict(event.details)


@pytest.mark.parametrize(("event_type", "data"), [("annotated", NOTE), ("status_update_published", UPDATE)])
def test_only_what_is_made_once_has_a_subject(event_type: str, data: dict[str, object]) -> None:
    """Notes and status updates are known by their id alone; a task is told of in each of its states."""
    assert data["id"] == read(event_type, data).subject
    assert "" == read("task.updated", TASK).subject


def test_fields_without_their_old_values_are_all_told() -> None:
    """Where PagerDuty does not say which fields changed, every one of them is told."""
    said = dict(read("custom_field_values.updated", FIELDS | {"changed_custom_fields": []}).details)

    assert {"field:environment": "production", "field:regions": "EU, US"} == said


@needs_samples
@pytest.mark.parametrize("path", sorted(DOCUMENTED.glob("data_incident*.json")), ids=lambda path: path.stem)
def test_every_documented_shape_tells_something(path: Path) -> None:
    """Each kind of data that the documentation shows gives what came out, and words."""
    event = read("reassigned", json.loads(path.read_text()))

    assert event.detail
    assert any(text for _, text in event.details)


@needs_samples
def test_the_documented_change_of_a_field_goes_from_the_old_to_the_new_value() -> None:
    """PagerDuty lists the new values first and the old ones as "changed"."""
    event = read(
        "custom_field_values.updated", json.loads((DOCUMENTED / "data_incident_field_values.json").read_text())
    )

    assert {"field:environment": "production", "was:environment": "staging"} == dict(event.details)


KINDS = [INCIDENT, NOTE, UPDATE, RESPONDER, BRIDGE, FIELDS, ROLES, TASK, ACTION, WORKFLOW]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "value"]), inner),
    max_leaves=6,
)


@given(st.sampled_from(KINDS), st.sampled_from(sorted(ANNOUNCED_TYPES)), JSON, st.data())
def test_any_value_is_taken_or_malformed(
    kind: dict[str, object], event_type: str, value: object, data: st.DataObject
) -> None:
    """No value in any field of any kind of data makes the parser fail in any other way."""
    field = data.draw(st.sampled_from(sorted(kind)))
    try:
        event = read(event_type.partition(".")[2], kind | {field: value})
    except Malformed:
        return
    assert all(isinstance(text, str) for pair in event.details for text in pair)


def test_people_are_the_same_in_any_order() -> None:
    """Who it came out with does not depend on how PagerDuty lists them."""
    assert (
        joined_ids(["PB", "PA", "PB"])
        == read("reassigned", INCIDENT | {"assignees": [{"id": "PA"}, {"id": "PB"}]}).detail
    )
