"""Who may call, in whose name, how often, and what their roles let them do."""

import base64
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from pagebridge_sandbox.pagerduty import ApiError, PagerDutySandbox
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme

ACKNOWLEDGE = {"incident": {"type": "incident_reference", "status": "acknowledged"}}


@pytest.mark.parametrize(
    "authorization",
    ["Token token=wrong", "Bearer {token}", "Token {token}", "Basic {basic}", "Token token=", "nonsense"],
)
async def test_wrong_api_key_is_rejected(acme: Acme, authorization: str) -> None:
    """Only an account-level key, in PagerDuty's own scheme, opens anything: 401 with code 2006."""
    basic = base64.b64encode(acme.pd.token.encode()).decode()
    reply = await acme.call("GET", "/users", authorization=authorization.format(token=acme.pd.token, basic=basic))

    assert (401, 2006) == (reply.status, reply.code)


async def test_missing_api_key_is_rejected(acme: Acme) -> None:
    """A call without the header is refused like one with a wrong key."""
    async with acme.session.get(acme.pd.url + "/users") as answer:
        assert 401 == answer.status


@pytest.mark.parametrize(
    ("sender", "code"),
    [(None, 2001), ("alice", 1028), ("alice@", 1028), ("nobody@example.com", 1008), ("alice@example.com.au", 1008)],
)
async def test_write_needs_known_from_user(acme: Acme, sender: str | None, code: int) -> None:
    """`From` must be there, be an address and be somebody's: 400 with the code of each, and nothing happens."""
    incident = acme.trigger()
    for method, path, body in (
        ("PUT", f"/incidents/{incident.id}", ACKNOWLEDGE),
        ("POST", f"/incidents/{incident.id}/notes", {"note": {"content": "x"}}),
        ("POST", "/incidents", {"incident": {}}),
    ):
        reply = await acme.call(method, path, body, sender)
        assert (400, code) == (reply.status, reply.code)
    assert "triggered" == acme.pd.incident(incident.id).status


async def test_missing_from_error_names_header(acme: Acme) -> None:
    """Clients recognise this refusal by its words."""
    reply = await acme.call("PUT", f"/incidents/{acme.trigger().id}", ACKNOWLEDGE, sender=None)

    assert "From header" in str(reply.body)


async def test_read_needs_no_from_and_email_ignores_case(acme: Acme) -> None:
    """Reading is in nobody's name; an address is compared whatever its case."""
    incident = acme.trigger()

    assert (await acme.get(f"/incidents/{incident.id}"))["incident"]["id"] == incident.id
    assert 200 == (await acme.call("PUT", f"/incidents/{incident.id}", ACKNOWLEDGE, "ALICE@example.COM")).status


async def test_deleted_users_are_unknown(acme: Acme) -> None:
    """A deleted user is not found, on no team, and cannot act; what they did keeps their name."""
    incident = acme.trigger()
    acme.pd.remove_user(ALICE)

    assert 404 == (await acme.call("GET", f"/users/{ALICE}")).status
    assert 1008 == (await acme.call("PUT", f"/incidents/{incident.id}", ACKNOWLEDGE)).code
    members = (await acme.get(f"/teams/{acme.team}/members"))["members"]
    assert [BOB] == [member["user"]["id"] for member in members]
    assigned = (await acme.get(f"/incidents/{incident.id}"))["incident"]["assignments"]
    assert "Alice Ng" == assigned[0]["assignee"]["summary"]


@pytest.mark.parametrize(
    ("role", "team_role", "status", "code"),
    [
        ("owner", "observer", 200, None),
        ("admin", None, 200, None),
        ("user", None, 200, None),
        ("limited_user", None, 200, None),
        ("limited_user", "observer", 403, 1018),
        ("observer", None, 403, 1018),
        ("observer", "responder", 200, None),
        ("restricted_access", None, 403, 1018),
        ("restricted_access", "manager", 200, None),
        ("read_only_user", "manager", 403, 1018),
        ("read_only_limited_user", None, 403, 1018),
    ],
)
async def test_team_role_overrides_base_role(
    acme: Acme, role: str, team_role: str | None, status: int, code: int | None
) -> None:
    """A team role replaces the base role of whoever is not an owner, an admin or a stakeholder."""
    acme.pd.change_user(CAROL, role=role)
    if team_role:
        acme.pd.add_member(acme.team, CAROL, team_role)
    incident = acme.trigger()

    reply = await acme.call("PUT", f"/incidents/{incident.id}", ACKNOWLEDGE, "carol@example.com")
    note = await acme.call("POST", f"/incidents/{incident.id}/notes", {"note": {"content": "x"}}, "carol@example.com")

    assert (status, code) == (reply.status, reply.code)
    assert status == note.status
    assert ("acknowledged" if status == 200 else "triggered") == acme.pd.incident(incident.id).status


