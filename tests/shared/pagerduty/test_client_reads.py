"""What the door to PagerDuty reads."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from aiohttp import web

from shared.errors import Malformed, NotFound, Refused, Uncertain
from shared.model.event_types import Status
from shared.model.ids import TeamId, UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.transport import PAGE
from tests.shared.local_server import LocalServer
from tests.shared.pagerduty.responses import (
    EPOCH_DATE,
    EPOCH_MS,
    INCIDENT,
    alert,
    incident,
    log_entry,
    note,
    on_call,
    page,
    policy,
    service,
    subscription,
    team,
    user,
)

PATH = f"/incidents/{INCIDENT}"


async def test_reads_an_incident_with_pagerdutys_own_clock(server: LocalServer, door: PagerDuty) -> None:
    """A read gives the incident and the `Date` of the answer, to the second."""
    server.say({"incident": incident()}, headers={"Date": EPOCH_DATE})
    read = await door.incident(INCIDENT)
    assert read.value.id == INCIDENT
    assert read.value.snapshot.title == "Checkout is slow"
    assert (read.date.ms, read.date.span_ms) == (EPOCH_MS, 1000)
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
    assert found.value == {UserId(f"PUSER{n}"): "responder" for n in range(PAGE + 1)}
    assert {r.path for r in server.requests} == {"/teams/PTEAM01/members"}


async def test_one_page_of_a_search(server: LocalServer, door: PagerDuty) -> None:
    """A search asks once, with the text as it is."""
    server.answer = page("users", [user(f"PUSER{n}") for n in range(PAGE + 1)])
    assert [one.id for one in await door.users_by_query("a+b&c@example.com")] == [f"PUSER{n}" for n in range(PAGE)]
    assert [r.query["query"] for r in server.requests] == ["a+b&c@example.com"]


FIRST: list[tuple[Callable[[PagerDuty], Awaitable[Sequence[Any]]], str, Callable[..., dict[str, object]]]] = [
    (lambda door: door.users_by_query("x"), "users", lambda: user("PALICE1")),
    (lambda door: door.teams("x"), "teams", team),
    (lambda door: door.services(), "services", service),
    (lambda door: door.escalation_policies(), "escalation_policies", policy),
    (lambda door: door.alerts(INCIDENT), "alerts", alert),
]


@pytest.mark.parametrize(("call", "name", "made"), FIRST, ids=[name for _, name, _ in FIRST])
async def test_a_first_page_is_as_long_as_ours(
    server: LocalServer,
    door: PagerDuty,
    call: Callable[[PagerDuty], Awaitable[Sequence[Any]]],
    name: str,
    made: Callable[..., dict[str, object]],
) -> None:
    """Where PagerDuty makes its pages shorter, what is offered to people is not less for it."""
    server.answer = page(name, [{**made(), "id": f"P{n}"} for n in range(PAGE + 50)], longest=25)
    assert [one.id for one in await call(door)] == [f"P{n}" for n in range(PAGE)]
    assert [r.query["offset"] for r in server.requests] == ["0", "25", "50", "75"]


FROM_0 = {"limit": ["100"], "offset": ["0"]}
READS: list[tuple[Callable[[PagerDuty], Awaitable[object]], str, dict[str, list[str]], object]] = [
    (lambda door: door.incident(INCIDENT), PATH, {}, {"incident": incident()}),
    (lambda door: door.notes(INCIDENT), f"{PATH}/notes", {}, {"notes": [note()]}),
    (
        lambda door: door.log_entries(INCIDENT, since_ms=EPOCH_MS + 999),
        f"{PATH}/log_entries",
        {"is_overview": ["false"], "since": ["2023-11-14T22:13:20Z"], "limit": ["100"], "offset": ["0"]},
        {"log_entries": [log_entry("trigger")]},
    ),
    (
        lambda door: door.alerts(INCIDENT),
        f"{PATH}/alerts",
        {"sort_by": ["created_at:asc"], "limit": ["100"], "offset": ["0"]},
        {"alerts": [alert()]},
    ),
    (lambda door: door.user(UserId("PALICE1")), "/users/PALICE1", {}, {"user": user("PALICE1")}),
    (lambda door: door.team(TeamId("PTEAM01")), "/teams/PTEAM01", {}, {"team": team()}),
    (lambda door: door.teams("pay"), "/teams", {"query": ["pay"], **FROM_0}, {"teams": [team()]}),
    (
        lambda door: door.escalation_policy("PPOL001"),
        "/escalation_policies/PPOL001",
        {},
        {"escalation_policy": policy()},
    ),
    (
        lambda door: door.escalation_policies(),
        "/escalation_policies",
        FROM_0,
        {"escalation_policies": [policy()]},
    ),
    (
        lambda door: door.on_calls("PPOL001", at_ms=EPOCH_MS),
        "/oncalls",
        {
            "escalation_policy_ids[]": ["PPOL001"],
            "since": ["2023-11-14T22:13:20Z"],
            "until": ["2023-11-14T22:13:21Z"],
            "limit": ["100"],
            "offset": ["0"],
        },
        {"oncalls": [on_call()]},
    ),
    (lambda door: door.service("PSVC001"), "/services/PSVC001", {}, {"service": service()}),
    (lambda door: door.services("a&b"), "/services", {"query": ["a&b"], **FROM_0}, {"services": [service()]}),
    (
        lambda door: door.priorities(),
        "/priorities",
        {"limit": ["100"], "offset": ["0"]},
        {"priorities": [{"id": "PP1", "name": "P1"}]},
    ),
    (lambda door: door.abilities(), "/abilities", {}, {"abilities": ["teams"]}),
    (
        lambda door: door.webhook_subscriptions(),
        "/webhook_subscriptions",
        {"limit": ["100"], "offset": ["0"]},
        {"webhook_subscriptions": [subscription()]},
    ),
]


@pytest.mark.parametrize(("call", "path", "query", "answer"), READS, ids=[path for _, path, _, _ in READS])
async def test_what_is_asked(
    server: LocalServer,
    door: PagerDuty,
    call: Callable[[PagerDuty], Awaitable[object]],
    path: str,
    query: dict[str, list[str]],
    answer: object,
) -> None:
    """Each read is one request in nobody's name; an answer that PagerDuty does not document is `Malformed`."""
    server.say(answer)
    assert await call(door)
    (request,) = server.requests
    asked = request.raw.query
    assert (request.method, request.path) == ("GET", path)
    assert {name: asked.getall(name) for name in asked} == query
    assert "From" not in request.headers
    server.say({"error": "odd"})
    with pytest.raises(Malformed):
        await call(door)


