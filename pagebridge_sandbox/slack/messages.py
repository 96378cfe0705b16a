"""Messages: those that everybody in a channel sees, and those that only one person sees."""

from dataclasses import dataclass, field

from pagebridge_sandbox.slack import mrkdwn, rendering
from pagebridge_sandbox.slack.interactive import Clickable, attachment_clickables, find_clickables
from pagebridge_sandbox.slack.mrkdwn import NameLookup
from pagebridge_sandbox.slack.responses import Json


@dataclass(kw_only=True)
class BaseMessage:
    """The content of a message: `text`, or in its place `blocks`. `attachments` come below either."""

    ts: str
    channel_id: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    name_of: NameLookup = field(default=str, repr=False, compare=False)

    @property
    def plain(self) -> str:
        """Everything a person reads on it, as plain text."""
        shown = list(rendering.render_blocks(self.blocks, self.name_of)) or [
            mrkdwn.to_plain_text(self.text, self.name_of)
        ]
        for attachment in self.attachments:
            shown += rendering.render_blocks(attachment.get("blocks", []), self.name_of)
            shown.append(mrkdwn.to_plain_text(str(attachment.get("text", "")), self.name_of))
        return "\n".join(line for line in shown if line)

    @property
    def buttons(self) -> list[str]:
        """The visible labels of what can be clicked, in order; the entries of overflow menus included."""
        return [clickable.label for clickable in self.clickables]

    @property
    def clickables(self) -> list[Clickable]:
        """The elements that can be clicked, in order."""
        return [*find_clickables(self.blocks), *attachment_clickables(self.attachments)]


@dataclass(kw_only=True)
class Message(BaseMessage):
    """A message in a channel or thread. `metadata` may be None; `edited` is the `ts` of the last edit."""

    user: str
    bot_id: str | None = None
    app_id: str | None = None
    team_id: str = ""
    metadata: Json | None = None
    edited: str | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    subtype: str | None = None
    replies: list["Message"] = field(default_factory=list)
    parent_user: str | None = None
    pinned: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """The users who reacted, by emoji."""

    @property
    def deleted(self) -> bool:
        """Whether only the place of a deleted parent is left, so that its thread can still be read."""
        return self.subtype == "tombstone"

    def as_json(self, *, with_metadata: bool) -> Json:
        """Show this message as the Web API does. Metadata is there only for those who ask for it."""
        shown: Json = {"user": self.user, "type": "message", "ts": self.ts}
        if self.bot_id:
            shown |= {"bot_id": self.bot_id, "app_id": self.app_id}
        shown |= {"text": self.text, "team": self.team_id}
        optional = {
            "blocks": self.blocks,
            "attachments": self.attachments,
            "subtype": self.subtype,
            "metadata": self.metadata if with_metadata else None,
            "pinned_to": [self.channel_id] if self.pinned else None,
            "reactions": [{"name": name, "users": who, "count": len(who)} for name, who in self.reactions.items()],
            "edited": {"user": self.bot_id or self.user, "ts": self.edited} if self.edited else None,
        }
        return shown | {key: value for key, value in optional.items() if value} | self._thread()

    def _thread(self) -> Json:
        if self.parent_user:
            return {"thread_ts": self.thread_ts, "parent_user_id": self.parent_user}
        if not self.replies:
            return {}
        people = list(dict.fromkeys(reply.user for reply in self.replies))
        return {
            "thread_ts": self.ts,
            "reply_count": len(self.replies),
            "reply_users_count": len(people),
            "latest_reply": self.replies[-1].ts,
            "reply_users": people[:5],
            "is_locked": False,
            "subscribed": False,
        }


@dataclass(kw_only=True)
class Ephemeral(BaseMessage):
    """A message that only `user` sees until the next reload. `history` holds the earlier texts of a replaced one."""

    user: str
    history: list[str] = field(default_factory=list)
