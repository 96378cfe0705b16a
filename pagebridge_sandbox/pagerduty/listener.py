"""Listening on a port, from which the server can go away and come back."""

import asyncio
import contextlib
import socket

from aiohttp import web

from pagebridge_sandbox.loopback import HOST

SHUTDOWN_TIMEOUT = 0.2


class Listener:
    """Serves an application on one port of 127.0.0.1; port 0 takes a free one, which stays the same from then on."""

    def __init__(self, application: web.Application, port: int) -> None:
        self._runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_TIMEOUT, access_log=None)
        self._port = port
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to listen. `OSError` when the port is taken."""
        self._group = group
        await self._runner.setup()
        await self._serve(self._bind())

    async def close(self) -> None:
        """Stop for good."""
        self.suspend()
        if self._starting is not None:
            await asyncio.wait([self._starting])
        await self._runner.cleanup()

    def suspend(self) -> None:
        """Refuse new connections and cut those that there are."""
        if self._starting is not None:
            self._starting.cancel()
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.close()
        self._server = self._socket = None
        self._abort_connections()

    def resume(self) -> None:
        """Listen on the same port again; connections are accepted from this moment on."""
        if self._socket is None:
            self._starting = self._group.create_task(self._serve(self._bind()))

    def _abort_connections(self) -> None:
        for connection in self._runner.server.connections if self._runner.server else []:
            if connection.transport is not None:
                connection.transport.abort()

    def _bind(self) -> socket.socket:
        with contextlib.ExitStack() as stack:
            bound = stack.enter_context(socket.socket())
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((HOST, self._port))
            bound.listen()
            bound.setblocking(False)
            stack.pop_all()
        self._port = bound.getsockname()[1]
        self._socket = bound
        return bound

    async def _serve(self, bound: socket.socket) -> None:
        if self._runner.server is None:
            raise RuntimeError("not set up")
        self._server = await asyncio.get_running_loop().create_server(self._runner.server, sock=bound)
