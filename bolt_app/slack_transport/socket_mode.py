"""
Slack's Socket Mode, kept alive and shared out: Slack allows an app ten connections, however many workers it has.

Two workers hold connections, under leases; the others stand by, and do everything else. Each holder has two, because
the client closes the old one before it opens the next when Slack asks for a refresh: a click in between goes to the
other. They are begun some time apart, so that Slack does not end both at once. A watchdog, because the client retries
the same one-time ticket for ever once its WebSocket handshake has failed. Sources: Slack's page on Socket Mode (up to
10 connections, each payload to one of them) and the behaviour of slack_sdk 3.47.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from shared.durations import Durations
from shared.errors import BridgeError, FencedOff, StoreDown
from shared.http.proxy import proxy_for
from shared.model.resync_state import GLOBAL
from shared.store.coordination import KEEPING, Lease, Leases, wait_at_most
from shared.store.redis import Redis

log = structlog.get_logger()

HOLDERS = 2
"""Workers with connections: one is there when the other dies, and while both are replaced Slack's ten are enough."""
CONNECTIONS = 2
"""Connections of each holder."""
PING_INTERVAL = 3.0
"""Seconds between pings; a dead connection is noticed after about twice as long."""
LOOK = 0.5
"""Seconds between looks of the watchdog, at the usual durations."""


class SocketLost(BridgeError):
    """Raised when Slack can't be reached for so long that a new process has better chances."""


class Client(SocketModeClient):
    """The client of one connection. By itself it takes one proxy from the environment, for every address."""

    async def issue_new_wss_url(self) -> str:
        """Ask for the address of the next connection, and find the proxy for it."""
        url = await super().issue_new_wss_url()
        self.proxy = proxy_for(url)
        return url


class Handler(AsyncSocketModeHandler):
    """Takes what comes over one connection to the app. `alive` is when it was last up."""

    def __init__(self, app: AsyncApp, token: str, alive: float) -> None:
        # In place of the parent's, which makes a client of the SDK's own.
        self.app, self.app_token, self.alive = app, token, alive
        self.client = Client(token, app.logger, app.client, ping_interval=PING_INTERVAL)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type] # as the parent does

    async def connect_after(self, seconds: float) -> None:
        """Wait, then connect, however long that takes."""
        await asyncio.sleep(seconds)
        await self.client.connect()


class SocketMode:
    """
    The connections over which Slack sends what people do, or the wait for the lease under which they are held.

    While Redis is away nothing changes hands: a holder keeps its connections, because Acknowledge works without Redis.
    A holder that ends, or has lost its lease, keeps them for a moment, until the next one is connected. `drained` waits
    until what came over them is acked.
    """

    refused = ""
    lost = "No connection to Slack: clicks don't arrive. Check SLACK_APP_TOKEN and Slack's status."

    def __init__(
        self,
        app: AsyncApp,
        token: str,
        redis: Redis,
        durations: Durations,
        drained: Callable[[], Awaitable[None]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.standby = False
        self._app = app
        self._token = token
        self._durations = durations
        self._drained = drained
        self._now = now
        self._places = [Leases(redis, f"socket{place}", durations.socket_lease, now) for place in range(HOLDERS)]
        self._lease: Lease | None = None
        self._handlers: list[Handler] = []
        self._connecting: list[asyncio.Task[None]] = []

    async def connected(self) -> int:
        """Count the connections that are up."""
        return sum([await handler.client.is_connected() for handler in self._handlers])

    async def details(self) -> dict[str, object]:
        """Return how many connections are open, and whether that is for others to have."""
        return {"slack_connections": await self.connected(), "slack_standby": self.standby}

    async def run(self, stopping: asyncio.Event) -> None:
        """Do it until `stopping`, and hand over. Raises `SocketLost` when all connections were down for too long."""
        async with asyncio.TaskGroup() as group:
            sharing = group.create_task(self._share(group, stopping))
            while not stopping.is_set():
                handlers, now = self._handlers, self._now()
                for handler in handlers:
                    if await handler.client.is_connected():
                        handler.alive = now
                    elif now - handler.alive > self._durations.socket_grace:
                        # The client asks for a new ticket only when it has none.
                        handler.client.wss_uri = None
                if handlers and now - max(handler.alive for handler in handlers) > self._durations.socket_lost:
                    raise SocketLost(f"no connection to Slack for {self._durations.socket_lost:.0f} s")
                await asyncio.sleep(LOOK * self._durations.socket_grace / Durations.socket_grace)
            await sharing
            await self._hand_over()
            self._stop_connecting()

    async def close(self) -> None:
        """Close one after the other, as soon as nothing is in hand; a click that comes with the end fails."""
        self._stop_connecting()
        closing, self._handlers = self._handlers, []
        for handler in closing:
            await self._drained()
            await handler.client.close()

    async def _share(self, group: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        """Keep a lease, or look for one that is free, and have connections accordingly."""
        while not stopping.is_set():
            try:
                await self._claim(group)
            except StoreDown as error:
                log.warning("store.down", during="sharing Slack's connections", why=str(error))
            pause = self._durations.socket_lease / KEEPING
            await wait_at_most(random.uniform(pause / 2, pause), stopping)  # noqa: S311 -- only not all at once

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        if self._lease is not None:
            try:
                await self._lease.check(self._durations.socket_lease)
            except FencedOff as error:
                log.warning("slack.lease_lost", why=str(error))
                self._lease = None
        for place in self._places:
            self._lease = self._lease or await place.take(GLOBAL)
        if self._lease is None and not self.standby:
            log.info("slack.standby")
        self.standby = self._lease is None
        if self._lease is not None and not self._handlers:
            log.info("slack.holding")
            self._handlers = [Handler(self._app, self._token, self._now()) for _ in range(CONNECTIONS)]
            self._connecting = [
                group.create_task(handler.connect_after(turn * self._durations.socket_stagger))
                for turn, handler in enumerate(self._handlers)
            ]
        elif self._lease is None and self._handlers:
            await asyncio.sleep(self._durations.socket_handover)
            await self.close()

    async def _hand_over(self) -> None:
        if self._lease is None:
            return
        try:
            await self._lease.release()
            await asyncio.sleep(self._durations.socket_handover)
        except StoreDown as error:
            log.warning("store.down", during="handing over Slack's connections", why=str(error))

    def _stop_connecting(self) -> None:
        for task in self._connecting:
            task.cancel()
