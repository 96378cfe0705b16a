"""Every write of the door: what it sends, in whose name, and what it makes of a bad answer."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from shared.errors import Refused, Uncertain
from shared.model.event_types import Status
from shared.model.ids import UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.writes import NewIncident
from tests.shared.local_server import LocalServer
from tests.shared.pagerduty.responses import INCIDENT, incident, note, responder_request, status_update, subscription

PATH = f"/incidents/{INCIDENT}"
WHO = "zoë@example.com"
ALICE, BOB = UserId("PALICE1"), UserId("PBOB001")
CHANGED = {"incident": incident()}


@dataclass(frozen=True)
class Case:
    """One write: how it is called, what it sends, and what PagerDuty answers to it."""

    name: str
    call: Callable[[PagerDuty], Awaitable[object]]
    method: str
    path: str
    body: object
    answer: object = field(default_factory=lambda: CHANGED)
    who: str | None = WHO


def put(name: str, call: Callable[[PagerDuty], Awaitable[object]], **fields: object) -> Case:
    """Make the case of a change to an incident."""
    return Case(name, call, "PUT", PATH, {"incident": {"type": "incident_reference", **fields}})


CASES = [
    put("set_status", lambda door: door.set_status(INCIDENT, Status.ACKNOWLEDGED, WHO), status="acknowledged"),
    put(
        "set_status",
        lambda door: door.set_status(INCIDENT, Status.RESOLVED, WHO, "Restarted"),
        status="resolved",
        resolution="Restarted",
    ),
    put(
        "reassign",
        lambda door: door.reassign(INCIDENT, WHO, assignees=[BOB]),
        assignments=[{"assignee": {"id": "PBOB001", "type": "user_reference"}}],
    ),
    put(
        "reassign",
        lambda door: door.reassign(INCIDENT, WHO, policy="PPOL001"),
        escalation_policy={"id": "PPOL001", "type": "escalation_policy_reference"},
    ),
    put("escalate", lambda door: door.escalate(INCIDENT, 2, WHO), escalation_level=2),
    put(
        "set_priority",
        lambda door: door.set_priority(INCIDENT, "PPRIO01", WHO),
        priority={"id": "PPRIO01", "type": "priority_reference"},
    ),
    Case("snooze", lambda door: door.snooze(INCIDENT, 3600, WHO), "POST", f"{PATH}/snooze", {"duration": 3600}),
    Case(
        "add_note",
        lambda door: door.add_note(INCIDENT, "Looking", WHO),
        "POST",
        f"{PATH}/notes",
        {"note": {"content": "Looking"}},
        {"note": note()},
    ),
    Case(
        "request_responders",
        lambda door: door.request_responders(INCIDENT, ALICE, "Help", [BOB], WHO),
        "POST",
        f"{PATH}/responder_requests",
        {
            "requester_id": "PALICE1",
            "message": "Help",
            "responder_request_targets": [{"responder_request_target": {"id": "PBOB001", "type": "user_reference"}}],
        },
        {"responder_request": responder_request()},
    ),
    Case(
        "publish_status_update",
        lambda door: door.publish_status_update(INCIDENT, "We are on it", WHO),
        "POST",
        f"{PATH}/status_updates",
        {"message": "We are on it"},
        {"status_update": status_update()},
    ),
    Case(
        "create_incident",
        lambda door: door.create_incident(NewIncident("PSVC001", "Slow", key="slack:1"), WHO),
        "POST",
        "/incidents",
        {
            "incident": {
                "type": "incident",
                "title": "Slow",
                "service": {"id": "PSVC001", "type": "service_reference"},
                "urgency": "high",
                "incident_key": "slack:1",
            }
        },
    ),
    Case(
        "enable_subscription",
        lambda door: door.enable_subscription("PSUB001"),
        "POST",
        "/webhook_subscriptions/PSUB001/enable",
        None,
        {"webhook_subscription": subscription()},
        who=None,
    ),
]
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@ALL
async def test_what_is_sent(server: LocalServer, door: PagerDuty, case: Case) -> None:
    """Each write is one request with its own body, in the name of the person where PagerDuty asks for one."""
    server.say(case.answer)
    await case.call(door)
    (request,) = server.requests
    assert (request.method, request.path, request.query) == (case.method, case.path, {})
    assert (json.loads(request.body) if request.body else None) == case.body
    assert request.headers.get("From") == case.who
    assert request.headers["Accept"] == "application/vnd.pagerduty+json;version=2"


@ALL
@pytest.mark.parametrize("answer", [b"", b"<html>", b"{}", b'{"incident": 7, "note": {}}'])
async def test_an_answer_that_cannot_be_read(server: LocalServer, door: PagerDuty, case: Case, answer: bytes) -> None:
    """Whatever a gateway or PagerDuty says with status 200, the write may have happened; it is not made again."""
    server.say_raw(answer, 200)
    with pytest.raises(Uncertain):
        await case.call(door)
    assert len(server.requests) == 1


@ALL
async def test_a_failure_in_between(server: LocalServer, door: PagerDuty, case: Case) -> None:
    """A broken connection and a failing server leave it open, a refusal does not; nothing is repeated."""
    server.drop()
    with pytest.raises(Uncertain):
        await case.call(door)
    server.say_raw(b"<html>", 502)
    with pytest.raises(Uncertain):
        await case.call(door)
    server.say({"error": {"message": "Incident Cannot Be Escalated", "code": 1006}}, 400)
    with pytest.raises(Refused) as refused:
        await case.call(door)
    assert refused.value.code == 1006
    assert len(server.requests) == 3


async def test_a_ping_is_answered_without_content(server: LocalServer, door: PagerDuty) -> None:
    """A ping is accepted with an empty answer, which is no failure."""
    server.answer = lambda _: web.Response(status=202)
    await door.ping_subscription("PSUB001")
    assert [(one.method, one.path) for one in server.requests] == [("POST", "/webhook_subscriptions/PSUB001/ping")]
    server.say({"error": {"message": "Not Found", "code": 2100}}, 404)
    with pytest.raises(Refused):
        await door.ping_subscription("PSUB001")
