"""The official `pagerduty` package takes the simulator for PagerDuty."""

import pagerduty
import pytest

from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, Acme, OfficialClient, official_client


async def test_read_acknowledge_and_resolve(acme: Acme, official: OfficialClient) -> None:
    """The client unwraps answers, wraps bodies and sends its default `From`."""
    incident = acme.trigger()

    read = await official(lambda client: client.rget(f"/incidents/{incident.id}"))
    acknowledged = await official(
        lambda client: client.rput(
            f"/incidents/{incident.id}", json={"type": "incident_reference", "status": "acknowledged"}
        )
    )
    resolved = await official(lambda client: client.rput(acknowledged, json={"type": "incident", "status": "resolved"}))

    assert "triggered" == read["status"]
    assert [BOB] == [each["assignee"]["id"] for each in acknowledged["assignments"]]
    assert "resolved" == resolved["status"]
    assert ["bob@example.com"] * 2 == [call.from_email for call in acme.pd.calls_to("PUT", "/incidents/*")]


async def test_pagination_is_followed(acme: Acme, official: OfficialClient) -> None:
    """`list_all` goes through the pages and misses nobody."""
    for number in range(120):
        acme.pd.add_user(f"User {number}", f"user{number}@example.com")

    users = await official(lambda client: client.list_all("users"))

    assert 123 == len(users)
    assert len(acme.pd.calls_to("GET", "/users")) > 1


async def test_find_user_by_email(acme: Acme, official: OfficialClient) -> None:
    """`find` looks with `query`, which is loose, and then compares exactly."""
    acme.pd.add_user("Alicia", "alice@example.com.au")

    user = await official(lambda client: client.find("users", "Alice@Example.com", attribute="email"))

    assert user is not None
    assert ALICE == user["id"]


async def test_create_incident_and_note(acme: Acme, official: OfficialClient) -> None:
    """Creating and adding a note work through the client's own wrapping."""
    draft = {"type": "incident", "title": "By hand", "service": {"id": acme.service, "type": "service_reference"}}

    incident = await official(lambda client: client.rpost("/incidents", json=draft))
    note = await official(lambda client: client.rpost(f"/incidents/{incident['id']}/notes", json={"content": "seen"}))
    notes = await official(lambda client: client.rget(f"/incidents/{incident['id']}/notes"))

    assert [note] == notes
    assert "seen" == note["content"]


async def test_errors_carry_their_code(acme: Acme, official: OfficialClient) -> None:
    """A refusal becomes the client's error, with PagerDuty's code in its answer."""
    incident = acme.trigger()

    with pytest.raises(pagerduty.HttpError) as raised:
        await official(
            lambda client: client.rput(
                f"/incidents/{incident.id}",
                json={"type": "incident_reference", "status": "resolved"},
                headers={"From": "nobody@example.com"},
            )
        )

    answer = raised.value.response
    assert answer is not None
    assert (400, 1008) == (answer.status_code, answer.json()["error"]["code"])


async def test_wrong_key_raises(acme: Acme) -> None:
    """The client raises for a key that is not the account's."""
    with official_client("wrong", acme.pd.url) as client, pytest.raises(pagerduty.HttpError, match="401"):
        await OfficialClient(client)(lambda client: client.rget("/users"))
