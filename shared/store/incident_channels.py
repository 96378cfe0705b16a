"""The documents of the incidents' own channels."""

from shared.model.incident_channel import IncidentChannel
from shared.store.documents import Documents
from shared.store.redis import Redis


def incident_channels(redis: Redis) -> Documents[IncidentChannel]:
    """Open them."""
    return Documents(redis, "channel", IncidentChannel, lambda _before, _after: ())
