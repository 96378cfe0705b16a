"""The documents of the handovers that are to be posted; a channel's id stands in them in the place of an incident's."""

from shared.model.handover_posts import HandoverPosts
from shared.store.documents import Documents
from shared.store.redis import Redis


def handover_posts(redis: Redis) -> Documents[HandoverPosts]:
    """Open them."""
    return Documents(redis, "handover", HandoverPosts, lambda _before, _after: ())
