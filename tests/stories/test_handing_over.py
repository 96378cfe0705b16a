"""What one shift hands to the next: read by one person, then posted in the channel, once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pagebridge_sandbox.slack import Ephemeral, Fault
from shared.model.handover_posts import ShiftPosts
from shared.model.ids import IncidentId
from shared.store import keys
from shared.store.document_kinds import handover_posts
from tests.stories.harness import FAST, Bridge, running, settled
from tests.stories.processes import deployed_with_receiver, struck
from tests.stories.test_refusals import hire
from tests.stories.test_store_failures import redis_of
from tests.stories.typed_commands import answered, opened, secret_incident, typed_dialog
from tests.webhook_receiver.running import until as until_so

POSTED = "Handover of this channel"


def handovers(bridge: Bridge) -> list[str]:
    """List the handovers that the channel shows."""
    return [message.plain for message in bridge.channel.messages if POSTED in message.plain]


async def asked(bridge: Bridge, name: str) -> Ephemeral:
    """Let somebody ask for the channel's handover, and return the answer, to be pressed on."""
    await answered(bridge, name, "/pd handover", POSTED)
    return bridge.slack.person(bridge.acme.people[name]).private_messages[-1]


async def test_a_shift_is_summed_up(bridge: Bridge) -> None:
    """What is open, acknowledged, asleep and flapping, the notes, and who is on call; Carol reads it as well."""
    alice = bridge.pagerduty.web("PALICE1")
    await opened(bridge, "Checkout is slow", "Login fails", "Search is down", *["Queue grows"] * 3)
    for number in (2, 3):
        alice.acknowledge(bridge.pagerduty.incident(number).id)
    await settled(bridge)
    modal = await typed_dialog(bridge, "Alice", "/pd snooze 3")
    modal.choose("How long?", "For 1 hour")
    assert (await modal.submit()).acked
    await bridge.card("Snoozed until")
    alice.add_note(bridge.pagerduty.incident(2).id, "The vendor calls back at nine")
    for number in (4, 5, 6):
        alice.resolve(bridge.pagerduty.incident(number).id)
    secret_incident(bridge)
    await settled(bridge)
    before = len(bridge.pagerduty.calls)

    told = await answered(bridge, "Carol", "/pd handover", POSTED)
    await answered(bridge, "Bob", "/pd handover", POSTED)

    words = (
        "On call for Payments on-call: Alice Ng",
        "Not acknowledged: 1",
        "Checkout is slow",
        "Acknowledged: 1",
        "Login fails",
        "Snoozed: 1",
        "Search is down",
        "Snoozed until",
        "Flapping",
        "Queue grows on checkout-api: 3 times, last #6",
        "Notes of the last 12 hours",
        "The vendor calls back at nine",
    )
    assert list(words) == sorted(words, key=told.index)
    assert "Break-in" not in told
    assert 4 >= len(bridge.pagerduty.calls) - before


async def test_a_persons_own_teams(bridge: Bridge) -> None:
    """What is theirs, also where no channel shows it; nothing of a private team of others, and for guests nothing."""
    hire(bridge, "Gus", guest="multi")
    await opened(bridge, "Checkout is slow")
    secret_incident(bridge)
    await settled(bridge)

    assert "Break-in" in await answered(bridge, "Bob", "/pd handover mine", "Handover of your teams")
    told = await answered(bridge, "Alice", "/pd handover mine", "Handover of your teams")
    assert "Checkout is slow" in told
    assert "Break-in" not in told
    await answered(bridge, "Carol", "/pd handover mine", "Nothing to hand over")
    told = await answered(bridge, "Gus", "/pd handover", "Guests of this Slack workspace can't act")
    assert "Checkout is slow" not in told


async def at_rest(bridge: Bridge, *, scheduled: bool = False) -> None:
    """Wait until no worker has the channel's handovers in hand, and none is due soon; one later, if `scheduled`."""
    async with redis_of(bridge) as redis:

        async def resting() -> bool:
            now = (await redis.time())[0]
            due = await redis.zscore(keys.of_queue("handovers", "due"), bridge.channel.id)
            held = await redis.exists(keys.of_incident(IncidentId(bridge.channel.id), "lease:handover"))
            return not held and (not scheduled if due is None else due > (now + 10) * 1000)

        await until_so(resting, "the handovers to be at rest")


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        (Fault("chat.postMessage", drop=True, after_effect=True, times=1), 1),
        (Fault("chat.postMessage", drop=True, times=1), 2),
        (Fault("chat.postMessage", hang=True, effect_after=FAST.slack_timeout + 0.3, times=1), 1),
    ],
    ids=["the answer is lost", "the call is lost", "it lands late"],
)
async def test_it_is_posted_once(fault: Fault, calls: int) -> None:
    """By two workers, whatever becomes of the first call; another press posts another one."""
    async with running(workers=2) as bridge:
        await opened(bridge, "Checkout is slow")
        answer = await asked(bridge, "Alice")
        before = len(bridge.slack.calls_to("chat.postMessage"))
        bridge.slack.add_fault(fault)

        assert (await bridge.click("Alice", "Post in this channel", answer)).acked
        await bridge.told("Alice", "The handover is being posted")
        await bridge.channel.wait(lambda _: bool(handovers(bridge)))
        await at_rest(bridge)
        assert calls == len(bridge.slack.calls_to("chat.postMessage")) - before
        assert 1 == len(handovers(bridge))

        assert (await bridge.click("Bob", "Post in this channel", await asked(bridge, "Bob"))).acked
        await bridge.channel.wait(lambda _: len(handovers(bridge)) > 1)
        assert all("Checkout is slow" in text for text in handovers(bridge))


