"""The view and the acts of a person."""

import re
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from pagebridge_sandbox.slack import input_values, payloads
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.fields import Field, find_fields
from pagebridge_sandbox.slack.input_values import InputValue
from pagebridge_sandbox.slack.interactions import Interaction, Session, confirming_label, unconfirmed_dialog
from pagebridge_sandbox.slack.interactive import Clickable, ElementPath, find_at_path
from pagebridge_sandbox.slack.messages import Ephemeral, Message
from pagebridge_sandbox.slack.modals import Modal, OpenView
from pagebridge_sandbox.slack.response_urls import ResponseUrl
from pagebridge_sandbox.slack.responses import Json

T = TypeVar("T")

AppHomeTab = Literal["home", "messages"]


class Person:
    """A person in front of their Slack."""

    def __init__(self, session: Session) -> None:
        self.user = session.user
        self._session = session
        self._workspace = session.workspace
        self._response_urls = session.response_urls

    @property
    def private_messages(self) -> list[Ephemeral]:
        """The messages that only this person sees now, oldest first."""
        return [shown for shown in self._workspace.ephemerals if shown.user == self.user.id]

    def wait(self, condition: Callable[["Person"], T], timeout: float = 45) -> Awaitable[T]:
        """Wait until `condition` of this person is true, as `Channel.wait` does for a channel."""
        return self._workspace.changes.wait_until(lambda: condition(self), timeout, self._workspace.render)

    def reload(self) -> None:
        """Load Slack anew: what only this person saw is gone."""
        self._workspace.ephemerals = [shown for shown in self._workspace.ephemerals if shown.user != self.user.id]
        self._workspace.changes.notify()

    def post(self, text: str, channel_id: str, thread_ts: str | None = None) -> Message:
        """Write a message, at top level or in a thread."""
        self._require_channel_access(channel_id)
        channel = self._workspace.channels[channel_id]
        parent = channel.find(thread_ts) if thread_ts else None
        return self._workspace.post(channel, self.user, parent, text=text)

    async def click(self, label: str, message: Message | Ephemeral, *, confirm: str | None = None) -> Interaction:
        """
        Press what bears this label, and return when the app has acked or the click has failed.

        A button with a dialog shows that first: nothing is sent unless `confirm` is its confirming label. Raises
        `AssertionError` when this person cannot see or press such a thing.
        """
        self._require_visible(message)
        return await self._press(self._find_clickable(label, message), message, confirm)

    async def press(self, path: ElementPath, message: Message | Ephemeral, *, confirmed: bool = False) -> Interaction:
        """Press what stands at a path, as `click` does with a label; `confirmed` says yes to the dialog before it."""
        self._require_visible(message)
        found = find_at_path(path, message.clickables)
        return await self._press(found, message, confirming_label(found, confirmed=confirmed))

    async def select(self, label: str, value: InputValue, message: Message | Ephemeral) -> Interaction:
        """Choose in a menu on a message, found by the words in it; `value` as in `Modal.choose` and `pick_user`."""
        self._require_visible(message)
        input_field = input_values.find_field(label, list(find_fields(message.blocks)))
        chosen = input_values.resolve_value(self._workspace, input_field, value, [])
        return await self._send_choice(message, input_field, chosen)

    async def put(self, path: ElementPath, value: InputValue | None, message: Message | Ephemeral) -> Interaction:
        """Choose at a path on a message; `value` as in `Modal.put`."""
        self._require_visible(message)
        input_field = input_values.find_field_at(path, list(find_fields(message.blocks)))
        chosen = input_values.resolve_entered(self._workspace, input_field, value, [])
        return await self._send_choice(message, input_field, chosen)

    @property
    def modals(self) -> list[Modal]:
        """The modals that lie on each other in front of this person, the topmost last."""
        return [Modal(view, self._session) for view in self._workspace.views.stack(self.user.id)]

    @property
    def modal(self) -> Modal:
        """The topmost modal. Raises `LookupError` when there is none, which `wait` takes as not yet."""
        if not self.modals:
            raise LookupError(f"{self.user.name} has no modal open")
        return self.modals[-1]

    @property
    def direct_messages(self) -> Channel:
        """The direct messages between this person and the bot. Raises `LookupError` when there are none."""
        return self._workspace.direct_channels()[self.user.id]

    @property
    def home(self) -> OpenView:
        """The app's Home tab. Raises `LookupError` when none was published for this person."""
        return OpenView(self._workspace.views.homes[self.user.id], self._session)

    def open_app_home(self, tab: AppHomeTab = "home") -> None:
        """Click on the app, and on one of its tabs: the app is told of it each time, if it wants to know."""
        if self.user.deleted:
            raise AssertionError(f"{self.user.name} is deactivated and cannot use Slack")
        if not (self._workspace.home_tab if tab == "home" else self._workspace.messages_tab):
            raise AssertionError(f"this app has no {tab} tab")
        event = payloads.app_home_opened(self._workspace, self.user, tab)
        self._workspace.publish(event, "app_home_opened")

    async def type_command(self, line: str, channel_id: str) -> Interaction:
        """
        Type a slash command, and return when the app has acked or it has failed; a failure is shown to the person.

        Raises `AssertionError` when there is no such command or this person cannot use it here, `SlackError` when what
        the app acks with breaks a rule.
        """
        self._require_channel_access(channel_id)
        command, _, text = line.strip().partition(" ")
        workspace = self._workspace
        if command not in workspace.commands:
            raise AssertionError(f"{command} is not a valid command; there are {sorted(workspace.commands)}")
        if self.user.team_id != workspace.team_id:
            raise AssertionError(f"{self.user.name} is of another organisation and cannot use commands here")
        url = self._response_urls.make(channel_id, self.user.id)
        payload = payloads.slash_command(
            workspace, self.user, channel_id, command, self._escape(command, text.strip()), url
        )
        interaction = await self._session.send(payload, url, kind="slash_commands")
        if interaction.failure:
            workspace.post_ephemeral(
                channel_id, self.user.id, text=f'{command} failed with the error "{interaction.failure}"'
            )
        elif interaction.envelope and interaction.envelope.response:
            target = ResponseUrl(channel_id, self.user.id, None, expires_at=0)
            self._response_urls.respond(target, Arguments(interaction.envelope.response))
        return interaction

    async def _press(self, found: Clickable, message: Message | Ephemeral, confirm: str | None) -> Interaction:
        if dialog := unconfirmed_dialog(found, confirm):
            return Interaction(self.user.id, dialog=dialog)
        action = found.action(self._workspace.clock.next_ts())
        return await self._send_action(message, action, found.attachment_id)

    async def _send_choice(self, message: Message | Ephemeral, input_field: Field, value: object) -> Interaction:
        action = input_values.action_payload(input_field, value, self._workspace.clock.next_ts())
        return await self._send_action(message, action)

    async def _send_action(
        self, message: Message | Ephemeral, action: Json, attachment_id: int | None = None
    ) -> Interaction:
        url = self._response_urls.make(message.channel_id, self.user.id, message)
        payload = payloads.block_actions(self._workspace, self.user, message, action, url, attachment_id)
        return await self._session.send(payload, url)

    async def shortcut(self, name: str, message: Message | None = None) -> Interaction:
        """
        Use a shortcut by its name: on a message, or a global one without. Return when the app has acked or has failed.

        Raises `AssertionError` when the manifest names no such shortcut or this person cannot use it there.
        """
        kind = "message" if message else "global"
        found = [each for each in self._workspace.shortcuts if each.name == name and each.kind == kind]
        if not found:
            known = [each.name for each in self._workspace.shortcuts if each.kind == kind]
            raise AssertionError(f"there is no {kind} shortcut {name!r}, only {known}")
        if self.user.team_id != self._workspace.team_id:
            raise AssertionError(f"{self.user.name} is of another organisation and cannot use shortcuts here")
        callback_id, url = found[0].callback_id, ""
        if message:
            self._require_visible(message)
            url = self._response_urls.make(message.channel_id, self.user.id, message)
            payload = payloads.message_action(self._workspace, self.user, message, callback_id, url)
        else:
            payload = payloads.global_shortcut(self._workspace, self.user, callback_id)
        return await self._session.send(payload, url, accepts_response=False)

    def _find_clickable(self, label: str, message: Message | Ephemeral) -> Clickable:
        for found in message.clickables:
            if found.label == label:
                return found
        raise AssertionError(f"there is no {label!r} to click, only {message.buttons} on:\n{message.plain}")

    def _require_visible(self, message: Message | Ephemeral) -> None:
        self._require_channel_access(message.channel_id)
        if isinstance(message, Ephemeral):
            seen = message in self.private_messages
        else:
            seen = self._workspace.channels[message.channel_id].find(message.ts) is message
        if not seen:
            raise AssertionError(f"{self.user.name} does not see this message (any more):\n{message.plain}")

    def _require_channel_access(self, channel_id: str) -> None:
        if self.user.deleted:
            raise AssertionError(f"{self.user.name} is deactivated and cannot use Slack")
        channel = self._workspace.channels[channel_id]
        if self.user.id not in channel.members and (channel.private or self._is_restricted):
            raise AssertionError(f"{self.user.name} is not in #{channel.name}")

    @property
    def _is_restricted(self) -> bool:
        """Whether this person sees only the channels they are in."""
        return self.user.guest is not None or self.user.team_id != self._workspace.team_id

    def _escape(self, command: str, text: str) -> str:
        """Put ids in the place of names, as the manifest's `should_escape` has it."""
        if not self._workspace.escape_ids or command in self._workspace.literal_commands:
            return text
        for user in self._workspace.users.values():
            text = re.sub(rf"@{re.escape(user.name)}\b", f"<@{user.id}|{user.handle}>", text)
        for channel in self._workspace.channels.values():
            text = re.sub(rf"(?<!\S)#{re.escape(channel.name)}\b", f"<#{channel.id}|{channel.name}>", text)
        return text
