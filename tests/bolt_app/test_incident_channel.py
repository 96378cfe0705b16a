"""The channel of an incident, pass by pass: one channel whatever gets lost, and each step for itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.incident_channel.upkeep import AT_ONCE
from bolt_app.read_path.channel_sync import retry_after
from bolt_app.worker_parts import BuiltWorker
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import Channel, Fault, SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.errors import CallError
from shared.model.event import Agent, Event, Instant, Ref, Snapshot, Source
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    CHANNEL_ASKED,
    CHANNEL_FAILED,
    CHANNEL_OPENED,
    PRIORITY_UPDATED,
    REOPENED,
    RESOLVED,
    TRIGGERED,
    Status,
)
from shared.model.ids import ChannelId, EventId, IncidentId
from shared.model.incident import fold
from shared.model.incident_channel import IncidentChannel
from shared.model.thread_layout import ThreadEntry
from shared.model.timeline import Line
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.slack.render.channel_wording import WHY
from shared.slack.render.event_wording import LINE
from shared.store import keys
from tests.bolt_app.built_services import wired
from tests.builders import ALICE, BOB, INCIDENT, snapshot, webhook

HOME = ChannelId("C0INCIDENTS")
STEPS = ("bookmarks.add", "conversations.setTopic", "conversations.setPurpose", "pins.add", "conversations.invite")
SCOPES = {"channels:manage", "groups:write", "pins:write", "bookmarks:read", "bookmarks:write"}
NAME = "inc-37-checkout-is-slow"
TEAM = Ref("PTEAM01", "Payments")
ASSIGNED = (Ref(ALICE.id, ALICE.name),)
HOUR = 3_600_000
BIRTH = 1_700_000_000_000
"""When the data begins, in milliseconds: long before what happens here."""


@dataclass
class Stage:
    """A worker between both simulators, on a store of its own; `config` is its `[incident_channels]`."""

    slack: SlackSandbox
    pagerduty: PagerDutySandbox
    redis: Any
    clients: tuple[PagerDuty, Slack]
    built: BuiltWorker
    config: dict[str, Any] = field(default_factory=lambda: {"automatic": [{"urgency": "high"}]})

    async def another_worker(self) -> None:
        """Go on with a worker that knows only what is stored."""
        pagerduty, slack = self.clients
        home = await slack.auth_test()
        self.built = await wired(self.redis, pagerduty, slack, home=home, call_max=0.2, retry_max=0.1)

    def configure(self, **channels: Any) -> None:  # noqa: ANN401 -- TOML
        """Put another `[incident_channels]` in force."""
        self.config = {**self.config, **channels}
        config = {"routing": {"default_channel": HOME}, "incident_channels": self.config}
        self.built.apply_config(BridgeConfig.model_validate(config))

    async def happens(
        self,
        kind: str,
        agent: Agent | None = ALICE,
        shown: Snapshot | None = None,
        ago_ms: int = 0,
        **of: Any,  # noqa: ANN401 -- fields of an event
    ) -> None:
        """Let something happen to the incident, so long ago."""
        now_ms = await self.built.store.clock.now_ms()
        event = replace(webhook(kind, now_ms - ago_ms, agent), **of)
        shown = shown or replace(event.snapshot or snapshot(), assignees=ASSIGNED)
        event = replace(event, snapshot=replace(shown, created_ms=now_ms - ago_ms))
        await self.built.store.incidents.change(
            event.incident, lambda now: fold(now, event, now_ms, now_ms - ago_ms).incident
        )

    async def opened(self, ago_ms: int = 0, **shown: Any) -> None:  # noqa: ANN401 -- fields of a snapshot
        """Let monitoring open the incident."""
        await self.happens(TRIGGERED, None, replace(snapshot(), **{"assignees": ASSIGNED, **shown}), ago_ms)

    async def asked(self, agent: Agent = BOB) -> None:
        """Let a person ask for the channel."""
        at_ms, store = await self.built.store.clock.now_ms(), self.built.store
        event = Event(
            EventId(f"asked:{at_ms}"), CHANNEL_ASKED, INCIDENT, Source.ANSWER, Instant(at_ms), agent, proven=True
        )
        await store.incidents.change(INCIDENT, lambda now: fold(now, event, at_ms).incident)

    async def one_pass(self, incident: IncidentId = INCIDENT) -> float | None:
        """Let the channel's upkeep make one pass."""
        lease = await self.built.store.leases("channel").take(incident)
        assert lease is not None
        try:
            return await self.built.read_path.channel_upkeep.run(incident, lease)
        finally:
            await lease.release()

    async def reconciled(self, incident: IncidentId = INCIDENT) -> None:
        """Let the reconciler make one pass."""
        lease = await self.built.store.leases("slack").take(incident)
        assert lease is not None
        try:
            await self.built.read_path.reconciler.run(incident, lease)
            if lease.unsaved:
                await self.built.store.slack_states.change(incident, lambda now: now, lease)
        finally:
            await lease.release()

    async def settled(self, incident: IncidentId = INCIDENT) -> float | None:
        """Let both make passes until nothing is left, as their queues do; return when the channel is due again."""
        again = None
        for _ in range(8):
            try:
                await self.reconciled(incident)
                again = await self.one_pass(incident)
            except CallError as error:
                await asyncio.sleep(retry_after(error))
        return again

    async def own(self, incident: IncidentId = INCIDENT) -> IncidentChannel:
        """Read what is known of the channel."""
        return (await self.built.store.incident_channels.load(incident)).value

    async def lines(self, *kinds: str, incident: IncidentId = INCIDENT) -> list[Line]:
        """List the lines of these types."""
        return [line for line in (await self.built.store.incidents.load(incident)).value.lines if line.type in kinds]

    async def told(self) -> list[str]:
        """List what the thread tells of failures."""
        detail = LINE[CHANNEL_FAILED].detail
        assert detail is not None
        return [detail(ThreadEntry(line)) for line in await self.lines(CHANNEL_FAILED)]

    def made(self) -> list[Channel]:
        """List the channels that the app has opened."""
        return [each for each in self.slack.channels.values() if each.creator == self.slack.bot_user_id]

    def calls(self, *methods: str) -> int:
        """Count the calls of these methods."""
        return sum(len(self.slack.calls_to(method)) for method in methods)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Open both sides, with Alice, Bob and a guest in them."""
    redis = cast("Any", FakeAsyncRedis())
    async with PagerDutySandbox() as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        slack.bot_scopes |= SCOPES
        people = ((ALICE, None), (BOB, None), (Agent("PGUEST1", "Gus Guest"), "multi"))
        for agent, guest in people:
            email = f"{agent.id.lower()}@example.com"
            pagerduty.add_user(agent.name, email, id=agent.id)
            slack.add_user(agent.name, email=email, id=f"U0{agent.id}", guest=cast("Any", guest))
        pagerduty.add_team("Payments", id=TEAM.id)
        pagerduty.add_team("Secret", id="PSECRET", private=True)
        slack.add_channel("incidents", id=HOME)
        clients = (
            PagerDuty(pagerduty.token, pagerduty.url, timeout=2),
            Slack(slack.bot_token, slack.api_url, timeout=1, pace=0.001),
        )
        stage = Stage(slack, pagerduty, redis, clients, await wired(redis))
        await redis.set(keys.GENERATION, f"{keys.LAYOUT}:0123456789abcdef:{BIRTH}")
        await stage.another_worker()
        stage.configure()
        yield stage
        for client in clients:
            await client.aclose()
    await redis.aclose()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Open it for one test."""
    async with staged() as opened:
        yield opened


