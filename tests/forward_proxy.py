"""
A forward proxy as companies have them, in front of servers on this machine whose names exist only behind it.

A name that no resolver knows is reached through the proxy or not at all.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from pagebridge_sandbox.loopback import HOST
from tests.authority import OPENSSL

CHUNK = 65536

needs_openssl = pytest.mark.skipif(not OPENSSL, reason="openssl makes the certificates")


@dataclass
class ForwardProxy:
    """
    The proxy. `ports` says where each `host:port` is, `credentials` are `user:password` if it wants any.

    `refusal` is an answer to everything.
    """

    scheme: str = "http"
    port: int = 0
    ports: dict[str, int] = field(default_factory=dict)
    credentials: str = ""
    refusal: HTTPStatus | None = None
    asked: list[str] = field(default_factory=list)
    """What it was asked for and allowed: `CONNECT host:port`, or a method with an address."""
    refused: int = 0
    passing: list[tuple[str, asyncio.StreamWriter]] = field(default_factory=list)

    def stop(self, target: str) -> int:
        """Let nothing through to a `host:port` any more, and return where that is."""
        for _, writer in [each for each in self.passing if each[0] == target]:
            writer.transport.abort()
        return self.ports.pop(target)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *headers = head.strip().split("\r\n")
            status = self._refusal(headers) or self._unknown(first)
            if status is not None:
                self.refused += 1
                wanted = 'Proxy-Authenticate: Basic realm="corp"\r\n' if status == HTTPStatus(407) else ""
                writer.write(f"HTTP/1.1 {status} {status.phrase}\r\n{wanted}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return
            self.asked.append(first.rpartition(" ")[0])
            method, url, _ = first.split(" ")
            back, far = await asyncio.open_connection(HOST, self.ports[_target(method, url)])
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                far.write(_origin_form(method, url, headers).encode("latin-1"))
            self.passing.append((_target(method, url), writer))
            await joined((reader, writer), (back, far))

    def _refusal(self, headers: list[str]) -> HTTPStatus | None:
        """Let in who gives the right user and password."""
        given = f"Basic {base64.b64encode(self.credentials.encode()).decode()}"
        if self.credentials and not any(each.lower() == f"proxy-authorization: {given}".lower() for each in headers):
            return HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        return self.refusal

    def _unknown(self, first: str) -> HTTPStatus | None:
        method, url, _ = first.split(" ")
        return None if _target(method, url) in self.ports else HTTPStatus.BAD_GATEWAY


def _target(method: str, url: str) -> str:
    parts = urlsplit(url)
    return url if method == "CONNECT" else f"{parts.hostname}:{parts.port or 80}"


def _origin_form(method: str, url: str, headers: list[str]) -> str:
    """Pass a request on, one for each connection, unless it becomes a WebSocket."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [each for each in headers if not each.lower().startswith("proxy-")]
    if not any(each.lower() == "upgrade: websocket" for each in kept):
        kept = [*(each for each in kept if not each.lower().startswith("connection:")), "Connection: close"]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *kept, "", ""])


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def joined(one: Streams, other: Streams) -> None:
    """Carry bytes both ways until either side ends."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()

    await asyncio.gather(carry(one[0], other[1]), carry(other[0], one[1]))


@contextmanager
def closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Close a connection at the end, whatever becomes of it."""
    try:
        yield
    finally:
        writer.close()


@asynccontextmanager
async def forward_proxy(credentials: str = "", tls: ssl.SSLContext | None = None) -> AsyncIterator[ForwardProxy]:
    """Run a proxy on a free port, that is itself spoken to with TLS if that is given."""
    proxy = ForwardProxy("https" if tls else "http", credentials=credentials)
    async with served(proxy.serve, tls) as proxy.port:
        yield proxy


@asynccontextmanager
async def with_tls(port: int, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """Give the server at `port` TLS at another port, and yield that."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):
            await joined((reader, writer), await asyncio.open_connection(HOST, port))

    async with served(serve, tls) as own:
        yield own


@asynccontextmanager
async def served(serve: Serve, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Listen on a free port, and yield it. At the end no connection is left."""
    open_ones: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = open_ones[writer] = asyncio.Event()
        try:
            await serve(reader, writer)
        finally:
            del open_ones[writer]
            ended.set()

    server = await asyncio.start_server(tracked, HOST, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer, ended in list(open_ones.items()):
            writer.transport.abort()
            await ended.wait()
