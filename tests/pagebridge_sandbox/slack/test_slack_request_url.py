"""Slack over HTTP: what an app's address is sent, signed, and what its answers amount to."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from pagebridge_sandbox.slack import SlackSandbox
from pagebridge_sandbox.slack.deliveries import DeliveryFault
from tests.shared.local_server import LocalServer, Request, local_server


@dataclass
class App:
    """An app at an address, and the Slack that it is installed in."""

    server: LocalServer
    slack: SlackSandbox

    def answers(self, body: object = None, status: int = 200) -> None:
        """Let the app answer every request like this, and the challenge as it should be."""

        def answer(request: Request) -> web.Response:
            if b"url_verification" in request.body:
                return web.json_response({"challenge": json.loads(request.body)["challenge"]})
            return web.Response(status=status) if body is None else web.json_response(body, status=status)

        self.server.answer = answer

    @property
    def last(self) -> Request:
        """The last request."""
        return self.server.requests[-1]


@pytest.fixture
async def app() -> AsyncIterator[App]:
    """Install an app that has an address."""
    async with (
        SlackSandbox(enforce_rate_limits=False, ack_timeout=0.3, event_retries=(0.0, 0.0)) as slack,
        local_server() as server,
    ):
        alice = slack.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
        slack.add_channel("incidents", id="C0INCIDENTS", members=[alice.id])
        installed = App(server, slack)
        installed.answers()
        await slack.use_request_url(f"{server.url}/slack/events")
        yield installed


def is_signed(app: App, request: Request) -> bool:
    """Tell whether the official client takes a request for Slack's."""
    return SignatureVerifier(app.slack.signing_secret).is_valid_request(request.body, dict(request.headers))


def form(request: Request) -> dict[str, str]:
    """Read a form."""
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


async def test_slash_command_is_form_encoded(app: App) -> None:
    """Signed, with the fields as they are; the JSON of the answer is what Alice reads."""
    app.answers({"text": "Nothing is open"})

    typed = await app.slack.person("U0ALICE").type_command("/pd list & more", "C0INCIDENTS")

    assert typed.acked
    assert is_signed(app, app.last)
    assert ("/pd", "list & more") == (form(app.last)["command"], form(app.last)["text"])
    assert "Nothing is open" == app.slack.person("U0ALICE").private_messages[-1].plain
    assert None is app.slack.envelopes[-1].connection


async def test_click_is_json_in_form_payload(app: App) -> None:
    """What is interactive stands in `payload`."""
    await app.slack._envelopes.send("interactive", {"type": "block_actions", "actions": []})

    assert is_signed(app, app.last)
    assert {"type": "block_actions", "actions": []} == json.loads(form(app.last)["payload"])


async def test_event_is_json_and_retried(app: App) -> None:
    """An event that is answered with an error is sent again, with the number of the attempt and what was wrong."""
    app.answers(status=500)

    first = await app.slack.user_changed("U0ALICE")
    await app.slack.wait(lambda slack: len(slack.envelopes) == 3 and slack.envelopes[-1].failure)

    assert first is not None
    assert "http_service_error" == first.failure
    told = [request for request in app.server.requests if b"event_callback" in request.body]
    numbers: list[Any] = [request.headers.get("X-Slack-Retry-Num") for request in told]
    assert [None, "1", "2"] == numbers
    assert "http_error" == told[-1].headers["X-Slack-Retry-Reason"]
    assert "application/json" == told[-1].headers["Content-Type"]
    assert 1 == len({json.loads(request.body)["event_id"] for request in told})


@pytest.mark.parametrize(
    ("status", "failed"), [(404, "http_client_error"), (302, "http_client_error"), (503, "http_service_error")]
)
async def test_non_200_is_not_an_ack(app: App, status: int, failed: str) -> None:
    """The person reads what kind of answer it was."""
    app.answers(status=status)

    typed = await app.slack.person("U0ALICE").type_command("/pd help", "C0INCIDENTS")

    assert (False, failed) == (typed.acked, typed.failure)
    assert failed in app.slack.person("U0ALICE").private_messages[-1].plain


async def test_timeout_and_connection_failure(app: App) -> None:
    """Both fail as with Socket Mode, also when a test wants it so."""
    alice = app.slack.person("U0ALICE")
    release = asyncio.Event()
    app.server.hang(release)
    assert "operation_timeout" == (await alice.type_command("/pd help", "C0INCIDENTS")).failure
    release.set()
    app.server.drop()
    assert "dispatch_failed" == (await alice.type_command("/pd help", "C0INCIDENTS")).failure
    app.answers()
    for how, failure in (("lost", "operation_timeout"), ("cut", "dispatch_failed"), ("delayed", None)):
        app.slack.add_delivery_fault(DeliveryFault(how, delay=0.01))  # type: ignore[arg-type]
        assert failure == (await alice.type_command("/pd help", "C0INCIDENTS")).failure
    before = len(app.server.requests)
    app.slack.add_delivery_fault(DeliveryFault("duplicated"))
    assert (await alice.type_command("/pd help", "C0INCIDENTS")).acked
    assert 2 == len(app.server.requests) - before


async def test_failed_url_verification_is_rejected(app: App) -> None:
    """Slack tries it first, and keeps what there was."""
    app.server.say({"challenge": "something else"})
    before = app.slack._envelopes.request_url

    with pytest.raises(AssertionError, match="challenge"):
        await app.slack.use_request_url(f"{app.server.url}/other")

    assert is_signed(app, app.last)
    assert before is app.slack._envelopes.request_url


async def test_redelivered_click_has_retry_headers(app: App) -> None:
    """A redelivery has the same body, and the headers of a repetition."""
    typed = await app.slack.person("U0ALICE").type_command("/pd help", "C0INCIDENTS")
    sent = app.last

    await app.slack.redeliver(typed)

    assert sent.body == app.last.body
    assert "1" == app.last.headers["X-Slack-Retry-Num"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_malformed_json_response_is_bare_ack(app: App, body: bytes) -> None:
    """Many frameworks send an empty answer as JSON; it is a bare ack like any other."""
    app.server.answer = lambda _: web.Response(body=body, content_type="application/json")

    typed = await app.slack.person("U0ALICE").type_command("/pd list", "C0INCIDENTS")

    assert typed.acked
    assert [] == app.slack.ephemerals