async def test_a_channel_is_made_as_it_should_be(stage: Stage) -> None:
    """Described, with topic, bookmark, pinned card and people; a pass more makes no call, and its line is told once."""
    await stage.opened()
    await stage.happens(ACKNOWLEDGED, BOB)
    await stage.settled()
    before = len(stage.slack.calls)
    await stage.settled()

    assert before == len(stage.slack.calls)
    [own] = stage.made()
    assert NAME == own.name
    assert "Acknowledged · #37 Checkout is slow · P1 · checkout-api" == own.topic
    assert "(pagebridge:Q1INCIDENT)" in own.purpose
    assert ["https://acme.pagerduty.com/incidents/Q1INCIDENT"] == [each["link"] for each in own.bookmarks]
    assert {stage.slack.bot_user_id, "U0PALICE1", "U0PBOB001"} == set(own.members)
    [card] = [message for message in own.messages if message.subtype is None]
    assert card.pinned
    assert [own.id] == [line.detail_value("channel") for line in await stage.lines(CHANNEL_OPENED)]


@pytest.mark.parametrize(
    "lost",
    [
        Fault("conversations.create", drop=True, after_effect=True, times=1),
        Fault("conversations.create", drop=True, times=1),
        Fault("conversations.create", drop=True, effect_after=0.1, times=1),
        Fault("conversations.create", retry_after=0.1, times=1),
    ],
)
async def test_there_is_one_channel_whatever_is_lost(stage: Stage, lost: Fault) -> None:
    """The answer is lost, before or after it is opened or later, and another worker goes on: the name is taken."""
    await stage.opened()
    await stage.reconciled()
    stage.slack.add_fault(lost)
    with pytest.raises(CallError):
        await stage.one_pass()
    await stage.another_worker()
    stage.configure()
    await stage.settled()

    assert [NAME] == [each.name for each in stage.made()]
    assert stage.made()[0].id == (await stage.own()).channel


