"""Driving the simulator over HTTP, without Python."""

import asyncio
import re
import sys
from typing import Any

import pytest

from tests.pagebridge_sandbox.odd_json import DEEP, HALF
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, Acme, Inbox


async def control(acme: Acme, name: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    """Use a control endpoint: a GET without arguments, else a POST."""
    method = "GET" if body is None else "POST"
    async with acme.session.request(method, f"{acme.pd.url}/_sandbox/{name}", json=body) as answer:
        decoded = await answer.json()
        assert status == answer.status, decoded
        return decoded


async def test_account_can_be_set_up(acme: Acme) -> None:
    """Users, teams, policies, services, priorities and subscriptions."""
    dan = (await control(acme, "users", {"name": "Dan", "email": "dan@example.com", "role": "admin"}))["id"]
    team = (await control(acme, "teams", {"name": "Search", "private": True}))["id"]
    await control(acme, "members", {"team_id": team, "user_id": dan, "role": "manager"})
    policy = await control(acme, "escalation_policies", {"name": "P", "levels": [[dan]], "teams": [team]})
    service = await control(acme, "services", {"name": "search", "policy_id": policy["id"], "teams": [team]})
    await control(acme, "priorities", {"name": "P3"})
    subscription = await control(acme, "subscriptions", {"url": "http://127.0.0.1:9/", "secrets": ["s"]})
    incident = await control(acme, "trigger", {"service_id": service["id"], "title": "x", "priority": "P3"})
    about = await control(acme, "")

    assert [dan] == incident["assignees"]
    assert (acme.pd.url, acme.pd.token) == (about["url"], about["token"])
    assert [subscription["id"]] == [each["id"] for each in about["subscriptions"]]
    assert {dan: "manager"} == about["teams"][-1]["members"]
    assert "POST trigger" in about["endpoints"]


async def test_web_and_automation_verbs(acme: Acme, inbox: Inbox) -> None:
    """Their verbs take the arguments that they have in Python, and show the incident afterwards."""
    incident = (await control(acme, "trigger", {"service_id": acme.service, "title": "x"}))["id"]

    web = {"user": BOB, "incident_id": incident}
    assert [BOB] == (await control(acme, "web", {**web, "verb": "acknowledge"}))["acknowledgers"]
    assert (
        "triggered" == (await control(acme, "automation", {"verb": "unacknowledge", "incident_id": incident}))["status"]
    )
    assert [ALICE] == (await control(acme, "web", {**web, "verb": "reassign", "user_ids": [ALICE]}))["assignees"]
    assert [incident] == [each["id"] for each in await control(acme, "incidents")]
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered", "acknowledged", "unacknowledged", "reassigned"] == inbox.types
    assert ["delivered"] * 4 == [each["outcome"] for each in await control(acme, "deliveries")]


async def test_hold_redeliver_and_reverse_webhooks(acme: Acme, inbox: Inbox) -> None:
    """Like in Python; what is held back has an id to be released by."""
    held = await control(acme, "webhooks/hold", {"event_type": "incident.triggered"})
    incident = acme.trigger()
    acme.pd.web(BOB).resolve(incident.id)
    await acme.pd.webhooks.wait_until_idle()
    assert [held["id"]] == [each["id"] for each in await control(acme, "holds")]
    await control(acme, "webhooks/release", {"id": held["id"]})
    await control(acme, "webhooks/duplicate_next", {"n": 1, "same_id": False})
    await control(acme, "webhooks/ping", {"subscription_id": next(iter(acme.pd.webhooks.subscriptions))})
    await acme.pd.webhooks.wait_until_idle()
    await control(acme, "webhooks/redeliver", {"event_id": inbox.events[0]["id"]})
    await acme.pd.webhooks.wait_until_idle()

    assert ["resolved", "triggered", "resolved"] == [kind for kind in inbox.types if "." not in kind]
    assert 2 == inbox.types.count("pagey.ping")


async def test_add_and_remove_fault(acme: Acme) -> None:
    """A fault is put in force by its fields and ended by its id."""
    fault = await control(acme, "faults", {"method": "GET", "path": "/users", "status": 503})
    assert 503 == (await acme.call("GET", "/users")).status
    assert 1 == (await control(acme, "faults"))[0]["match_count"]

    await control(acme, "faults/remove", {"id": fault["id"]})

    assert 200 == (await acme.call("GET", "/users")).status
    assert [503, 200] == [call["status"] for call in await control(acme, "calls")]


async def test_set_options_and_advance_clock(acme: Acme) -> None:
    """Rules can be chosen, and time can pass."""
    options = await control(acme, "options", {"lenient_repeats": True})
    before = acme.pd.clock.now()
    await control(acme, "clock/advance", {"seconds": 60})

    assert options["lenient_repeats"] is acme.pd.lenient_repeats is True
    assert (acme.pd.clock.now() - before).total_seconds() >= 60
    await control(acme, "options", {"no_such": True}, 400)
    assert 7 == (await control(acme, "options", {"longest_page": 7}))["longest_page"]
    await control(acme, "options", {"longest_page": True}, 400)


async def test_stop_answering_and_answer_again(acme: Acme) -> None:
    """Going down this way, the control endpoints still answer."""
    await control(acme, "stop_answering", {})
    with pytest.raises(Exception, match=r"(?i)disconnected|reset"):
        await acme.get("/users")

    await control(acme, "answer_again", {})

    await acme.get("/users")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("trigger", {}),
        ("trigger", []),
        ("trigger", {"service_id": "PNONE", "title": "x"}),
        ("users", {"name": "x", "email": "x@example.com", "role": "king"}),
        ("web", {"user": "PALICE1", "verb": "__init__"}),
        ("web", {"user": "PNONE", "verb": "resolve", "incident_id": "1"}),
        ("automation", {"verb": "acknowledge", "incident_id": "1"}),
        ("faults", {"status": 500, "drop": True}),
        ("faults/remove", {"id": 99}),
        ("webhooks/release", {"id": "x"}),
        ("webhooks/ping", {"subscription_id": "x"}),
    ],
)
async def test_invalid_request_returns_error(acme: Acme, name: str, body: object) -> None:
    """400 with words."""
    assert (await control(acme, name, body, 400))["error"]