async def test_a_channel_that_takes_nothing(bridge: Bridge) -> None:
    """The person who asked is told why, and nothing is tried again."""
    await opened(bridge, "Checkout is slow")
    answer = await asked(bridge, "Alice")
    bridge.slack.add_fault(Fault("chat.postMessage", error="is_archived", times=1))

    assert (await bridge.click("Alice", "Post in this channel", answer)).acked

    await bridge.told("Alice", "Invite it or unarchive the channel")
    assert [] == handovers(bridge)


def change_shift(bridge: Bridge, seconds: float) -> str:
    """Let Alice hand over to Bob in so many seconds, and return the policy of which that is the first level."""
    [policy] = [each for each in bridge.pagerduty.escalation_policies if each.name == "Payments on-call"]
    now, day = datetime.now(UTC), timedelta(days=1)
    at = now + timedelta(seconds=seconds)
    bridge.pagerduty.set_shifts(policy.id, [("PALICE1", now - day, at), ("PBOB1", at, now + day)])
    return policy.id


def shifts(bridge: Bridge) -> list[str]:
    """List what the channel shows of changes of shift."""
    return [message.plain for message in bridge.channel.messages if "hands over to" in message.plain]


async def test_a_shift_is_handed_over_once() -> None:
    """By two workers, though the answer to the post is lost; it costs PagerDuty few calls."""
    async with running(workers=0) as bridge:
        bridge.hand_over(change_shift(bridge, 3.5))
        await bridge.start_worker()
        await bridge.start_worker()
        await opened(bridge, "Checkout is slow")
        assert [] == shifts(bridge)
        lost = bridge.slack.add_fault(Fault("chat.postMessage", drop=True, after_effect=True, times=1))

        await bridge.channel.wait(lambda _: bool(shifts(bridge)))
        await struck(lost)
        await at_rest(bridge, scheduled=True)
        await bridge.stop_workers()
        async with redis_of(bridge) as redis:
            await redis.delete(keys.of_queue("handovers", "due"))
        await bridge.start_worker()
        await at_rest(bridge, scheduled=True)

        [told] = shifts(bridge)
        for words in ("Alice Ng hands over to Bob Ng", "On call for Payments on-call: Bob Ng", "Checkout is slow"):
            assert words in told
        assert 8 >= len(bridge.pagerduty.calls_to("GET", "/oncalls"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-10-25T02:59:58+02:00", "2026-10-25T02:00:02+01:00"),
        ("2027-03-28T01:59:58+01:00", "2027-03-28T03:00:02+02:00"),
    ],
    ids=["back", "forward"],
)
async def test_a_night_in_which_the_clocks_change(first: str, second: str) -> None:
    """Two shifts end within four seconds, between which the wall's clock goes back or forward: each is told once."""
    async with running(workers=0) as bridge:
        turns, day = [datetime.fromisoformat(at) for at in (first, second)], timedelta(days=1)
        ends = [turns[0] - day, *turns, turns[1] + day]
        [policy] = [each for each in bridge.pagerduty.escalation_policies if each.name == "Payments on-call"]
        bridge.hand_over(policy.id)
        people = ("PALICE1", "PBOB1", "PCAROL1")
        bridge.pagerduty.set_shifts(policy.id, list(zip(people, ends, ends[1:], strict=False)))
        bridge.pagerduty.clock.advance((turns[0] - datetime.now(UTC)).total_seconds() - 4)
        await bridge.start_worker()

        await bridge.channel.wait(lambda _: len(shifts(bridge)) > 1)
        await at_rest(bridge, scheduled=True)

        told = [f"{going} Ng hands over to {coming} Ng" for going, coming in (("Alice", "Bob"), ("Bob", "Carol"))]
        assert told == [each.partition(" · ")[0] for each in shifts(bridge)]


async def test_a_worker_is_killed_while_it_hands_over(tmp_path: Path) -> None:
    """
    After a time without a worker, in which the shift ended.

    Its post has landed, and its answer was never read: the next worker finds it, and says nothing twice.
    """
    async with deployed_with_receiver(tmp_path) as bridge:
        policy = change_shift(bridge, -1)
        async with redis_of(bridge) as redis:
            posts = handover_posts(redis)
            await posts.change(IncidentId("C0INCIDENTS"), lambda now: now.with_shifts(ShiftPosts(policy, told_ms=0)))
        with bridge.config.open("a", encoding="utf-8") as config:
            config.write(f'[[handovers]]\nchannel = "C0INCIDENTS"\npolicy = "{policy}"\n')
        hanging = bridge.slack.add_fault(Fault("chat.postMessage", hang=True, effect_after=0.0, times=1))
        killed = await bridge.quick_worker()
        await struck(hanging)
        await bridge.channel.wait(lambda _: bool(shifts(bridge)))
        await bridge.kill(killed)

        next_worker = await bridge.quick_worker()
        await next_worker.until_logged("resync.done")
        await at_rest(bridge, scheduled=True)

        [told] = shifts(bridge)
        assert "Alice Ng hands over to Bob Ng" in told
        assert "Nothing to hand over." in told
        assert 1 == len(bridge.slack.calls_to("chat.postMessage"))
