"""The composition of what takes Slack's payloads: listeners, dialogs and queries."""

from collections.abc import Mapping
from functools import partial

from bolt_app.app import Listeners
from bolt_app.commands.incident_lookup import IncidentLookup
from bolt_app.commands.verbs import Verb
from bolt_app.home_tab import HomeTab
from bolt_app.linking.approvals import Approvals
from bolt_app.linking.claims import Claims
from bolt_app.linking.refused_press import RefusedPresses
from bolt_app.linking.sign_ins import SignIns
from bolt_app.listeners.block_actions import BlockActions
from bolt_app.listeners.digest import DigestPresses
from bolt_app.listeners.handover import PostHandover
from bolt_app.listeners.home_tab import HomeVisits
from bolt_app.listeners.linking import Linking
from bolt_app.listeners.message_shortcuts import MessageShortcuts
from bolt_app.listeners.notify import NotifyChoice
from bolt_app.listeners.several import SeveralIncidents
from bolt_app.listeners.slash_commands import SlashCommands
from bolt_app.listeners.view_submissions import ViewSubmissions
from bolt_app.modals.dialog_check import DialogCheck
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries.acknowledge_mine import AcknowledgeMine
from bolt_app.queries.handover import HandoverQuery
from bolt_app.queries.incident_details import IncidentDetails
from bolt_app.queries.link import LinkQuery
from bolt_app.queries.list_incidents import ListIncidents
from bolt_app.queries.router import Query, QueryRouter, WhoAmI
from bolt_app.queries.show_incident import ShowIncident
from bolt_app.queries.timeline import Timeline
from bolt_app.worker_parts import Shared, WritePath
from bolt_app.write_path.command_intake import CommandIntake
from shared.store.document_kinds import on_disk
from shared.store.links import LinkRequests, Links


def build_listeners(shared: Shared, write_path: WritePath) -> Listeners:
    """Put together what takes Slack's payloads."""
    command_intake, sign_ins = write_path.command_intake, write_path.sign_ins
    slack, pagerduty, store = shared.clients.slack, shared.clients.pagerduty, shared.store
    identity, account_cache, visibility = shared.identity, shared.account_cache, shared.visibility
    approvals = _build_approvals(shared, sign_ins)
    dialog_check = DialogCheck(shared.actor_check, store.incidents, store.dirty_queue)
    modal_opener = ModalOpener(slack, account_cache, dialog_check, store.clock)
    listing = ListIncidents(pagerduty, identity, shared.open_reader, visibility, store.clock)
    linking = LinkQuery(identity, sign_ins, approvals)
    return Listeners(
        block_actions=BlockActions(
            command_intake=command_intake,
            slack=slack,
            modal_opener=modal_opener,
            details=IncidentDetails(pagerduty, visibility, modal_opener),
            command_queues=store.command_queues,
            durations=shared.durations,
        ),
        view_submissions=ViewSubmissions(command_intake, slack, identity, store.clock, account_cache, listing),
        shortcuts=MessageShortcuts(command_intake, slack, identity, store.incidents),
        several=SeveralIncidents(command_intake, slack, identity, modal_opener, listing, store.clock),
        handover=_build_post_handover(shared),
        linking=Linking(sign_ins, approvals, slack),
        digest=DigestPresses(
            slack, store.digests, AcknowledgeMine(pagerduty, identity, store.clock), shared.options.slash_command
        ),
        slash_commands=_build_slash_commands(shared, command_intake, modal_opener, listing, linking),
        notify=NotifyChoice(shared.notify, store.open_homes),
        home_visits=HomeVisits(slack, store.open_homes, store.clock),
        identity=identity,
    )


def _build_post_handover(shared: Shared) -> PostHandover:
    store = shared.store
    return PostHandover(
        store.handover_posts,
        store.handover_queue,
        partial(on_disk, shared.clients.redis, wait_for_disk=store.durable),
        shared.clients.slack,
        store.clock,
        shared.durations,
    )


def _build_slash_commands(
    shared: Shared,
    command_intake: CommandIntake,
    modal_opener: ModalOpener,
    listing: ListIncidents,
    linking: LinkQuery,
) -> SlashCommands:
    clients, identity = shared.clients, shared.identity
    incident_lookup = IncidentLookup(
        clients.pagerduty, identity, shared.open_reader, shared.visibility, clients.redis, shared.durations
    )
    return SlashCommands(
        command=shared.options.slash_command,
        command_intake=command_intake,
        slack=clients.slack,
        modal_opener=modal_opener,
        incident_lookup=incident_lookup,
        reading=QueryRouter(identity, _queries(shared, listing, incident_lookup, linking), shared.config),
    )


def _queries(
    shared: Shared, listing: ListIncidents, incident_lookup: IncidentLookup, linking: LinkQuery
) -> Mapping[Verb, Query]:
    pagerduty, visibility, identity, store = shared.clients.pagerduty, shared.visibility, shared.identity, shared.store
    return {
        Verb.LIST: listing,
        Verb.SHOW: ShowIncident(pagerduty, visibility, incident_lookup),
        Verb.TIMELINE: Timeline(
            pagerduty, visibility, incident_lookup, store.incidents, shared.clients.slack, shared.config
        ),
        Verb.HANDOVER: HandoverQuery(shared.handover_writer, identity),
        Verb.ONCALL: shared.on_call,
        Verb.ACK_MINE: AcknowledgeMine(pagerduty, identity, store.clock),
        Verb.NOTIFY: shared.notify,
        Verb.WHOAMI: WhoAmI(identity),
        Verb.LINK: linking,
        Verb.UNLINK: linking,
    }


def build_home_tab(shared: Shared) -> HomeTab:
    """Put together what reads and publishes the Home tab."""
    store = shared.store
    return HomeTab(
        slack=shared.clients.slack,
        pagerduty=shared.clients.pagerduty,
        identity=shared.identity,
        incidents=store.incidents,
        open_reader=shared.open_reader,
        visibility=shared.visibility,
        account_cache=shared.account_cache,
        on_call=shared.on_call,
        notify=shared.notify,
        clock=store.clock,
        open_homes=store.open_homes,
        command=shared.options.slash_command,
        durations=shared.durations,
    )


def build_sign_ins(shared: Shared, command_intake: CommandIntake, links: Links) -> SignIns:
    """Put together what links people who sign in to PagerDuty."""
    clients, store, identity = shared.clients, shared.store, shared.identity
    requests = LinkRequests(clients.redis, clients.blocking)
    return SignIns(
        identity=identity,
        app=clients.sign_in,
        requests=requests,
        links=links,
        claims=Claims(identity, links, clients.slack, clients.pagerduty, store.clock),
        presses=RefusedPresses(store.command_queues, command_intake, store.clock, requests),
        durations=shared.durations,
        command=shared.options.slash_command,
    )


def _build_approvals(shared: Shared, sign_ins: SignIns) -> Approvals:
    return Approvals(
        identity=shared.identity,
        requests=sign_ins.requests,
        claims=sign_ins.claims,
        presses=sign_ins.presses,
        slack=shared.clients.slack,
        pagerduty=shared.clients.pagerduty,
        command=shared.options.slash_command,
    )
