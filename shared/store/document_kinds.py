"""The kinds of documents, each opened on a Redis; the projections and the digests have classes of their own."""

from shared.model import journal
from shared.model.command import CommandQueue
from shared.model.handover_posts import HandoverPosts
from shared.model.ids import IncidentId
from shared.model.incident_channel import IncidentChannel
from shared.model.oncall_state import OncallState
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.store import keys
from shared.store.documents import Documents
from shared.store.redis import Redis, write_once


def command_queues(redis: Redis) -> Documents[CommandQueue]:
    """Open the command queues."""
    return Documents(redis, "commands", CommandQueue, journal.queue_facts, held=True)


def surfaces(redis: Redis) -> Documents[SlackState]:
    """Open what is known of Slack's messages."""
    return Documents(redis, "slack", SlackState, journal.slack_facts, held=True, anew=SlackState.anew)


def incident_channels(redis: Redis) -> Documents[IncidentChannel]:
    """Open what is known of the incidents' own channels."""
    return Documents(redis, "channel", IncidentChannel, lambda _before, _after: ())


def progress(redis: Redis) -> Documents[ResyncState]:
    """Open what is known of the upkeep; there is one, of `GLOBAL`."""
    return Documents(redis, "progress", ResyncState, lambda _before, _after: ())


def handover_posts(redis: Redis) -> Documents[HandoverPosts]:
    """Open the handovers to be posted; a channel's id stands in them in the place of an incident's."""
    return Documents(redis, "handover", HandoverPosts, lambda _before, _after: ())


def oncall_states(redis: Redis) -> Documents[OncallState]:
    """Open what names who is on call; the id of an entry stands in them in the place of an incident's."""
    return Documents(redis, "oncall", OncallState, lambda _before, _after: ())


async def on_disk(redis: Redis, channel: IncidentId, *, wait_for_disk: bool) -> None:
    """
    Wait until the handover of a channel, and all that was stored before, is where an appended entry would be.

    That is `write_once` with something that changes nothing. Raises `StoreDown`.
    """
    key = keys.of_incident(channel, "handover")
    await write_once(redis, "EXPIRE", key, keys.INCIDENT_KEPT, wait_for_disk=wait_for_disk)
