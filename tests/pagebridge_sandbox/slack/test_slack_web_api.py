"""How calls come in: every encoding of the official clients, tokens, scopes, and what is logged of them."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.odd_json import DEEP, HALF

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]

JSON = {"Content-Type": "application/json"}


async def ask(
    http: aiohttp.ClientSession,
    slack: SlackSandbox,
    method: str,
    verb: str = "POST",
    **request: Any,  # noqa: ANN401 - whatever aiohttp takes
) -> dict[str, Any]:
    """Make one request with the bot's token in the header, unless it brings headers of its own."""
    request.setdefault("headers", {"Authorization": f"Bearer {slack.bot_token}"})
    async with http.request(verb, slack.api_url + method, **request) as response:
        answer: dict[str, Any] = await response.json()
        return answer


FORM = {"channel": "C0INCIDENTS", "blocks": json.dumps(BLOCKS), "unfurl_links": "false", "team_id": "T0ACME"}


@pytest.mark.parametrize(
    ("encoding", "request_"),
    [
        ("json", {"json": {"channel": "C0INCIDENTS", "blocks": BLOCKS, "unfurl_links": False}}),
        ("json", {"json": FORM}),
        ("form", {"data": FORM}),
        ("query", {"params": FORM}),
        ("query+form", {"params": {"channel": "C0INCIDENTS"}, "data": {"blocks": FORM["blocks"], "unfurl_links": "0"}}),
    ],
)
async def test_every_encoding_is_equivalent(
    slack: SlackSandbox, channel: Channel, http: aiohttp.ClientSession, encoding: str, request_: dict[str, Any]
) -> None:
    """JSON, JSON strings inside JSON or forms, query and mixtures all mean the same; an extra team_id is ignored."""
    answer = await ask(http, slack, "chat.postMessage", **request_)

    assert answer["ok"]
    assert [(False, "hello")] == [(message.unfurl_links, message.plain) for message in channel.messages]
    assert encoding == slack.calls[0].encoding


async def test_multipart_forms_are_read(slack: SlackSandbox, channel: Channel, http: aiohttp.ClientSession) -> None:
    """The JavaScript client may send a form in parts."""
    with aiohttp.MultipartWriter("form-data") as form:
        for name, value in (("channel", channel.id), ("text", "hello")):
            form.append(value).set_content_disposition("form-data", name=name)

    answer = await ask(http, slack, "chat.postMessage", data=form)

    assert answer["ok"]
    assert "multipart" == slack.calls[0].encoding


