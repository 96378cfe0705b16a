"""What people type after `/pd` to change an incident: what reaches PagerDuty, and what they are told."""

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Ephemeral, Message
from pagebridge_sandbox.slack import Fault as SlackFault
from tests.stories.harness import Bridge, settled, until
from tests.stories.test_refusals import hire
from tests.stories.test_store_failures import hanging
from tests.stories.typed_commands import answered, opened, secret_incident, typed_dialog, types


def only(bridge: Bridge, name: str, words: str) -> Ephemeral:
    """Return the private answer that says `words`, to press its buttons."""
    shown = bridge.slack.person(bridge.acme.people[name]).private_messages
    return next(message for message in shown if words in message.plain)


def said(message: Message, words: str) -> bool:
    """Tell whether a message or its thread says `words`."""
    return any(words in shown.plain for shown in (message, *message.replies))


async def test_an_incident_is_acknowledged_by_its_number(bridge: Bridge) -> None:
    """Alice types a number: it is acknowledged in her name, the card shows it, and she is told."""
    await opened(bridge, "Checkout is slow")

    await types(bridge, "Alice", "/pd ack 1")

    await bridge.told("Alice", "You acknowledged incident #1")
    await bridge.card("Acknowledged by Alice Ng")
    assert ["alice@example.com"] == [call.from_email for call in bridge.effects()]


async def test_the_number_may_be_left_out_when_one_is_open(bridge: Bridge) -> None:
    """One incident is open: it is the one that is meant, and resolved with its note once the dialog is sent."""
    await opened(bridge, "Checkout is slow")

    modal = await typed_dialog(bridge, "Bob", "/pd resolve Rolled back to 1.4")
    assert "Rolled back to 1.4" == modal.values["What fixed it?"]
    assert [] == bridge.writes()
    await modal.submit()

    await bridge.told("Bob", "You resolved incident #1")
    assert "resolved" == bridge.pagerduty.incident(1).status
    await bridge.channel.wait(lambda channel: said(channel.messages[0], "Rolled back to 1.4"))


async def test_no_incident_is_open(bridge: Bridge) -> None:
    """Nothing is open: the answer says so, and how one would be named."""
    told = await answered(bridge, "Alice", "/pd ack", "No incident is open in this channel")

    assert "/pd ack 37" in told
    assert [] == bridge.writes()


async def test_several_incidents_are_open(bridge: Bridge) -> None:
    """Two are open: nothing is sent, and the answer has a button for each, whose dialog has what was typed."""
    await opened(bridge, "Checkout is slow", "Search is down")

    await answered(bridge, "Alice", "/pd note Looking into it", "2 incidents are open")

    assert [] == bridge.writes()
    modal = await bridge.dialog("Alice", "Add note", only(bridge, "Alice", "#2"))
    assert "Search is down" in modal.plain
    assert "Looking into it" == modal.values["Note"]
    await modal.submit()
    await bridge.told("Alice", "You added a note to incident #2")
    assert ["Looking into it"] == bridge.pagerduty.incident(2).notes


async def test_several_could_be_acknowledged(bridge: Bridge) -> None:
    """Two of three are triggered: each has the card's own button, and what comes of it replaces the question."""
    await opened(bridge, "Checkout is slow", "Search is down", "Login fails")
    bridge.pagerduty.web("PBOB1").acknowledge(bridge.pagerduty.incident(3).id)
    await bridge.card("Acknowledged")
    await settled(bridge)

    told = await answered(bridge, "Alice", "/pd ack", "3 incidents are open")
    assert "Login fails" not in told
    answer = only(bridge, "Alice", "Search is down")
    assert ["Acknowledge", "Acknowledge"] == answer.buttons
    await bridge.click("Alice", "Acknowledge", answer)

    await bridge.told("Alice", "You acknowledged incident #2")
    assert 1 == len(bridge.private("Alice"))
    assert ["triggered", "acknowledged"] == [bridge.pagerduty.incident(number).status for number in (1, 2)]


async def test_several_could_be_escalated(bridge: Bridge) -> None:
    """The button asks as the card's does; what PagerDuty escalates never has none."""
    bridge.trigger("Disk fills up", urgency="low")
    await opened(bridge, "Checkout is slow", "Search is down")

    told = await answered(bridge, "Alice", "/pd escalate", "3 incidents are open")
    assert "Disk fills up" not in told
    answer = only(bridge, "Alice", "Search is down")
    asked = await bridge.click("Alice", "Escalate", answer)
    assert asked.dialog is not None
    assert "Pages the next level" in asked.dialog.text
    assert [] == bridge.writes()
    await bridge.click("Alice", "Escalate", answer, confirm="Escalate")

    await bridge.told("Alice", "Level 2 was paged: Bob Ng")


