"""The digests of channels: a document of each, and how the incidents that share its card stand."""

from collections.abc import Mapping

import structlog

from shared.errors import Malformed
from shared.model.digest import Digest, DigestEntry, DigestLoad
from shared.model.ids import ChannelId, IncidentId, incident_id
from shared.store import keys
from shared.store.documents import Documents
from shared.store.redis import Redis

log = structlog.get_logger()


class Digests(Documents[Digest]):
    """
    The documents, in which a channel's id stands in the place of an incident's, and beside each the digest's incidents.

    An entry may be left of an incident that shares the card no more: readers check that, and the end of the digest
    removes it.
    """

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, "digest", Digest, lambda _before, _after: ())

    async def put_entry(self, channel: ChannelId, incident: IncidentId, entry: DigestEntry) -> None:
        """Note how an incident stands. Raises `StoreDown`."""
        key = keys.of_channel(channel, "digest")
        await self._redis.hset(key, incident, entry.written())
        await self._redis.expire(key, keys.DIGEST_KEPT)

    async def drop_entries(self, channel: ChannelId, *incidents: IncidentId) -> None:
        """Forget incidents. Raises `StoreDown`."""
        if incidents:
            await self._redis.hdel(keys.of_channel(channel, "digest"), *incidents)

    async def entries(self, channel: ChannelId) -> Mapping[IncidentId, DigestEntry]:
        """Return all; one that is none of ours is dropped. Raises `StoreDown`."""
        key, found = keys.of_channel(channel, "digest"), dict[IncidentId, DigestEntry]()
        stored: dict[bytes, bytes] = await self._redis.hgetall(key)  # type: ignore[assignment]  # redis-py's union of all replies
        for name, text in stored.items():
            try:
                found[incident_id(name.decode())] = DigestEntry.read(text.decode())
            except (Malformed, ValueError):
                log.error("digest.entry_dropped", channel=channel, why=f"{name!r} stands there as {text[:80]!r}")
                await self._redis.hdel(key, name)
        return found


def digest_load(redis: Redis) -> Documents[DigestLoad]:
    """Open what the digests of all channels have together; there is one, of `ALL_CHANNELS`."""
    return Documents(redis, "load", DigestLoad, lambda _before, _after: ())
