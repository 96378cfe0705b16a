"""
Signing in: a person lets an app see who they are, by an authorization code with PKCE.

Sources: PagerDuty's pages on obtaining a user OAuth token via code grant and via PKCE, RFC 6749 and RFC 7636. A code
lives 30 seconds and works once; the address must be one that the app registered, letter for letter; scopes that the app
does not have are left out without an error.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.directory import User
from pagebridge_sandbox.pagerduty.responses import Response

CODE_LIFETIME = timedelta(seconds=30)
CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
HTML = {"Content-Type": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class AuthorizationCode:
    """The grant behind a code: one app, one address, one person, until the code is exchanged."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: frozenset[str]
    user_id: str
    expires_at: datetime


class CodeGrants:
    """The page on which people let an app see who they are, and the codes that it gives."""

    def __init__(self, clock: Clock, people: Callable[[], Iterable[User]]) -> None:
        self._clock = clock
        self._people = people
        self._codes: dict[str, AuthorizationCode] = {}

    def page(self, asked: Mapping[str, str], app_scopes: frozenset[str], redirect_uris: frozenset[str]) -> Response:
        """Answer `GET /oauth/authorize`: who are you, and do you allow it? Or send the browser back with an error."""
        if refused := _refusal(asked, redirect_uris):
            return refused
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items()
        )
        people = "".join(
            f'<p><button name="user" value="{escape(user.id)}">Sign in as {escape(user.name)} '
            f"({escape(user.email)}), and allow it</button></p>"
            for user in self._people()
        )
        scopes = " ".join(sorted(set(asked.get("scope", "").split()) & app_scopes)) or "nothing"
        return Response(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>PagerDuty (simulated)</title>'
            f"<h1>PagerDuty (simulated)</h1><p>An app wants to know who you are, with: {escape(scopes)}.</p>"
            f'<form method="post" action="/oauth/authorize">{fields}{people}'
            f'<p><button name="answer" value="deny">Deny</button></p></form></html>',
            headers=HTML,
        )

    def decide(self, form: Mapping[str, str], app_scopes: frozenset[str], redirect_uris: frozenset[str]) -> Response:
        """Answer `POST /oauth/authorize`: send the browser back, with a code if a person has allowed it."""
        if refused := _refusal(form, redirect_uris):
            return refused
        known = {user.id for user in self._people()}
        if form.get("answer") == "deny" or form.get("user") not in known:
            denied = "The resource owner or authorization server denied the request."
            return _back(form, {"error": "access_denied", "error_description": denied})
        code = secrets.token_urlsafe(24)
        scopes = frozenset(form.get("scope", "").split()) & app_scopes
        self._codes[code] = AuthorizationCode(
            form["client_id"],
            form["redirect_uri"],
            form["code_challenge"],
            scopes,
            form["user"],
            self._clock.now() + CODE_LIFETIME,
        )
        return _back(form, {"code": code, "subdomain": "acme"})

    def exchange(self, form: Mapping[str, str], client_id: str) -> AuthorizationCode | None:
        """Take the grant of a code, None for an unknown one. The code never works a second time."""
        code, verifier = self._codes.pop(form.get("code", ""), None), form.get("code_verifier", "")
        if code is None or code.client_id != client_id or self._clock.now() >= code.expires_at:
            return None
        same_address = form.get("redirect_uri") == code.redirect_uri
        proven = bool(CODE_VERIFIER.fullmatch(verifier)) and hmac.compare_digest(challenge_of(verifier), code.challenge)
        return code if same_address and proven else None


def challenge_of(verifier: str) -> str:
    """Return the challenge of a verifier, by the method S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def form_of(body: bytes) -> dict[str, str]:
    """Read the fields of a form."""
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _refusal(asked: Mapping[str, str], redirect_uris: frozenset[str]) -> Response | None:
    """Return what is wrong: on a page of our own where the address is none that the app registered (RFC 6749)."""
    if asked.get("redirect_uri", "") not in redirect_uris:
        return Response("<!doctype html><h1>invalid_redirect_uri</h1>", HTTPStatus.BAD_REQUEST, HTML)
    if asked.get("response_type") != "code":
        return _back(asked, {"error": "unsupported_response_type"})
    pkce = asked.get("code_challenge_method") == "S256" and CODE_CHALLENGE.fullmatch(asked.get("code_challenge", ""))
    return None if pkce and asked.get("scope") else _back(asked, {"error": "invalid_request"})


def _back(asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    """Send the browser back to the app, with the state that it came with."""
    state = {"state": asked["state"]} if "state" in asked else {}
    separator = "&" if "?" in asked["redirect_uri"] else "?"
    address = f"{asked['redirect_uri']}{separator}{urlencode({**answer, **state})}"
    return Response("", HTTPStatus.FOUND, {"Location": address})
