"""
Every action reaches PagerDuty once, in the clicker's name, or they are told that it did not.

The commands are put where the listeners put them; that buttons and dialogs make these commands is told elsewhere.
"""

from itertools import count
from typing import Any

import pytest

from bolt_app.worker_parts import BuiltWorker
from pagebridge_sandbox.pagerduty import Fault, IncidentView
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, SlackActor, command_id
from shared.model.event import Ref
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.journal import AuditEntry
from shared.model.outcome import Kind
from tests.stories.harness import Bridge, settled, until

NOTES: dict[str, Any] = {"method": "POST", "path": "/incidents/*/notes"}
PUT: dict[str, Any] = {"method": "PUT", "path": "/incidents/*"}
RESPONDERS: dict[str, Any] = {"method": "POST", "path": "/incidents/*/responder_requests"}
ALICE, BOB = UserId("PALICE1"), UserId("PBOB1")

_numbers = count()


def built(bridge: Bridge) -> BuiltWorker:
    """Reach into the worker for what its listeners have."""
    found = bridge._workers[0][0].built
    assert found is not None
    return found


async def ask(bridge: Bridge, name: str, action: Action, incident: str, **terms: Any) -> Command:  # noqa: ANN401 # of Terms
    """Let somebody ask for something, as a dialog would."""
    user = SlackUserId(bridge.acme.people[name])
    command = Command(
        id=command_id(user, action, "dialog", str(next(_numbers))),
        action=action,
        incident=IncidentId(incident),
        by=SlackActor(user, "T0ACME"),
        channel=ChannelId("C0INCIDENTS"),
        message=None,
        response_url="",
        label="#1",
        params=ActionParams(**terms),
    )
    assert await built(bridge).write_path.command_intake.store(command)
    return command


async def opened(bridge: Bridge, urgency: str = "high") -> IncidentView:
    """Open an incident and wait for its card."""
    incident = bridge.trigger(urgency=urgency)
    await bridge.card("Triggered")
    return incident


def notes(bridge: Bridge, incident: IncidentView) -> list[str]:
    """List the notes that the incident has at PagerDuty."""
    return list(bridge.pagerduty.incident(incident.id).notes)


async def test_a_note_is_written_once_and_told_once(bridge: Bridge) -> None:
    """Alice's note is at PagerDuty in her name, and the thread has it once, as hers from Slack."""
    incident = await opened(bridge)

    await ask(bridge, "Alice", Action.NOTE, incident.id, text="Rolled back\nto 1.4")
    lines = await bridge.lines(1)
    await settled(bridge)

    assert ["Rolled back\nto 1.4"] == notes(bridge, incident)
    assert "Alice Ng added a note in Slack" in lines[0]
    assert "Rolled back" in lines[0]
    assert 1 == len(await bridge.lines(1))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(**NOTES, status=503, times=1),
        Fault(**NOTES, status=503, after_effect=True, times=1),
        Fault(**NOTES, drop=True, times=1),
        Fault(**NOTES, drop=True, after_effect=True, times=1),
        Fault(**NOTES, hang=True, times=1),
        Fault(**NOTES, hang=True, effect_after=1.2, times=1),
        Fault(**NOTES, status=429, times=1),
    ],
    ids=["503", "503 after", "dropped", "dropped after", "hangs", "hangs, late effect", "429"],
)
async def test_a_note_is_never_doubled_however_its_call_fails(bridge: Bridge, fault: Fault) -> None:
    """One note, one line, whether the failed call had an effect or not; the doubt is settled by reading the notes."""
    incident = await opened(bridge)
    bridge.pagerduty.add_fault(fault)

    await ask(bridge, "Alice", Action.NOTE, incident.id, text="Looking at it")
    await bridge.lines(1)
    await settled(bridge)

    assert ["Looking at it"] == notes(bridge, incident)
    assert 1 == len(await bridge.lines(1))
    assert not [words for words in bridge.private("Alice") if "was NOT added" in words]


async def test_a_note_that_cannot_be_read_back_is_not_added_again(bridge: Bridge) -> None:
    """Its call failed after its effect, and the list of notes has one that nobody can read: it may be this one."""
    incident = await opened(bridge)
    bridge.pagerduty.add_fault(Fault(**NOTES, drop=True, after_effect=True, times=1))
    bridge.pagerduty.webhooks.lose_next(1)
    unreadable = bridge.pagerduty.add_fault(
        Fault(method="GET", path="/incidents/*/notes", odd={"notes.*.created_at": "soon"})
    )

    await ask(bridge, "Alice", Action.NOTE, incident.id, text="Looking at it")
    await until(lambda: unreadable.match_count > 9, "a look at the notes when no call can land any more")
    unreadable.remove()
    await bridge.lines(1)
    await settled(bridge)

    assert ["Looking at it"] == notes(bridge, incident)


