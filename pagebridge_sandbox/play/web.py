"""The page's server: files, the state as it changes, and what people do. It answers a browser of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.pagerduty import ApiError
from pagebridge_sandbox.play.game import ACTS, Game
from pagebridge_sandbox.play.hops import find_hop
from pagebridge_sandbox.play.recording import RECORDED_PATHS
from pagebridge_sandbox.play.scrubbing import scrub
from pagebridge_sandbox.play.skeletons import story
from pagebridge_sandbox.play.snapshots import Snapshot, Snapshots, changes, whole
from pagebridge_sandbox.play.why import why
from pagebridge_sandbox.slack.responses import SlackError

PAGE = Path(__file__).parent / "page"
PAUSE = 0.2
"""Seconds between two looks at whether the state has changed. What was done on the page is looked at without any."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
FOR_GOOD = {"Cache-Control": "max-age=31536000, immutable"}
Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PlayServer:
    """Serves the page and its state, and carries out what people do."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self._port = 0
        self._snapshots = Snapshots(game)
        self._acted = asyncio.Event()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self._port}/"

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator["PlayServer"]:
        """Listen until left; port 0 takes a free one. Raises `OSError` when the port is taken."""
        runner = web.AppRunner(self._application(), shutdown_timeout=0.2, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            self._port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        version = _version()
        app.router.add_get("/", partial(_index, version))
        app.router.add_get(f"/page/{version}/{{path:.+}}", _page_file)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/stream", self._stream)
        app.router.add_get("/api/hop/{id}", self._hop)
        app.router.add_get("/api/deliveries", self._deliveries)
        app.router.add_get("/api/scenario", self._scenario)
        app.router.add_get("/api/scenario/test", self._skeleton)
        for path in RECORDED_PATHS | ACTS.keys():
            app.router.add_post(f"/api/{path}", partial(_answer, partial(self._act, path)))
        for path, handle in self._controls().items():
            app.router.add_post(f"/api/{path}", partial(_answer, handle))
        return app

    def _controls(self) -> dict[str, Callable[[Json], Awaitable[Json]]]:
        """The requests of the page other than people's acts."""
        return {"tour": self._tour, "why": self._why, "reset": self._reset, "scenario": self._perform}

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only what this page asks: no other page, and no name that leads here by a trick."""
        # The port is another one where a container publishes this one.
        name, origin = request.host.partition(":")[0], request.headers.get("Origin", f"http://{request.host}")
        if name not in {HOST, "localhost"} or origin != f"http://{request.host}":
            return _refusal("This server answers only the page that it serves itself.", 403)
        if request.method == "POST" and request.content_type != "application/json":
            return _refusal("Send JSON, with its content type.", 415)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = _refusal(error.reason, error.status)
        if request.method == "POST":
            self._look_again()
        for header, value in HEADERS.items() if not response.prepared else ():
            response.headers.setdefault(header, value)
        return response

    def _look_again(self) -> None:
        """Let what was done be seen at once."""
        self._snapshots.expire()
        self._acted.set()
        self._acted = asyncio.Event()

    async def _act(self, path: str, body: Json) -> Json:
        return await self._game.play.act(path, body)

    async def _tour(self, body: Json) -> Json:
        tour = self._game.play.tour
        steps = {"start": tour.start, "next": tour.next, "reset": tour.reset}
        await steps[str(body["do"])]()
        return {}

    async def _why(self, body: Json) -> Json:
        return {"text": await why(self._game.play.playground, str(body["incident"]))}

    async def _reset(self, _body: Json) -> Json:
        await self._game.restart()
        return {}

    async def _perform(self, body: Json) -> Json:
        acts = body["acts"]
        if not isinstance(acts, list):
            raise TypeError("A scenario has a list of acts.")
        self._game.perform(acts)
        return {"acts": len(acts)}

    async def _scenario(self, _request: web.Request) -> web.Response:
        return web.json_response({"acts": self._game.play.recorder.acts})

    async def _deliveries(self, _request: web.Request) -> web.Response:
        """Give every webhook so far, one a line, as `pagebridge replay` reads them."""
        log = self._game.play.playground.pagerduty.webhooks.log
        return web.Response(body=b"".join(each.body + b"\n" for each in log), content_type="text/plain")

    async def _skeleton(self, _request: web.Request) -> web.Response:
        return web.Response(text=story(self._game.play.recorder.acts))

    async def _state(self, _request: web.Request) -> web.Response:
        return web.Response(text=whole(self._snapshots.latest()), content_type="application/json")

    async def _hop(self, request: web.Request) -> web.Response:
        try:
            playground = self._game.play.playground
            hop = find_hop(playground, request.match_info["id"])
        except LookupError as error:
            return _refusal(str(error), 404)
        return web.json_response({"payload": scrub(hop.payload(), playground.secrets())})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send the state at once, and then what of it has changed, until the browser has gone."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        with suppress(ConnectionResetError):
            await self._send_changes(response)
        return response

    async def _send_changes(self, response: web.StreamResponse) -> None:
        sent: Snapshot = {}
        while True:
            acted, latest = self._acted, self._snapshots.latest()
            if latest is not sent:
                await response.write(f"event: changes\ndata: {changes(sent, latest)}\n\n".encode())
                sent = latest
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await acted.wait()


async def _answer(act: Callable[[Json], Awaitable[Json]], request: web.Request) -> web.Response:
    """Carry out a request; what is wrong with it is said in words."""
    try:
        body = await request.json(loads=decode)
        if not isinstance(body, dict):
            return _refusal("Send a JSON object.")
        return web.json_response(await act(body))
    except KeyError as error:
        return _refusal(f"{error} is missing or not known.")
    except ApiError as error:
        return _refusal(_words_of(error))
    except (AssertionError, LookupError, OSError, TypeError, ValueError, SlackError) as error:
        return _refusal(str(error))


def _words_of(error: ApiError) -> str:
    body = error.response.body
    told = body.get("error", {}) if isinstance(body, dict) else {}
    return ". ".join([str(told.get("message", error)), *map(str, told.get("errors", []))])


def _version() -> str:
    """Return a name for the contents of all files, under which a browser may keep them: they are many."""
    contents = sha256()
    for path in sorted(path for path in PAGE.rglob("*") if path.is_file()):
        contents.update(path.read_bytes())
    return contents.hexdigest()[:12]


async def _index(version: str, _request: web.Request) -> web.Response:
    text = (PAGE / "index.html").read_text(encoding="utf-8").replace("/page/", f"/page/{version}/")
    return web.Response(text=text, content_type="text/html")


async def _page_file(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(_find_file(request.match_info["path"]), headers=FOR_GOOD)


def _find_file(name: str) -> Path:
    """Return a file of the page, and none that lies elsewhere. Raises `HTTPNotFound`."""
    try:
        path = (PAGE / name).resolve()
        if path.is_relative_to(PAGE.resolve()) and path.is_file():
            return path
    except (OSError, ValueError):  # a name that no file can have
        pass
    raise web.HTTPNotFound


def _refusal(words: str, status: int = 400) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=HEADERS)
