"""
A storm in virtual time: many incidents with four events each, a real core and a real door to Slack, Slack's own limits.

Nothing is scaled and nothing depends on this machine: a second is one of Slack's.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from bolt_app.build import build_worker
from bolt_app.consumers import QueueWorker, StreamConsumer, repeat_until_stopped
from bolt_app.worker_parts import Clients, Options, PartTypes
from bolt_app.worker_store import Store
from pagebridge_sandbox.slack import RateLimits
from pagebridge_sandbox.slack.limits import RateLimitEnforcer
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.slack.api.rate_limits import CHANNEL, TIER_3, WORKSPACE
from shared.slack.api.transport import RateLimiter
from shared.store import keys
from shared.store.coordination import SharedTokenBuckets
from shared.store.redis import write_once
from tests.metric_samples import sample
from tests.proof.engine.connection import SimRedis
from tests.proof.engine.keyspace import Command, Keyspace, SortedSet, score
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Process
from tests.proof.engine.virtual_loop import VirtualLoop
from tests.proof.error_capture import surprises
from tests.proof.faulty_link import Troubles, Way
from tests.proof.pagerduty_client import SimulatedPagerDuty
from tests.proof.pagerduty_model import Account
from tests.proof.personas import ALICE, BOB
from tests.proof.rate_limited_slack import EPOCH, POST, UPDATE, Channels, LimitedSlack, LimitedTransport, Message
from tests.proof.slack_client import HOME
from tests.proof.unrestricted_account import AbleToDoEverything

MINUTE = 60.0
EVENTS = 4
"""Of each incident: it is opened, acknowledged, that times out, and resolved. The card tells of the first."""


@dataclass(frozen=True)
class Figures:
    """
    What a storm took. `passes` counts the looks at incidents, `refused` the calls that Slack found too fast.

    `fewest` are the posts without which not everything would be told: a card and its lines for each incident; `notices`
    are those that say that cards are late, or not any more. `forced` is the number of seconds that Slack's limits take
    for all of this, and `soonest` for the first cards alone; `cards` and `seconds` tell after how many the last of them
    was there, and everything.
    """

    incidents: int
    channels: int
    fewest: int
    posts: int
    notices: int
    updates: int
    refused: int
    passes: int
    cards: float
    seconds: float
    forced: float
    soonest: float


@dataclass(frozen=True)
class Weather:
    """
    What kind of storm is to come. With `above`, incidents of low urgency share a card where there are more a minute.

    One in `open_ones` incidents stays open, none if that is 0.
    """

    incidents: int
    channels: int
    workers: int = 1
    above: int = 0
    open_ones: int = 0

    def stays_open(self, n: int) -> bool:
        """Tell whether an incident is not resolved."""
        return bool(self.open_ones) and n % self.open_ones == 0


@dataclass
class Storm:
    """A storm that is over: what Slack shows, the figures, and after how many seconds each incident was changed."""

    channels: Channels
    figures: Figures
    changed: dict[int, list[float]]

    @property
    def opened(self) -> dict[int, float]:
        """After how many seconds each incident was opened."""
        return {n: times[0] for n, times in self.changed.items()}

    def waited(self, urgency: str) -> list[float]:
        """List how many seconds the first card of each incident of this urgency took, in the order of opening."""
        at = {message.key: message.at for message in self.channels.messages.values()}
        chosen = [n for n in sorted(self.opened) if urgency_of(n) == urgency]
        return [at[f"card:Q{n}INCIDENT"] - self.opened[n] for n in chosen]

    def notices(self, channel: str) -> list[Message]:
        """List what the people of a channel were told about late cards, in its order."""
        said = [one for (place, _), one in self.channels.messages.items() if place == channel]
        return sorted((one for one in said if one.key.startswith("lag:")), key=lambda one: one.at)


def storm(weather: Weather) -> Storm:
    """Let a storm pass."""
    loop = VirtualLoop()
    played: list[Storm] = []

    async def main() -> None:
        played.append(await _played(loop, weather))

    heard: list[str] = []
    with surprises(heard):
        loop.run(main, until=100_000.0)
    if heard:
        raise AssertionError(heard)
    return played[0]


async def _played(loop: VirtualLoop, weather: Weather) -> Storm:
    server = MemoryServer(loop.time, EPOCH * 1000)
    server._commands |= MORE_COMMANDS
    slack = Channels(RateLimitEnforcer(RateLimits(), loop.time))
    bodies: list[bytes] = []
    account = Account(loop.time, lambda: int((EPOCH + loop.time()) * 1000), bodies.append)
    before = _passes()
    async with asyncio.TaskGroup() as group:
        running = [
            group.create_task(_worker(f"worker {n}", Random(n), server, account, slack, _config(weather)))  # noqa: S311 -- the same storm again
            for n in range(weather.workers)
        ]
        changed = await _break_out(server, account, bodies, weather)
        while _waiting(server):  # noqa: ASYNC110 -- the server has no event for it
            await asyncio.sleep(1.0)
        seconds = loop.time()
        for task in running:
            task.cancel()
    return Storm(slack, _figures(slack, weather, _passes() - before, seconds), changed)


def _waiting(server: MemoryServer) -> bool:
    queues = [("ZCARD", keys.of_queue(name, "due")) for name in ("dirty", "digests")]
    asked = [("LLEN", keys.DELIVERIES), ("XLEN", keys.EVENTS), *queues]
    return any(server.execute(*command) for command in asked)


async def _worker(
    name: str, rng: Random, server: MemoryServer, account: Account, channels: Channels, config: BridgeConfig
) -> None:
    """Run what a worker needs to fold and to show: the rest of it has nothing to do in a storm."""
    process, troubles = Process(name, rng), Troubles((), rng)
    redis = SimRedis(server, process)
    pacing = RateLimiter(process.monotonic, shared=SharedTokenBuckets(redis))
    slack = LimitedSlack(LimitedTransport(channels, Way(process, "slack", troubles), pacing))
    pagerduty = SimulatedPagerDuty(account, Way(process, "pagerduty", troubles))

    async def run() -> None:
        durations = Durations()
        store = Store.on(redis, durations.lease, process.monotonic)
        options, types = Options(name), PartTypes(account_cache=AbleToDoEverything)
        clients = Clients(redis, redis, slack, pagerduty)
        built = build_worker(clients, HOME, LiveConfig(config), durations, store, options, types)
        await built.open_streams()
        await store.clock.now_ms()
        await store.generation.current()
        folding = StreamConsumer(built.events, built.read_path.projector.handle).step
        leases, reconciler = store.leases("slack"), built.read_path.reconciler
        showing = QueueWorker(store.dirty_queue, leases, reconciler, durations, store.clock)
        poster = built.read_path.digest_poster
        digests = QueueWorker(store.digest_queue, store.leases("digest"), poster, durations, store.clock)
        async with asyncio.TaskGroup() as group:
            for step in (built.deliveries.step, folding):
                group.create_task(repeat_until_stopped(step, options.stopping, durations.retry_first))
            group.create_task(showing.run(options.stopping))
            group.create_task(digests.run(options.stopping))

    await process.run(run)


def _config(weather: Weather) -> BridgeConfig:
    routes = [{"service": f"service-{n}", "channel": f"C0STORM{n}"} for n in range(weather.channels)]
    return BridgeConfig.model_validate({"routing": {"routes": routes, "digest_above": weather.above}})


async def _break_out(
    server: MemoryServer, account: Account, bodies: list[bytes], weather: Weather
) -> dict[int, list[float]]:
    """Let everything happen within a minute, evenly: each incident's four events, one soon after the other."""
    receiver = Process("receiver", Random(0))  # noqa: S311 -- the same storm again
    redis = SimRedis(server, receiver)
    apart, events = MINUTE / (weather.incidents + 10 * EVENTS), range(weather.incidents * EVENTS)
    every = ((5 + apart * (n + 10 * step), n, step) for n, step in (divmod(event, EVENTS) for event in events))
    acts = sorted(act for act in every if act[2] < EVENTS - 1 or not weather.stays_open(act[1]))
    for at, n, step in acts:
        await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
        _act(account, n, step)
        body = _placed(bodies.pop(), n, weather.channels)
        store = partial(write_once, redis, "RPUSH", keys.DELIVERIES, b"0 " + body, wait_for_disk=True)
        await receiver.run(store)
    return {n: [at for at, one, _ in acts if one == n] for n in range(weather.incidents)}


