"""
The composition of a worker: each part gets by name what it uses, and only here.

The worker process, the tests and the simulation all build a worker with `build_worker`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bolt_app.account_cache import AccountCache
from bolt_app.app import Listeners
from bolt_app.commands.incident_lookup import IncidentLookup, SlashTargets
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
from bolt_app.read_path.enrichment import Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector, Rule
from bolt_app.read_path.reconciler import IncidentSync, Mentions, ProjectionReader, Reconciler
from bolt_app.resync.incident_resync import IncidentRepair, IncidentResync
from bolt_app.resync.outage_notice import OutageNotice
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from bolt_app.route_monitor import RouteMonitor
from bolt_app.visibility import Visibility
from bolt_app.worker_parts import BuiltWorker, Clients, Options, ReadPath, Store, WritePath
from bolt_app.write_path.actions.trigger import TriggerIncident
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.command_intake import CommandDispatcher, CommandIntake
from bolt_app.write_path.direct_acknowledge import DirectAcknowledge
from bolt_app.write_path.execution import RecordedCalls
from bolt_app.write_path.executor import Executor
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.access.authorization import Authorization
from shared.access.identity import Identity, IdentityCache
from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.model.incident import fold
from shared.slack.api.client import SlackIdentity
from shared.store import keys
from shared.store.channel_index import ClosedChannels, DelayedCards
from shared.store.redis import append
from shared.store.streams import Inbox


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
    """What several parts of one worker use, and from what it is built."""

    clients: Clients
    config: LiveConfig
    durations: Durations
    store: Store
    options: Options
    types: PartTypes
    identity: Identity
    authorization: Authorization
    account_cache: AccountCache
    visibility: Visibility
    open_reader: OpenIncidentReader


def build_worker(
    clients: Clients,
    home: SlackIdentity,
    config: LiveConfig,
    durations: Durations,
    store: Store,
    options: Options,
    types: PartTypes = PartTypes(),
) -> BuiltWorker:
    """Put a worker together. No call is made. `home` is who the bridge is in Slack."""
    slack, pagerduty = clients.slack, clients.pagerduty
    identity = Identity(config.current.identity, slack, pagerduty, IdentityCache(clients.redis), home)
    uncached_identity = Identity(config.current.identity, slack, pagerduty, IdentityCache(None), home)
    shared = Shared(
        clients=clients,
        config=config,
        durations=durations,
        store=store,
        options=options,
        types=types,
        identity=identity,
        authorization=Authorization(config.current.authorization, pagerduty),
        account_cache=types.account_cache(pagerduty),
        visibility=Visibility(pagerduty, identity, store.slack_states, config),
        open_reader=OpenIncidentReader(store.open_incidents, store.incidents, store.dirty_queue),
    )
    write_path = _build_write_path(shared, uncached_identity)
    return BuiltWorker(
        options=options,
        durations=durations,
        config=config,
        identities=(identity, uncached_identity),
        authorization=shared.authorization,
        store=store,
        read_path=_build_read_path(shared),
        write_path=write_path,
        listeners=_build_listeners(shared, write_path.command_intake),
        events=Inbox(clients.redis, clients.blocking, keys.EVENTS, options.name, durations),
        commands=Inbox(clients.redis, clients.blocking, keys.COMMANDS, options.name, durations),
        route_monitor=RouteMonitor(config, slack, pagerduty),
    )


def _build_read_path(shared: Shared) -> ReadPath:
    slack, pagerduty, redis = shared.clients.slack, shared.clients.pagerduty, shared.clients.redis
    store, types, config, durations = shared.store, shared.types, shared.config, shared.durations
    stopping = shared.options.stopping
    message_sync = types.message_sync(slack, store.clock, durations)
    delays = CardDelays(slack, store.clock, DelayedCards(redis, durations.delay_notice_after))
    outage = ChannelOutage(
        ClosedChannels(redis),
        delays,
        store.dirty_queue,
        store.journal,
        store.clock,
        config,
        shared.visibility,
        durations.channel_retry,
    )
    adoption = Adoption(slack, pagerduty, store.clock, store.incidents, store.slack_states, config, durations)
    mentions = Mentions(shared.identity, durations.name_lookup)
    reconciler = Reconciler(
        store.generation,
        ProjectionReader(store.incidents, pagerduty, store.journal, durations.pagerduty_timeout),
        ChannelPlanner(store.slack_states, store.open_incidents, store.journal, config, shared.visibility, adoption),
        IncidentSync(mentions, ChannelSync(message_sync, shared.account_cache, delays), outage),
        store.slack_states,
        store.journal,
        store.dirty_queue,
        store.enrichment_queue,
        durations,
    )
    incident_repair = IncidentRepair(
        pagerduty, store.incidents, store.dirty_queue, store.command_queue, store.clock, durations
    )
    resync = types.resync(
        pagerduty, store.open_incidents, store.generation, store.clock, durations, stopping, incident_repair
    )
    sweep = types.sweep(
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
        SubscriptionWatchdog(pagerduty, redis, store.clock, durations, shared.options.subscription),
        outage_notice,
    )
    return ReadPath(
        projector=Projector(
            redis,
            pagerduty,
            store.clock,
            store.generation,
            store.incidents,
            store.dirty_queue,
            store.command_queue,
            types.fold_rule,
        ),
        reconciler=reconciler,
        enricher=Enricher(pagerduty, store.incidents, store.dirty_queue, store.enrichment_queue, durations),
        scheduler=scheduler,
    )


def _build_write_path(shared: Shared, uncached_identity: Identity) -> WritePath:
    slack, pagerduty, redis = shared.clients.slack, shared.clients.pagerduty, shared.clients.redis
    store, types, durations = shared.store, shared.types, shared.durations
    identity, authorization = shared.identity, shared.authorization
    append_event = partial(append, redis, keys.EVENTS, wait_for_disk=store.durable)
    append_command = partial(append, redis, keys.COMMANDS, wait_for_disk=store.durable)
    actor_check = ActorCheck(pagerduty, identity, authorization)
    calls = RecordedCalls(store.command_queues, store.expectations, store.generation, identity, store.clock, durations)
    executor = Executor(
        attempt_runner=types.attempt_runner(
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
        stopping=shared.options.stopping,
    )
    direct = types.direct(
        ActorCheck(pagerduty, uncached_identity, authorization),
        pagerduty,
        slack,
        store.command_queues,
        store.audit,
        store.clock,
        durations,
    )
    command_intake = CommandIntake(append_command, direct, store.clock, durations)
    return WritePath(
        command_intake=command_intake,
        direct=direct,
        dispatcher=CommandDispatcher(store.command_queues, store.command_queue),
        executor=executor,
    )


def _build_listeners(shared: Shared, command_intake: CommandIntake) -> Listeners:
    slack, pagerduty, redis = shared.clients.slack, shared.clients.pagerduty, shared.clients.redis
    store, durations, identity, account_cache = shared.store, shared.durations, shared.identity, shared.account_cache
    visibility, open_reader = shared.visibility, shared.open_reader
    modal_opener = ModalOpener(slack, account_cache, store.clock)
    incident_lookup = IncidentLookup(pagerduty, identity, open_reader, visibility, SlashTargets(redis), durations)
    return Listeners(
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
            shared.options.slash_command,
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
