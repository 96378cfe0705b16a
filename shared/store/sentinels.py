"""Redis behind Sentinel: the Sentinels know where the primary is, and make another server the primary."""

from typing import Any

from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.exceptions import ConnectionError as ConnectionBroken
from redis.exceptions import RedisError

from shared.config.redis_url import Address, SentinelUrl
from shared.store.topology import TO_ASK, Topology


class Sentinels(Topology):
    """The Sentinels of one primary. Their own user and password are in the address, after the question mark."""

    def __init__(self, url: SentinelUrl, options: dict[str, Any]) -> None:
        own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
        tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
        self._settings = {**TO_ASK, **own, **tls, "ssl": url.server.startswith("rediss")}
        self._url = url
        self._order = list(url.sentinels)

    async def look(self) -> Address:
        """Ask the Sentinels, beginning with the one that answered last."""
        try:
            async with self._asked() as asked:
                host, port = await asked.discover_master(self._url.name)
                self._put_first(asked)
        except MasterNotFoundError:
            # redis-py's words list the settings of each connection.
            hosts = ", ".join(f"{host}:{port}" for host, port in self._url.sentinels)
            raise ConnectionBroken(
                f"none of the Sentinels ({hosts}) says where the primary {self._url.name} is: they can't be reached, "
                "want another user or password, know no such name, or have not agreed on a new one yet"
            ) from None
        except RedisError as error:
            raise ConnectionBroken(f"a Sentinel refuses to say where the primary is ({error})") from error
        return str(host), int(port)

    async def why_no_failover(self) -> str:
        """Return why they could not make another server the primary, in their words; empty if they could."""
        try:
            await self.primary()
            async with self._asked() as asked:
                await asked.sentinels[0].execute_command("SENTINEL CKQUORUM", self._url.name)
        except RedisError as error:
            return str(error)
        return ""

    def _asked(self) -> Sentinel:
        # A new one each time: redis-py puts the one that answers first, and loses some if it is asked twice at once.
        return Sentinel(self._order, sentinel_kwargs=self._settings)

    def _put_first(self, asked: Sentinel) -> None:
        """Ask the one that has just answered first from now on."""
        about = asked.sentinels[0].connection_pool.connection_kwargs
        self._order.sort(key=lambda address: address != (about["host"], about["port"]))
