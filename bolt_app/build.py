"""The composition of a worker, for the process, the tests and the simulation: each part gets by name what it uses."""

from functools import partial

from bolt_app.build_listeners import build_home_tab, build_listeners
from bolt_app.handover.poster import HandoverPoster
from bolt_app.handover.shifts import ShiftReader
from bolt_app.handover.watch import HandoverWatch
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.read_path.adoption import Adoption
from bolt_app.read_path.channel_outage import ChannelOutage
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.channel_sync import CardDelays, ChannelSync
from bolt_app.read_path.enrichment import Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector
from bolt_app.read_path.reconciler import IncidentSync, Mentions, ProjectionReader, Reconciler
from bolt_app.resync.incident_resync import IncidentRepair, IncidentResync
from bolt_app.resync.outage_notice import OutageNotice
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from bolt_app.route_monitor import RouteMonitor
from bolt_app.visibility import Visibility
from bolt_app.vitals import Vitals
from bolt_app.worker_parts import BuiltWorker, Clients, Options, PartTypes, ReadPath, Shared, Store, WritePath
from bolt_app.write_path.actions.trigger import TriggerIncident
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.attempt import RecordedCalls
from bolt_app.write_path.command_intake import CommandDispatcher, CommandIntake
from bolt_app.write_path.executor import Executor
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.access.authorization import Authorization, Presses
from shared.access.identity import Identity, IdentityCache
from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.slack.api.client import SlackIdentity
from shared.store import keys
from shared.store.channel_index import ClosedChannels, DelayedCards
from shared.store.redis import append
from shared.store.streams import Deliveries, Inbox


def build_worker(
    clients: Clients,
    home: SlackIdentity,
    config: LiveConfig,
    durations: Durations,
    store: Store,
    options: Options,
    types: PartTypes,
) -> BuiltWorker:
    """Put a worker together. No call is made. `home` is who the bridge is in Slack."""
    slack, pagerduty = clients.slack, clients.pagerduty
    identity, uncached_identity = (
        Identity(config.current.identity, slack, pagerduty, cache, home)
        for cache in (IdentityCache(clients.redis), IdentityCache(None))
    )
    shared = _build_shared(clients, config, durations, store, options, types, identity)
    read_path = _build_read_path(shared)
    write_path = _build_write_path(shared, uncached_identity, read_path.projector)
    return BuiltWorker(
        options=options,
        durations=durations,
        config=config,
        identities=(identity, uncached_identity),
        authorization=shared.authorization,
        store=store,
        read_path=read_path,
        write_path=write_path,
        listeners=build_listeners(shared, write_path.command_intake),
        home_tab=build_home_tab(shared),
        deliveries=Deliveries(clients.redis, clients.blocking, durations),
        events=Inbox(clients.redis, clients.blocking, keys.EVENTS, options.name, durations),
        commands=Inbox(clients.redis, clients.blocking, keys.COMMANDS, options.name, durations),
        route_monitor=RouteMonitor(config, slack, pagerduty),
        vitals=Vitals(slack, pagerduty, shared.visibility, config, store.clock, durations),
    )


def _build_shared(
    clients: Clients,
    config: LiveConfig,
    durations: Durations,
    store: Store,
    options: Options,
    types: PartTypes,
    identity: Identity,
) -> Shared:
    visibility = Visibility(clients.pagerduty, identity, store.slack_states, config)
    authorization = Authorization(config.current.authorization, clients.pagerduty)
    return Shared(
        clients=clients,
        config=config,
        durations=durations,
        store=store,
        options=options,
        types=types,
        identity=identity,
        authorization=authorization,
        actor_check=ActorCheck(clients.pagerduty, identity, authorization, visibility),
        account_cache=types.account_cache(clients.pagerduty, visibility),
        visibility=visibility,
        open_reader=OpenIncidentReader(store.open_incidents, store.incidents, store.slack_states, store.dirty_queue),
    )


def _build_read_path(shared: Shared) -> ReadPath:
    pagerduty, store = shared.clients.pagerduty, shared.store
    message_sync = shared.types.message_sync(shared.clients.slack, store.clock, shared.durations)
    return ReadPath(
        projector=Projector(
            redis=shared.clients.redis,
            pagerduty=pagerduty,
            clock=store.clock,
            generation=store.generation,
            incidents=store.incidents,
            backlog=shared.backlog,
            dirty_queue=store.dirty_queue,
            command_queue=store.command_queue,
            rule=shared.types.fold_rule,
        ),
        reconciler=_build_reconciler(shared, message_sync),
        enricher=Enricher(
            pagerduty,
            store.incidents,
            store.dirty_queue,
            store.enrichment_queue,
            shared.durations,
            shared.config,
        ),
        handover_poster=HandoverPoster(
            store.handover_posts,
            store.handover_queue,
            message_sync,
            shared.handover_writer,
            ShiftReader(pagerduty, store.clock),
            shared.config,
            shared.clients.slack,
        ),
        handover_watch=HandoverWatch(store.handover_queue, shared.config, shared.durations, shared.options.stopping),
        scheduler=_build_scheduler(shared, message_sync),
    )


