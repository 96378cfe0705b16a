"""
Upkeep of a large account in virtual time: the real resync and sweep, Slack's own limits, and nothing that happens.

Every incident is open, has its card and a note in its thread, and is as PagerDuty shows it. A second is one of Slack's;
nothing depends on this machine. `python -m tests.proof.upkeep_simulation 10000 1000` plays one with 10,000 incidents in
1,000 channels, and prints the figures of its last pass.
"""

import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from bolt_app.build import build_worker
from bolt_app.resync.scheduler import Scheduler
from bolt_app.worker_parts import Clients, Options, PartTypes
from bolt_app.worker_store import Store
from pagebridge_sandbox.slack import RateLimits
from pagebridge_sandbox.slack.limits import RateLimitEnforcer
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.model.event import Instant, Ref
from shared.model.ids import ChannelId, IncidentId, MessageTs
from shared.model.incident import fold
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import Read
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.transport import PAGE
from shared.pagerduty.events import webhook
from shared.pagerduty.events.from_diff import annotated
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import Note
from shared.slack.api.transport import RateLimiter
from shared.store.coordination import SharedTokenBuckets
from tests.proof.engine.connection import SimRedis
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Process
from tests.proof.engine.virtual_loop import VirtualLoop
from tests.proof.error_capture import surprises
from tests.proof.faulty_link import Troubles, Way
from tests.proof.pagerduty_client import SimulatedPagerDuty
from tests.proof.pagerduty_model import Account, History
from tests.proof.personas import ALICE
from tests.proof.rate_limited_slack import EPOCH, Channels, LimitedSlack, LimitedTransport
from tests.proof.slack_client import HOME
from tests.proof.storm_simulation import MORE_COMMANDS
from tests.proof.unrestricted_account import AbleToDoEverything

YESTERDAY = 24 * 3600.0
"""Seconds from when the incidents were opened until upkeep begins."""


@dataclass(frozen=True)
class Figures:
    """
    What one pass took: the `seconds`, and the calls to each platform by kind.

    And what had its turn: the incidents whose `notes` were read, and the `channels` that were swept.
    """

    seconds: float
    pagerduty: Mapping[str, int]
    slack: Mapping[str, int]
    notes: frozenset[str]
    channels: frozenset[str]


class NotedPagerDuty(SimulatedPagerDuty):
    """Shows a note of each incident, lists page by page, and counts the calls."""

    def __init__(self, account: Account, way: Way) -> None:
        super().__init__(account, way)
        self.calls = Counter[str]()
        self.noted: list[str] = []

    async def incidents(self, wanted: IncidentFilter) -> AsyncIterator[RestIncident]:
        """List incidents, with a call for each page."""
        listed = self._listed(wanted)
        for begin in range(0, max(1, len(listed)), PAGE):
            self.calls["pages of the list"] += 1
            page: list[RestIncident] = await self._way.call("survey", partial(list, listed[begin : begin + PAGE]))
            for incident in page:
                yield incident

    async def incident(self, incident: IncidentId, *, with_details: bool = False) -> Read[RestIncident]:
        """Read an incident by itself."""
        self.calls["incidents"] += 1
        return await super().incident(incident, with_details=with_details)

    async def notes(self, incident: IncidentId) -> Read[tuple[Note, ...]]:
        """Read the one note of an incident."""
        self.calls["notes"] += 1
        self.noted.append(incident)
        return await self._way.call("read", lambda: self._with_date((note_of(self._account.incidents[incident]),)))


@dataclass
class QuietChannels(Channels):
    """Channels in which the cards stand that are recorded, with nothing to be seen in their threads."""

    cards: dict[str, list[MessageTs]] = field(default_factory=lambda: defaultdict(list))
    swept: list[str] = field(default_factory=list)

    def answer(self, method: str, said: Mapping[str, Any], at: float) -> dict[str, object]:
        """Answer a call, or refuse it because it comes too soon."""
        super().answer(method, said, at)
        us = {"bot_id": "B0BRIDGE", "user_id": "U0BRIDGE", "team_id": "T0ACME"}
        if method != "conversations.history":
            return {"messages": [], **us}
        self.swept.append(said["channel"])
        return {"messages": [{"ts": ts, **us} for ts in self.cards[said["channel"]]]}


