"""The state of the simulated Slack: people, channels, messages, and the one app that is installed."""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar, Unpack

from pagebridge_sandbox.slack import channel_view, ids
from pagebridge_sandbox.slack.canvases import Canvas
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.conditions import ChangeNotifier
from pagebridge_sandbox.slack.manifests import Grants, Shortcut
from pagebridge_sandbox.slack.message_arguments import MessageContent
from pagebridge_sandbox.slack.messages import Ephemeral, Message
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.tickets import Tickets
from pagebridge_sandbox.slack.triggers import Triggers
from pagebridge_sandbox.slack.user_groups import UserGroup
from pagebridge_sandbox.slack.users import GuestKind, User
from pagebridge_sandbox.slack.views import ViewStore

T = TypeVar("T")

DEFAULT_SCOPES = frozenset(
    {
        "commands", "chat:write", "users:read", "users:read.email",
        "channels:read", "channels:history", "groups:read", "groups:history",
    }
)  # fmt: skip
DEFAULT_EVENTS = frozenset(
    {"app_home_opened", "app_uninstalled", "tokens_revoked", "channel_archive", "channel_id_changed", "user_change"}
)


class Workspace:
    """
    One team with one app in it.

    What an app is granted (`bot_scopes`) and told of (`commands`, `bot_events`) may be changed at any time.
    `edit_window` is how many seconds a message may be edited, `history_lag` how many pass before a new message is found
    in history. `unthreads_orphans`: a reply to a message that is gone is posted to the channel, and not refused.
    `bots_unarchive`: a bot token may unarchive a channel; its page names the scopes for it, and a bug in the way.
    `token_revoked`: the Web API refuses the bot token, while sockets stay up and a `response_url` goes on working.
    `escape_ids` is the manifest's `should_escape` (for all commands but the `literal_commands`).
    `interactive` says whether the app may be interacted with at all, `home_tab` and `messages_tab` which tabs it has.
    `canvases_enabled`: there are canvases; `free_plan`: only as tabs of channels. `plan_has_groups`: there are user
    groups; `apps_manage_groups`: not only admins may change them.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.clock = ids.Clock(now)
        self.changes = ChangeNotifier()
        self.tickets = Tickets(self.clock.now)
        self.triggers = Triggers(self.clock)
        self.base_url = ""
        self.team_id, self.team_domain, self.team_name = "T0ACME", "acme", "Acme"
        self.app_id, self.app_name, self.bot_id = "A0PAGEBRIDGE", "pagebridge", "B0PAGEBRIDGE"
        self.bot_token = f"xoxb-{secrets.randbelow(10**12):012d}-{secrets.token_hex(12)}"
        self.token_revoked = False
        self.app_token = f"xapp-1-{self.app_id}-{secrets.randbelow(10**12):012d}-{secrets.token_hex(32)}"
        self.verification_token = ids.verification_token()
        self.signing_secret = secrets.token_hex(16)
        self.bot_scopes: set[str] = set(DEFAULT_SCOPES)
        self.commands: set[str] = {"/pd"}
        self.bot_events: set[str] = set(DEFAULT_EVENTS)
        self.escape_ids = True
        self.literal_commands: set[str] = set()
        self.shortcuts: list[Shortcut] = []
        self.home_tab = self.messages_tab = self.interactive = True
        self.plan_has_groups = self.apps_manage_groups = self.canvases_enabled = True
        self.free_plan = False
        self.edit_window: float | None = None
        self.unthreads_orphans = self.bots_unarchive = False
        self.history_lag = 0.0
        self.views = ViewStore(self.clock, {"team_id": self.team_id, "app_id": self.app_id, "bot_id": self.bot_id})
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.user_groups: dict[str, UserGroup] = {}
        self.canvases: dict[str, Canvas] = {}
        self.ephemerals: list[Ephemeral] = []
        self.bot_user_id = self.add_user("pd-bridge", id="U0PDBRIDGE", bot=True).id

    def install(self, manifest: Mapping[str, Any]) -> None:
        """
        Let a parsed manifest decide what the app is called, granted and told of.

        Raises `ValueError` for a manifest that Slack would not take.
        """
        grants = Grants.from_manifest(manifest)
        self.app_name = grants.name
        self.users[self.bot_user_id].name = grants.bot_name
        self.bot_scopes, self.bot_events = set(grants.scopes), set(grants.events)
        self.commands, self.literal_commands = set(grants.commands), set(grants.literal_commands)
        self.shortcuts = list(grants.shortcuts)
        self.home_tab, self.messages_tab, self.interactive = grants.home_tab, grants.messages_tab, grants.interactive

    def add_user(  # noqa: PLR0913 - each is a fact that tests state about a person
        self,
        name: str,
        *,
        email: str | None = None,
        id: str | None = None,  # noqa: A002 - Slack's word
        guest: GuestKind | None = None,
        team_id: str | None = None,
        bot: bool = False,
        deleted: bool = False,
        email_confirmed: bool = True,
    ) -> User:
        """Add an account: a full member, a `guest`, an outsider (another `team_id`), a bot, or a deactivated one."""
        user = User(
            id=id or ids.identifier("U"), name=name, email=email, team_id=team_id or self.team_id, guest=guest, bot=bot,
            deleted=deleted, email_confirmed=email_confirmed, updated=int(self.clock.now()),
        )  # fmt: skip
        self.users[user.id] = user
        self.changes.notify()
        return user

    def add_channel(
        self,
        name: str,
        *,
        id: str | None = None,  # noqa: A002 - Slack's word
        private: bool = False,
        members: list[str] | None = None,
        bot_member: bool = True,
        archived: bool = False,
        ext_shared: bool = False,
    ) -> Channel:
        """Add a channel. It is shared with another organisation when it says so or a person from there is in it."""
        people = list(members or [])
        outside = any(self.users[member].team_id != self.team_id for member in people)
        channel = Channel(
            id=id or ids.identifier("C"), name=name, team_id=self.team_id, workspace=self, private=private,
            members=people + [self.bot_user_id] * bot_member, archived=archived, ext_shared=ext_shared or outside,
            created=int(self.clock.now()),
        )  # fmt: skip
        self.channels[channel.id] = channel
        self.changes.notify()
        return channel

    def add_user_group(self, handle: str, users: list[str] | None = None, *, id: str | None = None) -> UserGroup:  # noqa: A002 - Slack's word
        """Add a user group, with these members."""
        group = UserGroup(id or ids.identifier("S"), handle, handle, self.team_id, list(users or []))
        group.created = group.updated = int(self.clock.now())
        self.user_groups[group.id] = group
        self.changes.notify()
        return group

    def name_of(self, id_: str) -> str:
        """Return the visible name of a user or channel; an unknown id stands for itself."""
        known = self.users.get(id_) or self.channels.get(id_)
        return known.name if known else id_

    def post(
        self, channel: Channel, user: User, parent: Message | None = None, **content: Unpack[MessageContent]
    ) -> Message:
        """Post a message, in the thread of `parent` if there is one. Whether it may be is for the caller to know."""
        ours = user.id == self.bot_user_id
        message = Message(
            ts=self.clock.next_ts(), channel_id=channel.id, user=user.id, team_id=user.team_id, name_of=self.name_of,
            bot_id=self.bot_id if ours else None, app_id=self.app_id if ours else None,
            thread_ts=parent.ts if parent else None, parent_user=parent.user if parent else None, **content,
        )  # fmt: skip
        (parent.replies if parent else channel.messages).append(message)
        self.changes.notify()
        self._publish_message(message, {})
        if user.id != self.bot_user_id and f"<@{self.bot_user_id}>" in message.text:
            event = message.as_json(with_metadata=False) | {"channel": channel.id, "event_ts": message.ts}
            self.publish(event | {"type": "app_mention"}, "app_mention")
        return message

    def edit(self, message: Message, **content: Unpack[MessageContent]) -> None:
        """Put other content into a message; its metadata stays unless it is among that."""
        before = message.as_json(with_metadata=True)
        message.text, message.blocks = content["text"], content.get("blocks", [])
        message.attachments, message.edited = content.get("attachments", []), self.clock.next_ts()
        if "metadata" in content:
            message.metadata = content["metadata"]
        self.changes.notify()
        after = message.as_json(with_metadata=True)
        change = {"subtype": "message_changed", "hidden": True, "message": after, "previous_message": before}
        self._publish_message(message, change)

    def remove(self, message: Message) -> None:
        """Delete a message."""
        before = message.as_json(with_metadata=True)
        self.channels[message.channel_id].remove(message)
        self.changes.notify()
        change = {"subtype": "message_deleted", "hidden": True, "deleted_ts": message.ts, "previous_message": before}
        self._publish_message(message, change)

    def publish(self, event: Json, subscription: str) -> None:
        """Hook for sending the app an event, if it has subscribed to that; a bare workspace has no app."""

    def _publish_message(self, message: Message, change: Json) -> None:
        """Send the event of a message, or of a change to it, where the bot is a member."""
        channel = self.channels[message.channel_id]
        if self.bot_user_id not in channel.members:
            return
        ts = self.clock.next_ts() if change else message.ts
        where = {"channel": channel.id, "channel_type": channel.kind.removesuffix("s"), "event_ts": ts}
        what = change | {"type": "message", "ts": ts} if change else message.as_json(with_metadata=True)
        self.publish(what | where, f"message.{channel.kind}")

    def direct_channel(self, user_id: str) -> Channel:
        """Return the conversation between the bot and one person."""
        known = self.direct_channels().get(user_id)
        if known:
            return known
        name = self.name_of(user_id)
        channel = self.add_channel(name, id=ids.identifier("D"), private=True, members=[user_id])
        channel.user = user_id
        return channel

    def direct_channels(self) -> dict[str, Channel]:
        """Return the bot's conversations with single people, by person."""
        return {channel.user: channel for channel in self.channels.values() if channel.user}

    def post_ephemeral(
        self, channel_id: str, user_id: str, thread_ts: str | None = None, **content: Unpack[MessageContent]
    ) -> Ephemeral:
        """Show a message to one person only."""
        ephemeral = Ephemeral(
            ts=self.clock.next_ts(), channel_id=channel_id, user=user_id, thread_ts=thread_ts, name_of=self.name_of,
            text=content["text"], blocks=content.get("blocks", []),
            attachments=content.get("attachments", []),
        )  # fmt: skip
        self.ephemerals.append(ephemeral)
        self.changes.notify()
        return ephemeral

    def wait(self, condition: Callable[[Self], T], timeout: float = 45) -> Awaitable[T]:
        """Wait until `condition` of the workspace is true, as `Channel.wait` does for a channel."""
        return self.changes.wait_until(lambda: condition(self), timeout, self.render)

    def render_channel(self, channel_id: str) -> str:
        """Show a channel as people see it in a terminal: cards, threads, and who alone sees a private message."""
        return channel_view.render_channel(self.channels[channel_id], self.ephemerals)

    def render(self) -> str:
        """Show all channels as people see them."""
        return "\n\n".join(self.render_channel(channel_id) for channel_id in self.channels)
