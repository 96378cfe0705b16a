"""What people are not bothered with: nobody is called twice, and nothing old is told because a setting has changed."""

import json

from tests.stories.harness import Bridge, settled

ALICE, BOB = "<@U0ALICE>", "<@U0BOB>"


def callings(bridge: Bridge) -> list[str]:
    """List whom each new message calls, in their order; an update calls nobody."""
    posts = [json.dumps(call.arguments) for call in bridge.slack.calls_to("chat.postMessage")]
    return [who for post in posts for who in (ALICE, BOB) if who in post]


async def test_a_second_channel_calls_nobody_again(bridge: Bridge) -> None:
    """Whoever is on it is mentioned on the card at home, and named elsewhere, also when another channel is added."""
    bridge.pagerduty.add_priority("P1")
    duty = bridge.slack.add_channel("duty", id="C0DUTY")
    major = bridge.slack.add_channel("major", id="C0MAJOR")
    bridge.route(urgency="high", channels=["C0INCIDENTS", "C0DUTY"])
    bridge.route(priority="P1", channel="C0MAJOR")
    incident = bridge.trigger()
    await bridge.card("Assigned to @Alice Ng")
    bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P1")

    for channel in (duty, major):
        await channel.wait(lambda c: "Assigned to Alice Ng" in c.messages[0].plain)
    await settled(bridge)
    assert [ALICE] == callings(bridge)


async def test_a_card_that_comes_back_calls_only_who_was_not_called_yet(bridge: Bridge) -> None:
    """Bob got the incident after the first post; when the card is posted anew he is called, and Alice is not again."""
    incident = bridge.trigger()
    await bridge.card()
    bridge.pagerduty.web("PALICE1").reassign(incident.id, ["PALICE1", "PBOB1"])
    await bridge.card("@Bob Ng")
    await settled(bridge)

    for how_often in (1, 2):
        bridge.channel.remove(bridge.channel.messages[0])
        bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P2" if how_often == 1 else None)
        await bridge.card("Assigned to @Alice Ng, @Bob Ng")
        await settled(bridge)

    assert [ALICE, BOB] == callings(bridge)


async def test_reassigning_back_and_forth_calls_nobody_again(bridge: Bridge) -> None:
    """The card follows by updates, which call nobody, and lines name people."""
    incident = bridge.trigger()
    await bridge.card()
    for user in ("PBOB1", "PALICE1", "PBOB1", "PALICE1"):
        bridge.pagerduty.web("PALICE1").reassign(incident.id, [user])
        await settled(bridge)

    await bridge.lines(4)
    assert [ALICE] == callings(bridge)


async def test_a_louder_setting_tells_nothing_old(bridge: Bridge) -> None:
    """What a quiet thread left out stays left out; what comes from now on is told."""
    bridge.reroute(verbosity="state")
    incident = bridge.trigger()
    await bridge.card()
    bridge.pagerduty.web("PALICE1").add_note(incident.id, "Nobody wanted to read this")
    await settled(bridge)

    bridge.reroute(verbosity="all")
    bridge.pagerduty.web("PALICE1").add_note(incident.id, "Now somebody does")
    lines = await bridge.lines(1)
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)
    lines = await bridge.lines(2)
    await settled(bridge)

    assert "Now somebody does" in lines[0]
    assert 2 == len(bridge.channel.messages[0].replies)


async def test_an_alarm_that_comes_too_late_is_told_quietly(bridge: Bridge) -> None:
    """The end of an acknowledgement that is reported after the next resolve wakes no channel and claims nothing."""
    bridge.reroute(broadcast=["escalated"])
    incident = bridge.trigger()
    bob = bridge.pagerduty.web("PBOB1")
    bob.acknowledge(incident.id)
    await bridge.lines(1)
    held = bridge.pagerduty.webhooks.hold(event_type="incident.unacknowledged")
    bridge.pagerduty.automation.unacknowledge(incident.id)
    bob.acknowledge(incident.id)
    bob.resolve(incident.id)
    await bridge.card("Resolved")

    held.release()

    late = next(line for line in await bridge.lines(4) if "timed out" in line)
    assert "Nobody is working on it" not in late
    posts = bridge.slack.calls_to("chat.postMessage")
    assert [] == [post for post in posts if post.arguments.get("reply_broadcast") in (True, "true")]


async def test_the_whole_channel_hears_only_what_is_configured(bridge: Bridge) -> None:
    """An acknowledgement that ran out is as loud as an escalation; a reopening is not, as nobody asked for it."""
    pagerduty = bridge.pagerduty
    policy = pagerduty.add_escalation_policy("Short", [["PALICE1"], ["PBOB1"]], delay=30)
    service = pagerduty.add_service("short-api", policy.id, acknowledgement_timeout=3600).id
    bridge.reroute(broadcast=["escalated"])
    incident = pagerduty.trigger(service, "Search latency over 2s")
    await bridge.card()
    alice = pagerduty.web("PALICE1")
    alice.acknowledge(incident.id)
    await bridge.lines(1)
    pagerduty.clock.advance(3601)
    await bridge.lines(2)
    alice.escalate(incident.id, 2)
    await bridge.lines(3)
    alice.resolve(incident.id)
    alice.reopen(incident.id)
    await bridge.lines(5)
    bridge.reroute(broadcast=[])
    alice.escalate(incident.id, 1)
    lines = await bridge.lines(6)

    posts = [call.arguments for call in bridge.slack.calls_to("chat.postMessage") if call.arguments.get("thread_ts")]
    aloud = [words for words, post in zip(lines, posts, strict=True) if post.get("reply_broadcast") in (True, "true")]
    assert ["Acknowledgement timed out", "Alice Ng escalated it to Bob Ng"] == [
        words.partition(" ")[2].partition(".")[0].partition(" in PagerDuty")[0] for words in aloud
    ]
    assert all(call.arguments["unfurl_links"] in (False, "false") for call in bridge.slack.calls_to("chat.postMessage"))
