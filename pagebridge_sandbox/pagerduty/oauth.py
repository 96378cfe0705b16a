"""
Apps with scoped OAuth: they are given tokens that expire, for some scopes each. There are no refresh tokens.

Source: PagerDuty's page on obtaining an app OAuth token, RFC 6749; which operation needs what from the OpenAPI
description (`x-pd-requires-scope`), which names it after the first part of the path.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs

from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.responses import ACCESS_DENIED, ApiError, Response
from pagebridge_sandbox.pagerduty.rest.request import Request

TOKEN_PATH = ("oauth", "token")
TOKEN_LIFETIME = 86_400
"""Seconds that a token lives."""
FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"


@dataclass
class OAuthApp:
    """An app: what it may be given at most, for which account, and how many seconds a token of it lives."""

    client_id: str
    secret: str
    account: str
    scopes: frozenset[str]
    token_lifetime: float = TOKEN_LIFETIME


@dataclass(frozen=True)
class AccessToken:
    """What a token is good for, and until when."""

    scopes: frozenset[str]
    expires_at: datetime


class OAuthServer:
    """The apps of an account, and the tokens that they were given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.apps: dict[str, OAuthApp] = {}
        self.tokens: dict[str, AccessToken] = {}

    def revoke_all(self) -> None:
        """Let no token be good any more, as when an administrator revokes them."""
        self.tokens.clear()

    def handle(self, request: Request) -> Response:
        """Answer `POST /oauth/token`: a token for what was asked for, or an error of RFC 6749."""
        if request.method != "POST":
            return Response({}, HTTPStatus.METHOD_NOT_ALLOWED)
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
        return self._issue_token(app, scopes, " ".join(wanted))

    def authorize(self, request: Request, token: str) -> bool:
        """True if the token is valid. Raises `ApiError` if it is valid but lacks the scope of this call."""
        found = self.tokens.get(token)
        if found is None or self._clock.now() >= found.expires_at:
            return False
        for needed in (required_scope(request), *_subscribed_scopes(request)):
            if needed not in found.scopes:
                raise ApiError(ACCESS_DENIED, "Access Denied", f"Required scope: {needed}", status=HTTPStatus.FORBIDDEN)
        return True

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
