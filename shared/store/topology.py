"""Finds the primary behind `REDIS_URL`, anew for each connection."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from shared.config.redis_url import Address

CONNECT_TIMEOUT = 1.0
"""Seconds that a connection may take to be made."""
ASK_TIMEOUT = 0.3
"""Seconds that a server may take to answer; then the next one is asked."""
ONE_ATTEMPT: Mapping[str, Any] = {
    "socket_connect_timeout": CONNECT_TIMEOUT,
    "retry": Retry(NoBackoff(), 0),
    "retry_on_error": [],
    "decode_responses": False,
    # Only commands that a user with few rights may give, and no messages that the client did not ask for: with the
    # latter redis-py would take a connection that the server has closed for a good one.
    "protocol": 2,
    "driver_info": None,
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}
TO_ASK: Mapping[str, Any] = {**ONE_ATTEMPT, "socket_timeout": ASK_TIMEOUT, "socket_connect_timeout": ASK_TIMEOUT}
"""The same for a connection over which the primary is asked for."""


class Topology(ABC):
    """
    Several servers, one of which is the primary at a time.

    When another one is found, each client in `leaves` leaves the old one, over all its connections: that may still be
    there, or be there again, and what belongs together must not go to two servers.
    """

    shared_for = 0.0

    def __init__(self) -> None:
        self.leaves: list[Callable[[], Awaitable[None]]] = []
        self._looking: asyncio.Task[Address] | None = None
        self._looked = 0.0
        self._found: Address | None = None

    async def primary(self) -> Address:
        """Find the primary; who asks at once, or in `shared_for` seconds, shares a look. Raises redis-py's errors."""
        now = asyncio.get_running_loop().time()
        if self._looking is None or (self._looking.done() and now - self._looked >= self.shared_for):
            self._looked = now
            # A task of its own, so that a caller who gives up leaves no connection open.
            self._looking = asyncio.create_task(self._look())  # noqa: TID251 -- kept here, and ended in `aclose`
            self._looking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._looking)

    async def aclose(self) -> None:
        """Wait until the last look has ended."""
        if self._looking is not None:
            await asyncio.wait([self._looking])

    async def _look(self) -> Address:
        found = await self.look()
        if self._found not in {None, found}:
            for leave in self.leaves:
                await leave()
        self._found = found
        return found

    @abstractmethod
    async def look(self) -> Address:
        """Ask for the primary. Raises redis-py's errors."""
