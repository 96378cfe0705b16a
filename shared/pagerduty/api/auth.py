"""
How calls prove to PagerDuty who makes them: an API key of the account, or an app with scoped OAuth.

An app is given tokens that expire; there is no refresh token, a new one is simply asked for. Source: PagerDuty's pages
on obtaining an app OAuth token and on its scopes (OpenAPI, `x-pd-requires-scope`).
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import structlog
from httpx2 import RequestError, Response

from shared.errors import BadCredentials, BridgeError, CallError, Unavailable
from shared.http.proxy import why_unreachable
from shared.pagerduty.api.sdk import Error, TokenClient

log = structlog.get_logger()

SCOPES: Mapping[str, str] = {
    "incidents.read": "read an incident, its log, notes and alerts before and after every act, and find missed ones",
    "incidents.write": "acknowledge, resolve, escalate, reassign, note, snooze and the rest, in the clicker's name",
    "users.read": "find the PagerDuty user who has the clicker's e-mail address, and their role",
    "teams.read": "find out who belongs to the incident's team, and whether it is private",
    "oncalls.read": "find out who is on call now, who may act, and which escalation level is reached",
    "escalation_policies.read": "find out whom a policy names, and offer policies in dialogs",
    "services.read": "offer services in the dialog for a new incident, and name their teams",
    "priorities.read": "offer priorities in dialogs",
    "abilities.read": "offer responder requests only where the plan has them",
    "incident_workflows.read": "subscribe to the events of incident workflows",
    "webhook_subscriptions.read": "watch whether webhooks are still sent here",
    "webhook_subscriptions.write": "ping the subscription, and switch it on again when PagerDuty has disabled it",
}
"""Every scope that the bridge needs, and what for."""

RENEW_EARLY = 0.1
"""The part of a token's life, at its end, in which another one is asked for."""
RETRY_PAUSE = 30.0
"""Seconds until a token that could not be renewed early is asked for again."""
LONGEST_LIFE = 365 * 24 * 3600
"""Seconds that a token is believed to be good for."""
INVALID_CLIENT, INVALID_SCOPE = "invalid_client", "invalid_scope"
"""RFC 6749: the app is not known by this id and secret; it may not have what was asked for, or not for this account."""
UNUSABLE = 400
"""From here on an answer of the token server is no token."""
TOO_MANY, SERVER_ERROR = 429, 500

_WORD = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class OAuthApp:
    """An app with scoped OAuth: its credentials, and the account (`us.acme`: region and subdomain) that it acts on."""

    client_id: str
    secret: str = field(repr=False)
    account: str
    identity_url: str

    def in_other_region(self) -> Self:
        """Return the same app for an account of that subdomain in PagerDuty's other region."""
        region, _, subdomain = self.account.partition(".")
        return replace(self, account=f"{'us' if region == 'eu' else 'eu'}.{subdomain}")


class NoToken(BadCredentials):
    """Raised when PagerDuty refuses an app a token. `word` is the error of RFC 6749, such as `invalid_client`."""

    def __init__(self, word: str, status: int) -> None:
        super().__init__(f"PagerDuty gave no token and said {word}", status=status)
        self.word = word


@dataclass(frozen=True)
class AccessToken:
    """A token as a header, and when it is due for renewal and at its end, on the monotonic clock."""

    header: str
    due: float
    end: float


