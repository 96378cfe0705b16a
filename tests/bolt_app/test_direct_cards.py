"""The cards in people's own conversations: to whom, when they notify, and what becomes of them on bad days."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.read_path import direct_cards
from bolt_app.worker_parts import BuiltWorker
from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import Fault, Message, SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.errors import CallError, Uncertain
from shared.model.direct_card import Level
from shared.model.event import Agent, Instant, Ref, Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.slack.api.rate_limits import Priority
from shared.slack.render.blocks import metadata
from shared.store import keys
from tests.bolt_app.built_services import wired
from tests.builders import ALICE, BOB, INCIDENT, snapshot
from tests.stories.harness import until

ROUTED = {"default_channel": "C0INCIDENTS"}
TEAM = "PTEAM01"


@dataclass
class Duty:
    """One worker's read path between both platforms, and an incident that is told pass by pass."""

    built: BuiltWorker
    slack: SlackSandbox
    pagerduty: PagerDutySandbox
    redis: Any
    conversations: dict[str, ChannelId] = field(default_factory=dict)

    async def asks(self, name: str, user: str, level: Level = Level.ON) -> None:
        """Let a person ask for direct messages."""
        person = SlackUserId(f"U0{name.upper()}")
        self.conversations[name] = await self.built.listeners.notify.notify.slack.open_direct(person)
        await self.redis.hset(keys.notify(UserId(user)), person, f"{level} {self.conversations[name]}")

    def configure(self, **config: object) -> None:
        """Put another `bridge.toml` in force."""
        self.built.config.current = BridgeConfig.model_validate(config)

    async def told(self, known: Snapshot, incident: IncidentId = INCIDENT) -> float | None:
        """Let an incident become so, and bring it to Slack in one pass."""
        store, now_ms = self.built.store, await self.built.store.clock.now_ms()
        after = Incident(incident, snapshot=replace(known, created_ms=now_ms), as_of=Instant(now_ms))
        await store.incidents.change(incident, lambda before: replace(after, anew_ms=before.anew_ms))
        return await self.again(incident)

    async def again(self, incident: IncidentId = INCIDENT) -> float | None:
        """Do one more pass. Raises what it raises, after what it leaves is stored."""
        queue, names = self.built.store.dirty_queue, ("incident", "slack")
        await queue.mark(incident)
        due = await queue.take(self.built.store.leases("slack"), names)
        assert due is not None
        assert not isinstance(due, float)
        assert due.lease is not None
        try:
            again = await self.built.read_path.reconciler.run(incident, due.lease)
        except CallError:
            await queue.finish(due)
            raise
        await queue.finish(due)
        return again

    async def summed_up(self, name: str) -> float | None:
        """Let a person's summary be written, without waiting for its time."""
        summaries = self.built.read_path.direct_summaries
        lease = await self.built.store.leases("summary").take(IncidentId(self.conversations[name]))
        assert lease is not None
        try:
            return await summaries.run(IncidentId(self.conversations[name]), lease)
        finally:
            await lease.release()

    def cards(self, name: str) -> list[Message]:
        """List the messages in a person's conversation."""
        return self.slack.channels[self.conversations[name]].messages

    def says(self, name: str) -> str:
        """Return what the only message there says."""
        (message,) = self.cards(name)
        return message.plain


@pytest.fixture
async def duty() -> AsyncIterator[Duty]:
    """Let Alice and Bob work at both platforms, and put a worker between them that may send direct messages."""
    async with AsyncExitStack() as stack:
        pagerduty = await stack.enter_async_context(PagerDutySandbox())
        sandbox = await stack.enter_async_context(SlackSandbox(enforce_rate_limits=False))
        sandbox.bot_scopes |= {"im:write", "im:history"}
        pagerduty.add_team("Payments", id=TEAM)
        for name, agent in (("Alice", ALICE), ("Bob", BOB)):
            pagerduty.add_user(agent.name, f"{name.lower()}@example.com", role="limited_user", id=agent.id)
            sandbox.add_user(agent.name, email=f"{name.lower()}@example.com", id=f"U0{name.upper()}")
        sandbox.add_channel("incidents", id="C0INCIDENTS")
        slack = Slack(sandbox.bot_token, sandbox.api_url, pace=0.001)
        stack.push_async_callback(slack.aclose)
        door = PagerDuty(pagerduty.token, pagerduty.url)
        stack.push_async_callback(door.aclose)
        redis = cast("Any", FakeAsyncRedis())
        stack.push_async_callback(redis.aclose)
        await redis.set(keys.GENERATION, f"{keys.LAYOUT}:0123456789abcdef:1000")
        built = await wired(redis, door, slack, home=await slack.auth_test(), call_max=0.2)
        made = Duty(built, sandbox, pagerduty, redis)
        made.configure(routing=ROUTED, notify={"enabled": True})
        yield made


