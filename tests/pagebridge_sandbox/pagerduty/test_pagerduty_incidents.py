"""What happens to an incident, over the REST API and in PagerDuty's own interface."""

import re

import pytest

from pagebridge_sandbox.pagerduty import ApiError
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme, Inbox


async def test_acknowledge_assigns_from_user(acme: Acme) -> None:
    """Bob acknowledges Alice's incident: it is his, and every trace of it names him."""
    incident = acme.trigger()

    reply = await acme.update_incident(incident.id, "bob@example.com", status="acknowledged")

    shown = reply.body["incident"]
    assert [BOB] == [each["assignee"]["id"] for each in shown["assignments"]]
    assert [BOB] == [each["acknowledger"]["id"] for each in shown["acknowledgements"]]
    assert BOB == shown["last_status_change_by"]["id"]
    log = (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"]
    assert ("acknowledge_log_entry", BOB) == (log[0]["type"], log[0]["agent"]["id"])


async def test_acknowledge_reopens_resolved_incident(acme: Acme) -> None:
    """Acknowledging a resolved incident brings it back, assigned to and acknowledged by the sender."""
    incident = acme.trigger()
    acme.pd.web(ALICE).resolve(incident.id)

    reply = await acme.update_incident(incident.id, "bob@example.com", status="acknowledged")

    assert "acknowledged" == reply.body["incident"]["status"]
    assert reply.body["incident"]["resolved_at"] is None
    assert [BOB] == acme.pd.incident(incident.id).assignees


@pytest.mark.parametrize(("status", "code"), [("acknowledged", 1002), ("resolved", 1001)])
async def test_repeated_action_is_rejected_or_ignored(acme: Acme, status: str, code: int) -> None:
    """What PagerDuty answers is not documented: 400 with its code or, if a test so chooses, the unchanged incident."""
    incident = acme.trigger()
    await acme.update_incident(incident.id, status=status)
    before = acme.pd.incident(incident.id)

    refused = await acme.update_incident(incident.id, "bob@example.com", status=status)
    acme.pd.lenient_repeats = True
    ignored = await acme.update_incident(incident.id, "bob@example.com", status=status)

    assert (400, code) == (refused.status, refused.code)
    assert (200, status) == (ignored.status, ignored.body["incident"]["status"])
    assert before == acme.pd.incident(incident.id)
    assert [True, False, False] == [call.took_effect for call in acme.pd.calls_to("PUT", "/incidents/*")]


async def test_resolve_clears_assignments(acme: Acme) -> None:
    """A resolved incident has no assignments and no acknowledgements; the resolution becomes a note."""
    incident = acme.trigger()
    await acme.update_incident(incident.id, status="acknowledged")

    shown = (await acme.update_incident(incident.id, status="resolved", resolution="rebooted")).body["incident"]

    assert ([], []) == (shown["assignments"], shown["acknowledgements"])
    assert shown["resolved_at"] == shown["last_status_change_at"]
    assert ["Resolution Note: rebooted"] == acme.pd.incident(incident.id).notes


async def test_triggered_status_unacknowledges_or_reopens(acme: Acme) -> None:
    """Setting `triggered` takes an acknowledge back; on a resolved incident it pages the policy's first level again."""
    incident = acme.trigger()
    await acme.update_incident(incident.id, "bob@example.com", status="acknowledged")

    back = (await acme.update_incident(incident.id, status="triggered")).body["incident"]
    assert ("triggered", []) == (back["status"], back["acknowledgements"])
    await acme.update_incident(incident.id, status="resolved")
    again = (await acme.update_incident(incident.id, status="triggered")).body["incident"]

    assert [ALICE] == [each["assignee"]["id"] for each in again["assignments"]]
    assert "escalation_policy" == again["assigned_via"]


async def test_reopen_with_assignee(acme: Acme) -> None:
    """The assignees in the same request get the reopened incident."""
    incident = acme.trigger()
    acme.pd.web(ALICE).resolve(incident.id)
    assignments = [{"assignee": {"id": BOB, "type": "user_reference"}}]

    await acme.update_incident(incident.id, status="triggered", assignments=assignments)

    assert [BOB] == acme.pd.incident(incident.id).assignees
    assert "direct_assignment" == acme.pd.incident(incident.id).assigned_via


async def test_reassign_ends_escalation(acme: Acme) -> None:
    """Assigned to people, an incident does not follow its policy any more and cannot be escalated (1006)."""
    incident = acme.trigger()
    assignments = [{"assignee": {"id": user, "type": "user_reference"}} for user in (BOB, CAROL)]

    reassigned = await acme.update_incident(incident.id, assignments=assignments)
    escalated = await acme.update_incident(incident.id, escalation_level=2)

    assert "direct_assignment" == reassigned.body["incident"]["assigned_via"]
    assert [BOB, CAROL] == acme.pd.incident(incident.id).assignees
    assert (400, 1006) == (escalated.status, escalated.code)


async def test_escalate_to_level(acme: Acme) -> None:
    """Levels count from 1, and 0 is 1; the level itself is shown nowhere in the answer."""
    incident = acme.trigger()

    reply = await acme.update_incident(incident.id, escalation_level=2)

    assert [BOB] == acme.pd.incident(incident.id).assignees
    assert not any("level" in field for field in reply.body["incident"])
    await acme.update_incident(incident.id, escalation_level=0)
    assert [ALICE] == acme.pd.incident(incident.id).assignees


@pytest.mark.parametrize(("level", "code"), [(3, 1015), (4, 1006)])
async def test_escalate_to_empty_level_is_rejected(acme: Acme, level: int, code: int) -> None:
    """A level where nobody is on call is refused with 1015, one that does not exist with 1006."""
    policy = acme.pd.add_escalation_policy("Thin", [[ALICE], [BOB], []])
    incident = acme.pd.trigger(acme.pd.add_service("thin", policy.id).id, "x")

    assert code == (await acme.update_incident(incident.id, escalation_level=level)).code
    assert [ALICE] == acme.pd.incident(incident.id).assignees


async def test_low_urgency_does_not_escalate(acme: Acme) -> None:
    """Only what is urgent is escalated."""
    incident = acme.trigger(urgency="low")

    assert 1006 == (await acme.update_incident(incident.id, escalation_level=2)).code


async def test_incident_keeps_policy_snapshot(acme: Acme) -> None:
    """A policy changed meanwhile counts only once the incident is given to it again."""
    incident = acme.trigger()
    acme.pd.add_escalation_policy("Payments on-call", [[CAROL], [CAROL]], [acme.team], id=acme.policy)

    await acme.update_incident(incident.id, escalation_level=2)
    assert [BOB] == acme.pd.incident(incident.id).assignees
    await acme.update_incident(
        incident.id, escalation_policy={"id": acme.policy, "type": "escalation_policy_reference"}
    )

    assert [CAROL] == acme.pd.incident(incident.id).assignees
    assert 1 == acme.pd.incident(incident.id).escalation_level


@pytest.mark.parametrize("priority", ["P2", {"id": "PPRIO02", "type": "priority_reference"}])
async def test_priority_by_name_or_id(acme: Acme, priority: object) -> None:
    """A priority may be given either way."""
    incident = acme.trigger(priority="P1")
    assert "P1" == incident.priority

    shown = (await acme.update_incident(incident.id, priority=priority)).body["incident"]

    assert "P2" == shown["priority"]["summary"]


async def test_title_and_urgency(acme: Acme) -> None:
    """Both can be changed, in one call."""
    incident = acme.trigger()

    shown = (await acme.update_incident(incident.id, title="Worse", urgency="low")).body["incident"]

    assert ("Worse", "low", f"[#{incident.number}] Worse") == (shown["title"], shown["urgency"], shown["summary"])


async def test_update_is_atomic(acme: Acme, inbox: Inbox) -> None:
    """One refused part leaves the rest undone, unlogged and untold."""
    incident = acme.trigger()
    before = acme.pd.incident(incident.id)

    reply = await acme.update_incident(incident.id, title="Worse", status="acknowledged", escalation_level=9)

    assert (400, 1006) == (reply.status, reply.code)
    assert before == acme.pd.incident(incident.id)
    assert 2 == len((await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"])
    acme.pd.web(BOB).resolve(incident.id)
    await acme.pd.webhooks.wait_until_idle()
    assert ["triggered", "resolved"] == inbox.types


async def test_last_status_change_at(acme: Acme) -> None:
    """While triggered it is the last update of any kind (OpenAPI description), afterwards the change of the status."""
    incident = acme.trigger()
    acme.pd.clock.advance(60)
    triggered = (await acme.update_incident(incident.id, title="Worse")).body["incident"]
    acknowledged = (await acme.update_incident(incident.id, status="acknowledged")).body["incident"]
    acme.pd.clock.advance(60)
    retitled = (await acme.update_incident(incident.id, title="Better")).body["incident"]

    assert triggered["updated_at"] == triggered["last_status_change_at"] > triggered["created_at"]
    assert acknowledged["last_status_change_at"] == retitled["last_status_change_at"] < retitled["updated_at"]


async def test_moving_to_another_service(acme: Acme) -> None:
    """The incident belongs to the other service's teams from then on."""
    search = acme.pd.add_team("Search")
    service = acme.pd.add_service("search-api", acme.policy, [search])
    incident = acme.trigger()

    shown = (await acme.update_incident(incident.id, service={"id": service.id, "type": "service_reference"})).body[
        "incident"
    ]

    assert (service.id, [search.id]) == (shown["service"]["id"], [team["id"] for team in shown["teams"]])


async def test_timestamps_are_whole_seconds_and_increase(acme: Acme) -> None:
    """The REST API shows seconds; two changes never share a millisecond underneath."""
    incident = acme.trigger()
    shown = (await acme.update_incident(incident.id, status="acknowledged")).body["incident"]

    for name in ("created_at", "updated_at", "last_status_change_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown[name])
    assert acme.pd.incident(incident.id).updated_at > incident.updated_at


async def test_acknowledge_reassigns_option_adds_log_entry(acme: Acme) -> None:
    """Whether PagerDuty does is not known; with the option there is a log entry for it too."""
    acme.pd.options.acknowledge_reassigns = True
    incident = acme.trigger()

    await acme.update_incident(incident.id, "bob@example.com", status="acknowledged")

    log = (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"]
    assert ["assign_log_entry", "acknowledge_log_entry"] == [entry["type"] for entry in log[:2]]


async def test_web_user_verbs(acme: Acme) -> None:
    """What a person can click is a verb, and shows in the incident at once."""
    alice = acme.pd.web(ALICE)
    made = alice.trigger(acme.service, "By hand", assignee=ALICE)
    assert "acknowledged" == made.status
    assert "triggered" == alice.unacknowledge(made.id).status
    assert [BOB] == alice.reassign(made.id, [BOB]).assignees
    assert [ALICE] == alice.delegate(made.id, acme.policy).assignees
    assert [BOB] == alice.escalate(made.id, 2).assignees
    assert ["hm"] == alice.add_note(made.id, "hm").notes
    assert "P1" == alice.set_priority(made.id, "P1").priority
    assert alice.set_priority(made.id, None).priority is None
    assert "low" == alice.set_urgency(made.id, "low").urgency
    assert "New" == alice.set_title(made.id, "New").title
    assert "resolved" == alice.resolve(made.id, resolution="done").status
    assert "triggered" == alice.reopen(made.id).status
    assert [ALICE] == alice.acknowledge(made.id).acknowledgers
    with pytest.raises(ApiError):
        alice.set_priority(made.id, "P9")


async def test_automation_has_no_user(acme: Acme) -> None:
    """A timer's change is nobody's: the log names the service and the channel `timeout`."""
    incident = acme.trigger()
    assert [BOB] == acme.pd.automation.escalate(incident.id).assignees
    acme.pd.web(BOB).acknowledge(incident.id)

    assert "triggered" == acme.pd.automation.unacknowledge(incident.id).status

    entry = (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"][0]
    assert ("unacknowledge_log_entry", "service_reference") == (entry["type"], entry["agent"]["type"])
    assert "timeout" == entry["channel"]["type"]
    assert acme.pd.automation.resolve(incident.id).last_status_change_by is None


async def test_notes_and_log_without_a_call(acme: Acme) -> None:
    """What a page of PagerDuty's own shows beside an incident is what the REST API says, and no call is logged."""
    incident = acme.trigger()
    acme.pd.web(ALICE).add_note(incident.id, "Looking into it")

    notes, log = acme.pd.notes(incident.number), acme.pd.log_entries(incident.id)

    assert [("Looking into it", ALICE)] == [(note["content"], note["user"]["id"]) for note in notes]
    assert ["trigger", "assign", "annotate"] == [entry["type"].removesuffix("_log_entry") for entry in log]
    assert [] == acme.pd.calls
    assert log[::-1] == (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"]


async def test_when_calls_and_deliveries_end(acme: Acme, inbox: Inbox) -> None:
    """The logs say how long everything took."""
    assert [] == inbox.events
    incident = acme.trigger()
    await acme.get(f"/incidents/{incident.id}")
    await acme.pd.webhooks.wait_until_idle()

    (call,), (delivery,) = acme.pd.calls, acme.pd.webhooks.log
    assert call.ended_at is not None
    assert call.at <= call.ended_at
    assert delivery.ended_at is not None
    assert delivery.at <= delivery.ended_at
