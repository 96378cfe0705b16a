"""The composition of the work at shift changes: handovers, user groups and topics."""

from bolt_app.handover.poster import HandoverPoster
from bolt_app.handover.shifts import ShiftReader
from bolt_app.oncall_groups.duty import DutyReader
from bolt_app.oncall_groups.follow import OncallGroups
from bolt_app.oncall_groups.places import Places
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.shift_work import ShiftWork
from bolt_app.worker_parts import Shared
from shared.store.document_kinds import oncall_states


def build_shift_work(shared: Shared, message_sync: MessageSync) -> ShiftWork:
    """Put both together; they share a queue. No call is made."""
    slack, pagerduty, store = shared.clients.slack, shared.clients.pagerduty, shared.store
    handovers = HandoverPoster(
        store.handover_posts,
        message_sync,
        shared.handover_writer,
        ShiftReader(pagerduty, store.clock),
        shared.config,
        shared.identity,
        slack,
    )
    groups = OncallGroups(
        oncall_states(store.redis),
        DutyReader(pagerduty, store.clock, shared.config, shared.durations.resync),
        Places(slack, shared.identity),
        message_sync,
        shared.config,
        store.clock,
        shared.durations,
    )
    return ShiftWork(handovers, groups)