def paged(
    *people: Agent, status: Status = Status.TRIGGERED, urgency: str = "high", teams: tuple[Ref, ...] | None = None
) -> Snapshot:
    """Make an incident that is assigned to these."""
    made = replace(snapshot(status, "Checkout is slow", *people), urgency=urgency)
    return made if teams is None else replace(made, teams=teams)


async def test_it_notifies_once_and_is_quiet_from_then_on(duty: Duty) -> None:
    """One post; what follows, and who takes it on, are updates of the same message."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    (first,) = duty.cards("Alice")
    await duty.told(paged(ALICE, BOB))
    await duty.told(paged(BOB, status=Status.ACKNOWLEDGED))

    (last,) = duty.cards("Alice")
    assert first.ts == last.ts
    assert "Acknowledged" in last.plain
    assert [] == last.replies
    posts = [call for call in duty.slack.calls_to("chat.postMessage") if call.channel == duty.conversations["Alice"]]
    assert 1 == len(posts)


async def test_it_goes_after_the_cards_of_channels(duty: Duty) -> None:
    """For Slack's limits it is as urgent as a line of a thread: no card in a channel waits for it."""
    asked = list[int]()

    class Budgets:
        """Notes who asks for a call, and has room for all."""

        async def take(self, _limits: object, caller: tuple[str, int] = ("", 0)) -> float:
            """Take one."""
            asked.append(caller[1])
            return 0.0

        async def postpone(self, _budget: str, _seconds: float) -> None:
            """Have nothing to put off."""

    await duty.asks("Alice", ALICE.id)
    slack = Slack(duty.slack.bot_token, duty.slack.api_url, budgets=Budgets())
    for channel in (duty.conversations["Alice"], ChannelId("C0INCIDENTS")):
        for urgent in (True, False):
            ts = await slack.post(channel, text="x", blocks=[], metadata=metadata("x", {}), urgent=urgent)
            await slack.update(channel, ts, text="x", blocks=[], urgent=urgent)
    await slack.aclose()
    direct = [Priority.MEDIUM, Priority.LOW]
    assert [*direct, Priority.FIRST, Priority.HIGH] == asked[::2]
    assert [*direct, Priority.FIRST, Priority.MEDIUM] == asked[1::2]


async def test_nobody_else_is_told(duty: Duty) -> None:
    """Not who did not ask, who is not assigned, or wants high urgency only; not of what is taken on already."""
    await duty.asks("Bob", BOB.id, Level.HIGH)
    await duty.told(paged(ALICE))
    await duty.told(paged(BOB, urgency="low"))
    await duty.told(paged(BOB, status=Status.ACKNOWLEDGED))
    assert [] == duty.cards("Bob")

    await duty.told(paged(BOB))
    assert "Triggered" in duty.says("Bob")


async def test_who_is_paged_again_is_told_again(duty: Duty) -> None:
    """It went to Bob and came back: the message stands anew in the place of the old one, and notifies."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    (first,) = duty.cards("Alice")
    await duty.told(paged(BOB))
    assert "Assigned to" in duty.says("Alice")

    await duty.told(paged(ALICE))
    (second,) = duty.cards("Alice")
    assert first.ts < second.ts


async def test_off_means_that_nothing_is_read_and_what_is_there_stays_true(duty: Duty) -> None:
    """Switched off in bridge.toml: no one is told, no wish is read; a card that is there is still updated."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE), IncidentId("Q2OTHER"))
    duty.configure(routing=ROUTED)
    await duty.told(paged(ALICE))
    await duty.told(paged(ALICE, status=Status.RESOLVED), IncidentId("Q2OTHER"))
    assert "Resolved" in duty.says("Alice")