async def test_assigned_observer_may_act(acme: Acme) -> None:
    """Being assigned is enough."""
    incident = acme.trigger()
    acme.pd.change_user(CAROL, role="observer")
    acme.pd.web(ALICE).reassign(incident.id, [CAROL])

    assert 200 == (await acme.update_incident(incident.id, "carol@example.com", status="acknowledged")).status


async def test_private_team_incident_is_denied_to_outsiders(acme: Acme) -> None:
    """Whoever is not on a private team has no access to its incidents (403, 2010), unless an admin."""
    acme.pd.teams[0].private = True
    incident = acme.trigger()

    refused = await acme.call("PUT", f"/incidents/{incident.id}", ACKNOWLEDGE, "carol@example.com")
    acme.pd.change_user(CAROL, role="admin")
    allowed = await acme.call("PUT", f"/incidents/{incident.id}", ACKNOWLEDGE, "carol@example.com")

    assert (403, 2010) == (refused.status, refused.code)
    assert 200 == allowed.status
    assert "none" == (await acme.get(f"/teams/{acme.team}"))["team"]["default_role"]


async def test_role_enforcement_can_be_disabled(acme: Acme) -> None:
    """Whether PagerDuty applies the role of `From` to an account-level key is not documented, so a test may choose."""
    acme.pd.change_user(CAROL, role="observer")
    acme.pd.enforce_roles = False

    assert 200 == (await acme.update_incident(acme.trigger().id, "carol@example.com", status="acknowledged")).status


async def test_roles_apply_to_web_users(acme: Acme) -> None:
    """Somebody whose role does not let them act cannot do so in PagerDuty's own interface either."""
    acme.pd.change_user(CAROL, role="observer")
    incident = acme.trigger()

    with pytest.raises(ApiError) as refused:
        acme.pd.web(CAROL).acknowledge(incident.id)

    assert 1018 == refused.value.code
    with pytest.raises(ApiError):
        acme.pd.web(CAROL).trigger(acme.service, "mine")


async def test_rate_limit_headers_count_down_to_429() -> None:
    """Every evaluated answer says what is left in this minute; beyond that it is 429, until the minute is over."""
    async with PagerDutySandbox(rate_limit=2) as pd, aiohttp.ClientSession() as session:
        seen = []
        for _ in range(3):
            async with session.get(pd.url + "/users", headers={"Authorization": f"Token token={pd.token}"}) as answer:
                seen.append((answer.status, answer.headers["ratelimit-remaining"], answer.headers["ratelimit-limit"]))
                reset = int(answer.headers["ratelimit-reset"])
                body = await answer.json()
        pd.clock.advance(60)
        async with session.get(pd.url + "/users", headers={"Authorization": f"Token token={pd.token}"}) as answer:
            assert 200 == answer.status

    assert [(200, "1", "2"), (200, "0", "2"), (429, "0", "2")] == seen
    assert 0 < reset <= 60
    assert {"error": {"message": "Rate Limit Exceeded", "code": 2020}} == body


async def test_date_header_follows_simulated_clock(acme: Acme) -> None:
    """`Date` is the time by which changes are dated, also when a test has moved the clock."""
    acme.pd.clock.advance(3600)
    incident = acme.trigger()

    reply = await acme.call("GET", f"/incidents/{incident.id}")

    assert abs((parsedate_to_datetime(reply.headers["Date"]) - incident.updated_at).total_seconds()) < 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "snooze", {"duration": 60}),
        ("POST", "status_updates", {"message": "x"}),
        ("POST", "notes", {"note": {"content": "x"}}),
        ("PUT", "merge", {"source_incidents": [{"id": "2", "type": "incident_reference"}]}),
        (
            "POST",
            "responder_requests",
            {
                "requester_id": CAROL,
                "message": "x",
                "responder_request_targets": [{"responder_request_target": {"id": ALICE, "type": "user_reference"}}],
            },
        ),
    ],
)
async def test_private_team_denies_every_operation(acme: Acme, method: str, path: str, body: dict[str, Any]) -> None:
    """Who is not on a private team has no access to its incidents by any operation, unless asked to help."""
    secret = acme.pd.add_team("Secret", private=True)
    acme.pd.add_member(secret.id, ALICE, "manager")
    service = acme.pd.add_service("vault", acme.policy, [secret])
    incident = acme.pd.trigger(service.id, "Break-in")
    acme.pd.trigger(service.id, "Another")
    acme.pd.web(ALICE).acknowledge(incident.id)

    refused = await acme.call(method, f"/incidents/{incident.id}/{path}", body, "carol@example.com")
    for each in acme.pd.incidents:
        acme.pd.web(ALICE).request_responders(each.id, [CAROL])
    taken = await acme.call(method, f"/incidents/{incident.id}/{path}", body, "carol@example.com")

    assert (403, 2010) == (refused.status, refused.code)
    assert taken.status < 300
