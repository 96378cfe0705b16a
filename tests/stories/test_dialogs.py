"""Dialogs from press to PagerDuty, as people fill them in."""

import asyncio
import time
from dataclasses import replace

import pytest

from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.slack import Ephemeral, Fault
from tests.stories.harness import FAST, PATIENCE, Bridge, running, settled
from tests.stories.test_refusals import hire
from tests.stories.typed_commands import types

POLICIES = "/escalation_policies"


@pytest.fixture
async def acknowledged(bridge: Bridge) -> str:
    """Have an incident that Alice has acknowledged, and give its id."""
    bridge.pagerduty.add_priority("P1", id="PPRIO1")
    incident = bridge.trigger()
    await bridge.card("Triggered")
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")
    return incident.id


async def test_a_note_by_dialog(bridge: Bridge, acknowledged: str) -> None:
    """What Bob types is on the incident, once, in his name; the dialog closes when it is kept."""
    modal = await bridge.dialog("Bob", "Add note")
    modal.fill("Note", "Rolled back\nto 4.2")

    assert (await modal.submit()).acked
    assert [] == bridge.slack.person("U0BOB").modals
    await bridge.until_called("POST", f"/incidents/{acknowledged}/notes")
    await bridge.lines(2)
    assert ["Rolled back\nto 4.2"] == bridge.pagerduty.incident(acknowledged).notes


@pytest.mark.usefixtures("acknowledged")
async def test_reassign_to_somebody_chosen_in_slack(bridge: Bridge) -> None:
    """Alice chooses Bob among the people of Slack; PagerDuty's Bob has the incident."""
    modal = await bridge.dialog("Alice", "Reassign")
    modal.pick_user("Another person", "U0BOB")

    assert (await modal.submit()).acked
    await bridge.card("Assigned to @Bob Ng")


@pytest.mark.usefixtures("acknowledged")
async def test_reassign_to_somebody_without_an_account(bridge: Bridge) -> None:
    """The dialog stays, names them, and nothing is sent."""
    bridge.slack.add_user("Zoe Z", email="zoe@elsewhere.example", id="U0ZOE")
    before = len(bridge.writes())
    modal = await bridge.dialog("Alice", "Reassign")
    modal.pick_user("Another person", "U0ZOE")

    await modal.submit()

    assert "Zoe Z isn't linked to a PagerDuty account" in modal.errors["Another person"]
    assert before == len(bridge.writes())


@pytest.mark.usefixtures("acknowledged")
async def test_take_it(bridge: Bridge) -> None:
    """Bob takes Alice's incident."""
    modal = await bridge.dialog("Bob", "Reassign")
    modal.choose("Me", ["Assign to me"])

    assert (await modal.submit()).acked
    await bridge.card("Assigned to @Bob Ng")


async def test_resolve_with_what_solved_it(bridge: Bridge, acknowledged: str) -> None:
    """A resolution note goes with the resolve."""
    modal = await bridge.dialog("Bob", "Resolve")
    modal.fill("What fixed it?", "Restarted it")

    assert (await modal.submit()).acked
    await bridge.card("Resolved")
    assert "resolved" == bridge.pagerduty.incident(acknowledged).status


async def test_priority_snooze_and_responders_from_the_menu(bridge: Bridge, acknowledged: str) -> None:
    """The rest of what can be done is in the menu."""
    modal = await bridge.dialog("Bob", "Change priority")
    modal.choose("Priority", "P1")
    assert (await modal.submit()).acked
    await bridge.card("P1")

    modal = await bridge.dialog("Alice", "Snooze")
    modal.choose("How long?", "For 4 hours")
    assert (await modal.submit()).acked
    await bridge.until_called("POST", f"/incidents/{acknowledged}/snooze")

    modal = await bridge.dialog("Alice", "Add responders")
    modal.pick_user("Who should help?", ["U0BOB", "U0CAROL"])
    assert (await modal.submit()).acked
    await bridge.told("Alice", "Carol Ng: asked")


async def test_a_status_update(bridge: Bridge, acknowledged: str) -> None:
    """What Bob writes goes to the subscribers, once."""
    modal = await bridge.dialog("Bob", "Status update")
    modal.fill("What should people know?", "A fix is being rolled out")

    assert (await modal.submit()).acked
    await bridge.until_called("POST", f"/incidents/{acknowledged}/status_updates")
    await settled(bridge)
    assert ["A fix is being rolled out"] == bridge.pagerduty.incident(acknowledged).status_updates


