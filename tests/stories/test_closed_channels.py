"""Channels that cannot be posted to, messages that are gone: what people see instead, and how it mends by itself."""

from typing import Any

import pytest

from pagebridge_sandbox.slack import Channel, Fault
from tests.metric_samples import sample
from tests.stories.harness import Bridge, settled, until

NOTICE = "can't post to"


def checkout(bridge: Bridge, **how: Any) -> Channel:  # noqa: ANN401 -- of add_channel
    """Make a channel of its own for the service, and route the service there."""
    channel = bridge.slack.add_channel("checkout", id="C0CHECKOUT", **how)
    bridge.route(service="checkout-api", channel="C0CHECKOUT")
    return channel


def refusals(why: str) -> float:
    """Read the operator's metric."""
    return sample("pagebridge_cards_displaced_total", {"why": why}) or 0.0


def tries(bridge: Bridge) -> int:
    """Count the calls that wanted to write into the channel."""
    writes = {"chat.postMessage", "chat.update"}
    return sum(call.method in writes and call.channel == "C0CHECKOUT" for call in bridge.slack.calls)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"archived": True}, "is_archived"),
        ({"bot_member": False}, "not_in_channel"),
        ({"private": True, "bot_member": False}, "channel_not_found"),
    ],
    ids=["archived", "not invited", "unknown"],
)
async def test_a_channel_that_cannot_be_posted_to(bridge: Bridge, how: dict[str, bool], why: str) -> None:
    """The incident is shown in the default channel, which says why it is there; thread and metric are right."""
    before = refusals(why)
    checkout(bridge, **how)
    incident = bridge.trigger()
    await bridge.card(NOTICE)

    bridge.pagerduty.web("PBOB1").resolve(incident.id)

    card = await bridge.card("Resolved")
    assert NOTICE in card.plain
    assert 1 == len(await bridge.lines(1))
    assert before + 1 == refusals(why)


async def test_a_word_that_closes_no_channel_is_no_label(bridge: Bridge) -> None:
    """Whatever Slack calls its refusal, the figures have no name for it; the log has."""
    bridge.slack.add_fault(Fault("chat.postMessage", error="a_word_of_today", times=1))
    bridge.trigger()

    def counted(why: str) -> float | None:
        return sample("pagebridge_channel_refusals_total", {"channel": "C0INCIDENTS", "why": why})

    await until(lambda: bool(counted("other")), "the refusal to be counted")
    assert counted("a_word_of_today") is None


async def test_posting_is_restricted(bridge: Bridge) -> None:
    """A channel that only some people may write to is like one that is closed."""
    checkout(bridge)
    bridge.slack.add_fault(Fault("chat.postMessage", channel="C0CHECKOUT", error="restricted_action_read_only_channel"))
    bridge.trigger()

    assert NOTICE in (await bridge.card("Triggered")).plain


async def test_a_channel_that_is_archived_under_a_card(bridge: Bridge) -> None:
    """What happens then is told in the default channel, once, and what was told before is not told again."""
    channel = checkout(bridge)
    incident = bridge.trigger()
    await channel.wait(lambda c: "Triggered" in c.messages[0].plain)
    channel.archived = True

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    assert NOTICE in (await bridge.card("Acknowledged")).plain
    assert ["Bob Ng acknowledged it" in line for line in await bridge.lines(1)] == [True]
    assert "Triggered" in channel.messages[0].plain


