"""A user group and a topic follow who is on call, on the whole bridge."""

from datetime import UTC, datetime, timedelta

from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.slack import Fault
from shared.store import keys
from tests.stories.harness import Bridge, running
from tests.stories.processes import struck
from tests.stories.test_store_failures import redis_of
from tests.webhook_receiver.running import until as until_so

SCOPES = {"usergroups:read", "usergroups:write", "channels:write.topic"}


async def at_rest(bridge: Bridge) -> None:
    """Wait until no worker has the entry in hand, and it is due later."""
    async with redis_of(bridge) as redis:

        async def resting() -> bool:
            now = (await redis.time())[0]
            due = await redis.zcount(keys.of_queue("handovers", "due"), 0, (now + 10) * 1000)
            held = [key async for key in redis.scan_iter("pb:{work}:S*:lease:handover")]
            return not held and not due and bool(await redis.exists(keys.of_queue("handovers", "due")))

        await until_so(resting, "the entry to be at rest")


async def test_a_shift_changes_the_group_once() -> None:
    """By two workers, though the answer to the write is lost; nothing is told, and a new worker writes nothing."""
    async with running(workers=0) as bridge:
        bridge.slack.bot_scopes |= SCOPES
        group = bridge.slack.add_user_group("oncall", ["U0ALICE"], id="S0ONCALL")
        bridge.slack.add_channel("sre", id="C0SRE")
        bridge.channel.topic = "Runbook | On call: Alice Ng | Be kind"
        [policy] = bridge.pagerduty.escalation_policies
        now, day = datetime.now(UTC), timedelta(days=1)
        at = now + timedelta(seconds=4)
        shifts = [("PALICE1", now - day, at), ("PBOB1", at, now + day)]
        bridge.pagerduty.set_shifts(policy.id, shifts, schedule="PSCHED1")
        bridge.follow(group="@oncall", channel=bridge.channel.id, tell="C0SRE", schedules=["PSCHED1"])
        await bridge.start_worker()
        await bridge.start_worker()
        lost = bridge.slack.add_fault(Fault("usergroups.users.update", drop=True, after_effect=True, times=1))
        await bridge.slack.wait(lambda _: group.users == ["U0BOB"])
        await struck(lost)
        await bridge.channel.wait(lambda channel: "Bob" in channel.topic)
        await at_rest(bridge)
        await bridge.stop_workers()
        async with redis_of(bridge) as redis:
            await redis.delete(keys.of_queue("handovers", "due"))
        await bridge.start_worker()
        await at_rest(bridge)

        assert "Runbook | On call: Bob Ng | Be kind" == bridge.channel.topic
        assert [] == bridge.slack.channels["C0SRE"].messages
        for method in ("usergroups.users.update", "conversations.setTopic"):
            assert 1 == len(bridge.slack.calls_to(method)), method
        assert 10 >= len(bridge.pagerduty.calls_to("GET", "/oncalls"))


async def test_a_list_that_cannot_be_read_as_a_whole_takes_no_one_out() -> None:
    """PagerDuty names two people, and one entry is odd: the group keeps both, and the reason is noted to be told."""
    async with running(workers=0) as bridge:
        bridge.slack.bot_scopes |= SCOPES
        group = bridge.slack.add_user_group("oncall", ["U0ALICE", "U0BOB"], id="S0ONCALL")
        bridge.slack.add_channel("sre", id="C0SRE")
        [policy] = bridge.pagerduty.escalation_policies
        bridge.pagerduty.add_fault(PagerDutyFault(path="/oncalls", odd={"oncalls.0.user": 7}))
        bridge.follow(group="@oncall", tell="C0SRE", policies=[policy.id], levels=[1, 2])
        await bridge.start_worker()
        async with redis_of(bridge) as redis:

            async def explained() -> bool:
                stored = [await redis.hget(key, "doc") async for key in redis.scan_iter("pb:{work}:*:oncall")]
                return any(b"cannot be read" in (text or b"") for text in stored)

            await until_so(explained, "why the group does not follow")

        assert ["U0ALICE", "U0BOB"] == group.users
        assert [] == bridge.slack.calls_to("usergroups.users.update")