@pytest.mark.usefixtures("acknowledged")
async def test_to_an_escalation_policy(bridge: Bridge) -> None:
    """PagerDuty starts with the first level of the policy that was chosen."""
    bridge.pagerduty.add_escalation_policy("Search on-call", [["PCAROL1"]])
    modal = await bridge.dialog("Bob", "Reassign")
    modal.choose("An escalation policy", "Search on-call")

    assert (await modal.submit()).acked
    await bridge.card("Assigned to @Carol Ng")


@pytest.mark.usefixtures("acknowledged")
async def test_more_policies_than_slack_can_list(bridge: Bridge) -> None:
    """With hundreds of them people type a part of the name, and choose from what fits."""
    for number in range(120):
        bridge.pagerduty.add_escalation_policy(f"Team {number:03}", [["PCAROL1"]])
    modal = await bridge.dialog("Bob", "Reassign")

    assert ["Team 117"] == await modal.suggest("An escalation policy", "117")
    modal.choose("An escalation policy", "Team 117")
    assert (await modal.submit()).acked

    await bridge.card("Assigned to @Carol Ng")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "PagerDuty failed to answer"),
        (429, "PagerDuty's rate limit is reached"),
        (403, "PagerDuty doesn't let this bridge read"),
        (401, "PagerDuty rejects this bridge's credentials"),
    ],
)
@pytest.mark.usefixtures("acknowledged")
async def test_pagerduty_fails_when_a_dialog_opens(bridge: Bridge, status: int, words: str) -> None:
    """The dialog opens at once, and then says why there is nothing to choose from, and what to do."""
    bridge.pagerduty.add_fault(PagerDutyFault("GET", POLICIES, status=status))

    modal = await bridge.dialog("Bob", "Reassign")

    assert words in modal.plain
    assert "Nothing was sent" in modal.plain
    assert "submit" not in modal.content


async def test_what_was_typed_is_given_back_where_a_dialog_can_not_be_filled(bridge: Bridge) -> None:
    """The title of a new incident stands in the dialog that says why there are no services."""
    bridge.pagerduty.add_fault(PagerDutyFault("GET", "/services", status=503))
    alice = bridge.slack.person("U0ALICE")

    await alice.type_command("/pd trigger Checkout is down", "C0INCIDENTS")

    await alice.wait(lambda person: "Checkout is down" in person.modal.plain, timeout=PATIENCE)
    assert "PagerDuty failed to answer" in alice.modal.plain


@pytest.mark.usefixtures("acknowledged")
async def test_a_dialog_that_is_closed_while_it_loads(bridge: Bridge) -> None:
    """Whoever does not want it any more is not bothered with it, and the next one opens filled."""
    bridge.pagerduty.add_fault(PagerDutyFault("GET", POLICIES, delay=0.3, times=1))
    await bridge.click("Bob", "Reassign")
    bob = bridge.slack.person("U0BOB")
    await bob.wait(lambda person: "Loading…" in person.modal.plain, timeout=PATIENCE)
    await bob.modal.close()
    await bridge.until_called("GET", POLICIES)

    modal = await bridge.dialog("Bob", "Reassign")

    assert "An escalation policy" in modal.labels
    assert [] == bridge.private("Bob")


@pytest.mark.usefixtures("acknowledged")
async def test_a_dialog_that_slack_does_not_open(bridge: Bridge) -> None:
    """Slack has trouble: the person reads that nothing was sent, instead of waiting for a dialog."""
    bridge.slack.add_fault(Fault("views.open", http_status=503, times=1))

    await bridge.click("Bob", "Add note")

    await bridge.told("Bob", "The dialog did not open")


async def test_a_submission_that_comes_twice(bridge: Bridge, acknowledged: str) -> None:
    """Slack sends the same dialog again: it is one note."""
    modal = await bridge.dialog("Bob", "Add note")
    modal.fill("Note", "Rolled back")
    sent = await modal.submit()

    again = await bridge.slack.redeliver(sent)

    assert again.acked
    await bridge.lines(2)
    await settled(bridge)
    assert ["Rolled back"] == bridge.pagerduty.incident(acknowledged).notes