async def test_a_name_that_is_taken_gets_a_suffix(stage: Stage) -> None:
    """By an archived channel, another's, or one of the app's: another incident's, an old one, or marked by a person."""
    stage.slack.add_channel(NAME, archived=True, bot_member=False)
    stage.slack.add_channel(f"{NAME}-2", private=True, bot_member=False)
    bot = stage.slack.bot_user_id
    taken = ((3, "(pagebridge:QOTHER)", bot), (4, "", ""), (5, f"(pagebridge:{INCIDENT})", "U0PBOB001"))
    for suffix, purpose, by in taken:
        channel = stage.slack.add_channel(f"{NAME}-{suffix}")
        channel.purpose, channel.purpose_by, channel.creator = purpose, by, bot
    await stage.opened()
    await stage.settled()

    assert [f"{NAME}-{suffix}" for suffix in (3, 4, 5, 6)] == [each.name for each in stage.made()]


async def test_a_public_channel_is_not_used_again_for_a_private_incident(stage: Stage) -> None:
    """The data was lost, and meanwhile it came to a private team: another channel is opened, and that is private."""
    await stage.opened()
    await stage.settled()
    await stage.redis.flushall()
    await stage.another_worker()
    routes = [{"team": "PSECRET", "channel": HOME}]
    config = {"routing": {"routes": routes}, "incident_channels": stage.config}
    stage.built.apply_config(BridgeConfig.model_validate(config))
    await stage.opened(ago_ms=HOUR, teams=(Ref("PSECRET", "Secret"),), title="Break-in")
    await stage.settled()

    public, private = stage.made()
    assert [False, True] == [public.private, private.private]
    assert private.id == (await stage.own()).channel
    assert not any("Break-in" in message.plain for message in public.messages)