async def test_a_note_made_in_pagerduty_comes_once_and_never_back(bridge: Bridge) -> None:
    """Bob's note from PagerDuty appears in the thread, and nothing is written to PagerDuty because of it."""
    incident = await opened(bridge)

    bridge.pagerduty.web("PBOB1").add_note(incident.id, "Seen from my phone")
    lines = await bridge.lines(1)
    await settled(bridge)

    assert "Bob Ng added a note in PagerDuty" in lines[0]
    assert [] == bridge.writes()


async def test_an_escalation_goes_one_level_up_and_says_who_is_paged(bridge: Bridge) -> None:
    """The level is known from who is on call; the policy is not restarted; Alice learns that Bob is paged."""
    incident = await opened(bridge)

    await ask(bridge, "Alice", Action.ESCALATE, incident.id, expected_assignees=frozenset({ALICE}))
    told = await bridge.told("Alice", "You escalated incident #1")
    lines = await bridge.lines(1)

    assert "Level 2 was paged: Bob Ng" in told
    assert "Alice Ng escalated it to Bob Ng in Slack" in lines[0]
    sent = str([call.body for call in bridge.effects()])
    assert "escalation_level" in sent
    assert "escalation_policy" not in sent


async def test_the_last_level_is_said(bridge: Bridge) -> None:
    """After level 2 there is none, so nothing is sent, and Bob is told what to do instead."""
    incident = await opened(bridge)
    await ask(bridge, "Alice", Action.ESCALATE, incident.id, expected_assignees=frozenset({ALICE}))
    await bridge.told("Alice", "You escalated incident")

    await ask(bridge, "Bob", Action.ESCALATE, incident.id, expected_assignees=frozenset({BOB}))
    told = await bridge.told("Bob", "the last level of Payments on-call")

    assert "Reassign it, or add responders" in told
    assert 1 == len(bridge.effects())


async def test_two_people_escalate_at_once(bridge: Bridge) -> None:
    """One level is paged, not two, and the second hears who was first."""
    incident = await opened(bridge)

    await ask(bridge, "Alice", Action.ESCALATE, incident.id, expected_assignees=frozenset({ALICE}))
    await ask(bridge, "Bob", Action.ESCALATE, incident.id, expected_assignees=frozenset({ALICE}))
    told = await bridge.told("Bob", "You can't escalate incident #1")
    await settled(bridge)

    assert "now assigned to Bob Ng" in told
    assert 1 == len(bridge.effects())


async def test_an_unknown_level_is_chosen(bridge: Bridge) -> None:
    """When nobody can tell the level, Alice gets the levels with the people on call, and nothing is sent."""
    incident = await opened(bridge)
    twice = bridge.pagerduty.add_escalation_policy("Twice", [["PALICE1"], ["PALICE1"]])
    bridge.pagerduty.web("PBOB1").delegate(incident.id, twice.id)
    await bridge.lines(1)

    await ask(bridge, "Bob", Action.ESCALATE, incident.id)
    await bridge.told("Bob", "Which level of incident #1 should be paged?")

    buttons = [button for m in bridge.slack.person("U0BOB").private_messages for button in m.buttons]
    assert ["Level 1: Alice Ng", "Level 2: Alice Ng"] == buttons
    assert [] == bridge.effects()


@pytest.mark.parametrize("urgency", ["low"])
async def test_low_urgency_is_explained(bridge: Bridge, urgency: str) -> None:
    """PagerDuty does not escalate low urgency: said in plain words, without asking PagerDuty to refuse."""
    incident = await opened(bridge, urgency)

    await ask(bridge, "Alice", Action.ESCALATE, incident.id)
    await bridge.told("Alice", "doesn't escalate low-urgency")

    assert [] == bridge.writes()


async def test_a_reassignment_says_who_has_it(bridge: Bridge) -> None:
    """Bob has it after Alice's reassignment, once, told as hers from Slack."""
    incident = await opened(bridge)

    await ask(
        bridge,
        "Alice",
        Action.REASSIGN,
        incident.id,
        people=(Ref("PBOB1", "Bob Ng"),),
        expected_assignees=frozenset({ALICE}),
    )
    await bridge.told("Alice", "Now assigned to Bob Ng")
    lines = await bridge.lines(1)

    assert "Alice Ng reassigned it from Alice Ng to Bob Ng in Slack" in lines[0]


@pytest.mark.parametrize("after", [True, False])
async def test_a_reassignment_whose_answer_is_lost(bridge: Bridge, *, after: bool) -> None:
    """It notifies people, so it happens once: found in the log, or repeated only when the first can land no more."""
    incident = await opened(bridge)
    bridge.pagerduty.add_fault(Fault(**PUT, drop=True, after_effect=after, times=1))

    await ask(bridge, "Alice", Action.REASSIGN, incident.id, people=(Ref("PBOB1", "Bob Ng"),))
    await bridge.lines(1)
    await settled(bridge)

    assert 1 == len(bridge.effects())
    assert 1 == len(await bridge.lines(1))