def _act(account: Account, n: int, step: int) -> None:
    incident = account.open(n) if step == 0 else account.incidents[f"Q{n}INCIDENT"]
    match step:
        case 1:
            account.acknowledge(incident, ALICE)
        case 2:
            account.unacknowledge(incident, None)
        case 3:
            account.resolve(incident, BOB)


def _placed(body: bytes, n: int, channels: int) -> bytes:
    """Let an event be of one of the services, and half of the incidents of low urgency."""
    message = json.loads(body)
    data = message["event"]["data"]
    data["service"] = {"id": f"PSERVICE{n % channels}", "summary": f"service-{n % channels}"}
    data["urgency"] = urgency_of(n)
    return json.dumps(message).encode()


def urgency_of(n: int) -> str:
    """Give the urgency of an incident: of twenty in turn."""
    return "low" if n // 20 % 2 else "high"


def _figures(slack: Channels, weather: Weather, passes: int, seconds: float) -> Figures:
    incidents, channels = weather.incidents, weather.channels
    fewest = incidents * EVENTS
    cards = max(message.at for message in slack.messages.values() if message.key.startswith("card:"))
    notices = sum(message.key.startswith("lag:") for message in slack.messages.values())
    posts, updates = slack.calls[POST], slack.calls[UPDATE]
    a_second = {rate: rate.per_minute / 60 for rate in (CHANNEL, WORKSPACE, TIER_3)}
    forced = max(posts / channels / a_second[CHANNEL], posts / a_second[WORKSPACE], updates / a_second[TIER_3])
    soonest = max(incidents / channels / a_second[CHANNEL], incidents / a_second[WORKSPACE])
    taken = passes, cards, seconds, forced, soonest
    return Figures(incidents, channels, fewest, posts, notices, updates, slack.refused, *taken)


def _passes() -> int:
    return int(sample("pagebridge_passes_total", {"work": "slack"}) or 0)


def _zrank(space: Keyspace, args: Sequence[bytes]) -> int | None:
    found = space.find(args[0], SortedSet) or SortedSet()
    if args[1] not in found:
        return None
    at = found[args[1]]
    return sum(other < at or (other == at and member < args[1]) for member, other in found.items())


def _zcount(space: Keyspace, args: Sequence[bytes]) -> int:
    least, most = score(args[1]), score(args[2])
    return sum(least <= at <= most for at in (space.find(args[0], SortedSet) or SortedSet()).values())


def _zrangebyscore(space: Keyspace, args: Sequence[bytes]) -> list[bytes]:
    least, most = score(args[1]), score(args[2])
    found = space.find(args[0], SortedSet) or SortedSet()
    return [member for at, member in sorted((at, member) for member, at in found.items() if least <= at <= most)]


MORE_COMMANDS = {
    b"ZRANK": Command(_zrank, 2, 2),
    b"ZCOUNT": Command(_zcount, 3, 3),
    b"ZRANGEBYSCORE": Command(_zrangebyscore, 3, 3),
}