async def test_several_could_be_resolved(bridge: Bridge) -> None:
    """The button opens the dialog of the card, with the note that was typed."""
    await opened(bridge, "Checkout is slow", "Search is down")

    await answered(bridge, "Bob", "/pd resolve Rolled back", "2 incidents are open")
    modal = await bridge.dialog("Bob", "Resolve", only(bridge, "Bob", "2 incidents are open"))
    assert "Rolled back" == modal.values["What fixed it?"]
    await modal.submit()

    await bridge.told("Bob", "You resolved incident #2")
    assert 1 == len(bridge.private("Bob"))


async def test_a_choice_that_came_too_late(bridge: Bridge) -> None:
    """Bob resolves it before Alice presses: the button is refused as the card's would be, and says who was first."""
    await opened(bridge, "Checkout is slow", "Search is down")
    await answered(bridge, "Alice", "/pd ack", "2 incidents are open")
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(2).id)

    await bridge.click("Alice", "Acknowledge", only(bridge, "Alice", "2 incidents are open"))

    assert "Bob Ng resolved it" in await bridge.told("Alice", "can't acknowledge incident #2")
    assert [] == bridge.effects()


async def test_a_resolved_incident_is_no_candidate(bridge: Bridge) -> None:
    """One of two is resolved in PagerDuty: the other one is meant."""
    await opened(bridge, "Checkout is slow", "Search is down")
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(1).id)
    await bridge.card("Resolved")
    await settled(bridge)

    await types(bridge, "Alice", "/pd ack")

    await bridge.told("Alice", "You acknowledged incident #2")


async def test_a_mistyped_command_gets_the_line_that_works(bridge: Bridge) -> None:
    """Nothing is sent, and what was probably meant stands there to be copied."""
    await opened(bridge, "Checkout is slow")

    told = await answered(bridge, "Alice", "/pd akc 1", "Unknown command")

    assert "/pd ack 1" in told
    assert [] == bridge.writes()


async def test_there_is_no_such_incident(bridge: Bridge) -> None:
    """A number that nobody has: the answer says so at once; a text that begins with one is given back with its line."""
    await opened(bridge, "Checkout is slow")

    await answered(bridge, "Alice", "/pd ack 4711", "I can't find incident #4711")
    told = await answered(bridge, "Alice", "/pd note 4711 calls failed", "find incident #4711")

    assert "/pd note 37 4711 calls failed" in told
    assert [] == bridge.writes()


async def test_an_incident_goes_to_somebody_else(bridge: Bridge) -> None:
    """Alice names Bob by mention: it is assigned to him, in her name."""
    await opened(bridge, "Checkout is slow")

    await types(bridge, "Alice", "/pd reassign 1 @Bob Ng")

    await bridge.told("Alice", "You reassigned incident #1")
    assert ["PBOB1"] == bridge.pagerduty.incident(1).assignees


async def test_an_incident_cannot_go_to_somebody_unknown(bridge: Bridge) -> None:
    """Dave has no PagerDuty account: nothing is sent, and the answer names him."""
    hire(bridge, "Dave")
    await opened(bridge, "Checkout is slow")

    await answered(bridge, "Alice", "/pd reassign 1 @Dave Ng", "Dave Ng isn't linked to a PagerDuty account")

    assert [] == bridge.writes()


async def test_the_next_level_is_paged(bridge: Bridge) -> None:
    """Escalating asks first, as the button does; then it pages Bob, who is on the second level, and says so."""
    await opened(bridge, "Checkout is slow")

    modal = await typed_dialog(bridge, "Alice", "/pd escalate")
    assert "Pages the next level" in modal.plain
    assert [] == bridge.writes()
    await modal.submit()

    await bridge.told("Alice", "Level 2 was paged: Bob Ng")


async def test_whoever_may_not_act_is_told_why(bridge: Bridge) -> None:
    """Carol is of another team: typing is no way around it."""
    await opened(bridge, "Checkout is slow")

    await answered(bridge, "Carol", "/pd ack 1", "belongs to Payments")

    assert [] == bridge.writes()


async def test_a_redelivered_envelope_is_the_same_command(bridge: Bridge) -> None:
    """Slack sends the same line twice: one note."""
    await opened(bridge, "Checkout is slow")
    typed = await types(bridge, "Alice", "/pd note 1 Looking into it")
    await bridge.told("Alice", "You added a note to incident #1")

    again = await bridge.slack.redeliver(typed)
    await settled(bridge)

    assert again.acked
    assert 1 == len(bridge.writes())
    assert 1 == sum("You added a note" in words for words in bridge.private("Alice"))


