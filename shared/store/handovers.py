"""The documents of the handovers that are to be posted; a channel's id stands in them in the place of an incident's."""

from shared.model.handover_posts import HandoverPosts
from shared.model.ids import IncidentId
from shared.store import keys
from shared.store.documents import Documents
from shared.store.redis import Redis, write_once


def handover_posts(redis: Redis) -> Documents[HandoverPosts]:
    """Open them."""
    return Documents(redis, "handover", HandoverPosts, lambda _before, _after: ())


async def on_disk(redis: Redis, channel: IncidentId, *, wait_for_disk: bool) -> None:
    """
    Wait until the document of a channel, and all that was stored before, is where an appended entry would be.

    That is `write_once` with something that changes nothing. Raises `StoreDown`.
    """
    key = keys.of_incident(channel, "handover")
    await write_once(redis, "EXPIRE", key, keys.INCIDENT_KEPT, wait_for_disk=wait_for_disk)
