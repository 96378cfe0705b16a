"""The parts of a worker: the two paths, and the services that they share. `bolt_app.build` composes them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from bolt_app.account_cache import AccountCache
from bolt_app.app import Listeners
from bolt_app.consumers import QueueWorker, StreamConsumer, repeat_until_stopped
from bolt_app.digest.poster import DigestPoster
from bolt_app.handover.source import HandoverSource
from bolt_app.handover.writer import HandoverWriter
from bolt_app.home_tab import HomeTab
from bolt_app.home_watch import HomeWatch
from bolt_app.incident_channel.upkeep import ChannelUpkeep
from bolt_app.linking.sign_ins import SignIns
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.queries.notify import Notify
from bolt_app.queries.on_call import OnCallQuery
from bolt_app.queries.on_call_reader import OnCallReader
from bolt_app.read_path.backlog import Backlog
from bolt_app.read_path.direct_summaries import DirectSummaries
from bolt_app.read_path.enrichment import CONCURRENT_ENRICHMENTS, Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector, Rule
from bolt_app.read_path.reconciler import Reconciler
from bolt_app.read_path.reminders import Reminders
from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.route_monitor import RouteMonitor
from bolt_app.shift_work import ShiftWatch, ShiftWork
from bolt_app.visibility import Visibility
from bolt_app.vitals import Vitals
from bolt_app.worker_store import Store
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.command_intake import CommandDispatcher, CommandIntake
from bolt_app.write_path.direct_acknowledge import DirectAcknowledge
from bolt_app.write_path.executor import Executor
from shared.access.authorization import Authorization
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.model.incident import fold
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.lanes import Lanes
from shared.pagerduty.api.sign_in import SignIn
from shared.pagerduty.models.webhook_subscription import ANY
from shared.slack.api.client import Slack
from shared.store.coordination import SharedTokenBuckets
from shared.store.losses import LossWatch
from shared.store.notify import Wishes
from shared.store.redis import Redis
from shared.store.streams import Deliveries, Inbox, append_command

CONCURRENT_COMMANDS = 256
"""Incidents whose commands one worker has in hand. Most wait for their turn, and are told so."""


@dataclass(frozen=True)
class Clients:
    """
    The clients that a worker opens at start and closes at its end, and the `lanes` in which PagerDuty is called.

    `sign_in` is the app by which people sign in there who link themselves, if there is one.
    """

    redis: Redis
    blocking: Redis
    slack: Slack
    pagerduty: PagerDuty
    lanes: Lanes = field(default_factory=Lanes)
    sign_in: SignIn | None = None


@dataclass(frozen=True)
class Options:
    """One worker's own: its consumer `name`, what ends it, its slash command, and the watched `subscription`."""

    name: str = "worker"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    slash_command: str = "/pd"
    subscription: str = ANY


@dataclass(frozen=True)
class PartTypes:
    """The classes, and the rule, in whose place a negative control of the simulation puts a broken one."""

    fold_rule: Rule = fold
    account_cache: type[AccountCache] = AccountCache
    message_sync: type[MessageSync] = MessageSync
    attempt_runner: type[AttemptRunner] = AttemptRunner
    direct: Callable[..., DirectAcknowledge] = DirectAcknowledge
    resync: type[IncidentResync] = IncidentResync
    sweep: type[SlackSweep] = SlackSweep


@dataclass(frozen=True)
class Shared:
    """The services that several parts of one worker share."""

    clients: Clients
    config: LiveConfig
    durations: Durations
    store: Store
    options: Options
    types: PartTypes
    identity: Identity
    authorization: Authorization
    actor_check: ActorCheck
    account_cache: AccountCache
    visibility: Visibility
    open_reader: OpenIncidentReader

    @cached_property
    def on_call(self) -> OnCallQuery:
        """Shows who is on call; all who ask share what was read."""
        reader = OnCallReader(self.clients.pagerduty, self.visibility, self.store.clock)
        return OnCallQuery(reader, self.identity, self.open_reader, self.visibility, self.store.clock)

    @cached_property
    def notify(self) -> Notify:
        """Stores the choices of direct messages."""
        wishes = Wishes(self.clients.redis, durable=self.store.durable)
        return Notify(self.clients.slack, self.identity, wishes, self.config)

    @cached_property
    def backlog(self) -> Backlog:
        """Bounds the lines that are not posted yet."""
        return Backlog(self.store.incidents, self.store.slack_states, self.config, self.store.clock)

    @cached_property
    def reminders(self) -> Reminders:
        """Asks about acknowledgements that may be forgotten."""
        store, budgets = self.store, SharedTokenBuckets(self.clients.redis)
        to_stream = partial(append_command, self.clients.redis, wait_for_disk=store.durable)
        return Reminders(
            store.incidents, store.open_incidents, budgets, self.config, store.clock, self.identity, to_stream
        )

    @cached_property
    def handover_writer(self) -> HandoverWriter:
        """Writes what the next shift has to know."""
        store, visibility = self.store, self.visibility
        source = HandoverSource(store.open_incidents, store.incidents, store.slack_states, visibility)
        return HandoverWriter(source, self.on_call.reader, visibility, self.config, store.clock)


