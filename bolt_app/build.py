"""
The composition of a worker: each part gets by name what it uses, and only here.

The worker process, the tests and the simulation all build a worker with `build_worker`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial

from bolt_app.account_cache import AccountCache
from bolt_app.app import Listeners
from bolt_app.commands.incident_lookup import IncidentLookup, SlashTargets
from bolt_app.consumers import QueueWorker, StreamConsumer, repeat_until_stopped
from bolt_app.listeners.block_actions import BlockActions
from bolt_app.listeners.message_shortcuts import MessageShortcuts
from bolt_app.listeners.slash_commands import SlashCommands
from bolt_app.listeners.view_submissions import ViewSubmissions
from bolt_app.modals.opener import ModalOpener
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.queries.acknowledge_mine import AcknowledgeMine
from bolt_app.queries.incident_details import IncidentDetails
from bolt_app.queries.list_incidents import ListIncidents
from bolt_app.queries.on_call import OnCallQuery
from bolt_app.queries.router import QueryRouter
from bolt_app.queries.show_incident import ShowIncident
from bolt_app.read_path.adoption import Adoption
from bolt_app.read_path.channel_outage import ChannelOutage
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.channel_sync import CardDelays, ChannelSync
from bolt_app.read_path.enrichment import CONCURRENT_ENRICHMENTS, Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector, Rule
from bolt_app.read_path.reconciler import IncidentSync, Mentions, ProjectionReader, Reconciler
from bolt_app.resync.incident_resync import IncidentRepair, IncidentResync
from bolt_app.resync.outage_notice import OutageNotice
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from bolt_app.route_monitor import RouteMonitor
from bolt_app.services import Services
from bolt_app.visibility import Visibility
from bolt_app.write_path.actions.trigger import TriggerIncident
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.command_intake import CommandDispatcher, CommandIntake
from bolt_app.write_path.direct_acknowledge import DirectAcknowledge
from bolt_app.write_path.execution import RecordedCalls
from bolt_app.write_path.executor import Executor
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.access.authorization import Authorization
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.model.command import CommandQueue
from shared.model.incident import Incident, fold
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.webhook_subscription import ANY
from shared.slack.api.client import Slack, SlackIdentity
from shared.store import documents, keys
from shared.store.channel_index import ClosedChannels, DelayedCards, OpenIncidents
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Leases, WorkQueue
from shared.store.documents import Documents, ExpectationStore, Journal
from shared.store.identity_cache import IdentityCache
from shared.store.redis import Redis, append
from shared.store.streams import Audit, Inbox


@dataclass(frozen=True)
class Clients:
    """The clients that a worker opens at start and closes at its end."""

    redis: Redis
    blocking: Redis
    slack: Slack
    pagerduty: PagerDuty


@dataclass(frozen=True)
class Store:
    """
    What a worker keeps in Redis.

    `durable` says whether an append waits for the disk. `leases` makes the leases for one kind of work.
    """

    redis: Redis
    durable: bool
    generation: Generation
    clock: StoreClock
    incidents: Documents[Incident]
    command_queues: Documents[CommandQueue]
    slack_states: Documents[SlackState]
    resync_states: Documents[ResyncState]
    open_incidents: OpenIncidents
    leases: Callable[[str], Leases]
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    enrichment_queue: WorkQueue
    expectations: ExpectationStore
    audit: Audit
    journal: Journal

    @classmethod
    def on(
        cls, redis: Redis, lease: float, monotonic: Callable[[], float] = time.monotonic, *, durable: bool = True
    ) -> "Store":
        """Put it on `redis`; a lease is held for `lease` seconds."""
        incidents = documents.incidents(redis)
        return cls(
            redis=redis,
            durable=durable,
            generation=Generation(redis),
            clock=StoreClock(redis, monotonic),
            incidents=incidents,
            command_queues=documents.command_queues(redis),
            slack_states=documents.surfaces(redis),
            resync_states=documents.progress(redis),
            open_incidents=OpenIncidents(redis),
            leases=lambda work: Leases(redis, work, lease, monotonic),
            dirty_queue=WorkQueue(redis, "dirty", lease),
            command_queue=WorkQueue(redis, "commands", lease),
            enrichment_queue=WorkQueue(redis, "briefings", lease),
            expectations=ExpectationStore(incidents),
            audit=Audit(redis),
            journal=Journal(redis),
        )


@dataclass(frozen=True)
class Options:
    """
    What belongs to one worker process alone.

    `name` is the consumer of the streams. `stopping` is set when the worker is told to end. `subscription` is the
    webhook subscription that the watchdog looks after.
    """

    name: str = "worker"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    slash_command: str = "/pd"
    subscription: str = ANY


@dataclass(frozen=True)
class Parts:
    """The parts that a negative control of the simulation breaks, by another class or rule in the place of one."""

    fold_rule: Rule = fold
    account_cache: type[AccountCache] = AccountCache
    message_sync: type[MessageSync] = MessageSync
    attempt_runner: type[AttemptRunner] = AttemptRunner
    direct: Callable[..., DirectAcknowledge] = DirectAcknowledge
    resync: type[IncidentResync] = IncidentResync
    sweep: type[SlackSweep] = SlackSweep


@dataclass(frozen=True)
class BuiltWorker:
    """A worker that is put together: what takes in what people do, and the loops that work it off."""

    options: Options
    durations: Durations
    store: Store
    config: LiveConfig
    identities: tuple[Identity, Identity]
    authorization: Authorization
    listeners: Listeners
    command_intake: CommandIntake
    direct: DirectAcknowledge
    events: Inbox
    commands: Inbox
    projector: Projector
    dispatcher: CommandDispatcher
    executor: Executor
    reconciler: Reconciler
    enricher: Enricher
    scheduler: Scheduler
    route_monitor: RouteMonitor
    services: Services

    def apply_config(self, config: BridgeConfig) -> None:
        """Work by another `bridge.toml` from now on."""
        self.config.current = config
        for identity in self.identities:
            identity.config = config.identity
        self.authorization.config = config.authorization
        self.route_monitor.config_changed()

    async def open_streams(self) -> None:
        """Create the streams' consumer groups. Raises `StoreDown`."""
        await self.events.open()
        await self.commands.open()

    def loops(self) -> list[Coroutine[None, None, None]]:
        """Return what runs side by side until the worker is told to stop."""
        store, stopping = self.store, self.options.stopping
        repeated = (
            StreamConsumer(self.events, self.projector.handle).step,
            StreamConsumer(self.commands, self.dispatcher.handle).step,
            self.direct.catch_up,
            self.scheduler.step,
        )
        queues = (
            QueueWorker(store.command_queue, store.leases("command"), self.executor, self.durations),
            QueueWorker(store.dirty_queue, store.leases("slack"), self.reconciler, self.durations),
            QueueWorker(
                store.enrichment_queue, store.leases("briefing"), self.enricher, self.durations, CONCURRENT_ENRICHMENTS
            ),
        )
        return [
            *(repeat_until_stopped(step, stopping, self.durations.retry_first) for step in repeated),
            *(queue.run(stopping) for queue in queues),
        ]


