"""What the door to Slack reads: who we are, who people are, and messages of ours."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from shared.errors import Malformed, NotFound, Refused, Unavailable
from shared.model.ids import ChannelId, MessageTs
from shared.slack.api.client import Channel, OwnMessage, Slack
from shared.vendor_calls import ANYBODY, Caller, Limit
from tests.shared.local_server import LocalServer, Request
from tests.shared.slack.calls import ALICE, CHANNEL, IDENTITY, TS, message, person


async def test_who_we_are(server: LocalServer, slack: Slack) -> None:
    """`auth.test` tells who we are, and in a header what we may do."""
    server.say({**IDENTITY, "enterprise_id": None}, headers={"X-OAuth-Scopes": "chat:write, users:read,"})
    us = await slack.auth_test()
    assert (us.team_id, us.enterprise_id, us.bot_user_id, us.bot_id, us.app_id) == (
        "T0HOME",
        None,
        "U0BOT",
        "B0BOT",
        None,
    )
    assert us.scopes == {"chat:write", "users:read"}


async def test_finds_a_message_by_its_key_on_any_page(server: LocalServer, slack: Slack) -> None:
    """Every page is read until ours is found: our own app, our kind of metadata, the very key."""
    pages = {
        "": [
            message("5.1", "card:Q2"),
            message("5.0", bot_id="B0OTHER"),
            message("4.9", metadata={"event_type": "other", "event_payload": {"key": "card:Q1"}}),
            {"type": "message", "ts": "4.8", "user": ALICE, "text": "card:Q1"},
        ],
        "next": [message("4.7")],
    }

    def answer(request: Request) -> web.Response:
        if request.path == "/api/auth.test":
            return web.json_response(IDENTITY)
        cursor = request.query.get("cursor", "")
        following = {"next_cursor": "" if cursor else "next"}
        return web.json_response({"ok": True, "messages": pages[cursor], "response_metadata": following})

    server.answer = answer
    assert await slack.find_by_key(CHANNEL, "card:Q1", oldest_ms=1_700_000_100_000) == "4.7"
    assert await slack.find_by_key(CHANNEL, "card:Q9", oldest_ms=0) is None
    asked, first, second, *_ = server.requests
    assert asked.path == "/api/auth.test"
    assert {first.path, second.path} == {"/api/conversations.history"}
    assert first.query["include_all_metadata"] == "1"
    assert float(first.query["oldest"]) == 1_700_000_040, "a minute is allowed for clocks that differ"
    assert second.query["cursor"] == "next"
    assert [request.path for request in server.requests].count("/api/auth.test") == 1


async def test_finds_a_line_in_a_thread(server: LocalServer, slack: Slack) -> None:
    """Lines are looked for in their thread, by the app where Slack gives it."""
    server.say(IDENTITY | {"app_id": "A0APP", "bot_id": None})
    await slack.auth_test()
    server.say({"ok": True, "messages": [message("5.0", app_id="A0APP", bot_id="B0NEW")]})
    assert await slack.find_by_key(CHANNEL, "card:Q1", oldest_ms=0, thread_ts=TS) == "5.0"
    assert server.requests[-1].path == "/api/conversations.replies"
    assert server.requests[-1].query["ts"] == TS


async def test_a_person(server: LocalServer, slack: Slack) -> None:
    """A full member, as most are."""
    server.say(person())
    read = await slack.person(ALICE)
    assert (read.id, read.name, read.email, read.team_id) == (ALICE, "Alice", "alice@example.com", "T0HOME")
    assert read.email_confirmed is None
    assert read.guest is None
    assert not any((read.is_bot, read.is_app_user, read.deleted, read.external))
    assert server.requests[0].query["user"] == ALICE


@pytest.mark.parametrize(
    ("changed", "name", "value"),
    [
        ({"is_restricted": True}, "guest", "multi"),
        ({"is_restricted": True, "is_ultra_restricted": True}, "guest", "single"),
        ({"is_restricted": None}, "guest", "unknown"),
        ({"is_restricted": True, "is_ultra_restricted": None}, "guest", "unknown"),
        ({"is_bot": None}, "is_bot", None),
        ({"deleted": 0}, "deleted", None),
        ({"is_email_confirmed": False}, "email_confirmed", False),
        ({"is_email_confirmed": True}, "email_confirmed", True),
        ({"is_stranger": True}, "external", True),
        ({"deleted": True}, "deleted", True),
        ({"is_bot": True}, "is_bot", True),
        ({"is_app_user": True}, "is_app_user", True),
        ({"profile": {}}, "email", None),
        ({"profile": {"email": ""}}, "email", None),
        ({"profile": {}}, "name", "alice"),
        ({"enterprise_user": {"enterprise_id": "E0ORG"}}, "enterprise_id", "E0ORG"),
    ],
)
async def test_other_people(
    server: LocalServer, slack: Slack, changed: dict[str, object], name: str, value: object
) -> None:
    """Guests, strangers, bots and the deactivated are told apart."""
    server.say(person(**changed))
    assert getattr(await slack.person(ALICE), name) == value


async def test_people_who_cannot_be_seen(server: LocalServer, slack: Slack) -> None:
    """A user unknown to us is `NotFound`; an answer without a user is `Malformed`."""
    server.say({"ok": False, "error": "user_not_visible"})
    with pytest.raises(NotFound):
        await slack.person(ALICE)
    server.say({"ok": True})
    with pytest.raises(Malformed):
        await slack.person(ALICE)


async def test_finds_people_by_address(server: LocalServer, slack: Slack) -> None:
    """An address leads to one user or to nobody; other refusals stay refusals."""
    server.say(person())
    assert await slack.user_by_email("alice+x@example.com") == ALICE
    assert server.requests[0].query["email"] == "alice+x@example.com"
    server.say({"ok": False, "error": "users_not_found"})
    assert await slack.user_by_email("nobody@example.com") is None
    server.say({"ok": False, "error": "missing_scope"})
    with pytest.raises(Refused):
        await slack.user_by_email("alice@example.com")


async def test_a_channel(server: LocalServer, slack: Slack) -> None:
    """Whether it can be posted to."""
    told = {"id": CHANNEL, "name": "incidents", "is_archived": True, "is_member": False, "is_private": True}
    server.say({"ok": True, "channel": told})
    assert await slack.channel(CHANNEL) == Channel(CHANNEL, "incidents", archived=True, member=False)
    server.say({"ok": True, "channel": {"id": "D0ALICE", "is_im": True}})
    direct = await slack.channel(ChannelId("D0ALICE"))
    assert direct == Channel(ChannelId("D0ALICE"), "", archived=False, member=False)
    assert server.requests[0].path == "/api/conversations.info"
    assert server.requests[0].query["channel"] == CHANNEL


async def test_the_address_of_a_message(server: LocalServer, slack: Slack) -> None:
    """Slack makes the address; an answer without one is `Malformed`."""
    server.say({"ok": True, "channel": CHANNEL, "permalink": "https://acme.slack.example/archives/C0/p1"})
    assert await slack.permalink(CHANNEL, TS) == "https://acme.slack.example/archives/C0/p1"
    assert server.requests[0].query == {"channel": CHANNEL, "message_ts": TS}
    server.say({"ok": True})
    with pytest.raises(Malformed):
        await slack.permalink(CHANNEL, TS)


async def test_our_messages_in_a_channel(server: LocalServer, slack: Slack) -> None:
    """Ours with what they say and are, deleted ones by their place; nobody else's."""
    server.say(IDENTITY)
    await slack.auth_test()
    blocks = [{"type": "divider", "block_id": "v1:0"}, {"type": "divider"}]
    tombstone = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": "3.0", "thread_ts": "3.0"}
    messages = [
        message("5.0", text="words", blocks=blocks, thread_ts="5.0"),
        message("4.5", metadata={"event_type": "other", "event_payload": {"key": "card:Q1"}}),
        message("4.0", bot_id="B0OTHER"),
        tombstone,
        message("2.0", "line:Q1", thread_ts="1.0", subtype="thread_broadcast"),
    ]
    server.say({"ok": True, "messages": messages})
    card, plain, deleted, line = [own async for own in slack.own_messages(CHANNEL, oldest_ms=0)]
    assert card == OwnMessage(
        MessageTs("5.0"), None, "card:Q1", {"key": "card:Q1"}, "words", ("v1:0", ""), deleted=False
    )
    assert (plain.key, plain.payload) == ("", {})
    assert (deleted.ts, deleted.key, deleted.deleted) == ("3.0", "", True)
    assert (line.ts, line.thread_ts, line.key) == ("2.0", "1.0", "line:Q1")