class TokenSource:
    """
    The tokens of an OAuth app, renewed before they expire and after a refusal.

    While the current token is valid for a while no call waits for the next. A failure of the token server is never more
    than `Unavailable` or `BadCredentials`: the call itself has then surely not been made.
    """

    def __init__(self, app: OAuthApp, timeout: float, now: Callable[[], float] = time.monotonic) -> None:
        self.missing_scopes: frozenset[str] = frozenset()
        """The needed scopes that PagerDuty is known not to have granted."""
        self.refused: BadCredentials | None = None
        """Why PagerDuty gave no token when it was last asked; the one before may be in force still."""
        self._client = TokenClient(app.secret, app.client_id, app.identity_url, timeout)
        self._account = f"as_account-{app.account}"
        self._scope = " ".join([self._account, *SCOPES])
        self._now = now
        self._held: AccessToken | None = None
        self._not_before = 0.0
        self._thread = ThreadPoolExecutor(1, "pagerduty-token")
        self._asking: Future[AccessToken] | None = None

    async def header(self, deadline: float) -> str:
        """
        Return the header `Authorization` with the token in force; wait for the first one, or when that has ended.

        Raises `CallError` if there is none by `deadline` on the loop's clock; nothing has been called then.
        """
        held, now = self._held, self._now()
        if held is None or now >= held.end:
            return await self._next(deadline)
        if now >= max(held.due, self._not_before):
            self._ask()
        return held.header

    async def renewed(self, refused: str, deadline: float) -> str:
        """Return the token that has replaced a refused one meanwhile, or wait for the next. Raises as `header` does."""
        held = self._held
        return held.header if held and held.header != refused else await self._next(deadline)

    async def granted(self) -> frozenset[str]:
        """
        Ask for each scope by itself, and return those that the app may have: for one it lacks PagerDuty refuses all.

        Raises `CallError` if PagerDuty can't be asked, or does not know the app.
        """
        return await asyncio.wrap_future(self._thread.submit(self._each_granted))

    async def aclose(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._client.close()

    async def _next(self, deadline: float) -> str:
        try:
            async with asyncio.timeout_at(deadline):
                # A cancelled caller must not take the token away from the others who wait for it.
                return (await asyncio.shield(asyncio.wrap_future(self._ask()))).header
        except TimeoutError:
            raise Unavailable("PagerDuty gave no token in time") from None

    def _ask(self) -> Future[AccessToken]:
        """Begin to ask for a token, unless that is under way."""
        if self._asking is None or self._asking.done():
            self._asking = self._thread.submit(self._asked)
        return self._asking

    def _asked(self) -> AccessToken:
        """Ask for a token, in a thread. Raises `Unavailable`, `BadCredentials`."""
        asked = self._now()
        try:
            self._held = self._token(self._answer(self._scope), asked)
        except BridgeError as error:
            self._not_before = asked + RETRY_PAUSE
            self.refused = error if isinstance(error, BadCredentials) else self.refused
            log.warning("pagerduty.no_token", why=str(error))
            raise
        self.refused = None
        log.info("pagerduty.token", seconds=round(self._held.end - asked))
        return self._held

    def _each_granted(self) -> frozenset[str]:
        found = []
        for scope in SCOPES:
            try:
                self._answer(f"{self._account} {scope}")
            except NoToken as error:
                if error.word != INVALID_SCOPE:
                    raise
            else:
                found.append(scope)
        return frozenset(found)

    def _answer(self, scope: str) -> object:
        return token_answer(self._client.url, partial(self._client.ask, scope))

    def _token(self, answer: object, asked: float) -> AccessToken:
        found = answer if isinstance(answer, dict) else {}
        token, life, granted = found.get("access_token"), found.get("expires_in"), found.get("scope")
        if not isinstance(token, str) or not token.isascii() or isinstance(life, bool) or not isinstance(life, int):
            raise Unavailable("PagerDuty's token cannot be read")
        # RFC 6749: without the word everything was granted that was asked for.
        self.missing_scopes = (
            frozenset(SCOPES) - frozenset(granted.split()) if isinstance(granted, str) else frozenset()
        )
        lasts = min(life, LONGEST_LIFE)
        return AccessToken(f"Bearer {token}", asked + lasts * (1 - RENEW_EARLY), asked + lasts)


def token_answer(url: str, ask: Callable[[], Response]) -> object:
    """Ask the token server at `url`, and return its answer. Raises `Unavailable`, `NoToken`."""
    try:
        response = ask()
    except Error as error:
        # The package raises for 401 and for redirects, and returns every other answer.
        if error.response is None:
            raise _unreachable(url, error.__cause__ or error) from error
        response = error.response
    except RequestError as error:
        raise _unreachable(url, error) from error
    if not response.is_success:
        raise _refused(response)
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise Unavailable("PagerDuty's token is not JSON") from None


def _unreachable(url: str, error: BaseException) -> Unavailable:
    return Unavailable(f"PagerDuty's token server cannot be reached: {why_unreachable(url, error)}")


def _refused(response: Response) -> CallError:
    status = response.status_code
    if status == TOO_MANY or status >= SERVER_ERROR or status < UNUSABLE:
        return Unavailable(f"PagerDuty gave no token (HTTP status {status})")
    return NoToken(_word(response), status)


def _word(response: Response) -> str:
    """Read the error code of RFC 6749, such as `invalid_client`."""
    try:
        word = response.json().get("error")
    except (AttributeError, ValueError, RecursionError):
        word = None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else f"HTTP status {response.status_code}"