def note_of(incident: History) -> Note:
    """Return the note that Alice wrote when it was opened."""
    at = Instant(incident.transitions[0].at_ms // 1000 * 1000, 1000)
    return Note(f"N{incident.number}", "Looking into it", Ref(ALICE.pagerduty, ALICE.name), at, None)


def upkeep(incidents: int, channels: int, passes: int) -> list[Figures]:
    """Let some passes be made over an account in which nothing happens."""
    loop = VirtualLoop()
    made: list[Figures] = []

    async def main() -> None:
        made.extend(await _played(loop, incidents, channels, passes))

    heard: list[str] = []
    with surprises(heard):
        loop.run(main, until=10 * YESTERDAY)
    if heard:
        raise AssertionError(heard)
    return made


async def _played(loop: VirtualLoop, incidents: int, channels: int, passes: int) -> list[Figures]:
    server = MemoryServer(loop.time, EPOCH * 1000)
    server._commands |= MORE_COMMANDS
    bodies: list[bytes] = []
    account = Account(loop.time, lambda: int((EPOCH + loop.time()) * 1000), bodies.append)
    process, troubles = Process("worker", Random(0)), Troubles((), Random(0))  # noqa: S311 -- the same again
    redis = SimRedis(server, process)
    pacing = RateLimiter(process.monotonic, shared=SharedTokenBuckets(redis))
    places = QuietChannels(RateLimitEnforcer(RateLimits(), loop.time))
    slack = LimitedSlack(LimitedTransport(places, Way(process, "slack", troubles), pacing))
    pagerduty = NotedPagerDuty(account, Way(process, "pagerduty", troubles))
    made: list[Figures] = []

    async def run() -> None:
        durations = Durations()
        store = Store.on(redis, durations.lease, process.monotonic)
        config, types = LiveConfig(_config(channels)), PartTypes(account_cache=AbleToDoEverything)
        clients = Clients(redis, redis, slack, pagerduty)
        built = build_worker(clients, HOME, config, durations, store, Options(process.name), types)
        await store.clock.now_ms()
        for number in range(incidents):
            history, channel = account.open(number), ChannelId(f"C0UPKEEP{number % channels}")
            places.cards[channel].append(await _shown(store, history, bodies.pop(), channel))
        await asyncio.sleep(YESTERDAY)
        for _ in range(passes):
            made.append(await _pass(built.read_path.scheduler, pagerduty, places))
            await asyncio.sleep(durations.resync)

    await process.run(run)
    return made


async def _shown(store: Store, history: History, body: bytes, channel: ChannelId) -> MessageTs:
    """Store an incident as if its card and its note had been posted; return its card."""
    incident, note, opened_ms = IncidentId(history.id), note_of(history), history.transitions[0].at_ms
    event, birth = webhook.parse(body), await store.generation.current()
    assert not isinstance(event, webhook.Ignored)
    known = (await store.incidents.load(incident)).value
    for each in (event, *annotated(incident, (), [note], note.created, 0)):
        known = fold(known, each, opened_ms).incident
    card = MessageTs(f"{opened_ms / 1000:.3f}{history.number % 1000:03d}")
    slack_state = SlackState(
        incident, generation=birth.name, channels=(channel,), cards={channel: MessageState(ts=card)}
    )
    await store.incidents.change(incident, lambda _: known)
    await store.slack_states.change(incident, lambda _: slack_state)
    await store.open_incidents.put(incident, [channel], opened_ms)
    return card


async def _pass(scheduler: Scheduler, pagerduty: NotedPagerDuty, slack: QuietChannels) -> Figures:
    """Make one pass, and count what it takes."""
    begun = asyncio.get_running_loop().time()
    for counted in (pagerduty.calls, pagerduty.noted, slack.calls, slack.swept):
        counted.clear()
    await scheduler.step()
    seconds = asyncio.get_running_loop().time() - begun
    calls = dict(pagerduty.calls), dict(slack.calls)
    return Figures(seconds, *calls, frozenset(pagerduty.noted), frozenset(slack.swept))


def _config(channels: int) -> BridgeConfig:
    routes = [{"service": f"service-{n}", "channel": f"C0UPKEEP{n}"} for n in range(channels)]
    return BridgeConfig.model_validate({"routing": {"routes": routes}})


if __name__ == "__main__":
    [last] = upkeep(int(sys.argv[1]), int(sys.argv[2]), passes=1)
    sys.stdout.write(json.dumps({"seconds": last.seconds, **last.pagerduty, **last.slack}) + "\n")
