"""The composition of a worker, for the process, the tests and the simulation: each part gets by name what it uses."""

from functools import partial

from bolt_app.build_listeners import build_home_tab, build_listeners, build_sign_ins
from bolt_app.build_read_path import build_read_path
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.read_path.projector import Projector
from bolt_app.route_monitor import RouteMonitor
from bolt_app.visibility import Visibility
from bolt_app.vitals import Vitals
from bolt_app.worker_parts import BuiltWorker, Clients, Options, PartTypes, Shared, WritePath
from bolt_app.worker_store import Store
from bolt_app.write_path.actions.trigger import TriggerIncident
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.attempt import RecordedCalls
from bolt_app.write_path.command_intake import CommandDispatcher, CommandIntake, LostClicks
from bolt_app.write_path.executor import Executor
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.access.authorization import Authorization
from shared.access.identity import Identity, IdentityCache
from shared.access.made_links import MadeLinks
from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.slack.api.client import SlackIdentity
from shared.store import keys
from shared.store.links import Links
from shared.store.losses import LossWatch
from shared.store.streams import Deliveries, Inbox, append_command
from shared.vendor_calls import Presses


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
    slack, pagerduty, links = clients.slack, clients.pagerduty, Links(clients.redis, durable=store.durable)
    identity, uncached_identity = (
        Identity(config.current.identity, slack, pagerduty, IdentityCache(redis), home, MadeLinks(made, pagerduty))
        for redis, made in ((clients.redis, links), (None, None))
    )
    shared = _build_shared(clients, config, durations, store, options, types, identity)
    read_path = build_read_path(shared)
    write_path = _build_write_path(shared, uncached_identity, read_path.projector, links)
    return BuiltWorker(
        options=options,
        durations=durations,
        config=config,
        identities=(identity, uncached_identity),
        authorization=shared.authorization,
        store=store,
        read_path=read_path,
        write_path=write_path,
        listeners=build_listeners(shared, write_path),
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


def _build_write_path(shared: Shared, uncached_identity: Identity, projector: Projector, links: Links) -> WritePath:
    slack, pagerduty, redis = shared.clients.slack, shared.clients.pagerduty, shared.clients.redis
    store, types, durations = shared.store, shared.types, shared.durations
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
    command_intake = CommandIntake(
        partial(append_command, redis, wait_for_disk=store.durable), direct, store.clock, durations, store.losses
    )
    lost_clicks = LostClicks(
        redis, store.losses, store.command_queues, direct, store.clock, durations, shared.options.stopping
    )
    return WritePath(
        command_intake=command_intake,
        loss_watch=LossWatch(store.losses, lost_clicks.reply, store.clock, durations, shared.options.stopping),
        dispatcher=CommandDispatcher(store.command_queues, store.command_queue),
        executor=_build_executor(shared, projector),
        sign_ins=build_sign_ins(shared, command_intake, links),
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
            fold_answer=projector.fold_event,
            clock=store.clock,
        ),
        trigger_incident=TriggerIncident(shared.actor_check, calls, pagerduty, projector.fold_event),
        progress_replies=ProgressReplies(
            slack, store.incidents, store.dirty_queue, store.open_homes, store.clock, store.losses, durations
        ),
        calls=calls,
        command_queues=store.command_queues,
        incidents=store.incidents,
        audit=store.audit,
        clock=store.clock,
        generation=store.generation,
        durations=durations,
        stopping=shared.options.stopping,
        lanes=shared.clients.lanes,
        presses=Presses(),
    )
