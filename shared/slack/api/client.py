"""The one door to Slack's Web API. It waits for no limit, further pages excepted: it says how long to wait."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from shared.durations import Durations
from shared.errors import NotFound, Uncertain
from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack.api import models
from shared.slack.api.canvases import Canvases
from shared.slack.api.channel_admin import ChannelAdmin
from shared.slack.api.errors import Unthreaded
from shared.slack.api.models import Channel, OwnMessage, SlackIdentity, SlackPerson, View
from shared.slack.api.rate_limits import Priority
from shared.slack.api.transport import Answer, Begin, CallTurn, RateLimiter, Transport
from shared.slack.api.user_groups import UserGroups
from shared.vendor_calls import TokenBuckets

__all__ = ["Channel", "OwnMessage", "Slack", "SlackIdentity", "SlackPerson", "View"]

API_URL = "https://slack.com/api/"
DIRECT = "D"
"""How the ids of the app's conversations with one person begin (Slack: conversation objects)."""
CLOCK_SKEW_MS = 60_000
"""How far our clock may be ahead of Slack's before a message of ours is looked for too late."""

Blocks = Sequence[Mapping[str, Any]]


class Slack(ChannelAdmin, Canvases, UserGroups):
    """
    Slack's Web API, for one bot token.

    Every method makes one request (those that read all pages: one per page) and raises only `CallError` or `Malformed`.
    `Unavailable` also when it is not yet time for another call of that kind; then nothing was sent. A call takes
    `timeout` seconds at most. Cancelling one leaves it open whether it took effect.

    A post into a channel itself, a first card, goes before any reply and any message to one person, and what is
    `urgent`, because people wait for it, before what is not (`Priority`); what is `foremost`, because it stands for
    many, goes before all. `budgets` are those that all workers share.

    Must be made in a running event loop. `web` is the SDK's client underneath, for what Bolt does by itself.
    """

    def __init__(
        self,
        token: str,
        base_url: str = API_URL,
        timeout: float = Durations.slack_timeout,
        now: Callable[[], float] = time.monotonic,
        pace: float = 1.0,
        budgets: TokenBuckets | None = None,
    ) -> None:
        self._transport = Transport(token, base_url, timeout, RateLimiter(now, pace, budgets))
        self.server_clock = self._transport.server_clock

    @property
    def web(self) -> AsyncWebClient:
        """The SDK's client."""
        return self._transport.web

    async def post(  # noqa: PLR0913 -- each is a fact about the message, and all but the first go by name
        self,
        channel: ChannelId,
        *,
        text: str,
        blocks: Blocks,
        metadata: Mapping[str, Any],
        thread_ts: MessageTs | None = None,
        reply_broadcast: bool = False,
        urgent: bool = True,
        foremost: bool = False,
        begin: Begin | None = None,
    ) -> MessageTs:
        """
        Post a message that previews no links, and return its name.

        `reply_broadcast` shows a reply in the channel too. `begin` is awaited once there is room for it, before it is
        sent: a post that has to wait costs nothing. Slack cannot tell a repeated post from a new one, so after
        `Uncertain` look for it first (`find_by_key`). `Unthreaded` names a reply that stands beside its thread.
        """
        body = {
            "channel": channel,
            "text": text,
            "blocks": blocks,
            "metadata": metadata,
            "thread_ts": thread_ts,
            "reply_broadcast": reply_broadcast or None,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        card, line = (Priority.FIRST, Priority.MEDIUM) if urgent else (Priority.HIGH, Priority.LOW)
        key = metadata.get("event_payload", {}).get("key", "")
        priority = Priority.NOTICE if foremost else line if thread_ts or channel.startswith(DIRECT) else card
        turn = CallTurn(priority, f"{channel}:{key}", begin)
        ts, unthreaded = await self._transport.call("chat.postMessage", _posted, channel=channel, turn=turn, json=body)
        if thread_ts and unthreaded:
            raise Unthreaded(ts)
        return ts

    async def announce(self, channel: ChannelId, *, text: str, metadata: Mapping[str, Any]) -> MessageTs:
        """Post words about the bridge itself before any other post, one at a time, and return their name."""
        body = {"channel": channel, "text": text, "metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        turn = CallTurn(Priority.NOTICE, f"{channel}:announcement")
        return (await self._transport.call("chat.postMessage", _posted, channel=channel, turn=turn, json=body))[0]

    async def update(
        self,
        channel: ChannelId,
        ts: MessageTs,
        *,
        text: str,
        blocks: Blocks,
        urgent: bool = True,
        foremost: bool = False,
        begin: Begin | None = None,
    ) -> None:
        """Replace what a message says, not its metadata; `NotFound` if it was deleted. `begin` as for a post."""
        body = {"channel": channel, "ts": ts, "text": text, "blocks": blocks}
        is_direct = channel.startswith(DIRECT)
        first, later = (Priority.MEDIUM, Priority.LOW) if is_direct else (Priority.FIRST, Priority.MEDIUM)
        priority = Priority.NOTICE if foremost else first if urgent else later
        turn = CallTurn(priority, f"{channel}:{ts}", begin)
        await self._transport.call("chat.update", lambda _: None, channel=channel, turn=turn, json=body)

    async def delete(self, channel: ChannelId, ts: MessageTs) -> None:
        """Delete a message of ours. `NotFound` with `message_not_found` if that has happened already."""
        body = {"channel": channel, "ts": ts}
        await self._transport.call("chat.delete", lambda _: None, turn=CallTurn(Priority.LOW), json=body)

    async def post_ephemeral(
        self, channel: ChannelId, user: SlackUserId, *, text: str, blocks: Blocks | None = None
    ) -> None:
        """Post a message that only `user` sees. Slack does not guarantee delivery, and it is gone after a reload."""
        body = {"channel": channel, "user": user, "text": text, "blocks": blocks}
        await self._transport.call("chat.postEphemeral", lambda _: None, channel=channel, json=body)

    async def post_direct(self, user: SlackUserId, *, text: str, blocks: Blocks | None = None) -> None:
        """Post to a person in their conversation with this app, if they may be (Slack: chat.postMessage)."""
        body = {"channel": user, "text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        await self._transport.call("chat.postMessage", lambda _: None, channel=user, json=body)

    async def open_direct(self, user: SlackUserId) -> ChannelId:
        """Open this app's conversation with a person, or find the one that is there (Slack: conversations.open)."""
        body = {"users": user}
        return await self._transport.call(
            "conversations.open", lambda answer: models.parse_conversation(answer[0]), json=body
        )

    async def find_by_key(
        self, channel: ChannelId, key: str, *, oldest_ms: int, thread_ts: MessageTs | None = None
    ) -> MessageTs | None:
        """Find our message by the `key` of its metadata, in a channel or thread, back to `oldest_ms` (our clock)."""
        async for message in self.own_messages(
            channel, oldest_ms=oldest_ms, thread_ts=thread_ts, priority=Priority.FIRST, reader=key
        ):
            if message.key == key:
                return message.ts
        return None

    async def own_messages(
        self,
        channel: ChannelId,
        *,
        oldest_ms: int,
        thread_ts: MessageTs | None = None,
        patient: bool = False,
        priority: Priority = Priority.LOW,
        reader: str = "",
    ) -> AsyncIterator[OwnMessage]:
        """
        Read every message of ours since `oldest_ms`, a time on our clock, and the tombstones of deleted ones.

        In a channel these are its own messages and broadcast replies, in a thread the replies, in Slack's order. With
        low priority it leaves room for urgent calls; those of one `reader` share a place in line for each channel and
        thread. Pages after the first wait for their turn, and as long as Slack asks for, up to `PATIENCE` seconds; all
        of a `patient` one do, and longer.
        """
        us = await self.us()
        oldest = max(0, oldest_ms - CLOCK_SKEW_MS) / 1000
        params = {"channel": channel, "oldest": f"{oldest:.6f}", "inclusive": True, "include_all_metadata": True}
        method = "conversations.replies" if thread_ts else "conversations.history"
        params |= {"ts": thread_ts} if thread_ts else {}
        turn = CallTurn(priority, f"{channel}:{thread_ts or ''}:{reader}")
        async for page in self._transport.pages(method, params, turn, patient=patient):
            for message in models.parse_own(page, us):
                # Slack puts the parent at the head of every page of its thread.
                if message.ts != thread_ts:
                    yield message

    async def own_parent(self, channel: ChannelId, thread_ts: MessageTs) -> OwnMessage | None:
        """Read the message at the head of a thread if it is ours, else None."""
        us = await self.us()
        params = {"channel": channel, "ts": thread_ts, "limit": "1", "include_all_metadata": "true"}
        return await self._transport.read(
            "conversations.replies", lambda page: models.parse_parent(page, us, thread_ts), **params
        )

    async def channel(self, channel: ChannelId) -> Channel:
        """Read what Slack says of a channel. `NotFound` if it does not let us see it."""
        return await self._transport.read("conversations.info", models.parse_channel, channel=channel)

    async def permalink(self, channel: ChannelId, ts: MessageTs) -> str:
        """Ask for the address of a message, for people to open."""
        return await self._transport.read("chat.getPermalink", models.parse_permalink, channel=channel, message_ts=ts)

    async def person(self, user: SlackUserId) -> SlackPerson:
        """Read what Slack says of a user. `NotFound` if it does not let us see them."""
        return await self._transport.read("users.info", models.parse_person, user=user)

    async def user_by_email(self, email: str) -> SlackUserId | None:
        """Find the member of our workspace with this address; None if there is none."""
        try:
            return (await self._transport.read("users.lookupByEmail", models.parse_person, email=email)).id
        except NotFound:
            return None

    async def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> View:
        """Open a modal for the person who just clicked: within 3 s, once a click; else `Refused` (`TRIGGER_GONE`)."""
        body = {"trigger_id": trigger_id, "view": view}
        return await self._transport.call("views.open", lambda answer: models.parse_view(answer[0]), json=body)

    async def update_view(self, view_id: str, view: Mapping[str, Any], *, if_hash: str | None = None) -> View:
        """
        Replace what a view shows; what was typed stays where block and action ids do.

        With `if_hash` only if that still names what it shows, else `Refused` with the code `HASH_CONFLICT`. `NotFound`
        when it has been closed.
        """
        body = {"view_id": view_id, "view": view, "hash": if_hash}
        return await self._transport.call("views.update", lambda answer: models.parse_view(answer[0]), json=body)

    async def publish_view(self, user: SlackUserId, view: Mapping[str, Any]) -> None:
        """Show a view on the app's Home tab to a person, in the place of the one before (Slack: views.publish)."""
        await self._transport.call("views.publish", lambda _: None, json={"user_id": user, "view": view})

    async def respond(
        self, response_url: str, *, text: str, blocks: Blocks | None = None, replace_original: bool = False
    ) -> None:
        """
        Answer privately through the address that came with a click: five times, within half an hour.

        `replace_original` overwrites the message that was clicked. Any address but Slack's is `Refused` unsent.
        """
        body: dict[str, Any] = {"text": text, "replace_original": replace_original, "response_type": "ephemeral"}
        await self._transport.respond(response_url, body if blocks is None else body | {"blocks": blocks})

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def _posted(answer: Answer) -> tuple[MessageTs, bool]:
    """Read the name of what was posted, and if it surely stands in no thread: an answer without it leaves that open."""
    ts, message = answer[0].get("ts"), answer[0].get("message")
    if not isinstance(ts, str):
        raise Uncertain("Slack did not name the message that it posted")
    return MessageTs(ts), isinstance(message, dict) and not message.get("thread_ts")