async def test_a_channel_is_found_again_when_the_data_is_lost(stage: Stage) -> None:
    """By the mark in its description, whatever it is called now; its card is found in it, and stays the only one."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    await stage.redis.flushall()
    await stage.another_worker()
    stage.configure()
    await stage.opened(ago_ms=HOUR, title="Checkout is down")
    await stage.settled()

    assert [own] == stage.made()
    assert own.id == (await stage.own()).channel
    assert 1 == sum(message.subtype is None for message in own.messages)


async def test_each_step_fails_for_itself(stage: Stage) -> None:
    """It is told once, with a reference and what to do; the others go on, and who asks lets it be tried again."""
    refusals = {
        "conversations.setTopic": "user_is_restricted",
        "conversations.setPurpose": "too_long",
        "bookmarks.add": "too_many_bookmarks",
        "pins.add": "missing_scope",
        "conversations.invite": "cant_invite",
    }
    faults = [stage.slack.add_fault(Fault(method, error=error)) for method, error in refusals.items()]
    await stage.opened()
    await stage.settled()
    await stage.settled()

    told = await stage.told()
    assert 5 == len(told)
    assert all("reference `" in each for each in told)
    assert any("couldn't invite Alice Ng to" in each and "Invite them there" in each for each in told)
    assert any("the app lacks a scope" in each and "pagebridge manifest" in each for each in told)
    assert 5 == stage.calls(*refusals)
    for fault in faults:
        fault.remove()
    await stage.asked()
    await stage.settled()

    [own] = stage.made()
    assert {"U0PBOB001"} < set(own.members)
    assert own.topic
    assert own.purpose
    assert own.bookmarks
    assert 5 == len(await stage.told())


async def test_a_channel_that_cannot_be_opened_is_told(stage: Stage) -> None:
    """With the reason and the next step, once; no pass tries again before that is asked for."""
    stage.slack.bot_scopes -= SCOPES
    await stage.opened()
    await stage.settled()
    await stage.settled()

    [told] = await stage.told()
    assert "couldn't open it (the app lacks a scope). Add the scopes" in told
    assert 1 == stage.calls("conversations.create")
    stage.slack.bot_scopes |= SCOPES
    await stage.asked()
    await stage.settled()
    assert [NAME] == [each.name for each in stage.made()]


async def test_what_may_have_gone_through_is_not_done_twice(stage: Stage) -> None:
    """The answers of all steps are lost: there is one bookmark, one topic, one pin, and each person once."""
    for method in (
        "bookmarks.add",
        "conversations.setTopic",
        "conversations.setPurpose",
        "pins.add",
        "conversations.invite",
    ):
        stage.slack.add_fault(Fault(method, drop=True, after_effect=True, times=1))
    await stage.opened()
    await stage.settled()

    [own] = stage.made()
    assert 1 == len(own.bookmarks)
    assert 1 == sum(message.subtype == "channel_topic" for message in own.messages)
    assert ["U0PALICE1"] == [member for member in own.members if member != stage.slack.bot_user_id]
    assert [] == await stage.told()
    assert (await stage.own()).pinned


async def test_only_certain_members_are_let_in(stage: Stage) -> None:
    """A guest, a person who is not linked, and one who left again stay out; who asks for it comes back."""
    await stage.opened(assignees=(Ref(ALICE.id, ALICE.name), Ref("PGUEST1", "Gus Guest"), Ref("PNOBODY", "No One")))
    await stage.settled()
    [own] = stage.made()
    assert ["U0PALICE1"] == [member for member in own.members if member != stage.slack.bot_user_id]

    own.members.remove("U0PALICE1")
    await stage.settled()
    assert "U0PALICE1" not in own.members
    await stage.asked(ALICE)
    await stage.settled()
    assert "U0PALICE1" in own.members
    assert [] == await stage.told()


@pytest.mark.parametrize("team", [TEAM, Ref("PSECRET", "Secret")])
async def test_it_is_private_where_the_team_is(stage: Stage, team: Ref) -> None:
    """Or where all are; and the incident is shown there, as its people see it."""
    stage.configure(is_private=team == TEAM)
    routes = [{"team": "PSECRET", "channel": HOME}]
    config = {"routing": {"default_channel": HOME, "routes": routes}, "incident_channels": stage.config}
    stage.built.apply_config(BridgeConfig.model_validate(config))
    await stage.opened(teams=(team,))
    await stage.settled()

    [own] = stage.made()
    assert own.private
    assert "U0PALICE1" in own.members
    assert any("Checkout is slow" in message.plain for message in own.messages)


async def test_an_incident_that_comes_to_a_private_team_is_withheld(stage: Stage) -> None:
    """Its public channel says so and nothing else, and no one is let in any more; there is no other channel."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    secret = replace(snapshot(title="Break-in"), teams=(Ref("PSECRET", "Secret"),))
    await stage.happens(ACKNOWLEDGED, BOB, replace(secret, status=Status.ACKNOWLEDGED))
    await stage.settled()
    await stage.settled()

    assert "#37 belongs to a private team now." == own.topic
    assert "U0PBOB001" not in own.members
    assert not any("Break-in" in message.plain for message in own.messages)
    assert [own] == stage.made()


async def test_a_channel_that_withholds_its_incident_is_archived_too(stage: Stage) -> None:
    """Once the incident is over; reopened, it shows as little as before."""
    stage.slack.bots_unarchive = True
    stage.configure(archive_after="1h")
    await stage.opened(ago_ms=3 * HOUR)
    await stage.settled()
    secret = replace(snapshot(title="Break-in"), teams=(Ref("PSECRET", "Secret"),))
    await stage.happens(RESOLVED, shown=replace(secret, status=Status.RESOLVED), ago_ms=2 * HOUR)
    await stage.settled()
    [own] = stage.made()
    assert own.archived

    await stage.happens(REOPENED, BOB, secret)
    await stage.settled()

    assert not any("Break-in" in message.plain for message in own.messages)
    assert "Break-in" not in own.topic
    assert [own] == stage.made()