async def test_read_methods_accept_get(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """The official client reads with GET and a query."""
    await client.conversations_info(channel=channel.id)
    await client.users_info(user=alice.id)

    assert ["query", "query"] == [call.encoding for call in slack.calls]


async def test_method_without_json_support_ignores_json(
    slack: SlackSandbox, alice: User, http: aiohttp.ClientSession
) -> None:
    """users.info is not documented to take JSON, so its argument is missing."""
    answer = await ask(http, slack, "users.info", json={"user": alice.id})

    assert "invalid_arguments" == answer["error"]
    assert ["[ERROR] missing required field: user"] == answer["response_metadata"]["messages"]


async def test_token_in_form(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """Header and form are the two places for a token."""
    assert (await ask(http, slack, "auth.test", data={"token": slack.bot_token}, headers={}))["ok"]


@pytest.mark.parametrize("place", ["params", "json"])
async def test_token_in_query_or_json_is_ignored(slack: SlackSandbox, http: aiohttp.ClientSession, place: str) -> None:
    """Slack reads no token from a query (for apps of today) or from JSON."""
    answer = await ask(http, slack, "auth.test", "POST", **{place: {"token": slack.bot_token}}, headers={})

    assert (False, "not_authed") == (answer["ok"], answer["error"])


@pytest.mark.parametrize("place", ["data", "params", "json"])
async def test_call_log_hides_token(slack: SlackSandbox, http: aiohttp.ClientSession, place: str) -> None:
    """Wherever a client puts its token, the log of calls does not hold it."""
    await ask(http, slack, "auth.test", "POST", **{place: {"token": slack.bot_token}}, headers={})

    assert slack.bot_token not in str(slack.calls)


async def test_invalid_token_is_rejected(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """A token that Slack did not give is invalid_auth."""
    answer = await ask(http, slack, "auth.test", headers={"Authorization": "Bearer xoxb-made-up"})

    assert "invalid_auth" == answer["error"]


async def test_auth_test_names_the_bot_and_its_scopes(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """The scopes that were granted are in a header."""
    answer = await client.auth_test()

    assert (slack.team_id, slack.bot_user_id, slack.bot_id) == (answer["team_id"], answer["user_id"], answer["bot_id"])
    assert slack.bot_scopes == set(answer.headers["x-oauth-scopes"].split(","))


async def test_missing_scope_is_reported(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """The answer says which scope is needed and which there are."""
    slack.bot_scopes -= {"chat:write"}

    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel.id, text="hello")

    assert "missing_scope" == caught.value.response["error"]
    assert "chat:write" == caught.value.response["needed"]
    assert set(caught.value.response["provided"].split(",")) == slack.bot_scopes
    assert not channel.messages


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"data": b"{", "headers": JSON}, "invalid_json"),
        ({"data": DEEP, "headers": JSON}, "invalid_json"),
        ({"data": HALF, "headers": JSON}, "invalid_json"),
        ({"json": [1]}, "json_not_object"),
        ({"data": b"hello", "headers": {"Content-Type": "text/plain"}}, "invalid_post_type"),
    ],
)
async def test_unreadable_body_errors(
    slack: SlackSandbox, http: aiohttp.ClientSession, request_: dict[str, Any], error: str
) -> None:
    """A body that is not what it says it is has an error of its own."""
    request_["headers"] = request_.get("headers", {}) | {"Authorization": f"Bearer {slack.bot_token}"}

    assert error == (await ask(http, slack, "chat.postMessage", **request_))["error"]


async def test_unknown_method(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """A method that is not there is refused by name."""
    assert {"ok": False, "error": "unknown_method", "req_method": "chat.shout"} == await ask(http, slack, "chat.shout")


async def test_api_test_echoes_arguments(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """It needs no token, and fails on demand."""
    assert {"ok": True, "args": {"foo": "bar"}} == await ask(http, slack, "api.test", data={"foo": "bar"}, headers={})
    answer = await ask(http, slack, "api.test", params={"error": "my_error"}, headers={})
    assert {"ok": False, "error": "my_error", "args": {"error": "my_error"}} == answer


async def test_connections_open_needs_app_token(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """Only a POST with the app-level token gets a WebSocket address, and a new one each time."""
    app = {"Authorization": f"Bearer {slack.app_token}"}

    first = await ask(http, slack, "apps.connections.open", headers=app)
    second = await ask(http, slack, "apps.connections.open", headers=app)
    errors = [
        (await ask(http, slack, "apps.connections.open"))["error"],
        (await ask(http, slack, "apps.connections.open", headers={}))["error"],
        (await ask(http, slack, "apps.connections.open", "GET", headers=app))["error"],
    ]

    assert first["url"].startswith("ws://127.0.0.1:")
    assert first["url"] != second["url"]
    assert ["invalid_auth", "missing_args", "insecure_request"] == errors


async def test_app_token_is_rejected_by_other_methods(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """Other methods refuse it, auth.test tells whose app it is."""
    app = {"Authorization": f"Bearer {slack.app_token}"}

    assert "not_allowed_token_type" == (await ask(http, slack, "users.list", headers=app))["error"]
    assert slack.app_id == (await ask(http, slack, "auth.test", headers=app))["app_id"]


async def test_call_log_records_every_call(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """Arguments, answer, effect and times are there for each, refused ones included."""
    await client.chat_postMessage(channel=channel.id, text="hello")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0NOWHERE", text="hello")

    posted, refused = slack.calls_to("chat.postMessage")
    assert {"channel": channel.id, "text": "hello"} == posted.arguments
    assert (200, True, None, True) == (posted.http_status, posted.ok, posted.error, posted.took_effect)
    assert (200, False, "channel_not_found", False) == (
        refused.http_status,
        refused.ok,
        refused.error,
        refused.took_effect,
    )
    assert posted.answered_at is not None
    assert posted.time <= posted.answered_at <= refused.time
