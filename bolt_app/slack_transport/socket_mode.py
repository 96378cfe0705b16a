"""
Slack's Socket Mode, kept alive.

Two connections, because the client closes the old one before it opens the next when Slack asks for a refresh: a click
in between goes to the other. They are begun some time apart, so that Slack does not end both at once. A watchdog,
because the client retries the same one-time ticket for ever once its WebSocket handshake has failed. Sources: Slack's
page on Socket Mode (up to 10 connections, each payload to one of them) and the behaviour of slack_sdk 3.47.
"""

import asyncio
import time
from collections.abc import Callable

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from shared.durations import Durations
from shared.errors import BridgeError
from shared.http.proxy import proxy_for

log = structlog.get_logger()

CONNECTIONS = 2
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
    """Takes what comes over one connection to the app."""

    def __init__(self, app: AsyncApp, token: str) -> None:
        # In place of the parent's, which makes a client of the SDK's own.
        self.app, self.app_token = app, token
        self.client = Client(token, app.logger, app.client, ping_interval=PING_INTERVAL)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type] # as the parent does


class SocketMode:
    """The connections over which Slack sends what people do."""

    lost = "No connection to Slack: clicks don't arrive. Check SLACK_APP_TOKEN and Slack's status."

    def __init__(
        self, app: AsyncApp, token: str, durations: Durations, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._handlers: list[AsyncSocketModeHandler] = [Handler(app, token) for _ in range(CONNECTIONS)]
        self._durations = durations
        self._now = now
        self._alive = [now()] * CONNECTIONS

    async def connected(self) -> int:
        """Count the connections that are up."""
        return sum([await handler.client.is_connected() for handler in self._handlers])

    async def details(self) -> dict[str, object]:
        """Return how many connections are open."""
        return {"slack_connections": await self.connected()}

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep the connections up until `stopping`. Raises `SocketLost` when all have been down for too long."""
        async with asyncio.TaskGroup() as group:
            connecting = [group.create_task(self._connect(place)) for place in range(CONNECTIONS)]
            while not stopping.is_set():
                for place, handler in enumerate(self._handlers):
                    if await handler.client.is_connected():
                        self._alive[place] = self._now()
                    elif self._now() - self._alive[place] > self._durations.socket_grace:
                        # The client asks for a new ticket only when it has none.
                        handler.client.wss_uri = None
                if self._now() - max(self._alive) > self._durations.socket_lost:
                    raise SocketLost(f"no connection to Slack for {self._durations.socket_lost:.0f} s")
                await asyncio.sleep(LOOK * self._durations.socket_grace / Durations.socket_grace)
            for task in connecting:
                task.cancel()

    async def close(self) -> None:
        """Close the connections; what is being handled can no longer be acked afterwards."""
        for handler in self._handlers:
            await handler.close_async()

    async def _connect(self, place: int) -> None:
        await asyncio.sleep(place * self._durations.socket_stagger)
        await self._handlers[place].connect_async()
