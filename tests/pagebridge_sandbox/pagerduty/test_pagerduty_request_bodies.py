"""What is refused because of what a call says, and what is created by one that is right."""

from typing import Any

import pytest

from pagebridge_sandbox.pagerduty.rest.includes import INCIDENT
from tests.pagebridge_sandbox.odd_json import DEEP, HALF
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, Acme

SERVICE = {"id": "PCHECK1", "type": "service_reference"}
POLICY = {"id": "PPAYEP1", "type": "escalation_policy_reference"}


def assigned(*users: str) -> list[dict[str, Any]]:
    """Write assignments."""
    return [{"assignee": {"id": user, "type": "user_reference"}} for user in users]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "user"}, 2001),
        ({"status": "closed"}, 2001),
        ({"status": 1}, 2001),
        ({"title": ""}, 2001),
        ({"title": None}, 2001),
        ({"urgency": "medium"}, 2001),
        ({"priority": "P9"}, 1020),
        ({"priority": {"id": "PNONE", "type": "priority_reference"}}, 1020),
        ({"priority": {"id": "PPRIO01"}}, 2001),
        ({"priority": None}, 2001),
        ({"escalation_level": "2"}, 2001),
        ({"escalation_level": True}, 2001),
        ({"escalation_level": -1}, 2001),
        ({"escalation_policy": {"id": "PNONE", "type": "escalation_policy_reference"}}, 1014),
        ({"escalation_policy": "PPAYEP1"}, 2001),
        ({"assignments": []}, 2001),
        ({"assignments": assigned("PNOBODY")}, 1007),
        ({"assignments": [{"assignee": {"id": BOB, "type": "team_reference"}}]}, 2001),
        ({"assignments": [{"assignee": {"type": "user_reference"}}]}, 2001),
        ({"assignments": assigned(BOB), "escalation_policy": POLICY}, 2001),
        ({"service": {"id": "PNONE", "type": "service_reference"}}, 2001),
        ({"status": "resolved", "resolution": 5}, 2001),
        ({"incident_type": {"name": "unknown"}}, 2001),
    ],
)
async def test_update_body_is_validated(acme: Acme, fields: dict[str, Any], code: int) -> None:
    """A body that does not fit its schema, or names what does not exist, is refused with 400 and changes nothing."""
    incident = acme.trigger()
    body = {"incident": {"type": "incident_reference", **fields}}

    reply = await acme.call("PUT", f"/incidents/{incident.id}", body)

    assert (400, code) == (reply.status, reply.code)
    assert incident == acme.pd.incident(incident.id)
    assert not acme.pd.calls[-1].took_effect


async def test_incident_can_be_written_back_whole(acme: Acme) -> None:
    """Who reads an incident, changes one field and sends all of it back changes that field, with `null` and all."""
    incident = acme.trigger()
    path = f"/incidents/{incident.id}"
    read = (await acme.get(f"{path}?include[]=conference_bridge"))["incident"]

    reply = await acme.call("PUT", path, {"incident": read | {"title": "Renamed"}})

    assert (200, "Renamed") == (reply.status, reply.body["incident"]["title"])
    assert read["priority"] is None
    changed = {name for name, value in reply.body["incident"].items() if read[name] != value}
    assert {"title", "summary", "description", "updated_at", "last_status_change_at"} >= changed
    in_bulk = await acme.call("PUT", "/incidents", {"incidents": [read | {"status": "acknowledged"}]})
    assert (200, ["acknowledged"]) == (in_bulk.status, [each["status"] for each in in_bulk.body["incidents"]])


