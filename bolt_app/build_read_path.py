"""The composition of the read path: projector, reconciler, handovers, resync and sweep."""

from bolt_app.build_channels import build_channel_upkeep
from bolt_app.build_shifts import build_shift_work
from bolt_app.digest.gate import DigestGate
from bolt_app.digest.poster import DigestPoster
from bolt_app.home_watch import HomeWatch
from bolt_app.read_path.adoption import Adoption
from bolt_app.read_path.channel_outage import ChannelOutage
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.channel_sync import CardDelays, CardRenderer, ChannelSync
from bolt_app.read_path.direct_cards import DirectCards
from bolt_app.read_path.direct_summaries import DirectSummaries
from bolt_app.read_path.enrichment import Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector
from bolt_app.read_path.reconciler import IncidentSync, Mentions, ProjectionReader, Reconciler
from bolt_app.resync.incident_repair import IncidentRepair
from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.outage_notice import OutageNotice
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from bolt_app.shift_work import ShiftWatch
from bolt_app.worker_parts import ReadPath, Shared
from shared.store.channel_index import ClosedChannels, DelayedCards
from shared.store.coordination import SharedTokenBuckets
from shared.store.notify import direct_summaries


def build_read_path(shared: Shared) -> ReadPath:
    """Put together what brings PagerDuty's events to Slack."""
    store = shared.store
    message_sync = shared.types.message_sync(shared.clients.slack, store.clock, shared.durations, store.losses)
    home_watch = HomeWatch(store.open_homes, shared.durations, shared.options.stopping)
    summaries = _build_summaries(shared, message_sync)
    return ReadPath(
        projector=_build_projector(shared),
        reconciler=_build_reconciler(shared, message_sync, home_watch, summaries),
        home_watch=home_watch,
        enricher=Enricher(
            shared.clients.pagerduty, store.incidents, store.dirty_queue, shared.durations, shared.config
        ),
        direct_summaries=summaries,
        shift_work=build_shift_work(shared, message_sync),
        shift_watch=ShiftWatch(store.handover_queue, shared.config, shared.durations, shared.options.stopping),
        channel_upkeep=build_channel_upkeep(shared),
        digest_poster=DigestPoster(
            store.digests,
            store.digest_load,
            store.incidents,
            store.slack_states,
            store.dirty_queue,
            message_sync,
            shared.config,
            store.clock,
            shared.durations,
        ),
        scheduler=_build_scheduler(shared, message_sync),
    )


def _build_projector(shared: Shared) -> Projector:
    store = shared.store
    return Projector(
        redis=shared.clients.redis,
        pagerduty=shared.clients.pagerduty,
        clock=store.clock,
        generation=store.generation,
        incidents=store.incidents,
        backlog=shared.backlog,
        dirty_queue=store.dirty_queue,
        command_queue=store.command_queue,
        rule=shared.types.fold_rule,
    )


def _build_summaries(shared: Shared, message_sync: MessageSync) -> DirectSummaries:
    store = shared.store
    return DirectSummaries(
        direct_summaries(store.redis),
        store.summary_queue,
        store.incidents,
        store.slack_states,
        message_sync,
        store.clock,
        shared.options.slash_command,
    )


def _build_reconciler(
    shared: Shared, message_sync: MessageSync, home_watch: HomeWatch, summaries: DirectSummaries
) -> Reconciler:
    store, durations = shared.store, shared.durations
    gate = DigestGate(store.digests, store.digest_load, store.digest_queue, store.clock, durations)
    return Reconciler(
        projection_reader=ProjectionReader(
            store.incidents, shared.clients.pagerduty, store.journal, durations.pagerduty_timeout
        ),
        channel_planner=_build_channel_planner(shared, gate),
        backlog=shared.backlog,
        reminders=shared.reminders,
        incidents=store.incidents,
        incident_sync=_build_incident_sync(shared, message_sync, summaries, gate),
        slack_states=store.slack_states,
        journal=store.journal,
        enrichment_queue=store.enrichment_queue,
        home_watch=home_watch,
        channel_queue=store.channel_queue,
        durations=durations,
    )


def _build_channel_planner(shared: Shared, gate: DigestGate) -> ChannelPlanner:
    clients, store, config = shared.clients, shared.store, shared.config
    return ChannelPlanner(
        generation=store.generation,
        losses=store.losses,
        slack_states=store.slack_states,
        open_incidents=store.open_incidents,
        journal=store.journal,
        config=config,
        visibility=shared.visibility,
        adoption=Adoption(
            clients.slack,
            clients.pagerduty,
            store.clock,
            store.incidents,
            store.slack_states,
            config,
            shared.durations,
            gate.found,
        ),
        own_channels=store.incident_channels,
    )


def _build_incident_sync(
    shared: Shared, message_sync: MessageSync, summaries: DirectSummaries, gate: DigestGate
) -> IncidentSync:
    redis, store, durations = shared.clients.redis, shared.store, shared.durations
    delays = CardDelays(shared.clients.slack, store.clock, DelayedCards(redis, durations.delay_notice_after))
    card_renderer = CardRenderer(shared.account_cache, store.open_incidents, store.clock, durations)
    return IncidentSync(
        Mentions(shared.identity, durations.name_lookup),
        ChannelSync(message_sync, card_renderer, delays),
        _build_channel_outage(shared, delays),
        DirectCards(
            wishes=shared.notify.wishes,
            summaries=summaries,
            identity=shared.identity,
            visibility=shared.visibility,
            card_renderer=card_renderer,
            message_sync=message_sync,
            budgets=SharedTokenBuckets(redis),
            config=shared.config,
        ),
        gate,
    )


def _build_channel_outage(shared: Shared, delays: CardDelays) -> ChannelOutage:
    store = shared.store
    return ChannelOutage(
        closed=ClosedChannels(shared.clients.redis),
        delays=delays,
        dirty_queue=store.dirty_queue,
        journal=store.journal,
        clock=store.clock,
        config=shared.config,
        visibility=shared.visibility,
        channel_retry=shared.durations.channel_retry,
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
        losses=store.losses,
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
