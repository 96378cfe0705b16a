"""Scoped OAuth: tokens that renew themselves, and what is said when there is none."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Call, Fault
from pagebridge_sandbox.pagerduty.oauth import OAuthApp as App
from shared.errors import BadCredentials, CallError, Refused, Unavailable
from shared.model.event_types import Status
from shared.pagerduty.api.auth import RETRY_PAUSE, SCOPES, OAuthApp, TokenSource
from shared.pagerduty.api.client import PagerDuty
from tests.shared.local_server import LocalServer
from tests.shared.pagerduty.account import BOB, Account

ASKING = ("POST", "/oauth/token")
GOOD = {"access_token": "pdus+1", "token_type": "bearer", "expires_in": 1000, "scope": " ".join(SCOPES)}

Doors = Callable[[App], PagerDuty]


@pytest.fixture
async def opened(account: Account) -> AsyncIterator[Doors]:
    """Open a door for an app."""
    clients: list[PagerDuty] = []

    def door(app: App) -> PagerDuty:
        clients.append(PagerDuty(OAuthApp(app.client_id, app.secret, "us.acme", account.pd.url), account.pd.url, 1))
        return clients[-1]

    yield door
    for each in clients:
        await each.aclose()


@pytest.fixture
async def tokens(server: LocalServer) -> AsyncIterator[TokenSource]:
    """Ask a server for tokens, on a clock that stands still."""
    clock.now = 0.0
    asking = TokenSource(OAuthApp("an-app", "canary", "us.acme", server.url), 0.5, clock)
    yield asking
    await asking.aclose()


class Clock:
    """A monotonic clock that tests set."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


clock = Clock()


def soon() -> float:
    """Give a deadline on the loop's clock."""
    return asyncio.get_running_loop().time() + 0.5


def puts(account: Account) -> list[Call]:
    """List the changes of incidents that reached PagerDuty."""
    return account.pd.calls_to("PUT", "/incidents/*")


async def test_acts_in_bobs_name_with_one_token(account: Account, opened: Doors) -> None:
    """All reads and writes at once share a token that was asked for once; the write names Bob as ever."""
    door = opened(account.pd.add_oauth_app(SCOPES))

    await asyncio.gather(*(door.incident(account.incident) for _ in range(5)))
    after = await door.set_status(account.incident, Status.ACKNOWLEDGED, "bob@example.com")

    assert after.value.snapshot.assignee_ids == {BOB}
    assert ["bob@example.com"] == [call.from_email for call in puts(account)]
    assert 1 == len(account.pd.calls_to(*ASKING))
    assert frozenset() == door.missing_scopes


async def test_a_refused_token_is_replaced_once(account: Account, opened: Doors) -> None:
    """Revoked meanwhile: the refused call was surely not done, and is made again with the next token."""
    door = opened(account.pd.add_oauth_app(SCOPES))
    await door.incident(account.incident)
    account.pd.oauth.revoke_all()

    await door.set_status(account.incident, Status.ACKNOWLEDGED, "bob@example.com")

    assert [(401, False), (200, True)] == [(call.status, call.took_effect) for call in puts(account)]
    assert ["bob@example.com"] * 2 == [call.from_email for call in puts(account)]
    assert 2 == len(account.pd.calls_to(*ASKING))


async def test_a_token_that_ended_in_a_pause_is_replaced(account: Account, opened: Doors) -> None:
    """A machine that slept through the end of its token: the answer 401 tells, and one more call is enough."""
    door = opened(account.pd.add_oauth_app(SCOPES))
    await door.incident(account.incident)
    account.pd.clock.advance(90_000)

    assert (await door.incident(account.incident)).value.id == account.incident

    assert 2 == len(account.pd.calls_to(*ASKING))


async def test_a_call_is_made_twice_at_most(account: Account, opened: Doors) -> None:
    """PagerDuty refuses the new token as well: that is an answer."""
    door = opened(account.pd.add_oauth_app(SCOPES))
    account.pd.add_fault(Fault("PUT", "/incidents/*", status=401))

    with pytest.raises(BadCredentials):
        await door.set_status(account.incident, Status.RESOLVED, "bob@example.com")

    assert 2 == len(puts(account))


async def test_an_uncertain_call_is_not_made_again(account: Account, opened: Doors) -> None:
    """Only a 401 is; whatever may have taken effect is one call as ever."""
    door = opened(account.pd.add_oauth_app(SCOPES))
    account.pd.add_fault(Fault("PUT", "/incidents/*", status=503, after_effect=True, times=1))

    with pytest.raises(CallError) as raised:
        await door.set_status(account.incident, Status.RESOLVED, "bob@example.com")

    assert not raised.value.surely_not_done
    assert 1 == len(puts(account))


@pytest.mark.parametrize(("scopes", "word"), [(SCOPES, "invalid_client"), (["incidents.read"], "invalid_scope")])
async def test_what_pagerduty_says_to_an_app_is_told(
    account: Account, opened: Doors, scopes: list[str], word: str
) -> None:
    """A wrong secret and a missing scope are told apart; nothing else is sent, and no secret is in the words."""
    app = account.pd.add_oauth_app(scopes)
    secret = "wrong-canary" if word == "invalid_client" else app.secret

    with pytest.raises(BadCredentials, match=word) as raised:
        await opened(App(app.client_id, secret, app.account, app.scopes)).incident(account.incident)

    assert secret not in str(raised.value)
    assert len(account.pd.calls) == len(account.pd.calls_to(*ASKING))


