"""Responder requests, their cancelling and answers, and status updates."""

from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import ApiError
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme, Inbox, Reply


def target(thing: str, kind: str = "user") -> dict[str, Any]:
    """Refer to who is asked."""
    return {"responder_request_target": {"id": thing, "type": f"{kind}_reference"}}


async def request(acme: Acme, incident: str, *targets: dict[str, Any], **more: Any) -> Reply:  # noqa: ANN401 - JSON
    """Ask for help in Alice's name."""
    body = {"requester_id": ALICE, "message": "Please help", "responder_request_targets": list(targets), **more}
    return await acme.call("POST", f"/incidents/{incident}/responder_requests", body, sender=None)


async def cancel(acme: Acme, incident: str, *targets: tuple[str, str]) -> Reply:
    """Take requests back in Alice's name."""
    listed = [{"type": f"{kind}_reference", "id": thing} for kind, thing in targets]
    body = {"requester_id": ALICE, "responder_request_targets": listed}
    return await acme.call("PUT", f"/incidents/{incident}/responder_requests/cancel", body, sender=None)


async def test_responder_request_is_shown_and_sent_as_event(acme: Acme, inbox: Inbox) -> None:
    """Each responder is pending, on the incident and in an event of their own, in the requester's name."""
    incident = acme.trigger()

    reply = await request(acme, incident.id, target(CAROL), target(acme.policy, "escalation_policy"))

    assert 200 == reply.status
    asked = [each["responder_request_target"] for each in reply.body["responder_request"]["responder_request_targets"]]
    assert [("user", CAROL), ("escalation_policy", acme.policy)] == [(each["type"], each["id"]) for each in asked]
    assert ["pending", "pending"] == [each["incidents_responders"][0]["state"] for each in asked]
    shown = (await acme.get(f"/incidents/{incident.id}"))["incident"]
    assert {CAROL, ALICE} == {each["user"]["id"] for each in shown["incidents_responders"]}
    assert 1 == len(shown["responder_requests"])
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered", "responder.added", "responder.added"] == inbox.types
    event = inbox.events[1]
    assert (ALICE, CAROL, "pending") == (event["agent"]["id"], event["data"]["user"]["id"], event["data"]["state"])


async def test_responder_reply_uses_webhook_states(acme: Acme, inbox: Inbox) -> None:
    """Who joins is `accepted` in the event and `joined` in the REST API, in their own words; nobody answers twice."""
    incident = acme.trigger()
    acme.pd.web(ALICE).request_responders(incident.id, [BOB, CAROL])

    acme.pd.web(CAROL).join(incident.id, "On my way")
    acme.pd.web(BOB).decline(incident.id)

    assert {BOB: "declined", CAROL: "joined"} == acme.pd.incident(incident.id).responders
    await acme.pd.webhooks.wait_until_idle()
    told = [event["data"] for event in inbox.events[-4:]]
    assert [("pending", "Please help")] * 2 == [(each["state"], each["message"]) for each in told[:2]]
    assert [("accepted", "On my way"), ("declined", "")] == [(each["state"], each["message"]) for each in told[2:]]
    with pytest.raises(ApiError):
        acme.pd.web(CAROL).join(incident.id)


async def test_cancel_returns_result_per_target(acme: Acme, inbox: Inbox) -> None:
    """Only pending requests are cancelled, silently; the others keep their state."""
    incident = acme.trigger()
    dan = acme.pd.add_user("Dan", "dan@example.com").id
    acme.pd.web(ALICE).request_responders(incident.id, [BOB, CAROL, dan])
    acme.pd.web(CAROL).join(incident.id)
    acme.pd.web(dan).decline(incident.id)

    reply = await cancel(acme, incident.id, ("user", BOB), ("user", CAROL), ("user", dan), ("escalation_policy", "PNO"))

    results = [each["result"] for each in reply.body["responder_request_targets"]]
    assert ["cancelled", "joined", "declined", "not_found"] == results
    assert "user_cancelled" == acme.pd.incident(incident.id).responders[BOB]
    again = await cancel(acme, incident.id, ("user", BOB))
    assert "not_found" == again.body["responder_request_targets"][0]["result"]
    assert [True, False] == [call.took_effect for call in acme.pd.calls_to("PUT", "/**")]
    await acme.pd.webhooks.wait_until_idle()
    assert 5 == sum("responder" in each for each in inbox.types)


