"""What a worker finds out about the sides that it works with, without any of the rest of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bolt_app.vitals import Vitals
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from shared.durations import Durations
from shared.errors import Uncertain
from shared.pagerduty.api.auth import SCOPES, OAuthApp, TokenSource
from shared.pagerduty.api.client import PagerDuty

DAY = 86_400


@pytest.fixture
async def account() -> AsyncIterator[PagerDutySandbox]:
    """Run a PagerDuty account."""
    async with PagerDutySandbox() as sandbox:
        yield sandbox


def watching(pagerduty: PagerDuty) -> Vitals:
    """Watch PagerDuty alone."""
    none: Any = None
    return Vitals(none, pagerduty, none, none, cast("Any", SimpleNamespace()), Durations())


async def test_a_next_token_that_is_refused_is_named_while_the_present_one_works(account: PagerDutySandbox) -> None:
    """The client secret was replaced: two hours before anybody is refused the worker says so, until it is mended."""
    app = account.add_oauth_app(SCOPES)
    secret, access = app.secret, OAuthApp(app.client_id, app.secret, "us.acme", account.url)
    door = PagerDuty(access, account.url)
    vitals = watching(door)
    await door.try_to_read()
    assert "" == await vitals.token()

    app.secret = "another"
    await _renewed(door)
    said = await vitals.token()
    assert "PAGERDUTY_CLIENT_SECRET" in said
    assert "The present token still works" in said

    app.secret = secret
    await _renewed(door)
    assert "" == await vitals.token()
    await door.aclose()


async def test_a_side_that_is_away_is_told_once(account: PagerDutySandbox) -> None:
    """The channels can't be looked at either: that is no second cause, and what was found by looking stays told."""
    vitals = watching(PagerDuty(account.token, account.url))
    away = Uncertain("no answer within 6 s")

    async def fails() -> str:
        raise away

    async def archived() -> str:
        return "A route's channel takes no cards: #duty is archived."

    for what, look in (("default_channel", fails), ("channels", archived), ("teams", fails)):
        found, _ = await vitals._answer(what, look)
        vitals._note(what, found or "")
    assert {"default_channel", "channels", "teams"} == vitals.problems().keys()

    found, _ = await vitals._answer("slack", fails)
    vitals._note("slack", found or "")
    assert {"slack", "channels", "teams"} == vitals.problems().keys()

    vitals._note("slack", "")
    assert {"default_channel", "channels", "teams"} == vitals.problems().keys()
    await vitals.pagerduty.aclose()


async def _renewed(door: PagerDuty) -> None:
    """Let a call come in the last tenth of the token's life, and wait for what came of its renewal."""
    tokens = door._access
    assert isinstance(tokens, TokenSource)
    tokens._not_before, tokens._now = 0.0, lambda: time.monotonic() + 0.95 * DAY
    await door.try_to_read()
    assert tokens._asking is not None
    await asyncio.wait([asyncio.wrap_future(tokens._asking)])
