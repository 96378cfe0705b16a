"""What the simulator says has the shape of what PagerDuty documents and sends."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Subscription
from tests.pagebridge_sandbox.documented import SAMPLES
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme, Inbox, Sample

NEVER = {
    "custom_fields",  # only with include[]
    "conference_bridge",  # only with include[]
    "http_cal_url",  # not with an account-level key
    "web_cal_url",  # same
}
"""Fields of the samples that no answer here has, with the reason."""

EMPTY = {
    "schedule",
    "alert_grouping",
    "incidents_responders",
    "responder_requests",
    "contact_methods",
    "notification_rules",
    "pending_actions",
    "notes.channel",  # of a note that a machine has made
}
"""What has something in it in the samples, and here is empty or null."""


SUBFIELDS = {"alert_grouping", "custom_fields", "conference_bridge"}
"""What has fields in the samples, and here is there, but empty or null."""


def keys(value: Any, at: str = "") -> set[str]:  # noqa: ANN401 - JSON
    """Every path to a field, through lists as well."""
    if isinstance(value, list):
        return {key for each in value for key in keys(each, at)}
    if not isinstance(value, dict):
        return set()
    return {f"{at}{name}" for name in value} | {key for name in value for key in keys(value[name], f"{at}{name}.")}


async def busy_incident(acme: Acme) -> str:
    """Make an incident that has everything an incident can have."""
    incident = acme.trigger(priority="P1")
    acme.pd.web(BOB).acknowledge(incident.id)
    acme.pd.web(BOB).add_note(incident.id, "looking")
    return incident.id


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("get_incidents", "/incidents"),
        ("get_incidents_id", "/incidents/{incident}"),
        ("get_incidents_id_notes", "/incidents/{incident}/notes"),
        ("get_incidents_id_log_entries", "/incidents/{incident}/log_entries"),
        ("get_users", "/users"),
        ("get_users_id", "/users/PALICE1"),
        ("get_teams_id_members", "/teams/PPAYTM1/members"),
        ("get_escalation_policies_id", "/escalation_policies/PPAYEP1"),
        ("get_oncalls", "/oncalls"),
        ("get_priorities", "/priorities"),
    ],
)
async def test_reads_have_every_field_of_the_sample(acme: Acme, sample: Sample, name: str, path: str) -> None:
    """Whatever PagerDuty's example of an answer has is there, at the same place."""
    incident = await busy_incident(acme)
    expected = keys(sample(f"rest_examples/{name}.json")["responses"]["200"])

    given = keys(await acme.get(path.format(incident=incident)))

    missing = {key for key in expected - given if not NEVER & set(key.split("."))}
    assert set() == {key for key in missing if not any(f".{part}." in f".{key}" for part in EMPTY)}


async def test_writes_have_every_field_of_the_sample(acme: Acme, sample: Sample) -> None:
    """The answers to an acknowledge, a note and a new incident."""
    incident = acme.trigger(priority="P1")
    note = {"note": {"content": "x"}}
    reference = {"id": acme.service, "type": "service_reference"}
    priority = {"id": "PPRIO01", "type": "priority_reference"}
    draft = {"incident": {"type": "incident", "title": "x", "service": reference, "priority": priority}}
    put = await acme.update_incident(incident.id, status="acknowledged")
    post = await acme.call("POST", "/incidents", draft)
    noted = await acme.call("POST", f"/incidents/{incident.id}/notes", note)

    for name, status, reply in (
        ("put_incidents_id", "200", put),
        ("post_incidents", "201", post),
        ("post_incidents_id_notes", "200", noted),
    ):
        expected = keys(sample(f"rest_examples/{name}.json")["responses"][status])
        missing = expected - keys(reply.body)
        assert set() == {key for key in missing if "pending_actions." not in key}
        assert int(status) == reply.status


async def test_actions_have_every_field_of_the_sample(acme: Acme, sample: Sample) -> None:
    """The answers to a snooze, a merge, a request for help and a status update, and what the incident says then."""
    incident, other = await busy_incident(acme), await busy_incident(acme)
    path = f"/incidents/{incident}"
    target = {"responder_request_target": {"id": CAROL, "type": "user_reference"}}
    asked = {"requester_id": BOB, "message": "Help", "responder_request_targets": [target]}
    mail = {"message": "x", "subject": "y", "html_message": "z"}
    merged = {"source_incidents": [{"id": other, "type": "incident_reference"}]}

    for name, status, reply in (
        ("post_incidents_id_snooze", "201", await acme.call("POST", f"{path}/snooze", {"duration": 60})),
        ("post_incidents_id_responder_requests", "200", await acme.call("POST", f"{path}/responder_requests", asked)),
        ("post_incidents_id_status_updates", "200", await acme.call("POST", f"{path}/status_updates", mail)),
        ("put_incidents_id_merge", "200", await acme.call("PUT", f"{path}/merge", merged)),
        (
            "get_incidents_id",
            "200",
            await acme.call("GET", f"{path}?include[]=conference_bridge&include[]=custom_fields"),
        ),
    ):
        missing = keys(sample(f"rest_examples/{name}.json")["responses"][status]) - keys(reply.body)
        assert set() == {each for each in missing if not SUBFIELDS & set(each.split(".")[:-1])}
        assert int(status) == reply.status


