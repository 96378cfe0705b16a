"""The composition of the upkeep of incidents' channels."""

from bolt_app.incident_channel.archiver import Archiver
from bolt_app.incident_channel.channel_pass import ChannelRecords
from bolt_app.incident_channel.invitations import Invitations
from bolt_app.incident_channel.opener import ChannelOpener
from bolt_app.incident_channel.upkeep import ChannelUpkeep
from bolt_app.worker_parts import Shared
from shared.store.coordination import SharedTokenBuckets


def build_channel_upkeep(shared: Shared) -> ChannelUpkeep:
    """Put together the parts that open, keep and archive them."""
    slack, store = shared.clients.slack, shared.store
    records = ChannelRecords(store.incident_channels, store.incidents, store.dirty_queue, store.clock, shared.durations)
    return ChannelUpkeep(
        records=records,
        slack_states=store.slack_states,
        open_incidents=store.open_incidents,
        budgets=SharedTokenBuckets(store.redis),
        config=shared.config,
        slack=slack,
        opener=ChannelOpener(slack, shared.visibility, store.generation),
        invitations=Invitations(slack, shared.identity, shared.visibility),
        archiver=Archiver(slack),
    )
