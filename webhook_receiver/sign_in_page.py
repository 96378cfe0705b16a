"""
The page to which PagerDuty sends people back who link themselves. It shows their name, and a code for Slack.

It decides nothing: what came back goes to a worker, which asks PagerDuty. Nothing is loaded, framed, cached or passed
on, and no script runs. Whose sign-in it is the receiver reads under a key that only the right state names.
"""

import asyncio
import re
from collections import OrderedDict
from html import escape
from http import HTTPStatus

import structlog
from aiohttp import web

from shared.errors import StoreDown
from shared.model.link import CODE_LENGTH, new_code
from shared.store.links import CODE, Visitor, came_back, digest_of, signing_in
from shared.store.redis import Redis

log = structlog.get_logger()

STATE = re.compile(r"[A-Za-z0-9_-]{43}")
MOST_REMEMBERED = 1000
"""States that are remembered, so that one that comes again is not passed on again."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

OVER = "This sign-in is over", "It was used already, or is older than five minutes. In Slack, begin again."
DENIED = "Nothing was linked", "PagerDuty says that you didn't allow it. In Slack, begin again if you want to."
AWAY = "Try again in a moment", "The bridge can't reach its database. In Slack, begin again."


class SignInPage:
    """Answers `GET /oauth/pagerduty/callback`: 404 unless it is `on`, as for a path that isn't there."""

    def __init__(self, client: Redis, timeout: float, *, on: bool) -> None:
        self.on = on
        self._client = client
        self._timeout = timeout
        self._used: OrderedDict[str, None] = OrderedDict()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a person who comes back from PagerDuty."""
        if not self.on:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        state, code = request.query.get("state", ""), request.query.get("code", "")
        if not STATE.fullmatch(state):
            return _page(HTTPStatus.BAD_REQUEST, *OVER)
        if not CODE.fullmatch(code):
            log.info("sign_in.denied", denied="error" in request.query)
            return _page(HTTPStatus.BAD_REQUEST, *DENIED)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._take(state, code)
        except (StoreDown, TimeoutError) as error:
            log.error("sign_in.not_stored", why=str(error) or "Redis does not answer")
            return _page(HTTPStatus.SERVICE_UNAVAILABLE, *AWAY)

    async def _take(self, state: str, code: str) -> web.Response:
        """Hand it to the workers, once, and show the code that is to be typed in Slack."""
        visitor = await signing_in(self._client, state)
        digest = digest_of(state)
        if visitor is None or digest in self._used:
            return _page(HTTPStatus.BAD_REQUEST, *OVER)
        self._used[digest] = None
        if len(self._used) > MOST_REMEMBERED:
            self._used.popitem(last=False)
        shown = new_code()
        await came_back(self._client, state, code, shown)
        log.info("sign_in.came_back")
        return _page(HTTPStatus.OK, *code_page(visitor, shown))


def code_page(visitor: Visitor, code: str) -> tuple[str, ...]:
    """Return the title and the paragraphs of the page with a code."""
    half = CODE_LENGTH // 2
    return (
        f"Link Slack user {visitor.who}?",
        "If that is you, go back to Slack and type there:",
        f"{visitor.command} link {code[:half]}-{code[half:]}",
        "If it is not you, close this page. Don't give this code to anyone: it would let them act in your name.",
    )


def _page(status: HTTPStatus, title: str, *paragraphs: str) -> web.Response:
    """Make a page of plain paragraphs."""
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>pagebridge</title></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)
