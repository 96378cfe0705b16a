"""The Home tab: who comes to it sees what is theirs, acts there as on a card, and nobody sees more than elsewhere."""

from pagebridge_sandbox.slack import Fault
from pagebridge_sandbox.slack.modals import OpenView
from tests.stories.harness import Bridge, settled, until
from tests.stories.test_private_answers import direct
from tests.stories.test_refusals import hire
from tests.stories.typed_commands import opened, secret_incident


async def shown(bridge: Bridge, name: str, words: str) -> OpenView:
    """Wait until somebody's Home tab says `words`."""
    person = bridge.slack.person(bridge.acme.people[name])
    await person.wait(lambda p: words in p.home.plain)
    return person.home


async def home(bridge: Bridge, name: str, words: str) -> OpenView:
    """Let somebody come to the Home tab, and wait until it says `words`."""
    bridge.slack.person(bridge.acme.people[name]).open_app_home()
    return await shown(bridge, name, words)


async def test_what_is_mine_and_my_teams(bridge: Bridge) -> None:
    """Alice reads what waits for her, what sleeps until when, what Bob has, who is on call, and who she is."""
    await opened(bridge, "Checkout is slow", "Login fails", "Disk fills up")
    bridge.pagerduty.web("PALICE1").acknowledge(bridge.pagerduty.incident(2).id)
    dialog = await bridge.dialog("Alice", "Snooze", await bridge.card("Acknowledged"))
    dialog.choose("How long?", "For 4 hours")
    assert (await dialog.submit()).acked
    await bridge.card("Snoozed until")
    bridge.pagerduty.web("PALICE1").reassign(bridge.pagerduty.incident(3).id, ["PBOB1"])
    secret_incident(bridge)
    await settled(bridge)

    told = (await home(bridge, "Alice", "Snoozed until")).plain

    assert "Assigned to you: 2 · 1 incident waiting for acknowledgement · 1 snoozed" in told
    assert told.index("Checkout is slow") < told.index("Login fails") < told.index("Open in your teams")
    assert told.index("Open in your teams, assigned to others: 1") < told.index("Disk fills up")
    assert "Level 1: Alice Ng" in told
    assert "You are Alice Ng (alice@example.com) in PagerDuty, matched by your Slack e-mail address." in told
    assert "Break-in" not in told
    assert "Break-in" in (await home(bridge, "Bob", "Assigned to you: 2")).plain
    assert "Assigned to you: nothing" in (await home(bridge, "Carol", "On call: not you")).plain


def published(bridge: Bridge, name: str) -> int:
    """Count how often somebody's Home tab was published."""
    calls = bridge.slack.calls_to("views.publish")
    return sum(call.arguments["user_id"] == bridge.acme.people[name] for call in calls)


async def test_it_follows_what_changes(bridge: Bridge) -> None:
    """
    What monitoring and Bob do is on all tabs that it is about, by itself, in the same view; Carol's is left alone.

    It is read again with Refresh; another tab of the app asks for nothing.
    """
    bridge.slack.person("U0ALICE").open_app_home("messages")
    before = {name: await home(bridge, name, "Assigned to you: nothing") for name in ("Alice", "Bob", "Carol")}
    await opened(bridge, "Checkout is slow")
    await shown(bridge, "Alice", "Assigned to you: 1")
    await shown(bridge, "Bob", "Open in your teams, assigned to others: 1")

    bridge.pagerduty.web("PBOB1").reassign(bridge.pagerduty.incident(1).id, ["PBOB1"])

    tab = await shown(bridge, "Alice", "Assigned to you: nothing")
    assert before["Alice"].id == tab.id
    assert "Bob Ng" in tab.plain
    await shown(bridge, "Bob", "Assigned to you: 1")
    assert 1 == published(bridge, "Carol")
    assert (await before["Carol"].click("Refresh")).acked
    await until(lambda: published(bridge, "Carol") > 1, "her tab")


async def test_people_who_are_nobody_in_pagerduty(bridge: Bridge) -> None:
    """They read why they can't act and what to do, and nothing of any incident."""
    hire(bridge, "Dave")
    hire(bridge, "Guy", guest="single")
    await opened(bridge, "Checkout is slow")

    dave = await home(bridge, "Dave", "No PagerDuty user has your Slack e-mail address dave@example.com")
    guy = await home(bridge, "Guy", "Guests of this Slack workspace can't act on incidents from here.")

    for view in (dave, guy):
        assert ["Refresh"] == view.buttons
        assert "Checkout" not in view.plain


async def test_acting_there(bridge: Bridge) -> None:
    """Alice acknowledges on her tab and resolves by its dialog: in her own name, and the tab is the only answer."""
    await opened(bridge, "Checkout is slow")
    tab = await home(bridge, "Alice", "Checkout is slow")

    assert (await tab.click("Acknowledge")).acked
    tab = await shown(bridge, "Alice", "Acknowledged")
    before = bridge.modal_ids("Alice")
    assert (await tab.click("Resolve")).acked
    assert (await (await bridge.new_modal("Alice", before)).submit()).acked
    await shown(bridge, "Alice", "Assigned to you: nothing")

    await bridge.card("Resolved")
    assert ["alice@example.com"] * 2 == [write.from_email for write in bridge.effects()]
    assert ([], []) == (bridge.private("Alice"), direct(bridge, "Alice"))


async def test_a_tab_that_is_out_of_date(bridge: Bridge) -> None:
    """Bob has resolved it: Alice's press is refused as on a card, she reads why, and the tab is right again."""
    await opened(bridge, "Checkout is slow")
    tab = await home(bridge, "Alice", "Checkout is slow")
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(1).id)

    assert (await tab.click("Acknowledge")).acked

    await until(lambda: bool(direct(bridge, "Alice")), "the direct message")
    (message,) = direct(bridge, "Alice")
    assert "You can't acknowledge" in message
    assert "Bob Ng resolved it" in message
    await shown(bridge, "Alice", "Assigned to you: nothing")
    assert [] == bridge.writes()


async def test_several_at_once_from_the_tab(bridge: Bridge) -> None:
    """The button below what is hers opens the dialog of the list; one summary comes as a direct message."""
    await opened(bridge, "Checkout is slow", "Login fails")
    tab = await home(bridge, "Alice", "Assigned to you: 2")
    before = bridge.modal_ids("Alice")
    assert (await tab.click("Act on several…")).acked
    dialog = await bridge.new_modal("Alice", before)
    dialog.choose("Which incidents?", ["#1 Checkout is slow · triggered", "#2 Login fails · triggered"])
    dialog.choose("What is to be done?", "Acknowledge")

    assert (await dialog.submit()).acked
    assert (await bridge.slack.person("U0ALICE").modal.submit()).acked

    await until(lambda: bool(direct(bridge, "Alice")), "the summary")
    assert "You acknowledged 2 of 2 incidents" in direct(bridge, "Alice")[0]
    await shown(bridge, "Alice", "Assigned to you: 2\n")


async def test_a_dialog_that_does_not_open_there(bridge: Bridge) -> None:
    """Slack shows nothing of it: the person is told by direct message."""
    await opened(bridge, "Checkout is slow")
    tab = await home(bridge, "Alice", "Checkout is slow")
    bridge.slack.add_fault(Fault("views.open", error="expired_trigger_id"))

    assert (await tab.click("Resolve")).acked

    await until(lambda: bool(direct(bridge, "Alice")), "the direct message")
    assert "The dialog did not open" in direct(bridge, "Alice")[0]
