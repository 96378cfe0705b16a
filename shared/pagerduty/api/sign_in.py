"""
Finds out who a person is: they sign in to PagerDuty, which says whose token it gave.

An authorization code with PKCE (S256), for the one scope that shows a person to themselves. The token is used for that
one read, and forgotten. Source: PagerDuty's page on obtaining a user OAuth token via PKCE.
"""

import asyncio
import hashlib
import secrets
from base64 import urlsafe_b64encode
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import partial
from typing import Self
from urllib.parse import urlencode

from shared.config.settings import PagerDutySettings
from shared.errors import Unavailable
from shared.pagerduty.api.auth import token_answer
from shared.pagerduty.api.lanes import Lanes
from shared.pagerduty.api.reads import Reads
from shared.pagerduty.api.sdk import TokenClient, checked_url
from shared.pagerduty.models.account import User

SCOPE = "users.read"
"""The one scope that is asked for; PagerDuty adds `openid`."""
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class SignIn:
    """The app by which people sign in at `identity_url`. Each call, there and at `api_url`, may take `timeout` s."""

    client_id: str
    secret: str = field(repr=False)
    identity_url: str
    api_url: str
    timeout: float
    lanes: Lanes

    @classmethod
    def from_settings(cls, settings: PagerDutySettings, timeout: float, lanes: Lanes) -> Self | None:
        """Take the app for linking from the settings, or else the one by which the bridge calls; None without any."""
        client_id, secret = settings.pagerduty_link_client_id, settings.pagerduty_link_client_secret
        if client_id is None:
            client_id, secret = settings.pagerduty_client_id, settings.pagerduty_client_secret
        if client_id is None or secret is None:
            return None
        urls = settings.pagerduty_identity_url, settings.pagerduty_api_url
        return cls(client_id, secret.get_secret_value(), *urls, timeout, lanes)

    def address(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Return where a person signs in, to come back to `redirect_uri` with a code and this state."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        parameters = {
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": state,
        }
        return f"{checked_url(self.identity_url)}/oauth/authorize?{urlencode(parameters)}"

    async def user(self, code: str, redirect_uri: str, verifier: str) -> User:
        """
        Return who came back with a code, which works once and for half a minute.

        Raises `NoToken` if PagerDuty takes code or verifier for none of its own, and `CallError` as any read does.
        """
        with closing(TokenClient(self.secret, self.client_id, self.identity_url, self.timeout)) as client:
            ask = partial(client.exchange, code, redirect_uri, verifier)
            answer = await asyncio.to_thread(token_answer, client.url, ask)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Unavailable("PagerDuty's token cannot be read")
        async with aclosing(Reads(f"Bearer {token}", self.api_url, self.timeout, self.lanes)) as door:
            return await door.me()


def new_secret() -> str:
    """Make a state, or a verifier: 43 characters that no one can guess (RFC 7636)."""
    return secrets.token_urlsafe(_RANDOM_BYTES)
