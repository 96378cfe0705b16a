"""Serving a small web application: on this machine only, for health and figures, or in public."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from aiohttp import web

from shared.http.connections import ClientLimits, ConnectionTable

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def serving(app: web.Application, port: int) -> AsyncIterator[int]:
    """Serve `app` on the loopback address while the context lasts; gives the port, chosen by the system if it was 0."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving_in_public(app: web.Application, host: str, port: int, limits: ClientLimits) -> AsyncIterator[int]:
    """Listen in public, with a deadline for every client, and yield the port; at the end finish what is in hand."""
    runner = web.AppRunner(app, shutdown_timeout=limits.drain)
    await runner.setup()
    try:
        clients = ConnectionTable(cast("web.Server", runner.server), limits)
        listening = await asyncio.get_running_loop().create_server(clients, host, port)
        try:
            yield listening.sockets[0].getsockname()[1]
        finally:
            listening.close()
    finally:
        await runner.cleanup()