def _build_reconciler(shared: Shared, message_sync: MessageSync) -> Reconciler:
    slack, pagerduty, redis = shared.clients.slack, shared.clients.pagerduty, shared.clients.redis
    store, config, durations = shared.store, shared.config, shared.durations
    delays = CardDelays(slack, store.clock, DelayedCards(redis, durations.delay_notice_after))
    outage = ChannelOutage(
        closed=ClosedChannels(redis),
        delays=delays,
        dirty_queue=store.dirty_queue,
        journal=store.journal,
        clock=store.clock,
        config=config,
        visibility=shared.visibility,
        channel_retry=durations.channel_retry,
    )
    adoption = Adoption(slack, pagerduty, store.clock, store.incidents, store.slack_states, config, durations)
    return Reconciler(
        projection_reader=ProjectionReader(store.incidents, pagerduty, store.journal, durations.pagerduty_timeout),
        channel_planner=ChannelPlanner(
            generation=store.generation,
            slack_states=store.slack_states,
            open_incidents=store.open_incidents,
            journal=store.journal,
            config=config,
            visibility=shared.visibility,
            adoption=adoption,
        ),
        backlog=shared.backlog,
        reminders=shared.reminders,
        incidents=store.incidents,
        incident_sync=IncidentSync(
            Mentions(shared.identity, durations.name_lookup),
            ChannelSync(message_sync, shared.account_cache, delays),
            outage,
        ),
        slack_states=store.slack_states,
        journal=store.journal,
        dirty_queue=store.dirty_queue,
        enrichment_queue=store.enrichment_queue,
        durations=durations,
    )


def _build_scheduler(shared: Shared, message_sync: MessageSync) -> Scheduler:
    pagerduty, store, durations = shared.clients.pagerduty, shared.store, shared.durations
    resync = _build_resync(shared)
    outage_notice = OutageNotice(
        message_sync, store.incidents, store.slack_states, store.resync_states, durations.webhook_grace
    )
    return Scheduler(
        resync_states=store.resync_states,
        leases=store.leases("upkeep"),
        clock=store.clock,
        durations=durations,
        stopping=shared.options.stopping,
        resync=resync,
        sweep=_build_sweep(shared, resync),
        watchdog=SubscriptionWatchdog(pagerduty, store.redis, store.clock, durations, shared.options.subscription),
        outage_notice=outage_notice,
    )


def _build_resync(shared: Shared) -> IncidentResync:
    pagerduty, store, durations = shared.clients.pagerduty, shared.store, shared.durations
    return shared.types.resync(
        pagerduty=pagerduty,
        open_incidents=store.open_incidents,
        generation=store.generation,
        clock=store.clock,
        durations=durations,
        stopping=shared.options.stopping,
        incident_repair=IncidentRepair(
            pagerduty, store.incidents, store.dirty_queue, store.command_queue, store.clock, durations
        ),
    )


def _build_sweep(shared: Shared, resync: IncidentResync) -> SlackSweep:
    store = shared.store
    return shared.types.sweep(
        slack=shared.clients.slack,
        incidents=store.incidents,
        slack_states=store.slack_states,
        open_incidents=store.open_incidents,
        dirty_queue=store.dirty_queue,
        journal=store.journal,
        leases=store.leases("slack"),
        clock=store.clock,
        config=shared.config,
        durations=shared.durations,
        resync=resync,
    )


def _build_write_path(shared: Shared, uncached_identity: Identity, projector: Projector) -> WritePath:
    slack, pagerduty, redis = shared.clients.slack, shared.clients.pagerduty, shared.clients.redis
    store, types, durations = shared.store, shared.types, shared.durations
    append_command = partial(append, redis, keys.COMMANDS, wait_for_disk=store.durable)
    without_store = Visibility(pagerduty, uncached_identity, None, shared.config)
    direct = types.direct(
        actor_check=ActorCheck(pagerduty, uncached_identity, shared.authorization, without_store),
        pagerduty=pagerduty,
        slack=slack,
        command_queues=store.command_queues,
        audit=store.audit,
        clock=store.clock,
        durations=durations,
        lanes=shared.clients.lanes,
    )
    command_intake = CommandIntake(append_command, direct, store.clock, durations)
    return WritePath(
        command_intake=command_intake,
        dispatcher=CommandDispatcher(store.command_queues, store.command_queue),
        executor=_build_executor(shared, projector),
    )


def _build_executor(shared: Shared, projector: Projector) -> Executor:
    slack, pagerduty = shared.clients.slack, shared.clients.pagerduty
    store, types, durations = shared.store, shared.types, shared.durations
    calls = RecordedCalls(store.command_queues, store.expectations, shared.identity, store.clock, durations)
    return Executor(
        attempt_runner=types.attempt_runner(
            actor_check=shared.actor_check,
            calls=calls,
            pagerduty=pagerduty,
            incidents=store.incidents,
            dirty_queue=store.dirty_queue,
            expectations=store.expectations,
            fold_answer=projector.fold_answer,
            clock=store.clock,
        ),
        trigger_incident=TriggerIncident(shared.actor_check, calls, pagerduty, projector.fold_answer),
        progress_replies=ProgressReplies(
            slack, store.incidents, store.dirty_queue, store.home_queue, store.clock, durations
        ),
        calls=calls,
        command_queues=store.command_queues,
        command_queue=store.command_queue,
        incidents=store.incidents,
        audit=store.audit,
        clock=store.clock,
        generation=store.generation,
        durations=durations,
        stopping=shared.options.stopping,
        lanes=shared.clients.lanes,
        presses=Presses(),
    )
