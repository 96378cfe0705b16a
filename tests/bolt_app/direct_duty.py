"""One worker between both platforms, for the cards in people's own conversations, pass by pass."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from fakeredis import FakeAsyncRedis

from bolt_app.worker_parts import BuiltWorker
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import Message, SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.errors import CallError
from shared.model.direct_card import Level
from shared.model.event import Agent, Instant, Ref, Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store import keys
from tests.bolt_app.built_services import wired
from tests.builders import ALICE, BOB, INCIDENT, snapshot

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


@asynccontextmanager
async def on_duty() -> AsyncIterator[Duty]:
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
        redis.waits_for_replica, redis.topology, redis.writing = False, None, None
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