@dataclass(frozen=True)
class ReadPath:
    """The parts that bring PagerDuty's events to Slack."""

    projector: Projector
    reconciler: Reconciler
    home_watch: HomeWatch
    enricher: Enricher
    shift_work: ShiftWork
    shift_watch: ShiftWatch
    digest_poster: DigestPoster
    direct_summaries: DirectSummaries
    channel_upkeep: ChannelUpkeep
    scheduler: Scheduler


@dataclass(frozen=True)
class WritePath:
    """The parts that carry out Slack commands in PagerDuty, and link those who are to give some."""

    command_intake: CommandIntake
    loss_watch: LossWatch
    dispatcher: CommandDispatcher
    executor: Executor
    sign_ins: SignIns


@dataclass(frozen=True)
class BuiltWorker:
    """A worker that is put together: what takes in what people do, and the loops that work it off."""

    options: Options
    durations: Durations
    config: LiveConfig
    identities: tuple[Identity, Identity]
    authorization: Authorization
    store: Store
    read_path: ReadPath
    write_path: WritePath
    listeners: Listeners
    home_tab: HomeTab
    deliveries: Deliveries
    events: Inbox
    commands: Inbox
    route_monitor: RouteMonitor
    vitals: Vitals

    def apply_config(self, config: BridgeConfig) -> None:
        """Work by another `bridge.toml` from now on."""
        self.config.current = config
        for identity in self.identities:
            identity.config = config.identity
        self.authorization.config = config.authorization
        self.route_monitor.config_changed()

    async def open_streams(self) -> None:
        """Create the streams' consumer groups. Raises `StoreDown`."""
        for inbox in (self.events, self.commands):
            await inbox.open()

    def loops(self) -> list[Coroutine[None, None, None]]:
        """Return what runs side by side until the worker is told to stop."""
        stopping = self.options.stopping
        repeated = [
            self.deliveries.step,
            StreamConsumer(self.events, self.read_path.projector.handle, at_once=True).step,
            StreamConsumer(self.commands, self.write_path.dispatcher.handle).step,
            self.write_path.loss_watch.step,
            self.read_path.scheduler.step,
            self.read_path.shift_watch.step,
        ]
        if self.write_path.sign_ins.app is not None:
            repeated.append(self.write_path.sign_ins.step)
        return [
            *(repeat_until_stopped(step, stopping, self.durations.retry_first) for step in repeated),
            *(queue.run(stopping) for queue in self._queues()),
            self.read_path.home_watch.run(),
            self.write_path.command_intake.catch_up(stopping),
        ]

    def _queues(self) -> Iterator[QueueWorker]:
        """Yield what works off the queues: a lease and a task for each, and the documents that every pass reads."""
        store, incidents, slack = self.store, self.store.incidents.name, self.store.slack_states.name
        worker = partial(QueueWorker, durations=self.durations, clock=store.clock)
        yield worker(
            store.command_queue,
            store.leases("command"),
            self.write_path.executor,
            documents=(store.command_queues.name, incidents),
            at_once=CONCURRENT_COMMANDS,
        )
        reconciler, enricher = self.read_path.reconciler, self.read_path.enricher
        yield worker(
            store.dirty_queue,
            store.leases("slack"),
            reconciler,
            documents=(incidents, slack),
            fenced_off=reconciler.fenced_off,
        )
        yield worker(
            store.enrichment_queue,
            store.leases("briefing"),
            enricher,
            documents=(incidents,),
            at_once=CONCURRENT_ENRICHMENTS,
        )
        # A worker marks these for itself; the others look whether one that died has left something.
        seldom = partial(worker, durations=replace(self.durations, poll=self.durations.lease))
        yield seldom(store.open_homes.queue, store.leases("home"), self.home_tab)
        shifts, posts = self.read_path.shift_work, (store.handover_posts.name,)
        yield seldom(store.handover_queue, store.leases("handover"), shifts, documents=posts)
        yield seldom(self.read_path.direct_summaries.queue, store.leases("summary"), self.read_path.direct_summaries)
        yield seldom(store.channel_queue, store.leases("channel"), self.read_path.channel_upkeep)
        digests, wanted = self.read_path.digest_poster, lambda: bool(self.config.current.routing.digest_channels)
        lease, repair = store.leases("digest"), digests.fenced_off
        yield seldom(store.digest_queue, lease, digests, fenced_off=repair, filled=wanted)