async def secret_stage(stage: Stage, **channels: Any) -> None:  # noqa: ANN401 -- TOML
    """Show the incidents of two private teams where everyone is who may see one of them."""
    stage.pagerduty.add_team("Vault", id="PVAULT", private=True)
    stage.config = {**stage.config, **channels}
    routes = [{"team": team, "channel": HOME} for team in ("PSECRET", "PVAULT")]
    routing = {"default_channel": HOME, "routes": routes}
    stage.built.apply_config(BridgeConfig.model_validate({"routing": routing, "incident_channels": stage.config}))


async def test_who_does_not_see_the_incident_any_more_is_not_let_in(stage: Stage) -> None:
    """Bob acknowledged it while it was public: its private team's channel is not for him; Alice, assigned, is in."""
    await secret_stage(stage, automatic=[])
    await stage.opened()
    await stage.happens(ACKNOWLEDGED, BOB)
    await stage.settled()
    secret = replace(snapshot(), teams=(Ref("PSECRET", "Secret"),), assignees=ASSIGNED)
    await stage.happens(PRIORITY_UPDATED, None, secret)
    await stage.asked(ALICE)
    await stage.settled()

    [own] = stage.made()
    assert own.private
    assert {stage.slack.bot_user_id, "U0PALICE1"} == set(own.members)
    assert [] == await stage.told()


async def test_a_channel_with_another_teams_people_gives_way(stage: Stage) -> None:
    """Archived, it missed that its incident came to another private team: open again, it shows nothing of that."""
    await secret_stage(stage, archive_after="1h")
    secret = (Ref("PSECRET", "Secret"),)
    await stage.opened(ago_ms=3 * HOUR, teams=secret)
    await stage.settled()
    await stage.happens(RESOLVED, ago_ms=2 * HOUR, shown=replace(snapshot(), teams=secret, status=Status.RESOLVED))
    await stage.settled()
    [first] = stage.made()
    assert first.archived

    # Alice opens it again for one more word, with the app in it.
    first.archived = False
    first.members.append(stage.slack.bot_user_id)
    vault = replace(snapshot(title="Break-in"), teams=(Ref("PVAULT", "Vault"),), assignees=(Ref(BOB.id, BOB.name),))
    await stage.happens(REOPENED, BOB, vault)
    await stage.settled()

    assert "U0PALICE1" in first.members
    assert not any("Break-in" in message.plain for message in first.messages)
    assert "Break-in" not in first.topic
    second = stage.made()[-1]
    assert {stage.slack.bot_user_id, "U0PBOB001"} == set(second.members)
    assert any("Break-in" in message.plain for message in second.messages)


async def test_a_storm_opens_few_channels(stage: Stage) -> None:
    """The others get none by themselves, the first of them says so, and one that is asked for is opened."""
    many = [IncidentId(f"QSTORM{number}") for number in range(AT_ONCE + 3)]
    for number, incident in enumerate(many):
        shown = replace(snapshot(), number=100 + number)
        await stage.happens(TRIGGERED, None, shown, incident=incident, id=EventId(incident))
        await stage.settled(incident)

    assert AT_ONCE == len(stage.made())
    told = [line for incident in many for line in await stage.lines(CHANNEL_FAILED, incident=incident)]
    assert ["bound"] == [line.detail_value("step") for line in told]


async def over(stage: Stage) -> Channel:
    """Let an incident be opened three hours ago, and resolved two hours ago; return its channel."""
    await stage.opened(ago_ms=3 * HOUR)
    await stage.settled()
    await stage.happens(RESOLVED, ago_ms=2 * HOUR)
    [own] = stage.made()
    return own


async def test_it_is_archived_when_no_one_writes_any_more(stage: Stage) -> None:
    """So long after its resolve, and after the last word there, also one in a thread; then its card is left alone."""
    stage.configure(archive_after="3h")
    own = await over(stage)
    again = await stage.settled()
    assert again is not None
    assert 3500 < again <= 3600
    assert own.topic.startswith("Resolved")

    stage.configure(archive_after="1h")
    card = next(message for message in own.messages if message.pinned)
    word = stage.slack.person("U0PALICE1").post("One more thing", own.id, card.ts)
    again = await stage.settled()
    assert again is not None
    assert 3500 < again <= 3600
    assert 0 == stage.calls("conversations.archive")

    card.replies.remove(word)
    stage.slack.add_fault(Fault("conversations.archive", drop=True, after_effect=True, times=1))
    with pytest.raises(CallError):
        await stage.one_pass()
    assert await stage.settled() is None
    assert own.archived
    before = len(stage.slack.calls)
    await stage.happens(ANNOTATED, BOB, subject="N1")
    await stage.settled()
    assert not [call for call in stage.slack.calls[before:] if call.channel == own.id]


