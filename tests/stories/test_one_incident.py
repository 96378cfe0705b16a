"""One incident from page to resolve, as everybody sees it."""

import pytest

from tests.stories.harness import Bridge, running, settled

TRIGGERED = [
    "Acknowledge",
    "Add note",
    "Reassign",
    "Escalate",
    "Resolve",
    "Add responders",
    "Change priority",
    "Status update",
    "Details",
    "Open in PagerDuty",
]
"""What can be pressed while nobody has acknowledged."""


async def test_a_triggered_incident_is_one_card(bridge: Bridge) -> None:
    """Monitoring opens an incident: one card says what, where, how bad, and whose it is, with the buttons that work."""
    bridge.trigger(urgency="high")

    card = await bridge.card("Triggered")

    for words in ("Checkout latency over 2s", "checkout-api", "High urgency", "@Alice Ng"):
        assert words in card.plain
    assert TRIGGERED == card.buttons
    assert "Open since" in card.plain
    await bridge.pagerduty.webhooks.wait_until_idle()
    await settled(bridge)
    assert 1 == len(bridge.slack.calls_to("chat.postMessage"))


async def test_text_says_the_same_as_the_card(bridge: Bridge) -> None:
    """Whoever hears the message read out learns the state, the title, the service and the people."""
    bridge.trigger()

    card = await bridge.card("Triggered")

    for words in ("Triggered", "Checkout latency over 2s", "checkout-api", "high urgency", "Alice Ng"):
        assert words in card.text


async def test_alice_acknowledges_from_slack_in_her_own_name(bridge: Bridge) -> None:
    """Her press reaches PagerDuty once, with her address, and card and thread say so, once."""
    incident = bridge.trigger()
    await bridge.card("Triggered")

    click = await bridge.click("Alice", "Acknowledge")

    assert click.acked
    card = await bridge.card("Acknowledged")
    assert "by Alice Ng in Slack" in card.plain
    assert "Acknowledge" not in card.buttons
    await bridge.pagerduty.webhooks.wait_until_idle()
    lines = await bridge.lines(1)
    assert 1 == sum("Alice Ng acknowledged it in Slack" in line for line in lines)
    assert ["alice@example.com"] == [call.from_email for call in bridge.effects()]
    assert "acknowledged" == bridge.pagerduty.incident(incident.id).status
    assert [] == bridge.private("Alice")


async def test_bob_acts_in_pagerduty(bridge: Bridge) -> None:
    """What is done in PagerDuty's own interface shows up as done there, and costs PagerDuty no write of ours."""
    incident = bridge.trigger()
    await bridge.card("Triggered")

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    card = await bridge.card("Acknowledged")
    assert "by Bob Ng in PagerDuty" in card.plain
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    card = await bridge.card("Resolved")
    assert "by Bob Ng in PagerDuty" in card.plain
    assert ["Add note", "Status update", "Reopen", "Details", "Open in PagerDuty"] == card.buttons
    assert [] == bridge.writes()


async def test_resolve_asks_first(bridge: Bridge) -> None:
    """Nothing is sent until the dialog is submitted; then the incident is resolved in Bob's name."""
    incident = bridge.trigger()
    await bridge.card("Triggered")

    asked = await bridge.dialog("Bob", "Resolve")
    assert "triggered" == bridge.pagerduty.incident(incident.id).status
    await asked.submit()

    card = await bridge.card("Resolved")
    assert "by Bob Ng in Slack" in card.plain
    assert ["bob@example.com"] == [call.from_email for call in bridge.effects()]


async def test_an_acknowledgement_that_runs_out_and_a_reopening(bridge: Bridge) -> None:
    """Every transition has its line, automation included, and the buttons follow the state."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    bridge.pagerduty.automation.unacknowledge(incident.id)
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    bridge.pagerduty.web("PALICE1").reopen(incident.id)

    lines = await bridge.lines(4)

    words = [
        "Bob Ng acknowledged it",
        "Acknowledgement timed out",
        "Bob Ng resolved it",
        "Alice Ng reopened it",
    ]
    assert all(word in line for word, line in zip(words, lines, strict=True))
    card = await bridge.card("Triggered")
    assert TRIGGERED == card.buttons


async def test_other_events_are_folded_for_their_state(bridge: Bridge) -> None:
    """A reassignment changes the card, and has a line like a note."""
    incident = bridge.trigger()
    await bridge.card("@Alice Ng")

    bridge.pagerduty.web("PALICE1").reassign(incident.id, ["PBOB1"])

    await bridge.card("@Bob Ng")
    bridge.pagerduty.web("PALICE1").add_note(incident.id, "looking")
    await bridge.pagerduty.webhooks.wait_until_idle()
    assert 2 == len(await bridge.lines(2))


async def test_assignees_are_pinged_once(bridge: Bridge) -> None:
    """The mention is in the message that is posted; later changes are edits, which notify nobody."""
    incident = bridge.trigger()
    await bridge.card("@Alice Ng")
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await bridge.card("Resolved")
    await bridge.lines(1)

    posts = [call for call in bridge.slack.calls_to("chat.postMessage") if "<@" in str(call.arguments)]

    assert 1 == len(posts)


async def test_hostile_titles_are_inert(bridge: Bridge) -> None:
    """Whatever stands in a title, it mentions nobody, links nowhere, breaks nothing and is cut to size."""
    bridge.trigger("<!channel> <https://evil.example|click> & *bold* \u202e" + "x" * 5000)

    card = await bridge.card("Triggered")

    posted = str(card.blocks) + card.text
    assert "<!channel>" not in posted
    assert "<https://evil.example" not in posted
    assert "\u202e" not in posted
    assert len(card.text) < 4000


@pytest.mark.both_servers
async def test_two_workers_do_not_disturb_each_other() -> None:
    """With two workers there is still one card, one line per transition and one write per click."""
    async with running(workers=2) as bridge:
        bridge.trigger()
        await bridge.card("Triggered")
        await bridge.click("Alice", "Acknowledge")
        await bridge.card("Acknowledged")
        await bridge.pagerduty.webhooks.wait_until_idle()
        lines = await bridge.lines(1)

        assert 1 == len(lines)
        assert 1 == len(bridge.channel.messages)
        assert 1 == len(bridge.writes())


async def test_a_route_with_several_channels(bridge: Bridge) -> None:
    """Each channel has its card, updated in place; only the first has the thread, and the others say where it is."""
    duty = bridge.slack.add_channel("duty", id="C0DUTY", members=list(bridge.acme.people.values()))
    bridge.route(urgency="high", channels=["C0INCIDENTS", "C0DUTY"])
    incident = bridge.trigger()
    await bridge.card("Triggered")

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await bridge.lines(1)
    await duty.wait(lambda channel: "Acknowledged" in channel.messages[0].plain)

    assert "timeline is in #incidents" in duty.messages[0].plain
    assert [] == duty.messages[0].replies
    assert "timeline is in" not in bridge.channel.messages[0].plain