@pytest.mark.parametrize("data", [b"{", DEEP, HALF])
async def test_malformed_json_returns_error(acme: Acme, data: bytes) -> None:
    """Also what is no JSON, and what nothing can store."""
    async with acme.session.post(f"{acme.pd.url}/_sandbox/trigger", data=data) as answer:
        assert 400 == answer.status


async def test_runs_standalone(acme: Acme) -> None:
    """`python -m` prints where it is, its key and what can be done, and has a service that can break."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pagebridge_sandbox.pagerduty", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        printed = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        found = re.search(r"URL=(\S+)\s+PAGERDUTY_API_TOKEN=(\S+)", printed)
        assert found is not None
        url, token = found.groups()
        async with acme.session.get(
            f"{url}/services/PCHECK1", headers={"Authorization": f"Token token={token}"}
        ) as answer:
            assert "checkout-api" == (await answer.json())["service"]["name"]
        assert f"{url}/_sandbox/trigger" in printed
    finally:
        process.terminate()
        await process.wait()


async def test_lose_webhooks_and_set_fault_plan(acme: Acme, inbox: Inbox) -> None:
    """The plan takes its chances as in Python; without any it ends."""
    await control(acme, "webhooks/lose_next", {"n": 1})
    acme.trigger()
    await control(acme, "webhooks/misbehave", {"seed": 3, "duplicate": 1})
    acme.trigger()
    await control(acme, "webhooks/misbehave", {})
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered"] * 3 == inbox.types
    assert "chances" in (await control(acme, "webhooks/misbehave", {"seed": 3, "lose": 2}, status=400))["error"]


async def test_responders_and_abilities_over_http(acme: Acme) -> None:
    """The newer verbs are there as well."""
    incident = acme.trigger().id
    await control(acme, "abilities", {"name": "teams", "present": False})
    await control(acme, "incident_types", {"name": "outage"})
    web = {"user": ALICE, "incident_id": incident}
    await control(acme, "web", {**web, "verb": "request_responders", "user_ids": [BOB]})
    await control(acme, "web", {**web, "user": BOB, "verb": "join"})
    await control(acme, "web", {**web, "verb": "set_incident_type", "name": "outage"})
    shown = await control(acme, "web", {**web, "verb": "set_conference_bridge", "number": "+1"})

    assert ({BOB: "joined"}, "outage") == (shown["responders"], shown["incident_type"])
    assert {"number": "+1", "url": None} == shown["conference_bridge"]
