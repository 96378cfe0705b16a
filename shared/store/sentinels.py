"""Redis behind Sentinel: the Sentinels know where the primary is, and make another server the primary."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio.sentinel import Sentinel
from redis.exceptions import ConnectionError as ConnectionBroken
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TimedOut

from shared.config.redis_url import Address, SentinelUrl
from shared.store.topology import TO_ASK, Topology

SILENT = (ConnectionBroken, TimedOut)
"""The errors of a server that can't be reached, or refuses the login."""


class Sentinels(Topology):
    """The Sentinels of one primary. Their own user and password are in the address, after the question mark."""

    shared_for = 0.1
    """During a failover every call asks, and those who have to agree on a new primary must not be kept busy by it."""

    def __init__(self, url: SentinelUrl, options: dict[str, Any]) -> None:
        super().__init__()
        own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
        tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
        self._settings = {**TO_ASK, **own, **tls, "ssl": url.server.startswith("rediss")}
        self._url = url

    async def look(self) -> Address:
        """
        Ask all Sentinels at once, and go by one that knows of the latest failover: others hear of it a little later.

        Until then they name the old primary, which may have been started again and takes writes that will be lost.
        """
        async with self._asked() as asked:
            answers = await asyncio.gather(*map(self._told, asked.sentinels), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, RedisError):
                raise answer
        known = [answer for answer in answers if isinstance(answer, tuple)]
        latest = max((state["config-epoch"] for state, _ in known), default=0)
        for state, named in known:
            # The one that leads a failover names the server that it has chosen before its list does.
            is_new = named != (state["ip"], state["port"])
            if state["config-epoch"] == latest and (is_new or asked.check_master_state(state, self._url.name)):
                return named
        raise ConnectionBroken(self._why_unknown(answers))

    async def _told(self, sentinel: Any) -> tuple[dict[str, Any], Address] | None:  # noqa: ANN401 -- untyped in redis-py
        """Ask one Sentinel for what it knows of the primary, and where that is; None if it knows no such name."""
        state = (await sentinel.sentinel_masters()).get(self._url.name)
        named = await sentinel.sentinel_get_master_addr_by_name(self._url.name, return_responses=True)
        return (state, (named[0].decode(), int(named[1]))) if state and named else None

    def _why_unknown(self, answers: Sequence[object]) -> str:
        for error in answers:
            if isinstance(error, RedisError) and not isinstance(error, SILENT):
                return f"a Sentinel refuses to say where the primary is ({error})"
        hosts = ", ".join(f"{host}:{port}" for host, port in self._url.sentinels)
        return (
            f"none of the Sentinels ({hosts}) says where the primary {self._url.name} is: they can't be reached, "
            "want another user or password, know no such name, or have not agreed on a new one yet"
        )

    async def why_no_failover(self) -> str:
        """Return why they could not make another server the primary, in their words; empty if they could."""
        try:
            await self.primary()
        except RedisError as error:
            return str(error)
        async with self._asked() as asked:
            for sentinel in asked.sentinels:
                try:
                    await sentinel.execute_command("SENTINEL CKQUORUM", self._url.name)
                except SILENT:
                    continue
                except RedisError as error:
                    return str(error)
                return ""
        return self._why_unknown(())

    def _asked(self) -> Sentinel:
        return Sentinel(self._url.sentinels, sentinel_kwargs=self._settings)