def build_worker(
    clients: Clients,
    home: SlackIdentity,
    config: LiveConfig,
    durations: Durations,
    store: Store,
    options: Options,
    parts: Parts = Parts(),
) -> BuiltWorker:
    """Put a worker together. No call is made. `home` is who the bridge is in Slack."""
    redis, slack, pagerduty = clients.redis, clients.slack, clients.pagerduty
    current, stopping = config.current, options.stopping
    identity = Identity(current.identity, slack, pagerduty, IdentityCache(redis), home)
    uncached_identity = Identity(current.identity, slack, pagerduty, IdentityCache(None), home)
    authorization = Authorization(current.authorization, pagerduty)
    account_cache = parts.account_cache(pagerduty)
    visibility = Visibility(pagerduty, identity, store.slack_states, config)
    open_reader = OpenIncidentReader(store.open_incidents, store.incidents, store.dirty_queue)
    services = Services(
        live_config=config,
        stopping=stopping,
        durations=durations,
        pagerduty=pagerduty,
        slack=slack,
        identity=identity,
        authorization=authorization,
        account_cache=account_cache,
        visibility=visibility,
        open_reader=open_reader,
        **vars(store),
    )

    # The read path, and resync.
    message_sync = parts.message_sync(slack, store.clock, durations)
    delays = CardDelays(slack, store.clock, DelayedCards(redis, durations.delay_notice_after))
    outage = ChannelOutage(
        ClosedChannels(redis),
        delays,
        store.dirty_queue,
        store.journal,
        store.clock,
        config,
        visibility,
        durations.channel_retry,
    )
    adoption = Adoption(slack, pagerduty, store.clock, store.incidents, store.slack_states, config, durations)
    mentions = Mentions(identity, durations.name_lookup)
    reconciler = Reconciler(
        store.generation,
        ProjectionReader(store.incidents, pagerduty, store.journal, durations.pagerduty_timeout),
        ChannelPlanner(store.slack_states, store.open_incidents, store.journal, config, visibility, adoption),
        IncidentSync(mentions, ChannelSync(message_sync, account_cache, delays), outage),
        store.slack_states,
        store.journal,
        store.dirty_queue,
        store.enrichment_queue,
        durations,
    )
    incident_repair = IncidentRepair(
        pagerduty, store.incidents, store.dirty_queue, store.command_queue, store.clock, durations
    )
    resync = parts.resync(
        pagerduty, store.open_incidents, store.generation, store.clock, durations, stopping, incident_repair
    )
    sweep = parts.sweep(
        slack,
        store.slack_states,
        store.open_incidents,
        store.dirty_queue,
        store.journal,
        store.leases("slack"),
        store.clock,
        config,
        durations,
        resync,
    )
    outage_notice = OutageNotice(
        message_sync, store.incidents, store.slack_states, store.resync_states, durations.webhook_grace
    )
    scheduler = Scheduler(
        store.resync_states,
        store.leases("upkeep"),
        store.clock,
        durations,
        stopping,
        resync,
        sweep,
        SubscriptionWatchdog(pagerduty, redis, store.clock, durations, options.subscription),
        outage_notice,
    )

    # The write path.
    append_event = partial(append, redis, keys.EVENTS, wait_for_disk=store.durable)
    append_command = partial(append, redis, keys.COMMANDS, wait_for_disk=store.durable)
    actor_check = ActorCheck(pagerduty, identity, authorization)
    calls = RecordedCalls(store.command_queues, store.expectations, store.generation, identity, store.clock, durations)
    executor = Executor(
        attempt_runner=parts.attempt_runner(
            actor_check,
            calls,
            pagerduty,
            store.incidents,
            store.dirty_queue,
            store.expectations,
            append_event,
            store.clock,
        ),
        trigger_incident=TriggerIncident(actor_check, calls, pagerduty, append_event),
        progress_replies=ProgressReplies(slack, store.incidents, store.dirty_queue, store.clock, durations),
        calls=calls,
        command_queues=store.command_queues,
        command_queue=store.command_queue,
        incidents=store.incidents,
        audit=store.audit,
        clock=store.clock,
        durations=durations,
        stopping=stopping,
    )
    direct = parts.direct(
        ActorCheck(pagerduty, uncached_identity, authorization),
        pagerduty,
        slack,
        store.command_queues,
        store.audit,
        store.clock,
        durations,
    )
    command_intake = CommandIntake(append_command, direct, store.clock, durations)

    # What people do in Slack.
    modal_opener = ModalOpener(slack, account_cache, store.clock)
    incident_lookup = IncidentLookup(pagerduty, identity, open_reader, visibility, SlashTargets(redis), durations)
    listeners = Listeners(
        BlockActions(
            command_intake,
            slack,
            modal_opener,
            IncidentDetails(pagerduty, visibility, modal_opener),
            store.command_queues,
            durations,
        ),
        ViewSubmissions(command_intake, slack, identity, store.clock, account_cache),
        MessageShortcuts(command_intake, slack, store.incidents),
        SlashCommands(
            options.slash_command,
            command_intake,
            slack,
            modal_opener,
            incident_lookup,
            QueryRouter(
                identity,
                ListIncidents(pagerduty, identity, open_reader, visibility, store.clock),
                ShowIncident(pagerduty, visibility, incident_lookup),
                OnCallQuery(pagerduty, identity, open_reader, visibility),
                AcknowledgeMine(pagerduty, identity, store.clock),
            ),
        ),
        identity,
    )
    return BuiltWorker(
        options=options,
        durations=durations,
        store=store,
        config=config,
        identities=(identity, uncached_identity),
        authorization=authorization,
        listeners=listeners,
        command_intake=command_intake,
        direct=direct,
        events=Inbox(redis, clients.blocking, keys.EVENTS, options.name, durations),
        commands=Inbox(redis, clients.blocking, keys.COMMANDS, options.name, durations),
        projector=Projector(
            redis,
            pagerduty,
            store.clock,
            store.generation,
            store.incidents,
            store.dirty_queue,
            store.command_queue,
            parts.fold_rule,
        ),
        dispatcher=CommandDispatcher(store.command_queues, store.command_queue),
        executor=executor,
        reconciler=reconciler,
        enricher=Enricher(pagerduty, store.incidents, store.dirty_queue, store.enrichment_queue, durations),
        scheduler=scheduler,
        route_monitor=RouteMonitor(config, slack, pagerduty),
        services=services,
    )
