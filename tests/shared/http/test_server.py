"""Requests that go to their handler without the application's router, and those that do not."""

import asyncio

import pytest
from aiohttp import web

from shared.http.server import ClientLimits, serving_in_public


async def _direct(_request: web.BaseRequest) -> web.Response:
    return web.Response(text="direct")


async def _routed(_request: web.Request) -> web.Response:
    return web.Response(text="routed")


@pytest.mark.parametrize(
    ("line", "header", "served"),
    [
        ("POST /in", "X: y", "direct"),
        ("POST /in?a=b", "X: y", "routed"),
        ("POST /%69n", "X: y", "routed"),
        ("POST /in", "Expect: 100-continue", "routed"),
        ("GET /in", "X: y", "routed"),
        ("POST /other", "X: y", "routed"),
    ],
)
async def test_a_post_to_exactly_the_path_needs_no_router(line: str, header: str, served: str) -> None:
    """Every other request goes to the application, which knows queries, escapes and `Expect`."""
    app = web.Application()
    app.router.add_route("*", "/{any}", _routed)
    async with serving_in_public(app, "127.0.0.1", 0, ClientLimits(), {"/in": _direct}) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"{line} HTTP/1.1\r\nHost: x\r\n{header}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()

    assert answer.decode().endswith(served)