async def test_a_late_copy_is_about_the_same_incident(bridge: Bridge) -> None:
    """Slack brings `/pd ack` again when another incident is the only open one: that one is left alone."""
    await opened(bridge, "Checkout is slow")
    typed = await types(bridge, "Alice", "/pd ack")
    await bridge.told("Alice", "You acknowledged incident #1")
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(1).id)
    await bridge.card("Resolved")
    await opened(bridge, "Search is down")

    again = await bridge.slack.redeliver(typed)
    await settled(bridge)

    assert again.acked
    assert "triggered" == bridge.pagerduty.incident(2).status
    assert 1 == len(bridge.writes())
    assert 1 == len(bridge.private("Alice"))


async def test_a_late_copy_means_no_more_than_the_first(bridge: Bridge) -> None:
    """Alice was told that nothing was sent, because two were open: a copy sends nothing when only one is left."""
    await opened(bridge, "Checkout is slow", "Search is down")
    typed = await types(bridge, "Alice", "/pd ack")
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(1).id)
    await bridge.card("Resolved")
    await settled(bridge)

    again = await bridge.slack.redeliver(typed)
    await settled(bridge)

    assert again.envelope is not None
    assert "Nothing was sent" in str(again.envelope.response)
    assert [] == bridge.writes()


async def test_what_is_hidden_is_hidden_from_the_unlinked_too(bridge: Bridge) -> None:
    """Dave is nobody at PagerDuty: he does not learn either that there is something."""
    hire(bridge, "Dave")
    secret_incident(bridge)

    await answered(bridge, "Dave", "/pd ack 1", "I can't find incident #1")
    await answered(bridge, "Dave", "/pd ack 4711", "I can't find incident #4711")


@pytest.mark.parametrize("line", ["/pd ack 1", "/pd note 1 Looking into it", "/pd resolve 1", "/pd show 1"])
async def test_what_is_hidden_in_pagerduty_stays_hidden(bridge: Bridge, line: str) -> None:
    """An incident of a private team is no incident at all for Alice, whatever she types."""
    assert 1 == secret_incident(bridge)
    bridge.pagerduty.calls.clear()

    told = await answered(bridge, "Alice", line, "I can't find incident #1")

    assert "Security" not in told
    assert [] == bridge.writes()


async def test_members_of_a_private_team_act_on_its_incidents(bridge: Bridge) -> None:
    """Bob is on the team: he may, wherever he is; the channel is told nothing."""
    number = secret_incident(bridge)
    bridge.pagerduty.calls.clear()

    await (await typed_dialog(bridge, "Bob", f"/pd resolve {number}")).submit()

    await bridge.told("Bob", "You resolved incident")

    assert ["bob@example.com"] == [call.from_email for call in bridge.effects()]
    assert [] == bridge.channel.messages


async def test_redis_is_down(bridge: Bridge) -> None:
    """An acknowledge goes straight to PagerDuty; a note is not sent, and its text is given back."""
    await opened(bridge, "Checkout is slow")
    await bridge.valkey.kill()

    await types(bridge, "Alice", "/pd ack 1")
    await bridge.told("Alice", "You acknowledged incident #1")
    await types(bridge, "Alice", "/pd note 1 Looking into it")

    told = await bridge.told("Alice", "could not be saved")
    assert "Looking into it" in told
    assert 1 == len(bridge.writes())
    await answered(bridge, "Bob", "/pd resolve", "Nothing was sent")
    await bridge.valkey.start()


async def test_redis_hangs(bridge: Bridge) -> None:
    """Redis takes everything and answers nothing: an acknowledge still reaches PagerDuty, and in time for Slack."""
    await opened(bridge, "Checkout is slow")

    with hanging(bridge):
        await types(bridge, "Alice", "/pd ack 1")
        await bridge.told("Alice", "You acknowledged incident #1")
        await answered(bridge, "Bob", "/pd resolve", "Nothing was sent")


async def test_pagerduty_is_down(bridge: Bridge) -> None:
    """What the channel shows needs no look-up, so it is stored and done later; for anything else nothing is sent."""
    await opened(bridge, "Checkout is slow")
    bridge.pagerduty.stop_answering()

    told = await answered(bridge, "Alice", "/pd ack 4711", "Nothing was sent")
    assert "couldn't look up incident 4711" in told
    await types(bridge, "Alice", "/pd ack 1")
    await bridge.told("Alice", "NOT acknowledged")

    bridge.pagerduty.answer_again()
    await bridge.told("Alice", "You acknowledged incident #1")


