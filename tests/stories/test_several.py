"""Several incidents at once, from a list: chosen, shown, sent as one wish, each by its own rules, with one summary."""

from pagebridge_sandbox.slack import Modal
from tests.stories.harness import Bridge, settled
from tests.stories.test_refusals import hire
from tests.stories.typed_commands import answered, opened


async def chosen(bridge: Bridge, what: str, *which: str) -> Modal:
    """Let Alice choose from her list what is to be done with which incidents, and return the dialog."""
    await answered(bridge, "Alice", "/pd list", "Open in this channel")
    modal = await bridge.dialog("Alice", "Act on several…", bridge.slack.person("U0ALICE").private_messages[-1])
    modal.choose("Which incidents?", list(which))
    modal.choose("What is to be done?", what)
    return modal


async def sent(bridge: Bridge, modal: Modal, button_of_preview: str) -> None:
    """Send the dialog, read the preview, and confirm it."""
    await modal.submit()
    [preview] = bridge.slack.person("U0ALICE").modals
    assert button_of_preview in preview.plain
    await preview.submit()


async def test_several_are_handed_over(bridge: Bridge) -> None:
    """Two go to Bob after a preview; the third has moved since, is left, and she is told."""
    await opened(bridge, "Checkout is slow", "Search is down", "Login fails")
    names = [f"#{number} {title} · triggered" for number, title in ((1, "Checkout is slow"), (2, "Search is down"))]
    modal = await chosen(bridge, "Reassign", *names, "#3 Login fails · triggered")
    modal.pick_user("Reassign: to whom?", "U0BOB")
    bridge.pagerduty.web("PALICE1").reassign(bridge.pagerduty.incident(3).id, ["PCAROL1"])
    await sent(bridge, modal, "3 incidents will be assigned to Bob Ng")

    told = await bridge.told("Alice", "You reassigned 2 of 3 incidents")
    assert "You can't reassign incident #3" in told
    await settled(bridge)
    assert [["PBOB1"], ["PBOB1"], ["PCAROL1"]] == [list(bridge.pagerduty.incident(n).assignees) for n in (1, 2, 3)]
    assert 2 == len(bridge.effects())


async def test_what_does_not_fit_is_left_out_of_the_preview(bridge: Bridge) -> None:
    """Only acknowledged incidents can be snoozed: the other is named as left, and one summary tells the end."""
    await opened(bridge, "Checkout is slow", "Search is down")
    bridge.pagerduty.web("PALICE1").acknowledge(bridge.pagerduty.incident(1).id)
    await bridge.card("Acknowledged")
    await settled(bridge)
    modal = await chosen(bridge, "Snooze", "#1 Checkout is slow · acknowledged", "#2 Search is down · triggered")
    modal.choose("Snooze: for how long?", "For 4 hours")
    await sent(bridge, modal, "1 incident will be snoozed for 4 hours")

    await bridge.told("Alice", "You snoozed incident #1")
    assert 1 == len(bridge.effects())


async def test_a_guest_is_offered_nothing_to_act_with(bridge: Bridge) -> None:
    """Gus reads the list of his channel without the button that would refuse him; Alice's has it."""
    await opened(bridge, "Checkout is slow")
    hire(bridge, "Gus", guest="multi")

    for name, buttons in (("Gus", []), ("Alice", ["Act on several…"])):
        await answered(bridge, name, "/pd list", "Open in this channel")
        person = bridge.slack.person(bridge.acme.people[name])
        assert buttons == person.private_messages[-1].buttons