async def test_our_messages_in_a_thread(server: LocalServer, slack: Slack) -> None:
    """The replies of every page; the parent, which Slack puts at the head of each, is none of them."""
    server.say(IDENTITY)
    await slack.auth_test()
    pages = {"": [message(TS), message("5.0", "line:1")], "next": [message(TS), message("6.0", "line:2")]}
    server.answer = lambda request: web.json_response(
        {
            "ok": True,
            "messages": pages[request.query.get("cursor", "")],
            "response_metadata": {"next_cursor": "" if "cursor" in request.query else "next"},
        }
    )
    lines = [own.key async for own in slack.own_messages(CHANNEL, oldest_ms=0, thread_ts=TS)]
    assert lines == ["line:1", "line:2"]


async def test_a_long_reading_waits_for_its_turn(server: LocalServer) -> None:
    """The first page may be refused for being too early; later ones wait, so that the reading comes to its end."""
    slack = Slack("xoxb", f"{server.url}/api/", pace=0.2)
    server.say(IDENTITY)
    await slack.auth_test()

    def answer(request: Request) -> web.Response:
        number = int(request.query.get("cursor", "0"))
        following = {"next_cursor": str(number + 1) if number < 6 else ""}
        return web.json_response({"ok": True, "messages": [message(f"{number}.1")], "response_metadata": following})

    server.answer = answer
    assert [own.ts async for own in slack.own_messages(CHANNEL, oldest_ms=0)] == [f"{n}.1" for n in range(7)]
    with pytest.raises(Unavailable):
        _ = [own async for own in slack.own_messages(CHANNEL, oldest_ms=0)]
    await slack.aclose()


