"""The page's server: files, the state as it changes, and what people do. It listens on this machine only."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from pagebridge_sandbox.pagerduty import ApiError
from pagebridge_sandbox.play import pagerduty_acts, slack_acts
from pagebridge_sandbox.play.hops import find_hop
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.scrubbing import scrub
from pagebridge_sandbox.play.state import whole_state
from pagebridge_sandbox.play.verdicts import Breaker
from pagebridge_sandbox.slack.responses import SlackError

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
PAUSE = 0.1
"""Seconds between two looks at whether the state has changed."""
BREATHS = 4
"""How many times as long as making the state takes nothing else is made, so that the bridge has time to work."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
ACTS = slack_acts.ACTS | pagerduty_acts.ACTS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PlayServer:
    """Serves the page and its state, and carries out what people do."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._breaker = Breaker(playground)
        self._port = 0
        self._text = ""
        self._made_at = self._made_in = 0.0

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self._port}/"

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator["PlayServer"]:
        """Listen until left; port 0 takes a free one. Raises `OSError` when the port is taken."""
        runner = web.AppRunner(self._application(), shutdown_timeout=0.2, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            self._port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", _page_file)
        app.router.add_get("/page/{path:.+}", _page_file)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/stream", self._stream)
        app.router.add_get("/api/hop/{id}", self._hop)
        for path, act in {**ACTS, "breaks": self._break}.items():
            app.router.add_post(f"/api/{path}", self._act(act))
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only what this page asks: no other page, and no name that leads here by a trick."""
        hosts = {f"{name}:{self._port}" for name in (HOST, "localhost")}
        origin = request.headers.get("Origin")
        if request.host not in hosts or (origin is not None and origin.removeprefix("http://") not in hosts):
            return _refusal("This server answers only the page that it serves itself.", 403)
        if request.method == "POST" and request.content_type != "application/json":
            return _refusal("Send JSON, with its content type.", 415)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = _refusal(error.reason, error.status)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _act(self, act: slack_acts.Act) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            try:
                body = await request.json()
                if not isinstance(body, dict):
                    return _refusal("Send a JSON object.")
                return web.json_response(await act(self._playground, body))
            except KeyError as error:
                return _refusal(f"{error} is missing or not known.")
            except ApiError as error:
                return _refusal(_words_of(error))
            except (AssertionError, LookupError, TypeError, ValueError, SlackError) as error:
                return _refusal(str(error))

        return handle

    async def _break(self, _playground: Playground, body: dict[str, Any]) -> dict[str, Any]:
        await self._breaker.set(str(body["id"]), on=bool(body["on"]))
        return {}

    async def _state(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._current(), content_type="application/json")

    async def _hop(self, request: web.Request) -> web.Response:
        try:
            hop = find_hop(self._playground, request.match_info["id"])
        except LookupError as error:
            return _refusal(str(error), 404)
        return web.json_response({"payload": scrub(hop.payload(), self._playground.secrets())})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send the state at once, and again whenever it has changed."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        sent = None
        while True:
            text = self._current()
            if text is not sent:
                await response.write(f"event: state\ndata: {text}\n\n".encode())
                sent = text
            await asyncio.sleep(PAUSE)

    def _current(self) -> str:
        """Return the state as text: the same object for as long as nothing has changed."""
        if time.monotonic() - self._made_at > max(PAUSE / 2, BREATHS * self._made_in):
            begun = time.monotonic()
            text = json.dumps(whole_state(self._playground, self._breaker), ensure_ascii=False)
            self._text = self._text if text == self._text else text
            self._made_at = time.monotonic()
            self._made_in = self._made_at - begun
        return self._text


def _words_of(error: ApiError) -> str:
    body = error.response.body
    told = body.get("error", {}) if isinstance(body, dict) else {}
    return ". ".join([str(told.get("message", error)), *map(str, told.get("errors", []))])


async def _page_file(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(_find_file(request.match_info.get("path", "index.html")))


def _find_file(name: str) -> Path:
    """Return a file of the page, and none that lies elsewhere. Raises `HTTPNotFound`."""
    path = (PAGE / name).resolve()
    if not (path.is_relative_to(PAGE.resolve()) and path.is_file()):
        raise web.HTTPNotFound
    return path


def _refusal(words: str, status: int = 400) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=HEADERS)
