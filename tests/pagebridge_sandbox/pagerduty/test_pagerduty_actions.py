"""Snoozing, merging, bulk updates, notes that change, alerts and abilities."""

from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import ApiError
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, Acme, Inbox


def sources(*incidents: str) -> dict[str, Any]:
    """Write the body of a merge."""
    return {"source_incidents": [{"id": each, "type": "incident_reference"} for each in incidents]}


async def test_snooze_sets_pending_action_without_webhook(acme: Acme, inbox: Inbox) -> None:
    """Snoozing says until when, writes a line into the log, and no webhook tells of it."""
    incident = acme.trigger()
    acme.pd.web(ALICE).acknowledge(incident.id)

    reply = await acme.call("POST", f"/incidents/{incident.id}/snooze", {"duration": 3600})

    assert 201 == reply.status
    assert ["unacknowledge"] == [each["type"] for each in reply.body["incident"]["pending_actions"]]
    log = (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"]
    assert "snooze_log_entry" == log[0]["type"]
    assert reply.body["incident"]["pending_actions"] == log[0]["changed_actions"]
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered", "acknowledged"] == inbox.types


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 2001),
        ({"duration": 0}, 1013),
        ({"duration": 604_801}, 1013),
        ({"duration": "60"}, 1013),
        ({"duration": True}, 1013),
    ],
)
async def test_snooze_duration_is_validated(acme: Acme, body: dict[str, Any], code: int) -> None:
    """The duration is a number of seconds, from one to a week."""
    incident = acme.trigger()
    acme.pd.web(ALICE).acknowledge(incident.id)

    reply = await acme.call("POST", f"/incidents/{incident.id}/snooze", body)

    assert (400, code) == (reply.status, reply.code)


async def test_only_acknowledged_incidents_are_snoozed(acme: Acme) -> None:
    """Before an acknowledge the answer is 1012."""
    reply = await acme.call("POST", f"/incidents/{acme.trigger().id}/snooze", {"duration": 60})

    assert (400, 1012) == (reply.status, reply.code)


async def test_merge_moves_alerts_and_resolves_sources(acme: Acme, inbox: Inbox) -> None:
    """The sources are resolved for a reason that names the target, which has their alerts; no other event tells."""
    target, first, second = (acme.trigger(title) for title in ("target", "one", "two"))

    reply = await acme.call("PUT", f"/incidents/{target.id}/merge", sources(first.id, second.id))

    assert (200, target.id) == (reply.status, reply.body["incident"]["id"])
    assert 3 == len((await acme.get(f"/incidents/{target.id}/alerts"))["alerts"])
    merged = (await acme.get(f"/incidents/{first.id}"))["incident"]
    assert ("resolved", "merge_resolve_reason") == (merged["status"], merged["resolve_reason"]["type"])
    assert target.id == merged["resolve_reason"]["incident"]["id"]
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered"] * 3 + ["resolved"] * 2 == inbox.types
    assert target.id == inbox.events[-1]["data"]["resolve_reason"]["incident"]["id"]


async def test_merge_is_atomic(acme: Acme) -> None:
    """One source that was merged before is enough to refuse the others with it."""
    target, first, second = (acme.trigger() for _ in range(3))
    acme.pd.web(ALICE).merge(target.id, [first.id])

    reply = await acme.call("PUT", f"/incidents/{target.id}/merge", sources(second.id, first.id))

    assert (400, 1019) == (reply.status, reply.code)
    assert "triggered" == acme.pd.incident(second.id).status
    assert not acme.pd.calls[-1].took_effect


async def test_invalid_merges_are_rejected(acme: Acme) -> None:
    """Nothing merges into a resolved incident, into itself, or without alerts unless it was opened by hand."""
    target, source = acme.trigger(), acme.trigger()
    reference = {"id": acme.service, "type": "service_reference"}
    draft = {"incident": {"type": "incident", "title": "x", "service": reference}}
    created = (await acme.call("POST", "/incidents", draft)).body["incident"]
    alice = acme.pd.web(ALICE)

    assert not created["is_mergeable"]
    assert 2002 == (await acme.call("PUT", f"/incidents/{target.id}/merge", sources(created["id"]))).code
    assert 2001 == (await acme.call("PUT", f"/incidents/{target.id}/merge", sources(target.id))).code
    assert 2001 == (await acme.call("PUT", f"/incidents/{target.id}/merge", {"source_incidents": []})).code
    assert 2100 == (await acme.call("PUT", f"/incidents/{target.id}/merge", sources("PNONE"))).code
    by_hand = alice.trigger(acme.service, "by hand").id
    alice.merge(by_hand, [target.id])
    assert by_hand == acme.pd.incident(target.id).merged_into
    alice.resolve(source.id)
    with pytest.raises(ApiError, match="must be open"):
        alice.merge(source.id, [acme.trigger().id])


