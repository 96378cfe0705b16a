"""
Serving a small web application: on this machine only, for health and figures, or in public.

In public there are slow clients, and too many of them, and aiohttp waits for ever for the rest of a request. Here every
connection always has a deadline for what comes next, and when there are too many connections, the one that has been
awaited longest makes room: a good client still gets in.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum, auto
from http import HTTPStatus
from types import MappingProxyType
from typing import cast

import structlog
from aiohttp import hdrs, web
from prometheus_client import Counter, Gauge

from shared.http.hosts import LOOPBACK, addresses

log = structlog.get_logger()

CUT_OFF = Counter("pagebridge_public_cut_off", "Connections closed by our side, by what was awaited", ["awaited"])
CONNECTIONS = Gauge("pagebridge_public_connections", "Open connections on the public port")

BANNER = {"Server": "pagebridge"}
"""The header that names us: no product and no version, which would help an attacker."""
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class ClientLimits:
    """How long the clients of a public port may take, in seconds, and how many of them there may be."""

    header: float = 5.0
    """From the connection, or the first byte of a later request, to the end of the request's header."""
    body: float = 3.0
    """From there to the end of the body."""
    answer: float = 5.0
    """From there to the answer."""
    idle: float = 30.0
    """From an answer to the next request on the same connection."""
    connections: int = 256
    """Open at the same time. For one more, the one that has been awaited longest is closed."""
    drain: float = 8.0
    """For requests in hand when the port is closed."""


class ConnectionState(StrEnum):
    """The states of a connection, by what it waits for; each is the name of its limit."""

    IDLE = auto()
    HEADER = auto()
    BODY = auto()
    ANSWER = auto()


class ConnectionTable:
    """The open connections of one server, the one that changed longest ago first; called for each new connection."""

    def __init__(self, server: web.Server, limits: ClientLimits) -> None:
        self.server = server
        self.limits = limits
        self._open: OrderedDict[Connection, None] = OrderedDict()

    def __call__(self) -> "Connection":
        """Make the protocol of a new connection."""
        return Connection(self)

    def opened(self, client: "Connection") -> None:
        """Take a new connection in, at the cost of another one if there are too many."""
        self._open[client] = None
        CONNECTIONS.set(len(self._open))
        if len(self._open) > self.limits.connections:
            # An answer under way is never given up; if nothing else is awaited, the newcomer itself has to go.
            next(one for one in self._open if one.awaited is not ConnectionState.ANSWER).cut_off()

    def progressed(self, client: "Connection") -> None:
        """Put a connection last, because it is in no arrears."""
        if client in self._open:
            self._open.move_to_end(client)

    def closed(self, client: "Connection") -> None:
        """Forget a connection."""
        self._open.pop(client, None)
        CONNECTIONS.set(len(self._open))


