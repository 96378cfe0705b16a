"""
The address that Slack posts to when an app does not use Socket Mode: everything is signed, with the time of sending.

Source: Slack's pages on request URLs, on verifying requests and on the Events API; the words for failures from reports.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Literal

import aiohttp

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.workspace import Workspace

DeliveryFailure = Literal["dispatch_failed", "operation_timeout", "http_client_error", "http_service_error"]

FORM_TYPE, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
OK, FIRST_REDIRECT, FIRST_SERVER_ERROR = 200, 300, 500
RETRY_REASONS: dict[DeliveryFailure, str] = {
    "operation_timeout": "http_timeout",
    "dispatch_failed": "connection_failed",
}
"""The header `X-Slack-Retry-Reason` by the failure of the last attempt; else it is `http_error`."""


@dataclass(frozen=True)
class AppResponse:
    """The answer of an app: the failure that it amounts to, if any, and its body."""

    failure: DeliveryFailure | None
    body: Json | None = None


class RequestUrl:
    """Posts to an app at `url`."""

    def __init__(self, workspace: Workspace, url: str) -> None:
        self._workspace = workspace
        self.url = url

    async def verify(self, timeout: float) -> None:  # noqa: ASYNC109 - Slack's own limit
        """Make sure that the app answers a challenge, as Slack does before it keeps an address. `AssertionError`."""
        challenge = secrets.token_hex(16)
        request = {"token": self._workspace.verification_token, "challenge": challenge, "type": "url_verification"}
        reply = await self.post(json.dumps(request).encode(), {"Content-Type": JSON_TYPE}, timeout)
        if reply.failure or reply.body not in ({"challenge": challenge}, {"text": challenge}):
            raise AssertionError(f"{self.url} did not answer with the value of the challenge: {reply}")

    def sign(self, body: bytes, at: int | None = None) -> dict[str, str]:
        """Sign a body as sent `at` some time (now unless given), and return the headers that say so."""
        sent = str(int(self._workspace.clock.now()) if at is None else at)
        key = self._workspace.signing_secret.encode()
        digest = hmac.new(key, b":".join([b"v0", sent.encode(), body]), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={digest}"}

    async def post(self, body: bytes, headers: dict[str, str], timeout: float) -> AppResponse:  # noqa: ASYNC109 - Slack's own limit
        """Send a signed body to the app, and return its response within `timeout` seconds."""
        headers = {"User-Agent": USER_AGENT, **headers, **self.sign(body)}
        try:
            async with (
                asyncio.timeout(timeout),
                aiohttp.ClientSession() as session,
                session.post(self.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return _parse_response(answer.status, answer.content_type, await answer.text(errors="replace"))
        except TimeoutError:
            return AppResponse("operation_timeout")
        except aiohttp.ClientError:
            return AppResponse("dispatch_failed")


def _parse_response(status: int, kind: str, text: str) -> AppResponse:
    if status >= FIRST_SERVER_ERROR:
        return AppResponse("http_service_error")
    if not OK <= status < FIRST_REDIRECT:
        return AppResponse("http_client_error")
    if kind == JSON_TYPE:
        return AppResponse(None, _parse_object(text))
    return AppResponse(None, {"text": text} if text else None)


def _parse_object(text: str) -> Json | None:
    """Read an object; what calls itself JSON and is none, or is empty, says nothing."""
    try:
        said = decode(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