async def test_a_scope_that_was_not_granted_is_refused(account: Account) -> None:
    """A token for reading does not write: 403, and nothing happens."""
    app = account.pd.add_oauth_app(["incidents.read"])
    door = PagerDuty(OAuthApp(app.client_id, app.secret, "us.acme", account.pd.url), account.pd.url, 1)
    assert not isinstance(door._access, str)
    door._access._scope = "as_account-us.acme incidents.read"  # what an older version asked
    await door.incident(account.incident)

    with pytest.raises(Refused, match=r"incidents\.write") as raised:
        await door.set_status(account.incident, Status.RESOLVED, "bob@example.com")

    assert (403, 2010) == (raised.value.status, raised.value.code)
    assert "triggered" == account.pd.incident(account.incident).status
    await door.aclose()


async def test_a_token_server_that_hangs_is_no_doubt_about_the_call(account: Account, opened: Doors) -> None:
    """Within the time-out of a call it is given up, and nothing was sent: that may be tried again."""
    door = opened(account.pd.add_oauth_app(SCOPES))
    hanging = account.pd.add_fault(Fault(*ASKING, hang=True))
    begun = time.monotonic()

    with pytest.raises(Unavailable):
        await door.set_status(account.incident, Status.RESOLVED, "bob@example.com")

    assert time.monotonic() - begun < 1.5
    assert [] == puts(account)
    hanging.remove()


async def test_a_token_is_renewed_before_it_ends_and_nobody_waits(server: LocalServer, tokens: TokenSource) -> None:
    """In the last tenth of its life the next one is asked for, while the old one goes on."""
    server.say(GOOD)
    assert "Bearer pdus+1" == await tokens.header(soon())
    clock.now = 899
    assert "Bearer pdus+1" == await tokens.header(soon())
    assert 1 == len(server.requests)
    server.say({**GOOD, "access_token": "pdus+2"})
    clock.now = 900

    assert "Bearer pdus+1" == await tokens.header(soon())
    await asked(tokens)

    assert "Bearer pdus+2" == await tokens.header(soon())
    assert 2 == len(server.requests)


async def test_a_renewal_that_fails_early_harms_nobody(server: LocalServer, tokens: TokenSource) -> None:
    """The old token stays in force until its end, and the server is left alone for a while."""
    server.say(GOOD)
    await tokens.header(soon())
    server.say_raw(b"", 503)
    clock.now = 950
    assert "Bearer pdus+1" == await tokens.header(soon())
    await asked(tokens)

    assert "Bearer pdus+1" == await tokens.header(soon())
    assert 2 == len(server.requests)
    clock.now += RETRY_PAUSE
    await tokens.header(soon())
    await asked(tokens)
    assert 3 == len(server.requests)
    clock.now = 1000
    with pytest.raises(Unavailable, match="503"):
        await tokens.header(soon())


async def test_a_renewal_that_is_refused_is_known_before_the_token_ends(
    server: LocalServer, tokens: TokenSource
) -> None:
    """The secret was replaced: the old token serves on, and that there is no next one can be told until there is."""
    server.say(GOOD)
    await tokens.header(soon())
    server.say_raw(b'{"error": "invalid_client"}', 401)
    clock.now = 950
    assert "Bearer pdus+1" == await tokens.header(soon())
    await asked(tokens)
    assert "invalid_client" in str(tokens.refused)

    server.say_raw(b"", 503)
    clock.now += RETRY_PAUSE
    await tokens.header(soon())
    await asked(tokens)
    assert "invalid_client" in str(tokens.refused)

    server.say(GOOD)
    clock.now = 1000
    await tokens.header(soon())
    assert tokens.refused is None


async def test_a_scope_less_than_asked_for_is_noted(server: LocalServer, tokens: TokenSource) -> None:
    """What the server leaves out is known, to be said at start."""
    server.say({**GOOD, "scope": "as_account-us.acme " + " ".join(sorted(SCOPES)[1:])})

    await tokens.header(soon())

    assert {min(SCOPES)} == tokens.missing_scopes


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"", 500, Unavailable),
        (b"", 429, Unavailable),
        (b"", 302, Unavailable),
        (b"no json", 200, Unavailable),
        (b"[]", 200, Unavailable),
        (b'{"access_token": "x"}', 200, Unavailable),
        (b'{"access_token": 1, "expires_in": 10}', 200, Unavailable),
        (b'{"access_token": "x", "expires_in": "soon"}', 200, Unavailable),
        (b'{"access_token": "x y", "expires_in": 1e999}', 200, Unavailable),
        (b"no json", 401, BadCredentials),
        (b'{"error": "<b>canary</b>"}', 400, BadCredentials),
    ],
)
async def test_any_answer_is_one_of_our_errors(
    server: LocalServer, tokens: TokenSource, body: bytes, status: int, kind: type[CallError]
) -> None:
    """Whatever the token server answers, a call that needed a token has surely not been done; one request each."""
    server.say_raw(body, status)

    with pytest.raises(kind) as raised:
        await tokens.header(soon())

    assert raised.value.surely_not_done
    assert "canary" not in str(raised.value)
    assert 1 == len(server.requests)


async def test_a_life_that_no_token_has_is_as_good_as_long(server: LocalServer, tokens: TokenSource) -> None:
    """A number larger than any time is no fault of ours."""
    server.say_raw(b'{"access_token": "x", "expires_in": 1' + b"0" * 400 + b"}", 200)

    assert "Bearer x" == await tokens.header(soon())


async def asked(tokens: TokenSource) -> None:
    """Wait until the server has been asked."""
    asking: Any = tokens._asking
    await asyncio.wait([asyncio.wrap_future(asking)])
