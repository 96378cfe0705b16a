"""
Bad days: people and PagerDuty act while everything around them fails at random, from a seed.

The oracle reads the simulators' logs: what PagerDuty really went through against what people see in Slack.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from pagebridge_sandbox.pagerduty import ApiError
from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.slack import Fault as SlackFault
from tests.stories.harness import Bridge, running, settled

SEEDS = range(12)
ACTS = 14
TRANSITIONS = {
    "incident.acknowledged": " acknowledged it",
    "incident.unacknowledged": "Acknowledgement timed out",
    "incident.resolved": " resolved it",
    "incident.reopened": " reopened it",
}


def slack_fault(rng: Random) -> SlackFault:
    """Let one of Slack's next calls fail in some way."""
    method = rng.choice(["chat.postMessage", "chat.update", "chat.postMessage", "conversations.replies", "users.info"])
    after = rng.random() < 0.5
    return rng.choice(
        [
            SlackFault(method, http_status=503, after_effect=after, times=1),
            SlackFault(method, drop=True, after_effect=after, times=1),
            SlackFault(method, retry_after=1, times=1),
            SlackFault(method, hang=True, effect_after=rng.choice([0.2, 1.2]), times=1),
            SlackFault(method, delay=0.2, times=2),
        ]
    )


def pagerduty_fault(rng: Random) -> PagerDutyFault:
    """Let one of PagerDuty's next calls fail in some way."""
    method = rng.choice(["PUT", "PUT", "GET"])
    after = method == "PUT" and rng.random() < 0.5
    return rng.choice(
        [
            PagerDutyFault(method, status=503, after_effect=after, times=1),
            PagerDutyFault(method, drop=True, after_effect=after, times=1),
            PagerDutyFault(method, status=429, times=1),
            # Never later than the time-out: acknowledge and resolve are repeated as soon as a read shows no effect, so
            # one that lands after its repetition, and after somebody undid that, takes effect twice.
            PagerDutyFault(method, hang=True, effect_after=0.2, times=1),
            PagerDutyFault(method, delay=0.3, times=2),
        ]
    )


class BadDay:
    """One incident on a bad day."""

    def __init__(self, bridge: Bridge, rng: Random) -> None:
        self.bridge = bridge
        self.rng = rng
        self.incident = bridge.trigger()
        self.clicks: Counter[str] = Counter()

    async def act(self) -> None:
        """Let somebody or something do something."""
        doings = [self.in_pagerduty, self.in_slack, self.in_slack, self.break_something, self.disturb_deliveries]
        doing: Callable[[], object] = self.rng.choice(doings)
        done = doing()
        if asyncio.iscoroutine(done):
            await done
        await asyncio.sleep(self.rng.random() * 0.15)  # people take their time; nothing is waited for here

    def in_pagerduty(self) -> None:
        """Act in PagerDuty's own interface, or let its timers act."""
        carol, automation = self.bridge.pagerduty.web("PCAROL1"), self.bridge.pagerduty.automation
        verb = self.rng.choice([carol.acknowledge, carol.resolve, carol.reopen, automation.unacknowledge])
        try:
            verb(self.incident.id)
        except ApiError:
            return  # PagerDuty does not allow it in this state

    async def in_slack(self) -> None:
        """Press a button that is there."""
        name = self.rng.choice(["Alice", "Bob"])
        if not self.bridge.channel.messages:
            return
        card = self.bridge.channel.messages[0]
        labels = [label for label in card.buttons if label in ("Acknowledge", "Resolve")]
        if labels:
            label = self.rng.choice(labels)
            open_before, told_before = self.bridge.modal_ids(name), len(self.bridge.private(name))
            click = await self.bridge.click(name, label, card)
            if label == "Resolve" and click.acked:
                person = self.bridge.slack.person(self.bridge.acme.people[name])
                # It opens its dialog, or tells why not.
                await person.wait(
                    lambda p: (
                        len(p.private_messages) > told_before
                        or (p.modal.id not in open_before and "Loading…" not in p.modal.plain)
                    )
                )
                if self.bridge.modal_ids(name) - open_before:
                    click = await person.modal.submit()
            self.clicks[name.lower()] += click.acked

    def break_something(self) -> None:
        """Let a call to Slack or to PagerDuty fail."""
        if self.rng.random() < 0.5:
            self.bridge.slack.add_fault(slack_fault(self.rng))
        else:
            self.bridge.pagerduty.add_fault(pagerduty_fault(self.rng))

    def disturb_deliveries(self) -> None:
        """Let deliveries come twice, late or in another order."""
        webhooks = self.bridge.pagerduty.webhooks
        match self.rng.randrange(4):
            case 0:
                webhooks.duplicate_next(2, same_id=self.rng.random() < 0.5)
            case 1:
                webhooks.hold(event_type=self.rng.choice(list(TRANSITIONS)))
            case 2:
                webhooks.reverse_next(2)
            case _:
                for hold in list(webhooks.holds):
                    hold.release()

    async def end(self) -> None:
        """Let everything work again and come to rest."""
        for slack_fault_left in self.bridge.slack.faults:
            slack_fault_left.remove()
        for pagerduty_fault_left in self.bridge.pagerduty.faults:
            pagerduty_fault_left.remove()
        for hold in list(self.bridge.pagerduty.webhooks.holds):
            hold.release(reverse=self.rng.random() < 0.5)
        await settled(self.bridge)

    def transitions(self) -> list[str]:
        """List what PagerDuty really went through."""
        told = {log.event_id: log.event_type for log in self.bridge.pagerduty.webhooks.log}
        return sorted(TRANSITIONS[kind] for kind in told.values() if kind in TRANSITIONS)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_bad_day_ends_well(seed: int) -> None:
    """At rest there is one card, equal to the incident; each transition is told once; writes are the clickers' own."""
    async with running(workers=2) as bridge:
        day = BadDay(bridge, Random(seed))  # noqa: S311 -- a day that can be played again
        for _ in range(ACTS):
            await day.act()
        await day.end()

        picture = bridge.slack.render_channel("C0INCIDENTS")
        assert 1 == len(bridge.channel.messages), picture
        card = bridge.channel.messages[0]
        assert bridge.pagerduty.incident(day.incident.id).status.capitalize() in card.plain.splitlines()[0], picture
        lines = [reply.plain for reply in card.replies]
        told = sorted(next(word for word in TRANSITIONS.values() if word in line) for line in lines)
        assert day.transitions() == told, picture
        writes = Counter(str(call.from_email).partition("@")[0] for call in bridge.effects())
        assert all(day.clicks[name] >= count for name, count in writes.items()), (writes, day.clicks)
        from_slack = sum("in Slack" in line for line in lines if "reopened it" not in line)
        assert len(bridge.effects()) == from_slack, picture