@pytest.mark.parametrize("include", [*INCIDENT, "body"])
async def test_an_incident_with_things_in_it_can_be_written_back(acme: Acme, include: str) -> None:
    """Whatever `include[]` showed in place of a reference is not taken for a change."""
    incident = acme.trigger()
    path = f"/incidents/{incident.id}"
    read = (await acme.get(f"{path}?include[]={include}"))["incident"]

    reply = await acme.call("PUT", path, {"incident": read | {"urgency": "low"}})

    assert (200, "low") == (reply.status, reply.body["incident"]["urgency"])
    entries = (await acme.get(f"{path}/log_entries"))["log_entries"]
    assert ["urgency_change_log_entry", "assign_log_entry", "trigger_log_entry"] == [each["type"] for each in entries]


@pytest.mark.parametrize("body", [None, [], "x", {}, {"incident": []}, {"incident": {"status": "resolved"}}])
async def test_body_wrapper_is_validated(acme: Acme, body: Any) -> None:  # noqa: ANN401 - JSON
    """Without an incident in it, or a type in that, a body says nothing."""
    reply = await acme.call("PUT", f"/incidents/{acme.trigger().id}", body)

    assert (400, 2001) == (reply.status, reply.code)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("application/json", b"{"),
        ("application/json", DEEP),
        ("application/json", HALF),
        ("application/json", b'{"incident": NaN}'),
        ("text/plain", b'{"incident": {"type": "incident_reference", "status": "resolved"}}'),
        ("", b"\xff\xfe"),
    ],
)
async def test_non_json_body_is_rejected(acme: Acme, content_type: str, data: bytes) -> None:
    """What is no JSON, or is not sent as such, is refused, and still logged."""
    headers = {"Authorization": f"Token token={acme.pd.token}", "From": "alice@example.com"}
    url = f"{acme.pd.url}/incidents/{acme.trigger().id}"
    async with acme.session.put(url, data=data, headers=headers | {"Content-Type": content_type}) as answer:
        assert 400 == answer.status

    assert acme.pd.calls[-1].body


async def test_stakeholders_cannot_be_assigned(acme: Acme) -> None:
    """A read-only user cannot be given an incident (1011), nor can anybody be given a resolved one."""
    acme.pd.add_user("Sam", "sam@example.com", role="read_only_user", id="PSAM001")
    incident = acme.trigger()
    assert 1011 == (await acme.update_incident(incident.id, assignments=assigned("PSAM001"))).code
    await acme.update_incident(incident.id, status="resolved")

    assert 1011 == (await acme.update_incident(incident.id, assignments=assigned(BOB))).code
    assert 1011 == (await acme.update_incident(incident.id, escalation_policy=POLICY)).code
    assert 1006 == (await acme.update_incident(incident.id, escalation_level=2)).code