@pytest.mark.parametrize(
    ("private", "word"),
    [(False, "not_in_channel"), (True, "channel_not_found")],
    ids=["a public channel", "a private channel"],
)
async def test_the_app_is_removed_under_a_card(bridge: Bridge, private: bool, word: str) -> None:  # noqa: FBT001 -- of the table
    """Like archiving: the story goes on in the default channel, once, and comes back as soon as the app is invited."""
    before = refusals(word)
    channel = checkout(bridge, private=private)
    incident = bridge.trigger()
    await channel.wait(lambda c: "Triggered" in c.messages[0].plain)
    channel.members.remove(bridge.slack.bot_user_id)

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    assert NOTICE in (await bridge.card("Acknowledged")).plain
    await bridge.card()
    channel.members.append(bridge.slack.bot_user_id)
    await channel.wait(
        lambda c: "timeline is in #incidents" in c.messages[0].plain and "Acknowledged" in c.messages[0].plain
    )
    await settled(bridge)
    assert (1, 1, before + 1) == (len(channel.messages), len(bridge.channel.messages), refusals(word))


@pytest.mark.parametrize("word", ["restricted_action", "restricted_action_thread_locked"])
async def test_posting_is_restricted_under_a_card(bridge: Bridge, word: str) -> None:
    """The card could still be edited, but its thread takes no reply: that is told where it can be read."""
    channel = checkout(bridge)
    incident = bridge.trigger()
    await channel.wait(lambda c: "Triggered" in c.messages[0].plain)
    bridge.slack.add_fault(Fault("chat.postMessage", channel="C0CHECKOUT", error=word))

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    assert "Bob Ng acknowledged it" in (await bridge.lines(1))[0]
    await bridge.card("Moved here while the app couldn't post to #checkout")
    await channel.wait(
        lambda c: "timeline is in #incidents" in c.messages[0].plain and "Acknowledged" in c.messages[0].plain
    )


async def test_the_notice_is_true_once_the_channel_is_open(bridge: Bridge) -> None:
    """Nobody is asked to mend what is mended; the card stays where its thread is."""
    channel = checkout(bridge, archived=True)
    bridge.trigger()
    card = await bridge.card(NOTICE)
    await settled_but_for_tries(bridge)

    channel.archived = False

    await until(lambda: NOTICE not in card.plain, "another notice")
    assert "Moved here while the app couldn't post to #checkout" in card.plain
    await channel.wait(lambda c: "timeline is in #incidents" in c.messages[0].plain)


async def test_a_private_teams_incident_never_goes_to_the_default_channel(bridge: Bridge) -> None:
    """Its own channel is archived: it waits there, and operators read why."""
    channel = checkout(bridge, archived=True)
    secret = bridge.pagerduty.add_team("Secret", private=True)
    policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
    service = bridge.pagerduty.add_service("vault", policy.id, teams=[secret])
    bridge.route(service="vault", channel="C0CHECKOUT")
    incident = bridge.pagerduty.trigger(service.id, "Vault is sealed")
    await until(lambda: tries(bridge) > 1, "a second try")
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)

    channel.archived = False

    await channel.wait(lambda c: "Acknowledged" in c.messages[0].plain and len(c.messages[0].replies) == 1)
    assert [] == bridge.channel.messages


async def test_cards_in_a_channel_that_opens_are_brought_up_to_date(bridge: Bridge) -> None:
    """Nobody restarts anything, nothing new happens, and every card that was left there comes right."""
    channel = checkout(bridge)
    incidents = [bridge.trigger(f"Trouble {n}") for n in range(3)]
    await channel.wait(lambda c: len(c.messages) == 3)
    await settled(bridge)
    channel.archived = True
    for incident in incidents:
        bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await bridge.channel.wait(lambda c: len(c.messages) == 3 and all("Resolved" in m.plain for m in c.messages))

    channel.archived = False

    await channel.wait(lambda c: all("Resolved" in message.plain for message in c.messages))
    await settled(bridge)
    assert 3 == len(channel.messages)


