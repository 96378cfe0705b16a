"""Everything that the door can do to an incident, against a PagerDuty that understands it or not."""

import pytest

from pagebridge_sandbox.pagerduty import Fault
from shared.errors import CallError, Refused, Unavailable, Uncertain
from shared.model.event_types import Status
from shared.pagerduty.api.error_messages import WORDS
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.writes import NewIncident
from shared.pagerduty.models.incident import LONGEST_SNOOZE
from shared.pagerduty.models.incident_parts import LONGEST_NOTE
from tests.shared.pagerduty.account import ALICE, BOB, P1, Account

ALICES, BOBS = "alice@example.com", "bob@example.com"


async def test_reassigning_to_people(account: Account) -> None:
    """The incident is theirs alone, and does not escalate any more."""
    answer = (await account.door.reassign(account.incident, ALICES, assignees=[BOB])).value
    assert answer.snapshot.assignee_ids == {BOB}
    assert answer.assigned_via == "direct_assignment"
    assert answer.due("escalate") is None
    (entry,) = [
        one for one in (await account.door.log_entries(account.incident)).value if one.agent and one.agent.id == ALICE
    ]
    assert (entry.type, [ref.id for ref in entry.assignees]) == ("assign_log_entry", [BOB])


async def test_reassigning_to_a_policy(account: Account) -> None:
    """A policy starts from its first level."""
    await account.door.reassign(account.incident, ALICES, assignees=[BOB])
    answer = (await account.door.reassign(account.incident, BOBS, policy=account.policy)).value
    assert answer.snapshot.assignee_ids == {ALICE}
    assert answer.assigned_via == "escalation_policy"


async def test_escalating(account: Account) -> None:
    """The next level is paged; beyond the last one PagerDuty refuses, and so it does for low urgency."""
    answer = (await account.door.escalate(account.incident, 2, ALICES)).value
    assert answer.snapshot.assignee_ids == {BOB}
    with pytest.raises(Refused) as last:
        await account.door.escalate(account.incident, 3, ALICES)
    account.pd.web(ALICE).set_urgency(account.incident, "low")
    with pytest.raises(Refused) as low:
        await account.door.escalate(account.incident, 1, ALICES)
    assert (last.value.code, low.value.code) == (1006, 1006)


async def test_snoozing(account: Account) -> None:
    """An acknowledgement lasts as long as was asked for; only an acknowledged incident can be snoozed, for a week."""
    with pytest.raises(Refused) as triggered:
        await account.door.snooze(account.incident, 3600, ALICES)
    await account.acknowledged()
    with pytest.raises(Refused) as too_long:
        await account.door.snooze(account.incident, LONGEST_SNOOZE + 1, ALICES)
    assert (triggered.value.code, too_long.value.code) == (1012, 1013)
    answer = await account.door.snooze(account.incident, LONGEST_SNOOZE, ALICES)
    wakes = answer.value.due("unacknowledge")
    assert wakes is not None
    assert abs(wakes.ms - answer.date.ms - LONGEST_SNOOZE * 1000) <= 2000
    entry = (await account.door.log_entries(account.incident)).value[-1]
    assert (entry.type, entry.pending[0].at) == ("snooze_log_entry", wakes)


async def test_prioritising(account: Account) -> None:
    """A priority is shown by its name; one that the account does not have is refused."""
    answer = (await account.door.set_priority(account.incident, P1, ALICES)).value
    assert answer.snapshot.priority is not None
    assert answer.snapshot.priority.name == "P1"
    with pytest.raises(Refused) as unknown:
        await account.door.set_priority(account.incident, "PNONE", ALICES)
    assert unknown.value.code == 1020


async def test_notes(account: Account) -> None:
    """A note is in its author's name, keeps its words, and is found again by its id."""
    await account.door.set_status(account.incident, Status.RESOLVED, BOBS, "Restarted it")
    note = (await account.door.add_note(account.incident, "Fixed it: zoë & <co>", ALICES)).value
    assert (note.content, note.user.id if note.user else None) == ("Fixed it: zoë & <co>", ALICE)
    read = (await account.door.notes(account.incident)).value
    assert [one.content for one in read] == ["Resolution Note: Restarted it", "Fixed it: zoë & <co>"]
    assert read[-1] == note
    with pytest.raises(Refused):
        await account.door.add_note(account.incident, "x" * (LONGEST_NOTE + 1), ALICES)
    await account.door.add_note(account.incident, "x" * LONGEST_NOTE, ALICES)