class Connection(web.RequestHandler):
    """One connection, with the deadline for what it waits for."""

    def __init__(self, clients: ConnectionTable) -> None:
        super().__init__(
            clients.server,
            loop=asyncio.get_running_loop(),
            # The signature covers the bytes on the wire.
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # documented to mean none
            lingering_time=clients.limits.body,
        )
        self.awaited = ConnectionState.HEADER
        self._clients = clients
        self._wire: asyncio.Transport | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock; aiohttp calls it."""
        super().connection_made(transport)
        # aiohttp forgets its transport when it begins to close, which a client that reads nothing can hold up.
        self._wire = transport if isinstance(transport, asyncio.Transport) else None
        self.wait_for(ConnectionState.HEADER)
        self._clients.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the clock; aiohttp calls it."""
        self._wire = None
        if self._timer:
            self._timer.cancel()
        self._clients.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; aiohttp calls it. The first ones after an answer begin another request."""
        if self.awaited is ConnectionState.IDLE:
            self.wait_for(ConnectionState.HEADER)
        super().data_received(data)

    def wait_for(self, awaited: ConnectionState) -> None:
        """Set the deadline for what comes next."""
        self.awaited = awaited
        if self._wire:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + getattr(self._clients.limits, awaited)
            # One that goes off too early looks again: under load that is once in seconds, and not four times a request.
            if self._timer is None or self._timer.when() > self._due:
                self._set_timer(loop)
            self._clients.progressed(self)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connection if what it waits for is overdue."""
        if self._timer and self._timer.when() >= self._due:
            self.cut_off()
        else:
            self._set_timer(loop)

    def cut_off(self) -> None:
        """Close the connection at once. The sender sees a failed delivery."""
        CUT_OFF.labels(self.awaited).inc()
        self._clients.closed(self)
        if self._wire:
            self._wire.abort()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no HTTP with a bare status; aiohttp would log a traceback for each, and give its name."""
        if status >= web.HTTPInternalServerError.status_code:
            return super().handle_error(request, status, exc, message)
        log.debug("request.unreadable", why=type(exc).__name__)
        answer = web.Response(status=status, headers=BANNER)
        answer.force_close()
        return answer


def with_deadlines(handler: Handler, posts: Mapping[str, Handler]) -> Handler:
    """Return a handler that sets on the connection how far its request has come, and has `posts` handled by theirs."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        wait_for(request, ConnectionState.ANSWER if request.content.is_eof() else ConnectionState.BODY)
        try:
            if request.method == "POST" and request.raw_path in posts and hdrs.EXPECT not in request.headers:
                return await posts[request.raw_path](request)
            return await handler(request)
        finally:
            wait_for(request, ConnectionState.IDLE)

    return handle


def wait_for(request: web.BaseRequest, awaited: ConnectionState) -> None:
    """Set the deadline of the request's connection."""
    if isinstance(request.protocol, Connection):
        request.protocol.wait_for(awaited)


async def read_body(request: web.BaseRequest, most: int) -> bytes | HTTPStatus:
    """
    Read a body as on the wire, or return 413 (more than `most` bytes) or 503 (broken off).

    Nothing is unpacked: `Content-Encoding` is not signed, and the bytes on the wire are.
    """
    content = request.content
    try:
        if content.is_eof():  # it came with the header
            body = content.read_nowait()
        elif (request.content_length or 0) > most:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            body = await request.read()
            wait_for(request, ConnectionState.ANSWER)
    except web.HTTPRequestEntityTooLarge:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    except (OSError, web.RequestPayloadError) as error:
        log.info("request.broken_off", why=type(error).__name__)
        return HTTPStatus.SERVICE_UNAVAILABLE
    return body if len(body) <= most else HTTPStatus.REQUEST_ENTITY_TOO_LARGE


async def hide_banner(_request: web.Request, response: web.StreamResponse) -> None:
    """Replace aiohttp's name and version, a signal handler for `on_response_prepare`."""
    response.headers.update(BANNER)


@asynccontextmanager
async def serving(app: web.Application, port: int, host: str = LOOPBACK) -> AsyncIterator[int]:
    """Serve `app` while the context lasts, and give the port, which the system chooses if it was 0."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        async with _listening(cast("web.Server", runner.server), host, port) as found:
            yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving_in_public(
    app: web.Application,
    host: str,
    port: int,
    limits: ClientLimits,
    posts: Mapping[str, Handler] = MappingProxyType({}),
) -> AsyncIterator[int]:
    """
    Listen in public, with a deadline for every client, and yield the port; at the end finish what is in hand.

    A POST to exactly one of the paths of `posts` goes to its handler without the application's router and signals.
    """
    runner = web.AppRunner(app, shutdown_timeout=limits.drain)
    await runner.setup()
    try:
        server = cast("web.Server", runner.server)
        server.request_handler = with_deadlines(server.request_handler, posts)
        async with _listening(ConnectionTable(server, limits), host, port) as found:
            yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _listening(clients: Callable[[], asyncio.Protocol], hosts: str, port: int) -> AsyncIterator[int]:
    """Listen on each of `hosts`, and give the port, the same for all."""
    async with AsyncExitStack() as stack:
        for host in addresses(hosts):
            server = await asyncio.get_running_loop().create_server(clients, host, port)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
        yield port