async def test_pagerduty_is_slow(bridge: Bridge) -> None:
    """A look-up that takes too long ends in time for Slack, and nothing is sent."""
    await opened(bridge, "Checkout is slow")
    bridge.pagerduty.add_fault(Fault(method="GET", path="/incidents/4711", hang=True))

    await answered(bridge, "Alice", "/pd ack 4711", "Nothing was sent")

    assert [] == bridge.writes()


async def test_a_new_incident(bridge: Bridge) -> None:
    """The dialog comes with the title that was typed; submitted twice, there is one incident, in Alice's name."""
    await types(bridge, "Alice", "/pd trigger Checkout is down")
    alice = bridge.slack.person("U0ALICE")
    await alice.wait(lambda p: "Loading…" not in p.modal.plain)

    assert "Checkout is down" in alice.modal.values.values()
    alice.modal.choose("Service", "checkout-api")
    submitted = await alice.modal.submit()
    await bridge.slack.redeliver(submitted)

    await bridge.card("Checkout is down")
    await until(lambda: bool(bridge.private("Alice")), "word for Alice")
    await settled(bridge)
    assert ["Checkout is down"] == [incident.title for incident in bridge.pagerduty.incidents]


async def test_the_rest_of_the_card_can_be_typed(bridge: Bridge) -> None:
    """Snooze, priority, responders and status open their dialogs, about the incident that was named, and all work."""
    bridge.pagerduty.add_priority("P1", id="PPRIO1")
    await opened(bridge, "Checkout is slow", "Search is down")
    bridge.pagerduty.web("PBOB1").acknowledge(bridge.pagerduty.incident(2).id)
    await bridge.card("Acknowledged")
    second = bridge.pagerduty.incident(2).id

    modal = await typed_dialog(bridge, "Alice", "/pd priority 2")
    modal.choose("Priority", "P1")
    assert (await modal.submit()).acked
    modal = await typed_dialog(bridge, "Alice", "/pd snooze #2")
    modal.choose("How long?", "For 4 hours")
    assert (await modal.submit()).acked
    modal = await typed_dialog(bridge, "Alice", "/pd status 2")
    modal.fill("What should people know?", "A fix is being rolled out")
    assert (await modal.submit()).acked
    modal = await typed_dialog(bridge, "Alice", "/pd responders 2")
    modal.pick_user("Who should help?", ["U0CAROL"])
    assert (await modal.submit()).acked

    await bridge.until_called("POST", f"/incidents/{second}/snooze")
    await bridge.until_called("POST", f"/incidents/{second}/status_updates")
    await bridge.told("Alice", "Asked: Carol Ng")
    await settled(bridge)
    assert "P1" in (bridge.pagerduty.incident(2).priority or "")
    assert {"alice@example.com"} == {call.from_email for call in bridge.effects()} - {"bob@example.com", None}


async def test_a_dialog_needs_one_incident(bridge: Bridge) -> None:
    """Two are open and none is named: no dialog opens, and the answer has a button for each on which it works."""
    await opened(bridge, "Checkout is slow", "Search is down")

    await answered(bridge, "Alice", "/pd snooze", "Snooze needs one that is acknowledged")
    await answered(bridge, "Alice", "/pd status", "2 incidents are open")

    assert [] == bridge.slack.person("U0ALICE").modals
    modal = await bridge.dialog("Alice", "Status update", only(bridge, "Alice", "Search is down"))
    assert "#2 Search is down" in modal.plain


async def test_what_was_typed_is_returned_when_no_dialog_opens(bridge: Bridge) -> None:
    """Slack opens none: Alice need not type her title again; Carol, who may not resolve, keeps her note."""
    await opened(bridge, "Checkout is slow")
    bridge.slack.add_fault(SlackFault("views.open", error="internal_error"))

    await types(bridge, "Alice", "/pd trigger Payments are down")
    await types(bridge, "Carol", "/pd resolve 1 Rolled back to 1.4")

    assert "Payments are down" in await bridge.told("Alice", "The dialog did not open")
    assert "Rolled back to 1.4" in await bridge.told("Carol", "can't resolve incident #1")


async def test_a_hidden_incident_has_no_dialog(bridge: Bridge) -> None:
    """An incident of a private team is as good as none, for a dialog too."""
    number = secret_incident(bridge)

    await answered(bridge, "Alice", f"/pd status {number}", "can't find incident")

    assert [] == bridge.slack.person("U0ALICE").modals
