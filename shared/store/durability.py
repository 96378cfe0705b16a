"""How safe what is appended to a Redis or Valkey is: on disk, not evicted, and whether it is taken at all."""

from dataclasses import dataclass

from redis.exceptions import ResponseError

from shared.errors import StoreDown
from shared.store.redis import COPY_TIMEOUT_MS, DISK_TIMEOUT_MS, Redis, require_copy
from shared.store.redis_errors import store_errors

IMPOSSIBLE_ID = "0-0"
"""Redis refuses an entry under this id, after everything else that it could refuse it for."""
NO_EVICTION = "noeviction"
NO_WAITAOF = (
    "this server cannot tell what is on its disk, because it has no WAITAOF (Redis has it from 7.2 on, and Valkey): "
    "what it has just taken may be lost with its machine"
)
"""The limitation of an older Redis."""


@dataclass(frozen=True)
class Durability:
    """
    The result of a probe.

    `fsync` is true if `WAITAOF` works, so an append can wait for the disk; `why_not` is why it does not. `eviction` is
    `maxmemory-policy`, empty if this user may not read it; anything but `noeviction` may lose entries.
    """

    fsync: bool
    why_not: str = ""
    eviction: str = ""

    @property
    def evicts(self) -> bool:
        """True if Redis is known to evict data when its memory is full."""
        return self.eviction not in {"", NO_EVICTION}


async def probe(client: Redis) -> Durability:
    """Find the durability in force, with few rights. Raises `StoreDown` only when Redis cannot be reached."""
    settings = await _settings(client)
    eviction = settings.get("maxmemory-policy", "")
    if settings.get("appendfsync") == "no":
        return Durability(fsync=False, why_not="appendfsync is no: the disk never confirms", eviction=eviction)
    try:
        await client.execute_command("WAITAOF", 1, 0, DISK_TIMEOUT_MS)
    except StoreDown as error:
        if isinstance(error.__cause__, ResponseError):
            why_not = NO_WAITAOF if "unknown command" in str(error) else str(error)
            return Durability(fsync=False, why_not=why_not, eviction=eviction)
        raise
    return Durability(fsync=True, eviction=eviction)


async def require_replica(client: Redis) -> None:
    """Raise `StoreDown` if no replica follows this server."""
    require_copy(client, await client.execute_command("WAIT", 1, COPY_TIMEOUT_MS))


async def try_to_append(client: Redis, stream: str) -> None:
    """Try an append under an impossible id, which writes nothing. Raises `StoreDown` if none would be taken."""
    try:
        with store_errors():
            await client.execute_command("XADD", stream, IMPOSSIBLE_ID, "probe", "")
    except StoreDown as error:
        if f"must be greater than {IMPOSSIBLE_ID}" not in str(error):
            raise


async def _settings(client: Redis) -> dict[str, str]:
    """Read the server's settings that matter here; empty where this user or this host may not read them."""
    try:
        found = await client.config_get("maxmemory-policy", "appendfsync")
        return {str(name): str(value) for name, value in found.items()}
    except StoreDown as error:
        if isinstance(error.__cause__, ResponseError):
            return {}
        raise
