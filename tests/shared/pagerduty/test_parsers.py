"""All parsers alike: the vendor's own examples parse, and no answer whatever breaks one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.pagerduty.models import account as account_model
from shared.pagerduty.models import incident as incident_model
from shared.pagerduty.models import incident_parts as incident_parts_model
from shared.pagerduty.models import webhook_subscription as webhook_subscription_model
from tests.shared.pagerduty import responses as made
from tests.shared.pagerduty.json_values import JSON, damaged

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "pagerduty"
SAMPLES, OPENAPI = REFERENCE / "samples" / "rest_examples", REFERENCE / "openapi_subset.json"
Parser = Callable[[object], object]

IN_SAMPLES: dict[str, Parser] = {
    "get_abilities": account_model.parse_abilities,
    "get_escalation_policies_id": account_model.parse_escalation_policy,
    "get_incidents": incident_model.parse_incidents,
    "get_incidents_id": incident_model.parse_incident,
    "get_incidents_id_log_entries": incident_parts_model.parse_log_entries,
    "get_incidents_id_notes": incident_parts_model.parse_notes,
    "get_oncalls": account_model.parse_on_calls,
    "get_priorities": account_model.parse_priorities,
    "get_teams_id_members": account_model.parse_members,
    "get_users": account_model.parse_users,
    "get_users_id": account_model.parse_user,
    "get_webhook_subscriptions": webhook_subscription_model.parse_subscriptions,
    "post_incidents": incident_model.parse_incident,
    "post_incidents_id_notes": incident_parts_model.parse_note,
    "post_incidents_id_responder_requests": incident_parts_model.parse_responder_request,
    "post_incidents_id_snooze": incident_model.parse_incident,
    "post_incidents_id_status_updates": incident_parts_model.parse_status_update,
    "put_incidents_id": incident_model.parse_incident,
}
IN_DESCRIPTION: dict[tuple[str, str], Parser] = {
    ("get", "/incidents/{id}/alerts"): incident_parts_model.parse_alerts,
    ("get", "/services"): account_model.parse_services,
    ("get", "/services/{id}"): account_model.parse_service,
    ("get", "/escalation_policies"): account_model.parse_escalation_policies,
    ("get", "/teams"): account_model.parse_teams,
    ("get", "/teams/{id}"): account_model.parse_team,
}
FULL_INCIDENT = made.incident(
    acknowledgements=[{"at": "2023-11-14T22:13:25Z", "acknowledger": made.ALICE}],
    pending_actions=[{"type": "escalate", "at": "2023-11-14T22:43:20Z", "to": None}],
    alert_counts={"all": 1, "triggered": 1, "resolved": 0},
    incidents_responders=[{"state": "pending", "user": made.BOB}],
    body={"type": "incident_body", "details": "Carts"},
    conference_bridge={"conference_number": "+1", "conference_url": "https://meet.example.com"},
)
VALID: list[tuple[Parser, object]] = [
    (incident_model.parse_incident, {"incident": FULL_INCIDENT}),
    (incident_model.parse_incidents, {"incidents": [made.incident()]}),
    (account_model.parse_user, {"user": made.user("P1", teams=[made.reference("PTEAM01", "team", "Payments")])}),
    (account_model.parse_users, {"users": [made.user("P1")]}),
    (account_model.parse_team, {"team": made.team()}),
    (account_model.parse_teams, {"teams": [made.team()]}),
    (account_model.parse_members, {"members": [{"user": made.ALICE, "role": "manager"}]}),
    (account_model.parse_escalation_policy, {"escalation_policy": made.policy()}),
    (account_model.parse_escalation_policies, {"escalation_policies": [made.policy()]}),
    (account_model.parse_on_calls, {"oncalls": [made.on_call()]}),
    (account_model.parse_service, {"service": made.service()}),
    (account_model.parse_services, {"services": [made.service()]}),
    (account_model.parse_priorities, {"priorities": [{"id": "PP1", "name": "P1", "description": "Critical"}]}),
    (account_model.parse_abilities, {"abilities": ["teams"]}),
    (incident_parts_model.parse_note, {"note": made.note()}),
    (incident_parts_model.parse_notes, {"notes": [made.note()]}),
    (incident_parts_model.parse_status_update, {"status_update": made.status_update()}),
    (incident_parts_model.parse_responder_request, {"responder_request": made.responder_request()}),
    (incident_parts_model.parse_alerts, {"alerts": [made.alert()]}),
    (incident_parts_model.parse_log_entries, {"log_entries": [made.log_entry("assign", assignees=[made.ALICE])]}),
    (webhook_subscription_model.parse_subscription, {"webhook_subscription": made.subscription()}),
    (webhook_subscription_model.parse_subscriptions, {"webhook_subscriptions": [made.subscription()]}),
]


@pytest.mark.parametrize(("parser", "answer"), VALID)
def test_valid_answers(parser: Parser, answer: object) -> None:
    """What the tests below damage is valid to begin with."""
    assert parser(answer)


@given(st.sampled_from(VALID).flatmap(lambda pair: st.tuples(st.just(pair[0]), damaged(pair[1]))))
def test_one_thing_that_nobody_documents(pair: tuple[Parser, object]) -> None:
    """Whatever stands in one place of an answer, it is read, or is `Malformed`; what is read can be sent on."""
    parser, answer = pair
    try:
        read = parser(answer)
    except Malformed:
        return
    repr(read).encode()


@given(JSON, st.sampled_from([parser for parser, _ in VALID]))
def test_any_json(answer: object, parser: Parser) -> None:
    """No answer whatever breaks a parser in another way than `Malformed`."""
    try:
        parser(answer)
    except Malformed:
        return


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendors' reference is not beside this checkout")
@pytest.mark.parametrize("name", IN_SAMPLES)
def test_the_vendors_examples(name: str) -> None:
    """PagerDuty's own examples parse."""
    answered = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["responses"]
    assert [IN_SAMPLES[name](answer) for answer in answered.values()]


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendors' reference is not beside this checkout")
@pytest.mark.parametrize(("method", "path"), IN_DESCRIPTION)
def test_the_vendors_description(method: str, path: str) -> None:
    """So do those that stand in the description only."""
    operation = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"][path][method]
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    parser = IN_DESCRIPTION[method, path]
    assert all(parser(example["value"]) for example in examples.values())
