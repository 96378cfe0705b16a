"""Private answers through the address that came with a click."""

import json

import pytest

from shared.errors import CallError, Refused, Unavailable, Uncertain
from shared.slack.api.client import Slack
from tests.shared.local_server import LocalServer
from tests.shared.slack.calls import BLOCKS


async def test_answers_through_a_response_url(server: LocalServer, slack: Slack) -> None:
    """A private answer is a message of its own unless it is to replace the one clicked, and carries no token."""
    server.say_raw(b"ok", 200)
    await slack.respond(f"{server.url}/actions/T0/1/x", text="done")
    server.say({"ok": True})
    await slack.respond(f"{server.url}/actions/T0/1/x", text="done", blocks=BLOCKS, replace_original=True)
    first, second = server.requests
    assert first.path == "/actions/T0/1/x"
    assert json.loads(first.body) == {"text": "done", "replace_original": False, "response_type": "ephemeral"}
    assert json.loads(second.body)["replace_original"] is True
    assert json.loads(second.body)["blocks"] == BLOCKS
    assert "Authorization" not in first.headers


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"ok": false, "error": "invalid_blocks"}', Refused),
        (404, b"expired_url", Refused),
        (404, b'{"ok": false, "error": "used_url"}', Refused),
        (429, b"", Unavailable),
        (500, b"", Uncertain),
        (200, b"<html>", Uncertain),
        (302, b"", Uncertain),
    ],
)
async def test_a_response_url_that_fails(
    server: LocalServer, slack: Slack, status: int, body: bytes, kind: type[CallError]
) -> None:
    """Its failures are told apart as those of the Web API are, and a redirect is not followed."""
    server.say_raw(body, status, {"Location": "/elsewhere"} if status == 302 else None)
    with pytest.raises(CallError) as raised:
        await slack.respond(f"{server.url}/actions/1", text="done")
    assert type(raised.value) is kind
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com.evil.example/x",
        "http://hooks.slack.com/x",
        "https://hooks.slack.com@evil.example/x",
        "https://hooks.slack.com:444/x",
        "http://127.0.0.1:1/x",
        "http://[broken",
        "",
    ],
)
async def test_answers_nobody_but_slack(server: LocalServer, slack: Slack, url: str) -> None:
    """An address that is not Slack's is not called."""
    with pytest.raises(Refused):
        await slack.respond(url, text="done")
    assert server.requests == []
