"""
Apps with scoped OAuth: they are given tokens that expire, for some scopes each. There are no refresh tokens.

Source: PagerDuty's page on obtaining an app OAuth token, RFC 6749; which operation needs what from the OpenAPI
description (`x-pd-requires-scope`), which names it after the first part of the path.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs

from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.responses import ACCESS_DENIED, Answer, Refusal
from pagebridge_sandbox.pagerduty.rest.request import Request

PATH = ("oauth", "token")
DAY = 86_400
"""Seconds that a token lives."""
FORM = "application/x-www-form-urlencoded"


@dataclass
class OAuthApp:
    """An app: what it may be given at most, for which account, and how many seconds a token of it lives."""

    client_id: str
    secret: str
    account: str
    scopes: frozenset[str]
    life: float = DAY


@dataclass(frozen=True)
class Token:
    """What a token is good for, and until when."""

    scopes: frozenset[str]
    expires: datetime


class OAuth:
    """The apps of an account, and the tokens that they were given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.apps: dict[str, OAuthApp] = {}
        self.tokens: dict[str, Token] = {}

    def revoke(self) -> None:
        """Let no token be good any more, as when an administrator revokes them."""
        self.tokens.clear()

    def answer(self, request: Request) -> Answer:
        """Answer `POST /oauth/token`: a token for what was asked for, or an error of RFC 6749."""
        if request.method != "POST":
            return Answer({}, HTTPStatus.METHOD_NOT_ALLOWED)
        given = {name: values[0] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        app = self.apps.get(given.get("client_id", ""))
        if app is None or given.get("client_secret") != app.secret:
            return _error("invalid_client", HTTPStatus.UNAUTHORIZED)
        if given.get("grant_type") != "client_credentials":
            return _error("unsupported_grant_type")
        wanted = given.get("scope", "").split()
        accounts = [scope for scope in wanted if scope.startswith("as_account-")]
        scopes = frozenset(wanted) - frozenset(accounts)
        if accounts != [f"as_account-{app.account}"] or not scopes <= app.scopes:
            return _error("invalid_scope")
        return self._given(app, scopes, " ".join(wanted))

    def allow(self, request: Request, token: str) -> bool:
        """Tell whether a token is good. Raises `Refusal` when it is, but not for this call."""
        found = self.tokens.get(token)
        if found is None or self._clock.now() >= found.expires:
            return False
        needed = scope_of(request)
        if needed not in found.scopes:
            raise Refusal(ACCESS_DENIED, "Access Denied", f"Required scope: {needed}", status=HTTPStatus.FORBIDDEN)
        return True

    def _given(self, app: OAuthApp, scopes: frozenset[str], words: str) -> Answer:
        token = "pdus+" + secrets.token_hex(16)
        self.tokens[token] = Token(scopes, self._clock.now() + timedelta(seconds=app.life))
        return Answer({"access_token": token, "token_type": "bearer", "scope": words, "expires_in": int(app.life)})


def scope_of(request: Request) -> str:
    """Name the scope that a call needs."""
    thing = "incidents" if request.path[0] == "log_entries" else request.path[0]
    return f"{thing}.{'read' if request.method == 'GET' else 'write'}"


def _error(code: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Answer:
    return Answer({"error": code, "error_description": f"PagerDuty says {code}"}, status)
