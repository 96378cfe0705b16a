"""The documents of the work at shift changes: handovers by channel, user groups and topics by entry."""

from shared.model.handover_posts import HandoverPosts
from shared.model.ids import IncidentId
from shared.model.oncall_state import OncallState
from shared.store import keys
from shared.store.documents import Documents
from shared.store.redis import Redis, write_once


def handover_posts(redis: Redis) -> Documents[HandoverPosts]:
    """Open those of the handovers; a channel's id stands in them in the place of an incident's."""
    return Documents(redis, "handover", HandoverPosts, lambda _before, _after: ())


def oncall_states(redis: Redis) -> Documents[OncallState]:
    """Open those of user groups and topics; the id of an entry stands in them in the place of an incident's."""
    return Documents(redis, "oncall", OncallState, lambda _before, _after: ())


async def on_disk(redis: Redis, channel: IncidentId, *, wait_for_disk: bool) -> None:
    """
    Wait until the document of a channel, and all that was stored before, is where an appended entry would be.

    That is `write_once` with something that changes nothing. Raises `StoreDown`.
    """
    key = keys.of_incident(channel, "handover")
    await write_once(redis, "EXPIRE", key, keys.INCIDENT_KEPT, wait_for_disk=wait_for_disk)