async def test_a_date_that_is_over(bridge: Bridge, acknowledged: str) -> None:
    """The dialog says so at the date, and takes another one."""
    modal = await bridge.dialog("Alice", "Snooze")
    modal.choose("How long?", "Until the time below")
    modal.fill("Until (at most 7 days from now)", int(time.time()) - 60)
    await modal.submit()
    assert "has passed" in modal.errors["Until (at most 7 days from now)"]

    modal.fill("Until (at most 7 days from now)", int(time.time()) + 3600)

    assert (await modal.submit()).acked
    await bridge.until_called("POST", f"/incidents/{acknowledged}/snooze")


async def test_tomorrow_morning(bridge: Bridge, acknowledged: str) -> None:
    """Alice's own tomorrow: Slack says where she is."""
    modal = await bridge.dialog("Alice", "Snooze")
    modal.choose("How long?", "Until tomorrow 09:00, your time")

    assert (await modal.submit()).acked
    await bridge.until_called("POST", f"/incidents/{acknowledged}/snooze")
    await settled(bridge)
    wakes = bridge.pagerduty.incident(acknowledged).pending_actions["unacknowledge"]
    assert (9, 0) == (wakes.hour, wakes.minute)


async def test_what_was_not_done_is_tried_again() -> None:
    """Nobody could be asked in time: Alice reads that of each, and pressing asks both, once."""
    async with running(workers=0) as bridge:
        await bridge.start_worker(replace(FAST, command_lifetime=1.0))
        incident = bridge.trigger()
        await bridge.card("Triggered")
        fault = bridge.pagerduty.add_fault(PagerDutyFault("POST", "/incidents/*/responder_requests", status=429))
        modal = await bridge.dialog("Alice", "Add responders")
        modal.pick_user("Who should help?", ["U0BOB", "U0CAROL"])
        await modal.submit()
        told = await bridge.told("Alice", "NOT asked")
        assert ("Bob Ng: NOT asked" in told, "Carol Ng: NOT asked" in told) == (True, True)
        await settled(bridge)
        fault.remove()
        answer = private(bridge, "Alice", "NOT asked")

        await asyncio.gather(*(bridge.click("Alice", "Try again", answer) for _ in range(2)))

        await bridge.told("Alice", "Carol Ng: asked")
        await settled(bridge)
        assert not any("NOT asked" in words for words in bridge.private("Alice"))
        assert {"PBOB1", "PCAROL1"} == set(bridge.pagerduty.incident(incident.id).responders)
        assert 2 == len(bridge.effects())


async def test_a_level_is_chosen_in_the_answer(bridge: Bridge) -> None:
    """Nobody can tell the level: Bob reads who is on call where, and presses the one that he means."""
    incident = bridge.trigger()
    policy = bridge.pagerduty.add_escalation_policy("Spread", [["PALICE1"], ["PALICE1"], ["PCAROL1"]])
    await bridge.card("Triggered")
    bridge.pagerduty.web("PBOB1").delegate(incident.id, policy.id)
    await bridge.lines(1)
    await bridge.click("Bob", "Escalate", confirm="Escalate")
    await bridge.told("Bob", "Which level of incident #1 should be paged?")
    answer = private(bridge, "Bob", "Which level")
    assert ["Level 1: Alice Ng", "Level 2: Alice Ng", "Level 3: Carol Ng"] == answer.buttons

    await bridge.click("Bob", "Level 3: Carol Ng", answer)

    await bridge.card("Assigned to @Carol Ng")
    await bridge.told("Bob", "Level 3 was paged: Carol Ng")
    assert not any("Which level" in words for words in bridge.private("Bob"))
    assert 3 == bridge.pagerduty.incident(incident.id).escalation_level


async def test_a_dialog_shows_its_incident_and_what_is_so(bridge: Bridge) -> None:
    """Title, service and state stand above the fields, and the present priority and assignee are chosen already."""
    bridge.pagerduty.add_priority("P1", id="PPRIO1")
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PBOB1").set_priority(incident.id, "P1")
    await bridge.card("P1")

    modal = await bridge.dialog("Bob", "Change priority")
    for words in ("Checkout latency over 2s", "Triggered", "checkout-api", "High urgency", "Assigned to Alice Ng"):
        assert words in modal.plain
    assert "PPRIO1" in str(modal.values["Priority"])
    modal = await bridge.dialog("Bob", "Reassign")
    assert "U0ALICE" == modal.values["Another person"]
    modal = await bridge.dialog("Bob", "Add note")
    assert "Checkout latency over 2s" in modal.plain