@pytest.mark.parametrize("allowed", [True, False])
async def test_it_is_open_again_when_the_incident_is(stage: Stage, allowed: bool) -> None:  # noqa: FBT001 -- of the table
    """Slack may not let an app open an archived channel again: then another one takes its place, with its people."""
    stage.slack.bots_unarchive = allowed
    stage.configure(archive_after="1h")
    own = await over(stage)
    await stage.settled()
    assert own.archived

    await stage.happens(REOPENED, BOB)
    await stage.settled()

    names = [NAME] if allowed else [NAME, f"{NAME}-2"]
    assert names == [each.name for each in stage.made()]
    last = stage.made()[-1]
    assert not last.archived
    assert "U0PALICE1" in last.members
    assert last.topic.startswith("Triggered")
    assert len(names) == len(await stage.lines(CHANNEL_OPENED))
    cards = [message for message in last.messages if message.subtype is None]
    assert ["Triggered" in card.plain for card in cards] == [True]


@pytest.mark.parametrize("code", ["is_archived", "channel_not_found", "not_in_channel"])
async def test_a_channel_that_people_have_closed_is_left_alone(stage: Stage, code: str) -> None:
    """One line says so, and nothing more is tried; who asks for it gets it back, or another one."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    await stage.happens(ACKNOWLEDGED, BOB)
    stage.slack.add_fault(Fault("conversations.setTopic", error=code, times=1))
    own.members.remove(stage.slack.bot_user_id)
    own.archived = code == "is_archived"
    await stage.one_pass()
    before = stage.calls("conversations.setTopic", "conversations.invite", "pins.add")
    await stage.settled()

    [told] = await stage.told()
    assert f"any more ({WHY[code]})" in told
    assert before == stage.calls("conversations.setTopic", "conversations.invite", "pins.add")
    await stage.asked(ALICE)
    await stage.settled()
    assert (await stage.own()).usable
    assert stage.made()[-1].topic.startswith("Acknowledged")
    assert 1 == len(await stage.told())


async def test_a_channel_that_takes_no_card_is_left_at_once(stage: Stage) -> None:
    """A person archived it, and nothing but the card was to be changed there: that is tried once, and told once."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    own.members.remove(stage.slack.bot_user_id)
    own.archived = True
    for number in range(3):
        await stage.happens(PRIORITY_UPDATED, BOB, replace(snapshot(), priority=Ref(f"P{number}", f"P{number}")))
        await stage.settled()

    [told] = await stage.told()
    assert "any more (it is archived)" in told
    assert 1 == sum(call.error is not None for call in stage.slack.calls if call.channel == own.id)


async def test_a_card_that_was_deleted_is_pinned_when_it_is_there_again(stage: Stage) -> None:
    """Nothing is told of a pin that came too late."""
    await stage.opened()
    await stage.reconciled()
    await stage.one_pass()
    await stage.reconciled()
    [own] = stage.made()
    stage.slack.remove(own.messages[0])
    await stage.one_pass()
    await stage.happens(ACKNOWLEDGED, BOB)
    await stage.settled()

    assert any(message.pinned for message in own.messages)
    assert [] == await stage.told()


async def test_without_the_table_there_is_nothing(stage: Stage) -> None:
    """No call, no queue, no document, also if the incident was asked about before."""
    stage.built.apply_config(BridgeConfig.model_validate({"routing": {"default_channel": HOME}}))
    await stage.opened()
    await stage.asked()
    await stage.reconciled()

    assert await stage.one_pass() is None
    assert [] == stage.made()
    assert await stage.built.store.channel_queue.take() is None
    assert not await stage.redis.exists(keys.of_incident(INCIDENT, "channel"))


async def test_an_incident_that_no_channel_shows_gets_none(stage: Stage) -> None:
    """Nor does one that is over, also if it is asked for."""
    stage.built.apply_config(BridgeConfig.model_validate({"incident_channels": stage.config}))
    await stage.opened()
    await stage.settled()
    stage.configure()
    await stage.happens(RESOLVED)
    await stage.asked()
    await stage.settled()

    assert [] == stage.made()