async def test_a_snooze_needs_an_acknowledge(bridge: Bridge) -> None:
    """A triggered incident cannot be snoozed; an acknowledged one can, and Alice learns until when."""
    incident = await opened(bridge)
    await ask(bridge, "Alice", Action.SNOOZE, incident.id, seconds=3600)
    await bridge.told("Alice", "Only an acknowledged incident can be snoozed")
    await ask(bridge, "Alice", Action.ACKNOWLEDGE, incident.id)
    await bridge.card("Acknowledged")

    await ask(bridge, "Alice", Action.SNOOZE, incident.id, seconds=3600)
    await bridge.told("Alice", "Snoozed until")
    lines = await bridge.lines(2)

    assert "snoozed it until" in lines[1]


async def test_a_priority_is_set_once(bridge: Bridge) -> None:
    """The card shows the new priority, and the thread who set it."""
    incident = await opened(bridge)
    high = bridge.pagerduty.add_priority("P1")

    await ask(bridge, "Alice", Action.PRIORITY, incident.id, priority=Ref(high.id, "P1"))
    await bridge.card("P1")
    lines = await bridge.lines(1)

    assert "changed the priority" in lines[0]
    assert "Alice Ng changed the priority from none to P1 in Slack" in lines[0]


async def test_of_several_responders_each_is_reported(bridge: Bridge) -> None:
    """PagerDuty refuses one of two: the answer says who was asked and who was not, and why."""
    incident = await opened(bridge)
    bridge.pagerduty.add_fault(Fault(**RESPONDERS, status=400, code=2001, message="Invalid Input Provided", times=1))
    people = (Ref("PBOB1", "Bob Ng"), Ref("PCAROL1", "Carol Ng"))

    await ask(bridge, "Alice", Action.ADD_RESPONDERS, incident.id, people=people, text="Please help")
    told = await bridge.told("Alice", "Carol Ng: asked")
    await settled(bridge)

    assert "Bob Ng: NOT asked" in told
    assert 1 == len(bridge.effects())


async def test_a_status_update_is_out_once_though_its_answer_was_lost(bridge: Bridge) -> None:
    """Nothing at PagerDuty could be read back, so its own event settles it; it is never published twice."""
    incident = await opened(bridge)
    updates: dict[str, Any] = {"method": "POST", "path": "/incidents/*/status_updates"}
    bridge.pagerduty.add_fault(Fault(**updates, drop=True, after_effect=True, times=1))

    await ask(bridge, "Alice", Action.STATUS_UPDATE, incident.id, text="We are on it")
    lines = await bridge.lines(1)
    await settled(bridge)

    assert "Alice Ng published a status update in Slack" in lines[0]
    assert 1 == len(bridge.effects())


@pytest.mark.parametrize(
    "fault", [None, Fault(method="POST", path="/incidents", drop=True, after_effect=True, times=1)]
)
async def test_an_incident_is_opened_once(bridge: Bridge, fault: Fault | None) -> None:
    """Alice opens an incident from Slack; however its answer fares there is one, told as hers from Slack."""
    if fault is not None:
        bridge.pagerduty.add_fault(fault)

    service = Ref(bridge.acme.service, "checkout-api")
    await ask(
        bridge, "Alice", Action.TRIGGER, "NEW1", service=service, title="Carts are empty", urgency="high", text="All"
    )
    await bridge.told("Alice", "It is incident #1")
    card = await bridge.card("Carts are empty")

    assert 1 == len(bridge.pagerduty.incidents)
    assert "Opened by Alice Ng in Slack" in card.plain


async def test_a_resolve_with_a_note_is_one_call_and_one_line(bridge: Bridge) -> None:
    """State and note happen together or not at all, and read as one thing."""
    incident = await opened(bridge)

    await ask(bridge, "Alice", Action.RESOLVE, incident.id, text="Disk was full")
    await bridge.card("Resolved")
    await bridge.lines(1)
    await settled(bridge)

    lines = await bridge.lines(1)
    assert 1 == len(bridge.effects())
    assert 1 == len(lines)
    assert "Disk was full" in lines[0]


async def test_every_action_is_on_record(bridge: Bridge) -> None:
    """The audit has who, what, why it was allowed, what was sent and what came of it, and not what was written."""
    incident = await opened(bridge)

    await ask(bridge, "Alice", Action.NOTE, incident.id, text="My secret words")
    await ask(bridge, "Carol", Action.RESOLVE, incident.id)
    await bridge.told("Carol", "You can't resolve incident #1")
    await settled(bridge)

    entries = [entry async for entry in built(bridge).store.audit.read(0) if isinstance(entry, AuditEntry)]
    assert [(Action.NOTE, Kind.DONE), (Action.RESOLVE, Kind.NOT_ALLOWED)] == [(e.action, e.outcome) for e in entries]
    assert ["PALICE1", "PCAROL1"] == [e.pagerduty_user for e in entries]
    assert "secret" not in str(entries)
