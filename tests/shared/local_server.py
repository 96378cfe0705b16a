"""An HTTP server on this machine that answers as a test tells it, and keeps every request that reached it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

Answer = Callable[["Request"], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: CIMultiDictProxy[str]
    body: bytes
    raw: web.Request


@dataclass
class LocalServer:
    """The server: `url` to reach it, `requests` that it got, `answer` to tell it what to say."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Answer = field(default=lambda _: web.Response(status=404))

    def say(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer every request with this JSON."""
        self.answer = lambda _: web.json_response(body, status=status, headers=headers)

    def say_raw(self, body: bytes, status: int, headers: dict[str, str] | None = None) -> None:
        """Answer every request with these bytes."""
        self.answer = lambda _: web.Response(body=body, status=status, headers=headers or {})

    def drop(self) -> None:
        """Cut the connection instead of answering."""

        def cut(request: Request) -> web.Response:
            if request.raw.transport is not None:
                request.raw.transport.abort()
            return web.Response()

        self.answer = cut

    def hang(self, release: asyncio.Event) -> None:
        """Do not answer until `release`."""

        async def wait(_: Request) -> web.Response:
            await release.wait()
            return web.Response(status=500)

        self.answer = wait

    async def handle(self, raw: web.Request) -> web.StreamResponse:
        """Keep the request, and answer."""
        headers = CIMultiDictProxy(CIMultiDict(raw.headers))
        request = Request(raw.method, raw.path, dict(raw.query), headers, await raw.read(), raw)
        self.requests.append(request)
        answer = self.answer(request)
        return answer if isinstance(answer, web.StreamResponse) else await answer


@asynccontextmanager
async def local_server() -> AsyncIterator[LocalServer]:
    """Serve on a free port of 127.0.0.1."""
    server = LocalServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
