"""
The WebSocket side of Socket Mode: who is connected, and what goes wrong with connections.

Source: Slack's page on Socket Mode; `too_many_websockets` and the size of acks from reports of the official clients.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import WSMsgType, web

from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.workspace import Workspace

MAX_CONNECTIONS = 10
HOST = "applink-sandbox"
CLOSE_TYPES = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]
FrameHandler = Callable[[str], None]
"""Takes a text frame from an app."""


@dataclass(eq=False)
class Connection:
    """
    One open WebSocket.

    A half-open one looks alive to Slack while nothing goes through any more; one that has been asked to leave gets no
    further payload.
    """

    id: int
    ws: web.WebSocketResponse
    request: web.Request
    half_open: bool = False
    is_leaving: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, frame: Json) -> None:
        """Send a frame; it is lost when nothing goes through."""
        if self.half_open or self.ws.closed:
            return
        try:
            await self.ws.send_json(frame)
        except ConnectionError:
            # The app has gone this moment; as with Slack, the frame is lost.
            self.closed.set()

    def cut(self) -> None:
        """End the connection without a closing handshake."""
        if self.request.transport:
            self.request.transport.abort()


class SocketMode:
    """The connections of the app. `ping_interval` is in seconds."""

    def __init__(self, workspace: Workspace, on_frame: FrameHandler, ping_interval: float) -> None:
        self._workspace = workspace
        self._on_frame = on_frame
        self.ping_interval = ping_interval
        self._open: list[Connection] = []
        self._count = 0
        self._next_index = 0
        self._refusals_left = 0
        self.enabled = True

    @property
    def connections(self) -> int:
        """How many connections are open, as far as Slack knows."""
        return len(self._open)

    async def wait_connected(self, n: int = 1, timeout: float = 45) -> None:  # noqa: ASYNC109 - the name is promised
        """Wait until at least `n` connections are open. Raises `AssertionError` after `timeout` seconds."""
        enough = lambda: self.connections >= n  # noqa: E731 - read in place
        await self._workspace.changes.wait_until(
            enough, timeout, lambda: f"{self.connections} of {n} connections are open"
        )

    def next_connection(self) -> Connection | None:
        """Return the connection whose turn it is to get a payload, None when there is none."""
        available = [each for each in self._open if not each.is_leaving and not each.ws.closed]
        if not available:
            return None
        self._next_index += 1
        return available[self._next_index % len(available)]

    async def disconnect(self, reason: DisconnectReason, n: int | None = None) -> None:
        """Send the `n` oldest connections (all by default) a disconnect, or (`warning`) a warning of it."""
        for connection in self._open[:n]:
            connection.is_leaving = reason != "warning"
            await connection.send(_disconnect_frame(reason))

    async def refresh(
        self, reason: DisconnectReason = "refresh_requested", grace: float = 1.0, n: int | None = None
    ) -> None:
        """Ask the `n` oldest connections (all by default) to be replaced; close who is left after `grace` seconds."""
        leaving = self._open[:n]
        await self.disconnect(reason, n)
        try:
            async with asyncio.timeout(grace):
                for connection in leaving:
                    await connection.closed.wait()
        except TimeoutError:
            for connection in leaving:
                await connection.ws.close()

    def cut(self, n: int | None = None) -> None:
        """End the `n` oldest connections (all by default) abruptly."""
        for connection in self._open[:n]:
            connection.cut()
        del self._open[:n]
        self._workspace.changes.notify()

    def half_open(self, n: int | None = None) -> None:
        """Let nothing through the `n` oldest connections (all by default), in either direction, without ending them."""
        for connection in self._open[:n]:
            connection.half_open = True

    def refuse_handshakes(self, n: int) -> None:
        """Answer the next `n` WebSocket handshakes with 503; each of their tickets is spent all the same."""
        self._refusals_left = n

    async def handle_connection(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from its handshake to its end."""
        is_valid = self._workspace.tickets.redeem(request.query.get("ticket", ""))
        if self._refusals_left:
            self._refusals_left -= 1
            return web.Response(status=503, text="upstream unavailable")
        if not is_valid:
            return web.Response(status=408, text="the ticket is unknown, used or expired")
        ws = web.WebSocketResponse(autoping=False, compress=False, timeout=1.0)
        await ws.prepare(request)
        self._count += 1
        await self._serve(Connection(self._count, ws, request))
        return ws

    async def _serve(self, connection: Connection) -> None:
        if not self.enabled or len(self._open) >= MAX_CONNECTIONS:
            await connection.send(_disconnect_frame("too_many_websockets" if self.enabled else "link_disabled"))
            await connection.ws.close()
            return
        self._open.append(connection)
        await connection.send(self._hello_frame())
        self._workspace.changes.notify()
        try:
            # A client that is gone before its ping is answered has ended like any other.
            with suppress(ConnectionResetError):
                await self._listen(connection)
        finally:
            connection.closed.set()
            if connection in self._open:
                self._open.remove(connection)
            self._workspace.changes.notify()

    async def _listen(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + self.ping_interval
        while not connection.closed.is_set():
            try:
                frame = await connection.ws.receive(timeout=max(0.001, ping_at - loop.time()))
            except TimeoutError:
                ping_at = loop.time() + self.ping_interval
                if not connection.half_open:
                    await connection.ws.ping(b"sandbox")
                continue
            if frame.type in CLOSE_TYPES:
                return
            if connection.half_open:
                continue
            if frame.type is WSMsgType.PING:
                await connection.ws.pong(frame.data)
            elif frame.type is WSMsgType.TEXT and frame.data:
                self._on_frame(frame.data)

    def _hello_frame(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connections,
            "debug_info": {
                "host": HOST,
                "started": "2026-01-01 00:00:00.000",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self._workspace.app_id},
        }


def _disconnect_frame(reason: DisconnectReason) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}}
