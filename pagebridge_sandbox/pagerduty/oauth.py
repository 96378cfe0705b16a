"""
Apps with scoped OAuth: they are given tokens that expire, for some scopes each: their own, and those of people.

Source: PagerDuty's page on obtaining an app OAuth token, RFC 6749; which operation needs what from the OpenAPI
description (`x-pd-requires-scope`), which names it after the first part of the path. How a person allows it is in
`pagebridge_sandbox.pagerduty.sign_in`.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.directory import User
from pagebridge_sandbox.pagerduty.responses import ACCESS_DENIED, ApiError, Response
from pagebridge_sandbox.pagerduty.rest.request import Request
from pagebridge_sandbox.pagerduty.sign_in import HTML, CodeGrants, form_of

TOKEN_PATH, AUTHORIZE_PATH = ("oauth", "token"), ("oauth", "authorize")
TOKEN_LIFETIME = 86_400
"""Seconds that a token lives."""
USER_TOKEN_LIFETIME = 864_000
"""Seconds that a person's token lives."""


@dataclass
class OAuthApp:
    """
    An app: what it may be given at most, for which account, and how many seconds a token of it lives.

    `redirect_uris` are the addresses to which people are sent back who have signed in.
    """

    client_id: str
    secret: str
    account: str
    scopes: frozenset[str]
    token_lifetime: float = TOKEN_LIFETIME
    redirect_uris: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AccessToken:
    """A token's scopes, its expiry, and its user; None for one of an app's own."""

    scopes: frozenset[str]
    expires_at: datetime
    user_id: str | None = None


class OAuthServer:
    """The apps of an account, and the tokens that they were given."""

    def __init__(self, clock: Clock, people: Callable[[], Iterable[User]]) -> None:
        self._clock = clock
        self._grants = CodeGrants(clock, people)
        self.apps: dict[str, OAuthApp] = {}
        self.tokens: dict[str, AccessToken] = {}

    def revoke_all(self) -> None:
        """Let no token be good any more, as when an administrator revokes them."""
        self.tokens.clear()

    def handle(self, request: Request) -> Response:
        """Answer `POST /oauth/token`: a token for what was asked for, or an error of RFC 6749."""
        if request.method != "POST":
            return Response({}, HTTPStatus.METHOD_NOT_ALLOWED)
        given = form_of(request.body)
        app = self.apps.get(given.get("client_id", ""))
        if app is None or given.get("client_secret") != app.secret:
            return _error("invalid_client", HTTPStatus.UNAUTHORIZED)
        if given.get("grant_type") == "authorization_code":
            return self._exchange_code(app, given)
        if given.get("grant_type") != "client_credentials":
            return _error("unsupported_grant_type")
        wanted = given.get("scope", "").split()
        accounts = [scope for scope in wanted if scope.startswith("as_account-")]
        scopes = frozenset(wanted) - frozenset(accounts)
        if accounts != [f"as_account-{app.account}"] or not scopes <= app.scopes:
            return _error("invalid_scope")
        return self._issue_token(app, scopes, " ".join(wanted))

    def sign_in(self, request: Request) -> Response:
        """Answer `/oauth/authorize`: the page on which a person allows it, and what they answered there."""
        given = form_of(request.body) if request.method == "POST" else dict(request.query)
        app = self.apps.get(given.get("client_id", ""))
        if app is None:
            return Response("<!doctype html><h1>invalid_client</h1>", HTTPStatus.BAD_REQUEST, HTML)
        answer = self._grants.decide if request.method == "POST" else self._grants.page
        return answer(given, app.scopes, app.redirect_uris)

    def user_of(self, request: Request) -> str | None:
        """Return whose token a call was made with; None for a key, or an app's own token."""
        found = self.tokens.get(request.authorization.partition(" ")[2])
        return found.user_id if found else None

    def authorize(self, request: Request, token: str) -> bool:
        """True if the token is valid. Raises `ApiError` if it is valid but lacks the scope of this call."""
        found = self.tokens.get(token)
        if found is None or self._clock.now() >= found.expires_at:
            return False
        for needed in (required_scope(request), *_subscribed_scopes(request)):
            if needed not in found.scopes:
                raise ApiError(ACCESS_DENIED, "Access Denied", f"Required scope: {needed}", status=HTTPStatus.FORBIDDEN)
        return True

    def _exchange_code(self, app: OAuthApp, given: dict[str, str]) -> Response:
        code = self._grants.exchange(given, app.client_id)
        if code is None:
            return _error("invalid_grant")
        token, refresh = (f"pdus+_{kind}_{secrets.token_hex(16)}" for kind in range(2))
        ends = self._clock.now() + timedelta(seconds=USER_TOKEN_LIFETIME)
        self.tokens[token] = AccessToken(code.scopes, ends, code.user_id)
        return Response(
            {
                "client_info": "prefix_legacy_app",
                "token_type": "bearer",
                "access_token": token,
                "refresh_token": refresh,
                "scope": " ".join(["openid", *sorted(code.scopes)]),
                "expires_in": USER_TOKEN_LIFETIME,
            }
        )

    def _issue_token(self, app: OAuthApp, scopes: frozenset[str], scope: str) -> Response:
        token = "pdus+" + secrets.token_hex(16)
        self.tokens[token] = AccessToken(scopes, self._clock.now() + timedelta(seconds=app.token_lifetime))
        return Response(
            {"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": int(app.token_lifetime)}
        )


def required_scope(request: Request) -> str:
    """Name the scope that a call needs."""
    thing = "incidents" if request.path[0] == "log_entries" else request.path[0]
    return f"{thing}.{'read' if request.method == 'GET' else 'write'}"


def _subscribed_scopes(request: Request) -> Iterator[str]:
    """Name what else a subscription needs: to be told of workflows, one has to be able to read them."""
    if request.path[0] == "webhook_subscriptions" and request.method in {"POST", "PUT"} and request.body:
        asked = request.parsed_body().get("webhook_subscription")
        events = asked.get("events") if isinstance(asked, dict) else None
        if any(str(name).startswith("incident.workflow.") for name in events or ()):
            yield "incident_workflows.read"


def _error(code: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    return Response({"error": code, "error_description": f"PagerDuty says {code}"}, status)
