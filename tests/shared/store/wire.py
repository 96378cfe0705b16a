"""A way to Valkey that a test can watch and spoil."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import Redis, connect

EVERY = 1000
SHORT = 0.3
"""Seconds that a call over the wire may take."""


class Wire:
    """A way to Valkey that counts what goes over it, and can lose replies and cut connections."""

    def __init__(self, socket: str) -> None:
        self.url = ""
        self.sent = b""
        self.packets = 0
        self.connections = 0
        self.mute = 0
        """Replies to the first so many connections are lost."""
        self._socket = socket
        self._carried = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self.connections += 1
        self._carried += 1
        number = self.connections
        try:
            there, back = await asyncio.open_unix_connection(self._socket)
        except OSError:  # nobody listens any more, and so nobody does here
            self._carried -= 1
            writer.close()
            return
        self._writers += [writer, back]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, back, self._note))
            group.create_task(self._carry(there, writer, lambda _: number > self.mute))
        self._carried -= 1

    def cut(self) -> None:
        """Close all connections, as a server does with idle ones."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def end(self) -> None:
        """Close all connections, also one that is only just being made, and wait until they are closed."""
        async with asyncio.timeout(10):
            await asyncio.sleep(0.01)
            while self._carried:
                self.cut()
                await asyncio.sleep(0.01)

    def _note(self, data: bytes) -> bool:
        self.sent += data
        self.packets += 1
        return True

    @staticmethod
    async def _carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
    ) -> None:
        try:
            while data := await reader.read(65536):
                if passes(data):
                    writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wired(valkey: EmbeddedValkey) -> AsyncIterator[tuple[Wire, Redis]]:
    """Connect over a wire of our own."""
    async with AsyncExitStack() as stack:
        wire = Wire(valkey.url.removeprefix("unix://"))
        server = await stack.enter_async_context(await asyncio.start_server(wire, "127.0.0.1", 0))
        wire.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = connect(wire.url, timeout=SHORT)
        yield wire, client
        await client.aclose()
        server.close()
        await wire.end()