async def test_bulk_update_is_atomic(acme: Acme, inbox: Inbox) -> None:
    """Several incidents change together or, when one cannot, not at all."""
    first, second = acme.trigger(), acme.trigger()
    change = {"type": "incident_reference", "status": "acknowledged"}
    body = {"incidents": [{**change, "id": first.id}, {**change, "id": second.id}]}

    done = await acme.call("PUT", "/incidents", body)
    again = await acme.call(
        "PUT", "/incidents", {"incidents": [{**change, "id": acme.trigger().id}, *body["incidents"]]}
    )

    assert (200, ["acknowledged"] * 2) == (done.status, [each["status"] for each in done.body["incidents"]])
    assert (400, 1002) == (again.status, again.code)
    assert "triggered" == acme.pd.incidents[-1].status
    await acme.pd.webhooks.wait_until_idle()
    assert 2 == inbox.types.count("acknowledged")


async def test_bulk_update_limits(acme: Acme) -> None:
    """More than 250 incidents are too many; each needs an id and a type, and is given once."""
    each = {"id": acme.trigger().id, "type": "incident_reference"}

    assert 413 == (await acme.call("PUT", "/incidents", {"incidents": [each] * 251})).status
    assert 2001 == (await acme.call("PUT", "/incidents", {"incidents": [each] * 2})).code
    assert 2001 == (await acme.call("PUT", "/incidents", {"incidents": [{"id": each["id"]}]})).code
    assert 2001 == (await acme.call("PUT", "/incidents", {"incidents": [{"type": "incident"}]})).code
    assert 2001 == (await acme.call("PUT", "/incidents", {})).code


async def test_note_edit_and_delete_send_no_webhook(acme: Acme, inbox: Inbox) -> None:
    """Later changes of a note show when it is read, and no webhook tells."""
    incident = acme.trigger()
    path = f"/incidents/{incident.id}/notes"
    note = (await acme.call("POST", path, {"note": {"content": "loking"}})).body["note"]

    edited = await acme.call("PUT", f"{path}/{note['id']}", {"note": {"content": "looking"}}, "bob@example.com")
    assert ("looking", ALICE) == (edited.body["note"]["content"], edited.body["note"]["user"]["id"])
    deleted = await acme.call("DELETE", f"{path}/{note['id']}", sender=None)
    gone = await acme.call("DELETE", f"{path}/{note['id']}", sender=None)

    assert (204, "", 404) == (deleted.status, deleted.body, gone.status)
    assert [] == (await acme.get(path))["notes"]
    assert [True, True, True, False, False] == [call.took_effect for call in acme.pd.calls]
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered", "annotated"] == inbox.types


async def test_alert_resolves_with_incident(acme: Acme) -> None:
    """What monitoring reports is an alert, which ends with its incident and can be filtered by that."""
    incident = acme.trigger(incident_key="disk-full")
    path = f"/incidents/{incident.id}/alerts"

    assert "disk-full" == (await acme.get(path))["alerts"][0]["alert_key"]
    acme.pd.web(ALICE).resolve(incident.id)

    assert [] == (await acme.get(f"{path}?statuses[]=triggered"))["alerts"]
    assert 1 == len((await acme.get(f"{path}?statuses[]=resolved&alert_key=disk-full&sort_by=created_at"))["alerts"])
    shown = (await acme.get(f"/incidents/{incident.id}"))["incident"]
    assert {"all": 1, "triggered": 0, "resolved": 1} == shown["alert_counts"]
    assert 400 == (await acme.call("GET", f"{path}?statuses[]=open")).status


async def test_abilities_are_listed_and_tested(acme: Acme) -> None:
    """An ability that the account has is 204, and any other 402."""
    assert "coordinated_responding" in (await acme.get("/abilities"))["abilities"]
    assert 204 == (await acme.call("GET", "/abilities/teams")).status

    acme.pd.set_ability("teams", present=False)

    missing = await acme.call("GET", "/abilities/teams")
    assert (402, 2014) == (missing.status, missing.code)
    assert 402 == (await acme.call("GET", "/abilities/custom_fields_of_another_plan")).status


async def test_incident_type_and_conference_bridge_send_events(acme: Acme, inbox: Inbox) -> None:
    """Changing the incident type or the conference bridge shows, and is told once."""
    incident = acme.trigger()
    bridge = {"conference_number": "+1-555-555-5555", "conference_url": "https://example.com"}

    for _ in range(2):
        await acme.update_incident(incident.id, incident_type={"name": "major_incident"}, conference_bridge=bridge)

    shown = (await acme.get(f"/incidents/{incident.id}?include[]=conference_bridge"))["incident"]
    assert ("major_incident", bridge) == (shown["incident_type"]["name"], shown["conference_bridge"])
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered", "incident_type.changed", "conference_bridge.updated"] == inbox.types
    assert [{"label": "", "number": "+1-555-555-5555"}] == inbox.events[-1]["data"]["conference_numbers"]
    acme.pd.web(ALICE).set_conference_bridge(incident.id, None, "https://example.com/room")
    await acme.pd.webhooks.wait_until_idle()
    assert inbox.events[-1]["data"]["conference_numbers"] is None
