"""Channels, and what has been posted in them."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from pagebridge_sandbox.slack.conditions import ChangeNotifier
from pagebridge_sandbox.slack.messages import Message
from pagebridge_sandbox.slack.responses import Json

T = TypeVar("T")


class RendersChannels(Protocol):
    """Renders a channel as people see it."""

    changes: ChangeNotifier

    def render_channel(self, channel_id: str) -> str:
        """Show the channel as people see it."""


@dataclass
class Channel:
    """
    One channel. Its fields may be changed at any time.

    `messages` are those at top level, oldest first; the others are the `replies` of theirs.
    """

    id: str
    name: str
    team_id: str
    workspace: RendersChannels = field(repr=False, compare=False)
    private: bool = False
    members: list[str] = field(default_factory=list)
    archived: bool = False
    ext_shared: bool = False
    created: int = 0
    messages: list[Message] = field(default_factory=list, repr=False)
    creator: str = "USLACKBOT"
    user: str | None = None
    """Whom the bot talks to, in a direct message."""
    topic: str = ""
    topic_by: str = ""
    topic_at: int = 0
    purpose: str = ""
    purpose_by: str = ""
    bookmarks: list[Json] = field(default_factory=list, repr=False)

    @property
    def payload_name(self) -> str:
        """The name in payloads, which hides that of a private channel."""
        if self.user:
            return "directmessage"
        return "privategroup" if self.private else self.name

    @property
    def kind(self) -> Literal["channels", "groups", "im"]:
        """The word for this kind of conversation in scopes and in the names of subscriptions."""
        if self.user:
            return "im"
        return "groups" if self.private else "channels"

    def wait(self, condition: Callable[["Channel"], T], timeout: float = 45) -> Awaitable[T]:
        """
        Wait until `condition` of this channel is true, and return what it gives. A `LookupError` counts as not yet.

        Raises `AssertionError` showing the channel as people see it after `timeout` seconds.
        """
        render = self.workspace.render_channel
        return self.workspace.changes.wait_until(lambda: condition(self), timeout, lambda: render(self.id))

    def find(self, ts: str) -> Message | None:
        """Return the message with this timestamp, in a thread or not."""
        return next((message for message in self.all_messages() if message.ts == ts), None)

    def all_messages(self) -> Iterator[Message]:
        """Give every message, each followed by its thread."""
        for message in self.messages:
            yield message
            yield from message.replies

    def remove(self, message: Message) -> None:
        """Delete a message. Of a parent with replies its place stays, as in Slack."""
        if message.replies:
            message.subtype = "tombstone"
            message.text, message.blocks, message.attachments = "This message was deleted.", [], []
            message.metadata = None
        elif message in self.messages:
            self.messages.remove(message)
        else:
            parent = self.find(message.thread_ts or "")
            if parent:
                parent.replies.remove(message)

    def as_json(self, bot_user_id: str) -> Json:
        """Show this channel as `conversations.info` does."""
        if self.user:
            return self._direct_as_json()
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.private,
            "is_archived": self.archived,
            "is_general": False,
            "is_frozen": False,
            "is_member": bot_user_id in self.members,
            "is_shared": self.ext_shared,
            "is_ext_shared": self.ext_shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "pending_shared": [],
            "context_team_id": self.team_id,
            "shared_team_ids": [self.team_id],
            "unlinked": 0,
            "created": self.created,
            "updated": self.created * 1000,
            "creator": self.creator,
            "topic": {"value": self.topic, "creator": self.topic_by, "last_set": self.topic_at},
            "purpose": {"value": self.purpose, "creator": self.purpose_by, "last_set": 0},
            "previous_names": [],
        }

    def _direct_as_json(self) -> Json:
        return {
            "id": self.id,
            "created": self.created,
            "is_im": True,
            "is_org_shared": False,
            "is_archived": self.archived,
            "context_team_id": self.team_id,
            "user": self.user,
            "last_read": "0000000000.000000",
            "latest": self.messages[-1].as_json(with_metadata=False) if self.messages else None,
            "unread_count": 0,
            "unread_count_display": 0,
            "is_open": True,
            "priority": 0,
        }