async def test_responders(account: Account) -> None:
    """Who is asked is shown in the answer and on the incident."""
    request = (await account.door.request_responders(account.incident, ALICE, "Help", [BOB], ALICES)).value
    assert [(one.user.name, one.state) for one in request.responders] == [("Bob Ray", "pending")]
    assert (await account.door.incident(account.incident)).value.responders == {BOB}


async def test_an_account_without_responder_requests(account: Account) -> None:
    """What is not in the account's plan is refused, and its abilities tell so beforehand."""
    assert "coordinated_responding" in await account.door.abilities()
    account.pd.set_ability("coordinated_responding", present=False)
    assert "coordinated_responding" not in await account.door.abilities()
    with pytest.raises(Refused) as missing:
        await account.door.request_responders(account.incident, ALICE, "Help", [BOB], ALICES)
    assert (missing.value.code, missing.value.status) == (2014, 402)


async def test_status_updates(account: Account) -> None:
    """Stakeholders are told what was written."""
    await account.door.publish_status_update(account.incident, "We are on it", ALICES)
    assert account.pd.incident(account.incident).status_updates == ["We are on it"]


async def test_opening_an_incident_once(account: Account) -> None:
    """A second incident with the same key is refused while the first is open, which is found by its key."""
    new = NewIncident(account.service, "Carts are empty", "low", "Since noon", "slack:1")
    made = (await account.door.create_incident(new, BOBS)).value
    assert (made.snapshot.urgency, made.snapshot.status) == ("low", Status.TRIGGERED)
    with pytest.raises(Refused):
        await account.door.create_incident(new, BOBS)
    assert [one.id async for one in account.door.incidents(IncidentFilter(key="slack:1"))] == [made.id]


async def test_each_write_is_one_call_in_the_persons_name(account: Account) -> None:
    """Whatever fails, PagerDuty sees each write once, from whoever asked for it."""
    door, incident = account.door, account.incident
    account.pd.add_fault(Fault(method="POST", status=503))
    account.pd.add_fault(Fault(method="PUT", drop=True))
    for write in (
        door.reassign(incident, BOBS, assignees=[ALICE]),
        door.escalate(incident, 2, BOBS),
        door.set_priority(incident, P1, BOBS),
        door.snooze(incident, 60, BOBS),
        door.add_note(incident, "Looking", BOBS),
        door.request_responders(incident, BOB, "Help", [ALICE], BOBS),
        door.publish_status_update(incident, "On it", BOBS),
        door.create_incident(NewIncident(account.service, "Slow"), BOBS),
    ):
        with pytest.raises(Uncertain):
            await write
    calls = [call for call in account.pd.calls if call.method != "GET"]
    assert [call.from_email for call in calls] == [BOBS] * 8


@pytest.mark.parametrize("code", sorted(WORDS))
async def test_every_refusal_is_known(account: Account, code: int) -> None:
    """Every code that has words is a refusal when it comes with a 400, whichever call it answers."""
    account.pd.add_fault(Fault(method="POST", path="/incidents/*/notes", status=400, code=code, message="No"))
    with pytest.raises(CallError) as refused:
        await account.door.add_note(account.incident, "Looking", ALICES)
    assert isinstance(refused.value, Refused)
    assert refused.value.code == code


async def test_too_many_calls(account: Account) -> None:
    """A limit says that nothing was done, and how long to wait."""
    account.pd.add_fault(Fault(method="POST", path="/incidents/*/notes", status=429, ratelimit_reset=9, times=1))
    with pytest.raises(Unavailable) as limited:
        await account.door.add_note(account.incident, "Looking", ALICES)
    assert limited.value.retry_after == 9
    assert account.pd.incident(account.incident).notes == []
