"""Every operation answers as PagerDuty's OpenAPI description says, and refuses what that does not allow."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme, Sample
from tests.pagebridge_sandbox.pagerduty.openapi import is_valid_body, response_violations
from tests.pagebridge_sandbox.pagerduty.test_pagerduty_webhook_subscriptions import wanted

WRONG: tuple[Any, ...] = (None, 7, True, "wrong", [], {}, [7])
"""What is put in the place of every value, one after the other."""

TOLERATED = {
    "acknowledge_log_entry",  # the description calls its type `acknowledgement_log_entry`, the sample does not
}
"""Where the description and PagerDuty's own examples differ."""

REFERENCE = {"id": "PCHECK1", "type": "service_reference"}
UPDATE = {
    "type": "incident_reference",
    "status": "acknowledged",
    "title": "new",
    "urgency": "high",
    "priority": {"id": "PPRIO01", "type": "priority_reference"},
    "incident_type": {"name": "major_incident"},
    "conference_bridge": {"conference_number": "+1", "conference_url": "https://example.com"},
    "assignments": [{"assignee": {"id": BOB, "type": "user_reference"}}],
}
# Without `body`: its `details` are an object in the description, and a text in PagerDuty's page on creating incidents.
DRAFT = {
    "type": "incident",
    "title": "new",
    "service": REFERENCE,
    "urgency": "low",
    "priority": {"id": "PPRIO01", "type": "priority_reference"},
    "incident_key": "key",
    "incident_type": {"name": "major_incident"},
    "conference_bridge": {"conference_number": "+1", "conference_url": "https://example.com"},
    "escalation_policy": {"id": "PPAYEP1", "type": "escalation_policy_reference"},
}
ASKED = {"responder_request_target": {"id": CAROL, "type": "user_reference"}}

WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/incidents", {"incident": DRAFT}),
    ("PUT", "/incidents/{id}", {"incident": UPDATE}),
    ("PUT", "/incidents", {"incidents": [{**UPDATE, "id": "1"}]}),
    ("POST", "/incidents/{id}/snooze", {"duration": 60}),
    ("PUT", "/incidents/{id}/merge", {"source_incidents": [{"id": "2", "type": "incident_reference"}]}),
    ("POST", "/incidents/{id}/notes", {"note": {"content": "x"}}),
    ("PUT", "/incidents/{id}/notes/{note_id}", {"note": {"content": "y"}}),
    (
        "POST",
        "/incidents/{id}/responder_requests",
        {"requester_id": ALICE, "message": "Help", "responder_request_targets": [ASKED]},
    ),
    (
        "PUT",
        "/incidents/{id}/responder_requests/cancel",
        {"requester_id": ALICE, "responder_request_targets": [{"id": CAROL, "type": "user_reference"}]},
    ),
    (
        "POST",
        "/incidents/{id}/status_updates",
        {"message": "Soon", "subject": "Update", "html_message": "<b>Soon</b>"},
    ),
    ("POST", "/webhook_subscriptions", {"webhook_subscription": wanted()}),
    (
        "PUT",
        "/webhook_subscriptions/{id}",
        {"webhook_subscription": {"events": ["incident.triggered"], "active": True, "description": "x"}},
    ),
]
READS = [
    "/incidents",
    "/incidents/{id}",
    "/incidents/{id}/alerts",
    "/incidents/{id}/log_entries",
    "/incidents/{id}/notes",
    "/log_entries",
    "/users",
    "/teams",
    "/oncalls",
    "/escalation_policies",
    "/priorities",
    "/services",
    "/abilities",
    "/webhook_subscriptions",
]


async def prepared(acme: Acme, path: str, *, acknowledged: bool = False) -> str:
    """Make what a path is about, and return the path to it."""
    incident = acme.trigger(priority="P1")
    acme.trigger("another")
    subscription = acme.pd.subscribe("http://127.0.0.1:9/", ["s"], events=["incident.reopened"])
    note = (await acme.call("POST", f"/incidents/{incident.id}/notes", {"note": {"content": "x"}})).body["note"]["id"]
    if acknowledged:
        acme.pd.web(ALICE).acknowledge(incident.id)
        acme.pd.web(ALICE).request_responders(incident.id, [CAROL], [acme.policy])
    thing = subscription.id if path.startswith("/webhook") else incident.id
    return path.replace("{id}", thing).replace("{note_id}", note)


def variants(body: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Make every body that differs in one place: a value of another kind, or one that is missing."""
    for path in places(body):
        for wrong in WRONG:
            changed = copy.deepcopy(body)
            at = changed
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = wrong
            yield changed
        changed = copy.deepcopy(body)
        at = changed
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        yield changed


def places(value: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - JSON
    """Find the way to every value."""
    steps: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    for step in steps:
        yield [step]
        if isinstance(value[step], dict | list):
            yield from ([step, *rest] for rest in places(value[step]))


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_write_responses_match_openapi(acme: Acme, method: str, path: str, body: Any) -> None:  # noqa: ANN401 - JSON
    """A body with everything in it is taken, and answered in the described shape."""
    url = await prepared(acme, path, acknowledged=path.endswith(("snooze", "cancel")))

    reply = await acme.call(method, url, body)

    assert reply.status < 300, reply.body
    assert [] == response_violations(method, path, reply.status, reply.body)


@pytest.mark.parametrize("path", READS)
async def test_read_responses_match_openapi(acme: Acme, path: str) -> None:
    """What can be read has the described shape."""
    url = await prepared(acme, path, acknowledged=True)

    problems = response_violations("GET", path, 200, await acme.get(url))

    assert [] == [each for each in problems if not any(known in each for known in TOLERATED)]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_bodies_outside_schema_are_rejected(acme: Acme, method: str, path: str, body: Any) -> None:  # noqa: ANN401 - JSON
    """Whatever the description does not allow in a body is refused with 400, and has no effect."""
    url = await prepared(acme, path, acknowledged=path.endswith(("snooze", "cancel")))
    taken = []

    for variant in variants(body):
        if not is_valid_body(method, path, variant):
            reply = await acme.call(method, url, variant)
            if reply.status != 400 or acme.pd.calls[-1].took_effect:
                taken.append((variant, reply.status, reply.body))

    assert [] == taken, "\n".join(str(each)[:600] for each in taken)


async def test_error_body_matches_openapi(acme: Acme, sample: Sample) -> None:
    """A refusal has a message, a code and what is wrong in particular."""
    sample("rest_examples/put_incidents.json")
    reply = await acme.call("PUT", "/incidents", {"incidents": []})

    assert [] == response_violations("PUT", "/incidents", 400, reply.body)
    assert {"message", "code", "errors"} == set(reply.body["error"])
