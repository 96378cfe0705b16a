"""What the door to Slack puts on the wire, and what it makes of what comes back."""

import asyncio
import json
import socket

import pytest

from shared.errors import BadCredentials, CallError, NotFound, Refused, Unavailable, Uncertain
from shared.slack.api.client import Slack
from shared.slack.api.errors import Unthreaded
from tests.shared.local_server import LocalServer
from tests.shared.slack.calls import ALICE, BLOCKS, CHANNEL, METADATA, TS, counter, post, update


async def test_posts_a_message(server: LocalServer, slack: Slack) -> None:
    """A post carries text, blocks and metadata, previews nothing, and comes back with the message's name."""
    server.say({"ok": True, "ts": TS})
    assert await post(slack) == TS
    await slack.post(CHANNEL, text="reply", blocks=BLOCKS, metadata=METADATA, thread_ts=TS)
    first, reply = (json.loads(request.body) for request in server.requests)
    assert server.requests[0].path == "/api/chat.postMessage"
    assert server.requests[0].headers["Authorization"] == "Bearer xoxb-s3cret"
    assert first == {
        "channel": CHANNEL,
        "text": "words",
        "blocks": BLOCKS,
        "metadata": METADATA,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert reply["thread_ts"] == TS


async def test_a_reply_beside_its_thread_is_named(server: LocalServer, slack: Slack) -> None:
    """Slack shows no thread where it posted a reply to what is gone; an answer without the message says nothing."""
    reply = slack.post(CHANNEL, text="reply", blocks=BLOCKS, metadata=METADATA, thread_ts=TS)
    server.say({"ok": True, "ts": "1700000009.000100", "message": {"ts": "1700000009.000100"}})
    with pytest.raises(Unthreaded) as raised:
        await reply
    assert raised.value.ts == "1700000009.000100"
    server.say({"ok": True, "ts": TS, "message": {"ts": TS}})
    assert await post(slack) == TS


async def test_shows_a_reply_in_the_channel_too(server: LocalServer, slack: Slack) -> None:
    """Only where that is asked for."""
    server.say({"ok": True, "ts": TS})
    await slack.post(CHANNEL, text="reply", blocks=BLOCKS, metadata=METADATA, thread_ts=TS, reply_broadcast=True)
    await slack.post(CHANNEL, text="reply", blocks=BLOCKS, metadata=METADATA, thread_ts=TS)
    first, second = (json.loads(request.body) for request in server.requests)
    assert first["reply_broadcast"] is True
    assert "reply_broadcast" not in second


async def test_deletes_a_message(server: LocalServer, slack: Slack) -> None:
    """A message is named by channel and `ts`; one that is gone is `NotFound`."""
    server.say({"ok": True, "channel": CHANNEL, "ts": TS})
    await slack.delete(CHANNEL, TS)
    assert server.requests[0].path == "/api/chat.delete"
    assert json.loads(server.requests[0].body) == {"channel": CHANNEL, "ts": TS}
    server.say({"ok": False, "error": "message_not_found"})
    with pytest.raises(NotFound):
        await slack.delete(CHANNEL, TS)


async def test_updates_a_message(server: LocalServer, slack: Slack) -> None:
    """An update names the message and leaves its metadata alone."""
    server.say({"ok": True, "ts": TS})
    await update(slack)
    assert server.requests[0].path == "/api/chat.update"
    assert json.loads(server.requests[0].body) == {"channel": CHANNEL, "ts": TS, "text": "words", "blocks": BLOCKS}


async def test_says_something_privately(server: LocalServer, slack: Slack) -> None:
    """A private message goes to one person, without blocks where there are none."""
    server.say({"ok": True, "message_ts": TS})
    await slack.post_ephemeral(CHANNEL, ALICE, text="only you")
    assert json.loads(server.requests[0].body) == {"channel": CHANNEL, "user": ALICE, "text": "only you"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, b"", Unavailable),
        (429, b'{"ok": false, "error": "ratelimited"}', Unavailable),
        (200, b'{"ok": false, "error": "rate_limited"}', Unavailable),
        (500, b"", Uncertain),
        (503, b"<html>down</html>", Uncertain),
        (503, b'{"ok": false, "error": "channel_not_found"}', Uncertain),
        (200, b"<html>captive</html>", Uncertain),
        (200, b"", Uncertain),
        (200, b"ok", Uncertain),
        (200, b"[]", Uncertain),
        (200, b"[1]", Uncertain),
        (200, b"null", Uncertain),
        (200, b"\xff\xfe", Uncertain),
        (200, b'{"ok": true}', Uncertain),
        (200, b'{"ok": false}', Uncertain),
        (403, b"<html>proxy</html>", Uncertain),
        (200, b'{"ok": false, "error": "internal_error"}', Uncertain),
        (200, b'{"ok": false, "error": "fatal_error"}', Uncertain),
        (200, b'{"ok": false, "error": "service_unavailable"}', Uncertain),
        (200, b'{"ok": false, "error": "request_timeout"}', Uncertain),
        (200, b'{"ok": false, "error": "invalid_auth"}', BadCredentials),
        (401, b'{"ok": false, "error": "token_revoked"}', BadCredentials),
        (200, b'{"ok": false, "error": "account_inactive"}', BadCredentials),
        (200, b'{"ok": false, "error": "not_authed"}', BadCredentials),
        (200, b'{"ok": false, "error": "channel_not_found"}', NotFound),
        (200, b'{"ok": false, "error": "message_not_found"}', NotFound),
        (200, b'{"ok": false, "error": "is_archived"}', Refused),
        (200, b'{"ok": false, "error": "invalid_blocks"}', Refused),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/html"])
async def test_one_request_and_one_kind_of_error(
    server: LocalServer, slack: Slack, status: int, body: bytes, kind: type[CallError], content_type: str
) -> None:
    """Every answer that is no success is one error, by what it says; nothing is asked again."""
    if content_type != "application/json" and body.startswith(b"{") and status < 429:
        kind = Uncertain  # Slack answers in JSON; what does not is somebody in between.
    server.say_raw(body, status, {"Content-Type": content_type})
    with pytest.raises(CallError) as raised:
        await post(slack)
    assert type(raised.value) is kind
    assert len(server.requests) == 1
    assert "s3cret" not in str(raised.value)


async def test_refusals_keep_slacks_word_and_say_more(server: LocalServer, slack: Slack) -> None:
    """The code is Slack's own word; the text says what Slack added."""
    where = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    server.say({"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [f"[ERROR] {where}"]}})
    with pytest.raises(Refused, match=r"invalid_blocks .*3001") as blocks:
        await post(slack)
    assert (blocks.value.code, blocks.value.status) == ("invalid_blocks", 200)
    server.say({"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "commands"})
    with pytest.raises(Refused, match="chat:write"):
        await update(slack)


async def test_a_broken_connection_is_uncertain_and_not_repeated(server: LocalServer, slack: Slack) -> None:
    """Once bytes have left, Slack may have posted; also on a connection that was used before."""
    server.drop()
    with pytest.raises(Uncertain):
        await post(slack)
    server.say({"ok": True, "ts": TS})
    await post(slack)
    server.drop()
    with pytest.raises(Uncertain):
        await post(slack)
    assert len(server.requests) == 3


async def test_no_answer_in_time_is_uncertain(server: LocalServer, slack: Slack) -> None:
    """A time-out after sending leaves it open."""
    release = asyncio.Event()
    server.hang(release)
    with pytest.raises(Uncertain):
        await post(slack)
    release.set()
    assert len(server.requests) == 1


async def test_refused_connection_is_certain() -> None:
    """Where nobody listens, nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    slack = Slack("xoxb", f"http://127.0.0.1:{port}/api/")
    for call in (post(slack), slack.respond(f"http://127.0.0.1:{port}/r", text="words")):
        with pytest.raises(Unavailable):
            await call
    await slack.aclose()


async def test_connecting_that_takes_too_long_is_certain() -> None:
    """A time-out while connecting sent nothing: here TLS is awaited from somebody who does not speak."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slack = Slack("xoxb", f"https://127.0.0.1:{silent.getsockname()[1]}/api/", timeout=0.3)
        with pytest.raises(Unavailable):
            await post(slack)
        await slack.aclose()


async def test_no_proxy_comes_between(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is for others: the SDK would send this machine's own traffic there."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    slack = Slack("xoxb", f"{server.url}/api/")
    server.say({"ok": True, "ts": TS})
    assert await post(slack) == TS
    await slack.aclose()


async def test_counts_calls(server: LocalServer, slack: Slack) -> None:
    """Each call is counted once, under its method and how it ended."""
    server.say({"ok": True, "ts": TS})
    before = counter("chat.update", "ok")
    await update(slack)
    assert counter("chat.update", "ok") == before + 1