async def test_a_message_that_was_removed_stays_away(duty: Duty) -> None:
    """Alice removes it: the channel keeps its card, nothing is posted again, not even when she is paged again."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    duty.slack.remove(duty.cards("Alice")[0])
    for known in (paged(BOB), paged(ALICE), paged(ALICE, status=Status.RESOLVED)):
        await duty.told(known)

    assert [] == duty.cards("Alice")
    (card,) = duty.slack.channels["C0INCIDENTS"].messages
    assert "Resolved" in card.plain
    told = [step.fact.name for step in await duty.built.store.journal.read(INCIDENT)]
    assert ["direct.posting", "direct.posted", "direct.gone"] == [name for name in told if name.startswith("direct.")]


@pytest.mark.parametrize("landed", [True, False])
async def test_an_unclear_post_is_looked_for(duty: Duty, landed: bool) -> None:  # noqa: FBT001 -- of the table
    """The answer was lost: one that landed is found, one that did not is posted; there is one in the end."""
    await duty.asks("Alice", ALICE.id)
    fault = Fault("chat.postMessage", channel=duty.conversations["Alice"], drop=True, after_effect=landed, times=1)
    duty.slack.add_fault(fault)
    with pytest.raises(Uncertain):
        await duty.told(paged(ALICE))
    await duty.again()
    assert "Triggered" in duty.says("Alice")


@pytest.mark.parametrize("landed", [True, False])
async def test_a_worker_that_dies_in_the_middle(duty: Duty, landed: bool) -> None:  # noqa: FBT001 -- of the table
    """It is gone while Slack has the post in hand: the next one finds the message, or makes it; there is one."""
    await duty.asks("Alice", ALICE.id)
    where = duty.conversations["Alice"]
    duty.slack.add_fault(Fault("chat.postMessage", channel=where, hang=True, after_effect=landed, times=1))
    async with asyncio.TaskGroup() as group:
        dying = group.create_task(duty.told(paged(ALICE)))
        await until(lambda: any(call.channel == where for call in duty.slack.calls), "the post")
        await until(lambda: len(duty.cards("Alice")) == landed, "its effect")
        dying.cancel()
    await duty.redis.delete(keys.of_incident(INCIDENT, "lease:slack"))

    await duty.again()
    assert "Triggered" in duty.says("Alice")


async def test_an_unclear_post_that_no_one_needs_any_more_is_not_made_again(duty: Duty) -> None:
    """Bob has it meanwhile: what did not land is looked for, because it might have, and not posted."""
    await duty.asks("Alice", ALICE.id)
    duty.slack.add_fault(Fault("chat.postMessage", channel=duty.conversations["Alice"], drop=True, times=1))
    with pytest.raises(Uncertain):
        await duty.told(paged(ALICE))
    await duty.told(paged(BOB, status=Status.ACKNOWLEDGED))
    assert [] == duty.cards("Alice")
    await duty.told(paged(ALICE))
    assert "Triggered" in duty.says("Alice")


async def test_a_conversation_that_takes_nothing_costs_no_one_else(duty: Duty) -> None:
    """Slack refuses the message for good: it is given up, and the channel's card goes on."""
    await duty.asks("Alice", ALICE.id)
    duty.slack.add_fault(Fault("chat.postMessage", channel=duty.conversations["Alice"], error="restricted_action"))
    await duty.told(paged(ALICE))
    await duty.told(paged(ALICE, urgency="low"))
    refused = [call for call in duty.slack.calls_to("chat.postMessage") if call.channel == duty.conversations["Alice"]]
    assert 1 == len(refused)
    assert 1 == len(duty.slack.channels["C0INCIDENTS"].messages)


async def test_a_token_or_a_scope_that_is_mended_costs_no_message(duty: Duty) -> None:
    """Slack does not take it from this app now: it is tried again while Alice is paged, and then no more."""
    await duty.asks("Alice", ALICE.id)
    where = duty.conversations["Alice"]
    fault = duty.slack.add_fault(Fault("chat.postMessage", channel=where, error="missing_scope"))
    assert duty.built.durations.channel_retry == await duty.told(paged(ALICE))
    fault.remove()
    await duty.again()
    assert "Triggered" in duty.says("Alice")


async def test_what_became_private_is_withheld_from_who_lost_it(duty: Duty) -> None:
    """Alice is told although her team is not the private one, as it is hers; once it is Bob's it shows her nothing."""
    duty.pagerduty.add_team("Security", id="PSECRET", private=True)
    duty.pagerduty.add_member("PSECRET", BOB.id, "responder")
    await duty.asks("Alice", ALICE.id)
    await duty.asks("Bob", BOB.id)
    secret = (Ref("PSECRET", "Security"),)
    await duty.told(paged(ALICE, teams=secret))
    assert "Checkout is slow" in duty.says("Alice")
    assert [] == duty.slack.channels["C0INCIDENTS"].messages

    await duty.told(paged(BOB, teams=secret))
    assert "Checkout" not in duty.says("Alice")
    assert "private team" in duty.says("Alice")
    assert "Checkout is slow" in duty.says("Bob")


