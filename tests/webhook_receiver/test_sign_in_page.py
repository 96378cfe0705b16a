"""The page to which PagerDuty sends people back: what it shows, what it hands on, and to whom it is not there."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from fakeredis import FakeAsyncRedis
from structlog.testing import capture_logs

from shared.errors import StoreDown
from shared.http.server import serving
from shared.model.ids import SlackUserId
from shared.model.link import LinkRequest
from shared.store import keys
from shared.store.links import LinkRequests, digest_of
from shared.store.redis import Redis
from webhook_receiver.sign_in_page import SignInPage

STATE = "s" * 43
CODE = "a-code-of-pagerdutys"
PATH = "/oauth/pagerduty/callback"
NAME = "Dave <script>alert(1)</script> Poe"


@dataclass
class Visiting:
    """The page, served, with Dave on his way to it."""

    page: SignInPage
    redis: Redis
    url: str

    async def get(self, query: str = f"state={STATE}&code={CODE}") -> tuple[int, str, dict[str, str]]:
        """Open the page, and return status, text and headers."""
        async with aiohttp.ClientSession() as browser, browser.get(f"{self.url}?{query}") as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def handed_on(self) -> list[list[str]]:
        """Read what waits for a worker."""
        return [json.loads(element) for element in await self.redis.execute_command("LRANGE", keys.SIGN_INS, 0, -1)]


@pytest.fixture
async def visiting() -> AsyncIterator[Visiting]:
    """Serve it."""
    redis = cast("Redis", FakeAsyncRedis())
    page = SignInPage(redis, 2.0, on=True)
    app = web.Application()
    app.router.add_get(PATH, page.handle)
    request = LinkRequest(SlackUserId("U0DAVE"), STATE, "verifier")
    await LinkRequests(redis, redis).begin(request, NAME, "/pd")
    async with serving(app, 0) as port:
        yield Visiting(page, redis, f"http://127.0.0.1:{port}{PATH}")
    await redis.aclose()


async def test_it_shows_whom_and_a_code_to_this_browser_alone(visiting: Visiting) -> None:
    """The name comes as text; the worker gets the code too, and the log gets none of either."""
    with capture_logs() as logs:
        status, text, headers = await visiting.get()

    assert 200 == status
    assert "Link Slack user Dave &lt;script&gt;alert(1)&lt;/script&gt; Poe?" in text
    assert "<script" not in text
    [[digest, code, shown]] = await visiting.handed_on()
    assert (digest_of(STATE), CODE) == (digest, code)
    assert f"/pd link {shown[:4]}-{shown[4:]}" in text
    assert CODE not in text
    assert not [secret for secret in (STATE, CODE, shown, digest) if secret in str(logs)]
    assert "no-store" == headers["Cache-Control"]
    assert "no-referrer" == headers["Referrer-Policy"]
    assert "nosniff" == headers["X-Content-Type-Options"]
    for rule in ("default-src 'none'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in headers["Content-Security-Policy"]


async def test_a_state_is_used_once(visiting: Visiting) -> None:
    """Who opens the address again, as from the browser's history, gets no second code."""
    await visiting.get()

    status, text, headers = await visiting.get()

    assert (400, "no-store") == (status, headers["Cache-Control"])
    assert "This sign-in is over" in text
    assert 1 == len(await visiting.handed_on())


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "This sign-in is over"),
        (f"code={CODE}", "This sign-in is over"),
        (f"state={'t' * 43}&code={CODE}", "This sign-in is over"),
        (f"state={'s' * 42}&code={CODE}", "This sign-in is over"),
        (f"state=%27{'s' * 42}&code={CODE}", "This sign-in is over"),
        (f"state={STATE}", "Nothing was linked"),
        (f"state={STATE}&error=access_denied&error_description=%3Cb%3E", "Nothing was linked"),
        (f"state={STATE}&code={'x' * 2049}", "Nothing was linked"),
        (f"state={STATE}&code=a%0Ab", "Nothing was linked"),
    ],
)
async def test_what_is_no_sign_in_reaches_no_worker(visiting: Visiting, query: str, words: str) -> None:
    """A state that no one has, no code, or one that is none: the page says so, and repeats nothing of it."""
    status, text, _ = await visiting.get(query)

    assert 400 == status
    assert words in text
    assert "<b>" not in text
    assert [] == await visiting.handed_on()


async def test_switched_off_it_is_not_there(visiting: Visiting) -> None:
    """It answers as any path does that isn't there, and asks the store nothing."""
    visiting.page.on = False

    assert (404, "") == (await visiting.get())[:2]
    assert [] == await visiting.handed_on()


async def test_a_store_that_is_away_is_said(visiting: Visiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is told to try again, and nothing is shown that could not work."""

    async def down(*_: object, **__: object) -> None:
        raise StoreDown("Redis can't be reached")

    monkeypatch.setattr(visiting.redis, "execute_command", down)

    status, text, _ = await visiting.get()

    assert 503 == status
    assert "can&#x27;t reach its database" in text
    assert " link " not in text


async def test_its_memory_of_used_states_is_bounded(visiting: Visiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was used long ago is forgotten: by then its state has ended in the store."""
    monkeypatch.setattr("webhook_receiver.sign_in_page.MOST_REMEMBERED", 1)
    await visiting.get()
    other = LinkRequest(SlackUserId("U0ERIN"), "e" * 43, "verifier")
    await LinkRequests(visiting.redis, visiting.redis).begin(other, "Erin", "/pd")
    await visiting.get(f"state={'e' * 43}&code={CODE}")

    assert 1 == len(visiting.page._used)