async def test_all_pages_of_incidents(server: LocalServer, door: PagerDuty) -> None:
    """Incidents are read to their end, with the same wish on each page."""
    server.answer = page("incidents", [incident(id=f"Q{n}") for n in range(PAGE + 1)])
    wanted = IncidentFilter(statuses=[Status.TRIGGERED, Status.ACKNOWLEDGED])
    assert [one.id async for one in door.incidents(wanted)] == [f"Q{n}" for n in range(PAGE + 1)]
    for request in server.requests:
        assert request.raw.query.getall("statuses[]") == ["triggered", "acknowledged"]
        assert request.query["date_range"] == "all"


async def test_more_incidents_than_can_be_paged(server: LocalServer, door: PagerDuty) -> None:
    """Where PagerDuty pages no further, the reader hears so instead of taking a part for the whole."""
    first = page("incidents", [incident(id=f"Q{n}") for n in range(PAGE + 1)])
    refusal = {"error": {"message": "Invalid Input Provided", "code": 2001}}
    server.answer = lambda request: (
        first(request) if request.query["offset"] == "0" else web.json_response(refusal, status=400)
    )
    with pytest.raises(Refused):
        assert [one async for one in door.incidents(IncidentFilter())]
    assert [request.query["offset"] for request in server.requests] == ["0", str(PAGE)]


async def test_the_log_begins_with_the_oldest_entry(server: LocalServer, door: PagerDuty) -> None:
    """PagerDuty gives the newest first; within a second its order is all that is known."""
    later, sooner = "2023-11-14T22:13:21Z", "2023-11-14T22:13:20Z"
    newest_first = [
        log_entry("resolve", id="R3", created_at=later),
        log_entry("assign", id="R2", created_at=sooner),
        log_entry("trigger", id="R1", created_at=sooner),
    ]
    server.say({"log_entries": newest_first, "more": False})
    assert [entry.id for entry in (await door.log_entries(INCIDENT)).value] == ["R1", "R2", "R3"]
    assert "since" not in server.requests[0].query


async def test_a_log_that_grows_while_it_is_read(server: LocalServer, door: PagerDuty) -> None:
    """An entry pushed on to the next page by a new one is read once."""
    entries = [log_entry("notify", id=f"R{n:03}") for n in range(PAGE + 1)]
    grown = [log_entry("resolve", id="RNEW"), *entries]
    pages = [entries[:PAGE], grown[PAGE:]]
    server.answer = lambda request: web.json_response(
        {"log_entries": pages[int(request.query["offset"]) // PAGE], "more": request.query["offset"] == "0"}
    )
    read = [entry.id for entry in (await door.log_entries(INCIDENT)).value]
    assert sorted(read) == [f"R{n:03}" for n in range(PAGE + 1)]


async def test_an_id_cannot_lead_elsewhere(server: LocalServer, door: PagerDuty) -> None:
    """Whatever stands in an id, it stays one step of the path."""
    server.answer = lambda _: web.json_response({"error": {"message": "Not Found", "code": 2100}}, status=404)
    with pytest.raises(NotFound):
        await door.user(UserId("P1/../../incidents?x=1"))
    assert server.requests[0].raw.raw_path == "/users/P1%2F..%2F..%2Fincidents%3Fx%3D1"


async def test_who_was_deleted_is_not_on_call(server: LocalServer, door: PagerDuty) -> None:
    """PagerDuty can still name them; nobody reaches them."""
    gone = {"id": "PGONE01", "type": "user_reference", "summary": "Gone", "deleted_at": "2023-11-14T22:13:20Z"}
    server.say({"oncalls": [on_call(user=gone), on_call()]})
    assert ["PALICE1"] == [entry.user.id for entry in await door.on_calls("PPOL001")]
    assert {"PALICE1"} == await door.on_call("PPOL001")
    assert ["PALICE1"] == [entry.user.id for entry in await door.on_calls_between(EPOCH_MS, EPOCH_MS)]


async def test_who_is_on_call_is_read_as_a_whole_or_not_at_all(server: LocalServer, door: PagerDuty) -> None:
    """An entry that can't be read may be the one that matters: without it no one would seem to be on call."""
    server.say({"oncalls": [on_call(), on_call(user=7)]})
    reads: list[Callable[[], Awaitable[object]]] = [
        lambda: door.on_calls("PPOL001"),
        lambda: door.on_call("PPOL001"),
        lambda: door.on_calls_between(EPOCH_MS, EPOCH_MS),
        lambda: door.on_calls_of(EPOCH_MS, EPOCH_MS, schedules=["PSCHED1"]),
        lambda: door.is_schedule_used("PSCHED1", EPOCH_MS),
    ]
    for read in reads:
        with pytest.raises(Uncertain, match="cannot be read"):
            await read()
