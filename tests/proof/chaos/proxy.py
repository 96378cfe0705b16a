"""A way between two programs that can be cut, held up, closed, and turned into a black hole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pagebridge_sandbox.loopback import HOST

CHUNK = 65536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]
"""Connects to the far side."""


@dataclass(eq=False)
class Wire:
    """One connection. What went into a black hole is gone, so a `broken` one carries nothing any more."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    broken: bool = False

    def abort(self) -> None:
        """End it in both directions, without a word."""
        for writer in (self.near, self.far):
            writer.transport.abort()


class Proxy:
    """
    Carries the connections to one address.

    Whatever is held up is delivered late, also when whoever sent it has given up by then.
    """

    def __init__(self, port: int, dial: Dial) -> None:
        self.port = port
        self._dial = dial
        self._server: asyncio.Server | None = None
        self._wires: set[Wire] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._swallowing = False

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    def cut(self) -> None:
        """End every connection; new ones are welcome."""
        for wire in list(self._wires):
            wire.abort()

    def refuse(self) -> None:
        """End every connection, and let nobody connect until `mend`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def stall(self) -> None:
        """Hold everything up until `mend`."""
        self._flowing.clear()

    def swallow(self) -> None:
        """Let connections stand, and everything on them vanish, until `mend`."""
        self._swallowing = True

    async def mend(self) -> None:
        """Work again. Connections out of which something is missing are ended."""
        self._flowing.set()
        self._swallowing = False
        for wire in [wire for wire in self._wires if wire.broken]:
            wire.abort()
        if self._server is None:
            await self.open()

    async def close(self) -> None:
        """End everything."""
        self.refuse()
        self._flowing.set()
        while self._wires:  # noqa: ASYNC110 -- the connections end by themselves, one loop later
            await asyncio.sleep(0.001)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            back, far = await self._dial()
        except OSError:
            # Nobody is there: the client sees its connection end.
            near.transport.abort()
            return
        wire = Wire(near, far)
        self._wires.add(wire)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, far, wire))
                group.create_task(self._carry(back, near, wire))
        finally:
            self._wires.discard(wire)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire) -> None:
        try:
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                wire.broken = wire.broken or self._swallowing
                if not wire.broken:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            # One of the two sides has ended the connection; so do we.
            wire.abort()
        finally:
            writer.close()


@asynccontextmanager
async def proxy(port: int, dial: Dial) -> AsyncIterator[Proxy]:
    """Run a proxy on `port`, and end everything that goes through it at the end."""
    way = Proxy(port, dial)
    await way.open()
    try:
        yield way
    finally:
        await way.close()


def to_port(port: int) -> Dial:
    """Connect to a port of this machine."""
    return lambda: asyncio.open_connection(HOST, port)


def to_socket(path: str) -> Dial:
    """Connect to a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)