@dataclass
class OneNow:
    """Budgets that let one call of a kind through, and have a place for the next one in a minute."""

    taken: Counter[str] = field(default_factory=Counter)

    async def take(self, limits: Sequence[Limit], caller: Caller = ANYBODY) -> float:
        """Take a call, or return the seconds to wait."""
        del caller
        self.taken[limits[0].budget] += 1
        return 0.0 if self.taken[limits[0].budget] == 1 else 60.0

    async def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget ahead, which changes nothing here."""


async def test_a_long_reading_keeps_its_place_in_a_long_line(server: LocalServer) -> None:
    """The next page has its turn after many others: to begin anew would take the first page's place once more."""
    slack = Slack("xoxb", f"{server.url}/api/", budgets=OneNow())
    server.say(IDENTITY)
    await slack.auth_test()
    server.say({"ok": True, "messages": [message("1.1")], "response_metadata": {"next_cursor": "more"}})
    reading = slack.own_messages(CHANNEL, oldest_ms=0)
    assert (await anext(reading)).ts == "1.1"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(reading)
    await slack.aclose()


async def test_a_long_reading_gives_up_when_slack_is_closed_for_long(server: LocalServer, slack: Slack) -> None:
    """What Slack gave so far is kept by the caller; it learns when to come back."""
    server.say(IDENTITY)
    await slack.auth_test()

    def answer(request: Request) -> web.Response:
        if "cursor" in request.query:
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"})
        return web.json_response(
            {"ok": True, "messages": [message("1.1")], "response_metadata": {"next_cursor": "more"}}
        )

    server.answer = answer
    reading = slack.own_messages(CHANNEL, oldest_ms=0)
    assert (await anext(reading)).ts == "1.1"
    with pytest.raises(Unavailable) as raised:
        await anext(reading)
    assert raised.value.retry_after == 30