async def create(acme: Acme, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Create an incident as Alice."""
    return await acme.call(
        "POST", "/incidents", {"incident": {"type": "incident", "title": "By hand", "service": SERVICE, **fields}}
    )


async def test_create_accepts_every_field(acme: Acme) -> None:
    """A full request makes an incident with all of it, and answers 201."""
    policy = acme.pd.add_escalation_policy("Bob's", [[BOB]])
    reply = await create(
        acme,
        urgency="low",
        priority={"id": "PPRIO01", "type": "priority_reference"},
        incident_key="k",
        body={"type": "incident_body", "details": "long"},
        escalation_policy={"id": policy.id, "type": "escalation_policy_reference"},
    )

    shown = reply.body["incident"]
    assert 201 == reply.status
    assert ("low", "k", "P1", "triggered") == (
        shown["urgency"],
        shown["incident_key"],
        shown["priority"]["summary"],
        shown["status"],
    )
    assert [BOB] == acme.pd.incident(shown["id"]).assignees
    read = (await acme.get(f"/incidents/{shown['id']}?include[]=body"))["incident"]
    assert {**shown, "body": {"type": "incident_body", "details": "long"}} == read
    assert ALICE == shown["last_status_change_by"]["id"]


async def test_self_assigned_incident_starts_acknowledged(acme: Acme) -> None:
    """Assigned to whoever creates it, it needs no page, by name or by policy; assigned to another it does."""
    on_call = (await create(acme)).body["incident"]
    own = (await create(acme, assignments=assigned(ALICE))).body["incident"]
    other = (await create(acme, assignments=assigned(BOB))).body["incident"]

    assert ["acknowledged", "acknowledged", "triggered"] == [each["status"] for each in (on_call, own, other)]
    assert "direct_assignment" == other["assigned_via"]


async def test_open_incident_key_is_unique(acme: Acme) -> None:
    """The key of an open incident of the same service is refused, so creating can be repeated safely."""
    first = await create(acme, incident_key="from-slack")
    second = await create(acme, incident_key="from-slack")
    found = (await acme.get("/incidents?incident_key=from-slack"))["incidents"]
    acme.pd.web(ALICE).resolve(first.body["incident"]["id"])
    third = await create(acme, incident_key="from-slack")

    assert (201, 400, 201) == (first.status, second.status, third.status)
    assert 2002 == second.code
    assert [first.body["incident"]["id"]] == [incident["id"] for incident in found]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "incident_reference"}, 2001),
        ({"title": " "}, 2001),
        ({"service": {"id": "PNONE", "type": "service_reference"}}, 2001),
        ({"service": "PCHECK1"}, 2001),
        ({"assignments": assigned(ALICE, BOB)}, 2001),
        ({"assignments": assigned(ALICE), "escalation_policy": POLICY}, 2001),
        ({"assignments": assigned("PNOBODY")}, 1007),
        ({"body": "text"}, 2001),
        ({"conference_bridge": "+1"}, 2001),
        ({"priority": "P1"}, 2001),
    ],
)
async def test_create_body_is_validated(acme: Acme, fields: dict[str, Any], code: int) -> None:
    """What does not fit makes no incident."""
    reply = await create(acme, **fields)

    assert (400, code) == (reply.status, reply.code)
    assert [] == acme.pd.incidents


async def test_create_without_on_call_user_is_rejected(acme: Acme) -> None:
    """A policy whose first level is empty pages nobody, so the incident is refused (1015)."""
    acme.pd.add_escalation_policy("Empty", [[]], id="PEMPTY1")

    reply = await create(acme, escalation_policy={"id": "PEMPTY1", "type": "escalation_policy_reference"})

    assert (400, 1015) == (reply.status, reply.code)
    assert [] == acme.pd.incidents


async def test_observer_cannot_create_incident(acme: Acme) -> None:
    """Creating needs a role on the service's team, or a base role that may."""
    acme.pd.change_user(ALICE, role="observer")
    acme.pd.remove_member(acme.team, ALICE)

    assert (403, 1018) == ((await create(acme)).status, (await create(acme)).code)


async def test_note_is_added_in_any_state(acme: Acme) -> None:
    """A note is its author's, also on a resolved incident, and leaves the incident as it is."""
    incident = acme.trigger()
    acme.pd.web(ALICE).resolve(incident.id)
    before = acme.pd.incident(incident.id)

    reply = await acme.call("POST", f"/incidents/{incident.id}/notes", {"note": {"content": "why?"}}, "bob@example.com")

    assert (200, "why?", BOB) == (reply.status, reply.body["note"]["content"], reply.body["note"]["user"]["id"])
    assert before.updated_at == acme.pd.incident(incident.id).updated_at
    assert [reply.body["note"]] == (await acme.get(f"/incidents/{incident.id}/notes"))["notes"]


@pytest.mark.parametrize("note", [{}, {"content": ""}, {"content": 5}, {"content": "x" * 65_536}])
async def test_note_body_is_validated(acme: Acme, note: dict[str, Any]) -> None:
    """A note has content, up to PagerDuty's limit."""
    incident = acme.trigger()

    reply = await acme.call("POST", f"/incidents/{incident.id}/notes", {"note": note})

    assert (400, 2001) == (reply.status, reply.code)
    assert [] == acme.pd.incident(incident.id).notes