async def test_a_closed_channel_is_left_in_peace(bridge: Bridge) -> None:
    """However many cards are in it, one of them tries now and then."""
    channel = checkout(bridge)
    incidents = [bridge.trigger(f"Trouble {n}") for n in range(5)]
    await channel.wait(lambda c: len(c.messages) == 5)
    await settled(bridge)
    channel.archived = True
    for incident in incidents:
        bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await bridge.channel.wait(lambda c: len(c.messages) == 5)
    before, rounds = tries(bridge), 3

    await until(lambda: tries(bridge) >= before + rounds, "the next tries")

    # On a slow machine a read of the channel may come in between, or word that its cards are late.
    updates = [call for call in bridge.slack.calls if (call.method, call.channel) == ("chat.update", "C0CHECKOUT")]
    assert 1 == len({str(call.arguments["ts"]) for call in updates[-(rounds - 1) :]})


async def test_a_channel_that_opens_is_used_at_once(bridge: Bridge) -> None:
    """The next incident is shown where it belongs; those that are still open get their card there too."""
    channel = checkout(bridge, archived=True)
    bridge.trigger("The first")
    await bridge.card("The first")
    gone = bridge.trigger("Over by then")
    await bridge.card("Over by then")
    bridge.pagerduty.web("PBOB1").resolve(gone.id)
    await bridge.card("Resolved")
    await settled_but_for_tries(bridge)
    channel.archived = False

    bridge.trigger("The next")

    await channel.wait(lambda c: {"The first", "The next"} <= titles(c))
    assert "The next" not in "".join(message.plain for message in bridge.channel.messages)
    assert "timeline is in #incidents" in next(m.plain for m in channel.messages if "The first" in m.plain)
    assert "Over by then" not in titles(channel)


async def test_no_default_channel(bridge: Bridge) -> None:
    """Where there is no other channel, the card comes as soon as its own opens."""
    channel = checkout(bridge, archived=True)
    bridge.reroute(default_channel=None)
    bridge.trigger()
    await until(lambda: tries(bridge) > 1, "a second try")

    channel.archived = False

    await channel.wait(lambda c: "Triggered" in c.messages[0].plain)


@pytest.mark.parametrize("error", ["edit_window_closed", "cant_update_message"])
async def test_a_card_that_cannot_be_edited_any_more(bridge: Bridge, error: str) -> None:
    """A new one takes its place, and the old one goes."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(Fault("chat.update", error=error, times=1))

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    card = await bridge.card("Acknowledged")
    await settled(bridge)
    assert ["Bob Ng acknowledged it" in reply.plain for reply in card.replies] == [True]
    assert [card] == [message for message in bridge.channel.messages if not message.deleted]


async def test_a_thread_that_is_gone(bridge: Bridge) -> None:
    """Somebody deleted card and thread: the next line finds that out, and there is a card again with the line below."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    bridge.channel.messages.clear()

    bridge.pagerduty.web("PALICE1").add_note(incident.id, "looking")

    assert "looking" in (await bridge.lines(1))[0]
    assert "Triggered" in bridge.channel.messages[0].plain


def titles(channel: Channel) -> set[str]:
    """List the incidents that a channel shows."""
    known = ("The first", "The next", "Over by then")
    return {title for title in known if any(title in message.plain for message in channel.messages)}


async def settled_but_for_tries(bridge: Bridge) -> None:
    """Wait until the closed channel has been tried once more, so that nothing else is under way."""
    before = tries(bridge)
    await bridge.pagerduty.webhooks.wait_until_idle()
    await until(lambda: tries(bridge) > before, "a try")


async def test_a_busy_channel_does_not_keep_an_incident_from_the_default_one(bridge: Bridge) -> None:
    """Its home is archived, and another channel of its route is told to wait: the default channel has it at once."""
    bridge.slack.add_channel("checkout", id="C0CHECKOUT", archived=True)
    bridge.slack.add_channel("busy", id="C0BUSY")
    bridge.route(service="checkout-api", channels=["C0CHECKOUT", "C0BUSY"])
    bridge.slack.add_fault(Fault("chat.postMessage", channel="C0BUSY", retry_after=600))

    bridge.trigger()

    assert NOTICE in (await bridge.card("Triggered")).plain
