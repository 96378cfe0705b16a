"""The addresses at which an app answers one interaction: five times, within half an hour."""

import secrets
from dataclasses import dataclass

from aiohttp import web

from pagebridge_sandbox.slack import ids, message_arguments
from pagebridge_sandbox.slack.arguments import Arguments, read
from pagebridge_sandbox.slack.messages import Ephemeral, Message
from pagebridge_sandbox.slack.request_pipeline import Gate
from pagebridge_sandbox.slack.responses import Answer, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

USES = 5
LIFE = 30 * 60
"""Seconds."""
NAME = "response_url"


@dataclass
class ResponseUrl:
    """What one address stands for: who interacted, where, and with which message (none for a command)."""

    channel_id: str
    user_id: str
    original: Message | Ephemeral | None
    expires: float
    left: int = USES


class ResponseUrls:
    """Makes the addresses, and does what is posted to them."""

    def __init__(self, workspace: Workspace, gate: Gate) -> None:
        self._workspace = workspace
        self._gate = gate
        self._known: dict[str, ResponseUrl] = {}

    def make(self, channel_id: str, user_id: str, original: Message | Ephemeral | None = None) -> str:
        """Make the address for one interaction."""
        family = "actions" if original else "commands"
        path = f"/{family}/{self._workspace.team_id}/{secrets.randbelow(10**13):013d}/{ids.identifier('')}"
        expires = self._workspace.clock.now() + LIFE
        self._known[path] = ResponseUrl(channel_id, user_id, original, expires)
        return self._workspace.base_url + path

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one post to such an address."""
        target = self._known.get(request.path)
        try:
            arguments, flaw = await read(request, takes_json=True), None
        except SlackError as error:
            arguments, flaw = Arguments(), error
        call = self._gate.arrived(NAME, arguments)
        if target:
            call.arguments.setdefault("channel", target.channel_id)

        def perform() -> Answer:
            try:
                if flaw:
                    raise flaw
                self._respond(target, arguments)
            except SlackError as error:
                return Answer(error.body, 404 if error.code.endswith("_url") else 400)
            return Answer({"ok": True})

        return await self._gate.answer(request, call, perform)

    def respond(self, target: ResponseUrl, arguments: Arguments) -> None:
        """
        Do what an answer asks for: replace or delete the original, or show a new message, to one person or to all.

        A command has no original, so that asking to replace it only shows something new. Raises `SlackError`.
        """
        original, workspace = target.original, self._workspace
        if arguments.flag("delete_original"):
            self._delete(original)
            return
        content = message_arguments.content(arguments)
        if original and arguments.flag("replace_original"):
            _replace(original, content, workspace)
        elif arguments.text("response_type") == "in_channel":
            channel = workspace.channels[target.channel_id]
            parent = channel.find(arguments.text("thread_ts"))
            workspace.post(channel, workspace.users[workspace.bot_user_id], parent, **content)
        else:
            workspace.whisper(target.channel_id, target.user_id, arguments.text("thread_ts") or None, **content)
        workspace.changes.notify()

    def _respond(self, target: ResponseUrl | None, arguments: Arguments) -> None:
        if target is None:
            raise SlackError("invalid_url")
        if self._workspace.clock.now() > target.expires:
            raise SlackError("expired_url")
        if target.left == 0:
            raise SlackError("used_url")
        target.left -= 1
        self.respond(target, arguments)

    def _delete(self, original: Message | Ephemeral | None) -> None:
        workspace = self._workspace
        if isinstance(original, Ephemeral) and original in workspace.ephemerals:
            workspace.ephemerals.remove(original)
        elif isinstance(original, Message):
            workspace.remove(original)
        workspace.changes.notify()


def _replace(original: Message | Ephemeral, content: message_arguments.Content, workspace: Workspace) -> None:
    if isinstance(original, Message):
        workspace.revise(original, **content)
        return
    original.history.append(original.text)
    original.text = content["text"]
    original.blocks = content.get("blocks", [])
    original.attachments = content.get("attachments", [])
