"""A worker between both simulators, for the channel of an incident, pass by pass."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from fakeredis import FakeAsyncRedis

from bolt_app.read_path.channel_sync import retry_after
from bolt_app.worker_parts import BuiltWorker
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import Channel, SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.errors import CallError
from shared.model.event import Agent, Event, Instant, Ref, Snapshot, Source
from shared.model.event_types import (
    CHANNEL_ASKED,
    CHANNEL_FAILED,
    TRIGGERED,
)
from shared.model.ids import ChannelId, EventId, IncidentId
from shared.model.incident import fold
from shared.model.incident_channel import IncidentChannel
from shared.model.thread_layout import ThreadEntry
from shared.model.timeline import Line
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
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
