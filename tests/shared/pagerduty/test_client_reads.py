"""What the door to PagerDuty reads."""

import pytest
from aiohttp import web

from shared.errors import NotFound
from shared.model.ids import TeamId, UserId
from shared.pagerduty.client import PAGE, PagerDuty
from tests.shared.local_server import LocalServer
from tests.shared.pagerduty.answers import EPOCH_DATE, EPOCH_MS, INCIDENT, incident, page, user

PATH = f"/incidents/{INCIDENT}"


async def test_reads_an_incident_with_pagerdutys_own_clock(server: LocalServer, door: PagerDuty) -> None:
    """A read gives the incident and the `Date` of the answer, to the second."""
    server.say({"incident": incident()}, headers={"Date": EPOCH_DATE})
    read = await door.incident(INCIDENT)
    assert read.value.id == INCIDENT
    assert read.value.snapshot.title == "Checkout is slow"
    assert (read.date.ms, read.date.span) == (EPOCH_MS, 1000)
    assert [(r.method, r.path) for r in server.requests] == [("GET", PATH)]
    assert server.requests[0].headers["Authorization"] == "Token token=k3y-for-tests"
    assert "From" not in server.requests[0].headers


async def test_all_pages_of_the_directory(server: LocalServer, door: PagerDuty) -> None:
    """The directory is read to its end, page by page."""
    server.answer = page("users", [user(f"PUSER{n}") for n in range(PAGE + 1)])
    assert [one.id async for one in door.all_users()] == [f"PUSER{n}" for n in range(PAGE + 1)]
    assert [r.query["offset"] for r in server.requests] == ["0", str(PAGE)]


async def test_all_pages_of_a_team(server: LocalServer, door: PagerDuty) -> None:
    """Everybody on a team is found, with their role there."""
    members = [{"user": {"id": f"PUSER{n}"}, "role": "responder"} for n in range(PAGE + 1)]
    server.answer = page("members", members)
    found = await door.team_members(TeamId("PTEAM01"))
    assert found == {UserId(f"PUSER{n}"): "responder" for n in range(PAGE + 1)}
    assert {r.path for r in server.requests} == {"/teams/PTEAM01/members"}


async def test_one_page_of_a_search(server: LocalServer, door: PagerDuty) -> None:
    """A search asks once, with the text as it is."""
    server.say({"users": [user("PALICE1")], "more": True})
    assert [one.id for one in await door.users_by_query("a+b&c@example.com")] == ["PALICE1"]
    assert [r.query["query"] for r in server.requests] == ["a+b&c@example.com"]


async def test_people_teams_and_policies(server: LocalServer, door: PagerDuty) -> None:
    """The other reads ask at their own addresses."""
    targets = [{"id": "PALICE1", "type": "user_reference"}, {"id": "PSCHED1", "type": "schedule_reference"}]
    answers = {
        "/users/PALICE1": {"user": user("PALICE1")},
        "/teams/PTEAM01": {"team": {"id": "PTEAM01", "name": "Payments", "default_role": "none"}},
        "/escalation_policies/PPOL001": {
            "escalation_policy": {"id": "PPOL001", "name": "On call", "escalation_rules": [{"targets": targets}]}
        },
        "/oncalls": {"oncalls": [{"user": {"id": "PBOB001"}}], "more": False},
    }
    server.answer = lambda request: web.json_response(answers[request.path])
    assert (await door.user(UserId("PALICE1"))).email == "palice1@example.com"
    assert (await door.team(TeamId("PTEAM01"))).private
    assert (await door.escalation_policy("PPOL001")).targets == {"PALICE1"}
    assert await door.on_call("PPOL001") == {"PBOB001"}
    assert server.requests[-1].query["escalation_policy_ids[]"] == "PPOL001"


async def test_an_id_cannot_lead_elsewhere(server: LocalServer, door: PagerDuty) -> None:
    """Whatever stands in an id, it stays one step of the path."""
    server.answer = lambda _: web.json_response({"error": {"message": "Not Found", "code": 2100}}, status=404)
    with pytest.raises(NotFound):
        await door.user(UserId("P1/../../incidents?x=1"))
    assert server.requests[0].raw.raw_path == "/users/P1%2F..%2F..%2Fincidents%3Fx%3D1"