async def test_cancel_policy_cancels_all_its_responders(acme: Acme) -> None:
    """Who was asked through a policy is cancelled with it."""
    incident = acme.trigger()
    acme.pd.web(ALICE).request_responders(incident.id, policy_ids=[acme.policy])

    reply = await cancel(acme, incident.id, ("escalation_policy", acme.policy))

    assert "cancelled" == reply.body["responder_request_targets"][0]["result"]
    assert {ALICE: "user_cancelled"} == acme.pd.incident(incident.id).responders


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"requester_id": "PNOBODY"}, 400, 1008),
        ({"requester_id": 1}, 400, 2001),
        ({"message": None}, 400, 2001),
        ({"responder_request_targets": []}, 400, 2001),
        ({"responder_request_targets": {}}, 400, 2001),
        ({"responder_request_targets": [{"id": BOB, "type": "user_reference"}]}, 400, 2001),
        ({"responder_request_targets": [target("PNOBODY")]}, 400, 2013),
        ({"responder_request_targets": [target("PNONE", "escalation_policy")]}, 400, 1014),
        ({"responder_request_targets": [target("PPAYTM1", "team")]}, 400, 2001),
    ],
)
async def test_responder_request_is_validated(acme: Acme, change: dict[str, Any], status: int, code: int) -> None:
    """What is missing, of another type or unknown is refused, and nobody is asked."""
    incident = acme.trigger()

    reply = await request(acme, incident.id, target(BOB), **change)

    assert (status, code) == (reply.status, reply.code)
    assert {} == acme.pd.incident(incident.id).responders


async def test_responder_request_needs_ability_and_open_incident(acme: Acme) -> None:
    """Without the ability both calls are 402; a resolved incident needs no help."""
    incident = acme.trigger()
    acme.pd.set_ability("coordinated_responding", present=False)
    assert (402, 402) == (
        (await request(acme, incident.id, target(BOB))).status,
        (await cancel(acme, incident.id, ("user", BOB))).status,
    )
    acme.pd.set_ability("coordinated_responding", present=True)
    acme.pd.web(ALICE).resolve(incident.id)

    assert 1001 == (await request(acme, incident.id, target(BOB))).code


async def test_responders_may_act(acme: Acme) -> None:
    """An observer who is asked to help may acknowledge, whatever their role."""
    incident = acme.trigger()
    olga = acme.pd.add_user("Olga", "olga@example.com", role="observer").id
    with pytest.raises(ApiError):
        acme.pd.web(olga).acknowledge(incident.id)

    acme.pd.web(ALICE).request_responders(incident.id, [olga])

    assert "acknowledged" == acme.pd.web(olga).acknowledge(incident.id).status


async def test_status_update_is_sent_as_event(acme: Acme, inbox: Inbox) -> None:
    """The answer and the event have the same id; what was for mail is in the answer only."""
    incident = acme.trigger()
    body = {"message": "A fix is on its way", "subject": "Update", "html_message": "<b>soon</b>"}

    reply = await acme.call("POST", f"/incidents/{incident.id}/status_updates", body)

    update = reply.body["status_update"]
    assert (200, body) == (reply.status, {name: update[name] for name in body})
    await acme.pd.webhooks.wait_until_idle()
    event = inbox.events[-1]
    assert ("incident.status_update_published", update["id"]) == (event["event_type"], event["data"]["id"])
    assert (incident.id, ALICE) == (event["data"]["incident"]["id"], event["agent"]["id"])
    assert [body["message"]] == acme.pd.incident(incident.id).status_updates


@pytest.mark.parametrize("body", [{}, {"message": " "}, {"message": 1}, {"message": "x", "subject": "y"}])
async def test_status_update_is_validated(acme: Acme, body: dict[str, Any]) -> None:
    """A message must be there; subject and HTML go together."""
    reply = await acme.call("POST", f"/incidents/{acme.trigger().id}/status_updates", body)

    assert (400, 2001) == (reply.status, reply.code)
