"""The Home tab: who comes to it sees what is theirs, acts there as on a card, and nobody sees more than elsewhere."""

from pagebridge_sandbox.slack.modals import OpenView
from tests.stories.harness import Bridge, settled
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
    assert "Assigned to you: nothing" in (await home(bridge, "Carol", "On call: nothing")).plain


async def test_it_is_read_again_when_asked_for(bridge: Bridge) -> None:
    """What has changed since is there after Refresh, in the same view; another tab of the app asks for nothing."""
    bridge.slack.person("U0ALICE").open_app_home("messages")
    before = await home(bridge, "Alice", "Assigned to you: nothing")
    await opened(bridge, "Checkout is slow")

    assert (await before.click("Refresh")).acked

    assert before.id == (await shown(bridge, "Alice", "Checkout is slow")).id
    assert 2 == len(bridge.slack.calls_to("views.publish"))


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