@pytest.mark.parametrize("action", ["Resolve", "Reassign", "Change priority"])
async def test_whoever_may_not_is_told_before_the_dialog(bridge: Bridge, action: str) -> None:
    """Carol is of another team: she hears why and whom to ask, and fills in nothing for nothing."""
    bridge.trigger()
    await bridge.card("Triggered")

    await bridge.click("Carol", action)

    assert "belongs to Payments" in await bridge.told("Carol", "You can't")
    assert [] == bridge.slack.person("U0CAROL").modals
    assert [] == bridge.writes()


@pytest.mark.parametrize("role", ["read_only_user", "read_only_limited_user"])
async def test_whoever_can_open_no_incident_is_told_before_the_dialog(bridge: Bridge, role: str) -> None:
    """Dave only reads in PagerDuty: he hears so, and has his title back."""
    hire(bridge, "Dave")
    bridge.pagerduty.add_user("Dave Ng", "dave@example.com", role=role)

    await types(bridge, "Dave", "/pd trigger Payments are down")

    told = await bridge.told("Dave", "You can't create this incident")
    assert "doesn't allow this" in told
    assert "Payments are down" in told
    assert [] == bridge.slack.person("U0DAVE").modals


async def test_what_came_too_late_is_told_before_the_dialog(bridge: Bridge) -> None:
    """Bob resolved it and the webhook lags: Alice reads that at once, instead of writing what fixed it."""
    incident = bridge.trigger()
    card = await bridge.card("Triggered")
    bridge.pagerduty.webhooks.hold()
    bridge.pagerduty.web("PBOB1").resolve(incident.id)

    await bridge.click("Alice", "Resolve", card)

    await bridge.told("Alice", "Bob Ng already resolved incident #1")
    assert [] == bridge.slack.person("U0ALICE").modals


async def test_a_dialog_opens_though_pagerduty_is_slow() -> None:
    """Whether Bob may is not known in time: his dialog opens, and it is decided when he sends it."""
    async with running() as bridge:
        bridge.trigger()
        await bridge.card("Triggered")
        bridge.pagerduty.add_fault(PagerDutyFault("GET", "/incidents/*", hang=True, times=1))

        modal = await bridge.dialog("Bob", "Resolve")

        modal.fill("What fixed it?", "Restarted it")
        assert (await modal.submit()).acked
        await bridge.card("Resolved")


async def test_a_long_text_is_given_back_whole() -> None:
    """PagerDuty takes nothing in time: all that Alice wrote, title and details, is in the answer."""
    async with running(workers=0) as bridge:
        await bridge.start_worker(replace(FAST, command_lifetime=0.5, text_lifetime=0.5))
        bridge.trigger()
        await bridge.card("Triggered")
        bridge.pagerduty.add_fault(PagerDutyFault("POST", "/incidents/*/notes", status=429))
        written = "\n".join(f"Line {number} of what I have found out so far" for number in range(70))
        modal = await bridge.dialog("Alice", "Add note")
        modal.fill("Note", written)
        await modal.submit()

        told = await bridge.told("Alice", "was NOT added")
        assert all(line in told for line in written.splitlines())


async def test_two_cannot_both_reassign(bridge: Bridge, acknowledged: str) -> None:
    """Bob's dialog was open when Alice gave the incident away: he hears whose it is, instead of taking it back."""
    his = await bridge.dialog("Bob", "Reassign")
    bridge.pagerduty.web("PALICE1").reassign(acknowledged, ["PCAROL1"])
    await bridge.card("Assigned to @Carol Ng")
    his.choose("Me", ["Assign to me"])

    assert (await his.submit()).acked

    await bridge.told("Bob", "now assigned to Carol Ng")
    assert ["PCAROL1"] == bridge.pagerduty.incident(acknowledged).assignees


def private(bridge: Bridge, name: str, words: str) -> Ephemeral:
    """Find the private message that says `words`."""
    shown = bridge.slack.person(bridge.acme.people[name]).private_messages
    return next(message for message in shown if words in message.plain)
