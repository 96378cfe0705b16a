"""All parsers alike: the vendor's own examples parse, and no answer whatever breaks one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.pagerduty import account, additions, alerts, escalation, log_entries, people, rest, subscriptions
from shared.pagerduty.api import errors
from tests.shared.pagerduty import answers as made
from tests.shared.pagerduty.json_values import JSON, damaged

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "pagerduty"
SAMPLES, OPENAPI = REFERENCE / "samples" / "rest_examples", REFERENCE / "openapi_subset.json"
Parser = Callable[[object], object]

IN_SAMPLES: dict[str, Parser] = {
    "get_abilities": account.parse_abilities,
    "get_escalation_policies_id": escalation.parse_escalation_policy,
    "get_incidents": rest.parse_incidents,
    "get_incidents_id": rest.parse_incident,
    "get_incidents_id_log_entries": log_entries.parse_log_entries,
    "get_incidents_id_notes": additions.parse_notes,
    "get_oncalls": escalation.parse_on_calls,
    "get_priorities": account.parse_priorities,
    "get_teams_id_members": people.parse_members,
    "get_users": people.parse_users,
    "get_users_id": people.parse_user,
    "get_webhook_subscriptions": subscriptions.parse_subscriptions,
    "post_incidents": rest.parse_incident,
    "post_incidents_id_notes": additions.parse_note,
    "post_incidents_id_responder_requests": additions.parse_responder_request,
    "post_incidents_id_snooze": rest.parse_incident,
    "post_incidents_id_status_updates": additions.parse_status_update,
    "put_incidents_id": rest.parse_incident,
}
IN_DESCRIPTION: dict[tuple[str, str], Parser] = {
    ("get", "/incidents/{id}/alerts"): alerts.parse_alerts,
    ("get", "/services"): account.parse_services,
    ("get", "/services/{id}"): account.parse_service,
    ("get", "/escalation_policies"): escalation.parse_escalation_policies,
    ("get", "/teams"): people.parse_teams,
    ("get", "/teams/{id}"): people.parse_team,
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
    (rest.parse_incident, {"incident": FULL_INCIDENT}),
    (rest.parse_incidents, {"incidents": [made.incident()]}),
    (rest.snapshot_from_rest, made.incident()),
    (people.parse_user, {"user": made.user("P1", teams=[made.reference("PTEAM01", "team", "Payments")])}),
    (people.parse_users, {"users": [made.user("P1")]}),
    (people.parse_team, {"team": made.team()}),
    (people.parse_teams, {"teams": [made.team()]}),
    (people.parse_members, {"members": [{"user": made.ALICE, "role": "manager"}]}),
    (escalation.parse_escalation_policy, {"escalation_policy": made.policy()}),
    (escalation.parse_escalation_policies, {"escalation_policies": [made.policy()]}),
    (escalation.parse_on_calls, {"oncalls": [made.on_call()]}),
    (account.parse_service, {"service": made.service()}),
    (account.parse_services, {"services": [made.service()]}),
    (account.parse_priorities, {"priorities": [{"id": "PP1", "name": "P1", "description": "Critical"}]}),
    (account.parse_abilities, {"abilities": ["teams"]}),
    (additions.parse_note, {"note": made.note()}),
    (additions.parse_notes, {"notes": [made.note()]}),
    (additions.parse_status_update, {"status_update": made.status_update()}),
    (additions.parse_responder_request, {"responder_request": made.responder_request()}),
    (alerts.parse_alerts, {"alerts": [made.alert()]}),
    (log_entries.parse_log_entries, {"log_entries": [made.log_entry("assign", assignees=[made.ALICE])]}),
    (subscriptions.parse_subscription, {"webhook_subscription": made.subscription()}),
    (subscriptions.parse_subscriptions, {"webhook_subscriptions": [made.subscription()]}),
    (errors.has_more, {"more": True}),
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


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendor's examples are not in this checkout")
@pytest.mark.parametrize("name", IN_SAMPLES)
def test_the_vendors_examples(name: str) -> None:
    """PagerDuty's own examples parse."""
    answered = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["responses"]
    assert [IN_SAMPLES[name](answer) for answer in answered.values()]


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendor's description is not in this checkout")
@pytest.mark.parametrize(("method", "path"), IN_DESCRIPTION)
def test_the_vendors_description(method: str, path: str) -> None:
    """So do those that stand in the description only."""
    operation = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"][path][method]
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    parser = IN_DESCRIPTION[method, path]
    assert all(parser(example["value"]) for example in examples.values())