async def test_subscriptions_have_every_field_of_the_sample(acme: Acme, sample: Sample) -> None:
    """PagerDuty's own example of a request, and its answer."""
    example = sample("rest_examples/post_webhook_subscriptions.json")
    example["request"]["webhook_subscription"]["filter"]["id"] = acme.service

    reply = await acme.call("POST", "/webhook_subscriptions", example["request"])

    assert 200 == reply.status
    assert set() == keys(example["responses"]["200"]) - keys(reply.body)


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("data_incident_responder", "incident.responder.added"),
        ("data_incident_status_update", "incident.status_update_published"),
        ("data_incident_conference_bridge", "incident.conference_bridge.updated"),
        ("data_incident_note", "incident.annotated"),
        ("data_incident", "incident.acknowledged"),
    ],
)
async def test_events_match_documented_examples(
    acme: Acme, inbox: Inbox, sample: Sample, name: str, event_type: str
) -> None:
    """The data of an event has what PagerDuty's page on webhooks shows."""
    incident = await busy_incident(acme)
    bob = acme.pd.web(BOB)
    bob.set_conference_bridge(incident, "+1", "https://example.com")
    bob.request_responders(incident, policy_ids=[acme.policy])
    bob.publish_status_update(incident, "x")
    await acme.pd.webhooks.wait_until_idle()

    data = next(event["data"] for event in inbox.events if event["event_type"] == event_type)

    missing = keys(sample(f"docs_examples/{name}.json")) - keys(data)
    assert set() == {each for each in missing if not each.startswith(("conference_bridge.", "resolve_reason."))}


@pytest.mark.parametrize(
    "name", ["incident_triggered", "incident_acknowledged", "incident_resolved", "incident_annotated_resolution_note"]
)
async def test_events_match_captured_deliveries(acme: Acme, inbox: Inbox, sample: Sample, name: str) -> None:
    """An event has the fields of one that PagerDuty really sent, and those that were added since."""
    alice = acme.pd.web(ALICE)
    incident = alice.trigger(acme.service, "Test")
    alice.resolve(incident.id, "resolving")
    await acme.pd.webhooks.wait_until_idle()
    real = sample(f"signed_real/{name}.json")["event"]

    ours = next(event for event in inbox.events if event["event_type"] == real["event_type"])

    added = {"data.reopened_at"} | {f"data.teams.{field}" for field in ("id", "type", "self", "html_url", "summary")}
    assert set() == keys(real) - keys(ours)
    assert keys(ours) - keys(real) <= added
    assert list(real) == list(ours)
    assert [type(value) for value in real.values()] == [type(value) for value in ours.values()]


async def test_ping_matches_captured_delivery(acme: Acme, inbox: Inbox, sample: Sample) -> None:
    """Field for field."""
    acme.pd.webhooks.ping(next(iter(acme.pd.webhooks.subscriptions)), ALICE)
    await acme.pd.webhooks.wait_until_idle()

    assert keys(sample("signed_real/pagey_ping.json")) == keys({"event": inbox.events[0]})


def test_signature_matches_captured_delivery() -> None:
    """With PagerDuty's own bytes and secret, the simulator computes PagerDuty's own signature."""
    path = SAMPLES["pagerduty"] / "signed_real" / "SIGNATURES.json"
    if not path.exists():
        pytest.skip("the vendors' reference is not beside this checkout")
    signatures = json.loads(path.read_text(encoding="utf-8"))
    subscription = Subscription("PSUB001", "http://127.0.0.1:9/", [signatures["secret"]])

    for name, headers in signatures["files"].items():
        body = (SAMPLES["pagerduty"] / "signed_real" / name).read_bytes()
        ours = subscription.delivery_headers("id", body)["X-PagerDuty-Signature"]
        assert headers["X-PagerDuty-Signature"] == ours


def test_signatures_depend_on_body_and_secret() -> None:
    """The signature is an HMAC-SHA256 of the bytes, in hexadecimal."""
    ours = Subscription("PSUB001", "http://127.0.0.1:9/", ["s"]).delivery_headers("id", b"body")[
        "X-PagerDuty-Signature"
    ]

    assert f"v1={hmac.new(b's', b'body', hashlib.sha256).hexdigest()}" == ours
