"""Channels of the app's own: opened, described, filled with people, archived. Raises as `Slack` does."""

from collections.abc import AsyncIterator

from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack.api import models
from shared.slack.api.app_installation import AppInstallation
from shared.slack.api.models import OpenedChannel
from shared.slack.api.rate_limits import Priority
from shared.slack.api.transport import Begin, CallTurn

TURN = CallTurn(Priority.MEDIUM)
"""No call of another kind uses these methods, and no card waits for one."""


class ChannelAdmin(AppInstallation):
    """
    Calls about the channels of single incidents.

    All but a bookmark may be repeated: Slack refuses what is so already (`NAME_TAKEN`, `ALREADY_SO`).
    """

    async def open_channel(self, name: str, *, private: bool, begin: Begin | None = None) -> ChannelId:
        """
        Open a channel with the app in it; no two of a workspace have one name (Slack: conversations.create).

        `begin` is awaited right before the call is sent.
        """
        body, turn = {"name": name, "is_private": private}, CallTurn(TURN.priority, begin=begin)
        return await self._transport.call(
            "conversations.create", lambda answer: models.parse_channel(answer[0]).id, turn=turn, json=body
        )

    async def opened_channels(self) -> AsyncIterator[OpenedChannel]:
        """Read the channels that the app opened and is in: it is in no archived one (Slack: users.conversations)."""
        us = await self.us()
        wanted = {"types": "public_channel,private_channel", "exclude_archived": "true"}
        async for page in self._transport.pages("users.conversations", wanted, CallTurn(Priority.LOW), patient=True):
            for channel in models.parse_opened(page):
                if channel.creator == us.bot_user_id:
                    yield channel

    async def set_topic(self, channel: ChannelId, topic: str) -> None:
        """Set the topic, of 250 characters at most; Slack posts a message about it (Slack: conversations.setTopic)."""
        await self._change("conversations.setTopic", channel=channel, topic=topic)

    async def set_purpose(self, channel: ChannelId, purpose: str) -> None:
        """Set the description, of 250 characters at most (Slack: conversations.setPurpose)."""
        await self._change("conversations.setPurpose", channel=channel, purpose=purpose)

    async def invite(self, channel: ChannelId, user: SlackUserId) -> None:
        """Let one person in (Slack: conversations.invite)."""
        await self._change("conversations.invite", channel=channel, users=user)

    async def archive(self, channel: ChannelId) -> None:
        """Archive a channel (Slack: conversations.archive)."""
        await self._change("conversations.archive", channel=channel)

    async def unarchive(self, channel: ChannelId) -> None:
        """Open an archived channel again, which Slack may not take from a bot (Slack: conversations.unarchive)."""
        await self._change("conversations.unarchive", channel=channel)

    async def pin(self, channel: ChannelId, ts: MessageTs) -> None:
        """Pin a message (Slack: pins.add)."""
        await self._change("pins.add", channel=channel, timestamp=ts)

    async def add_bookmark(self, channel: ChannelId, title: str, link: str) -> None:
        """Put a link at the top of a channel; a second call makes a second one (Slack: bookmarks.add)."""
        await self._change("bookmarks.add", channel_id=channel, title=title, type="link", link=link)

    async def bookmarked_links(self, channel: ChannelId) -> tuple[str, ...]:
        """Read where a channel's bookmarks lead (Slack: bookmarks.list)."""
        return await self._transport.call(
            "bookmarks.list", lambda answer: models.parse_links(answer[0]), turn=TURN, json={"channel_id": channel}
        )

    async def last_word_ms(self, channel: ChannelId) -> int:
        """
        Return when a person last wrote in a channel or in a thread there, in milliseconds since 1970 by Slack's clock.

        0 if no one did among the newest messages (Slack: conversations.history).
        """
        params = {"channel": channel, "limit": "100"}
        turn = CallTurn(Priority.LOW)
        return await self._transport.call(
            "conversations.history",
            lambda answer: models.parse_last_word(answer[0]),
            turn=turn,
            http_verb="GET",
            params=params,
        )

    async def _change(self, method: str, **body: str) -> None:
        await self._transport.call(method, lambda _: None, turn=TURN, json=body)