async def test_who_is_somebody_else_by_now_is_not_told(duty: Duty) -> None:
    """The table links Alice's Slack account to Bob: her wish was Alice's, and goes with the link; guests get none."""
    await duty.asks("Alice", ALICE.id)
    await duty.asks("Bob", BOB.id)
    duty.built.identities[0].config = duty.built.config.current.identity.model_copy(
        update={"users": {"U0ALICE": BOB.id}}
    )
    duty.slack.users["U0BOB"].guest = "multi"
    await duty.told(paged(ALICE, BOB))
    assert [] == duty.cards("Alice") + duty.cards("Bob")
    assert {} == await duty.redis.hgetall(keys.notify(UserId(ALICE.id)))


async def test_who_is_no_one_any_more_reads_nothing_new(duty: Duty) -> None:
    """Alice had her card before the file excluded her: it shows nothing of what comes, though it is assigned to her."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    identity = duty.built.config.current.identity
    duty.built.identities[0].config = identity.model_copy(update={"excluded": ("U0ALICE",)})
    await duty.told(replace(paged(ALICE), title="Break-in"))

    assert "Break-in" not in duty.says("Alice")
    duty.built.identities[0].config = identity
    await duty.told(replace(paged(ALICE), title="Break-in at night"))
    assert "Break-in at night" in duty.says("Alice")


@pytest.mark.parametrize("fault", [{"odd": {"user.id": 7}}, {"status": 500}])
async def test_who_cannot_be_read_costs_no_one_else(duty: Duty, fault: dict[str, Any]) -> None:
    """PagerDuty fails for Alice, or says what makes no sense: Bob gets his card all the same, and she hers later."""
    await duty.asks("Alice", ALICE.id)
    await duty.asks("Bob", BOB.id)
    await duty.redis.set(keys.link(SlackUserId("U0ALICE")), ALICE.id)
    active = duty.pagerduty.add_fault(PagerDutyFault("GET", f"/users/{ALICE.id}", **fault))
    with suppress(CallError):
        await duty.told(paged(ALICE, BOB))

    assert 1 == len(duty.cards("Bob"))
    active.remove()
    await duty.again()
    assert 1 == len(duty.cards("Alice"))


async def test_an_ignored_incident_is_shown_nowhere(duty: Duty) -> None:
    """A route says so; it holds for people as well."""
    await duty.asks("Alice", ALICE.id)
    duty.configure(routing={"routes": [{"ignore": True}]}, notify={"enabled": True})
    await duty.told(paged(ALICE))
    assert [] == duty.cards("Alice")


async def test_after_data_was_lost_it_is_looked_for_first(duty: Duty) -> None:
    """What Slack shows is not known any more: the message that is there is found and updated."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    lost = SlackState(INCIDENT, generation="this", anew_ms=1)
    await duty.built.store.slack_states.change(INCIDENT, lambda _: lost)
    await duty.again()
    assert 1 == len(duty.cards("Alice"))


async def test_a_storm_is_a_few_messages_and_one_that_counts(duty: Duty) -> None:
    """Of forty incidents five come at once; one message counts the others in place, and says when it is over."""
    await duty.asks("Alice", ALICE.id)
    every = [IncidentId(f"QSTORM{number}") for number in range(40)]
    for number, incident in enumerate(every):
        await duty.told(replace(paged(ALICE), number=number), incident)
    await duty.summed_up("Alice")
    assert direct_cards.AT_ONCE + 1 == len(duty.cards("Alice"))
    summary = duty.cards("Alice")[-1]
    assert "35 more incidents are assigned to you" in summary.plain

    for incident in every[:20]:
        await duty.told(paged(ALICE, status=Status.ACKNOWLEDGED), incident)
    await duty.summed_up("Alice")
    assert "20 more incidents are" in summary.plain
    for incident in every[20:]:
        await duty.told(paged(BOB), incident)
    await duty.summed_up("Alice")
    assert "None of the other incidents is waiting for you any more" in summary.plain
    assert direct_cards.AT_ONCE + 1 == len(duty.cards("Alice"))
    assert await duty.summed_up("Alice") is None


async def test_an_unclear_summary_is_there_once(duty: Duty) -> None:
    """The answer to its post was lost after it landed: it is found, and updated."""
    await duty.asks("Alice", ALICE.id)
    for number in range(direct_cards.AT_ONCE + 1):
        await duty.told(paged(ALICE), IncidentId(f"QSTORM{number}"))
    where = duty.conversations["Alice"]
    duty.slack.add_fault(Fault("chat.postMessage", channel=where, drop=True, after_effect=True, times=1))
    with pytest.raises(CallError):
        await duty.summed_up("Alice")
    await duty.summed_up("Alice")
    assert direct_cards.AT_ONCE + 1 == len(duty.cards("Alice"))
