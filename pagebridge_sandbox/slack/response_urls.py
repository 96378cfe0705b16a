"""The addresses at which an app answers one interaction: five times, within half an hour."""

import secrets
from dataclasses import dataclass

from aiohttp import web

from pagebridge_sandbox.slack import ids, message_arguments
from pagebridge_sandbox.slack.arguments import Arguments, read_arguments
from pagebridge_sandbox.slack.messages import Ephemeral, Message
from pagebridge_sandbox.slack.request_pipeline import RequestPipeline
from pagebridge_sandbox.slack.responses import Response, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

MAX_USES = 5
LIFETIME = 30 * 60
"""Seconds."""
METHOD_NAME = "response_url"


@dataclass
class ResponseUrl:
    """The context of a response URL: who interacted, where, and with which message (none for a command)."""

    channel_id: str
    user_id: str
    original: Message | Ephemeral | None
    expires_at: float
    uses_left: int = MAX_USES


class ResponseUrls:
    """Makes the addresses, and does what is posted to them."""

    def __init__(self, workspace: Workspace, pipeline: RequestPipeline) -> None:
        self._workspace = workspace
        self._pipeline = pipeline
        self._targets: dict[str, ResponseUrl] = {}

    def make(self, channel_id: str, user_id: str, original: Message | Ephemeral | None = None) -> str:
        """Make the address for one interaction."""
        family = "actions" if original else "commands"
        path = f"/{family}/{self._workspace.team_id}/{secrets.randbelow(10**13):013d}/{ids.identifier('')}"
        expires = self._workspace.clock.now() + LIFETIME
        self._targets[path] = ResponseUrl(channel_id, user_id, original, expires)
        return self._workspace.base_url + path

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one post to such an address."""
        target = self._targets.get(request.path)
        try:
            arguments, parse_error = await read_arguments(request, takes_json=True), None
        except SlackError as error:
            arguments, parse_error = Arguments(), error
        call = self._pipeline.record_call(METHOD_NAME, arguments)
        if target:
            call.arguments.setdefault("channel", target.channel_id)

        def perform() -> Response:
            try:
                if parse_error:
                    raise parse_error
                self._spend_and_respond(target, arguments)
            except SlackError as error:
                return Response(error.body, 404 if error.code.endswith("_url") else 400)
            return Response({"ok": True})

        return await self._pipeline.handle(request, call, perform)

    def respond(self, target: ResponseUrl, arguments: Arguments) -> None:
        """
        Do what an answer asks for: replace or delete the original, or show a new message, to one person or to all.

        A command has no original, so that asking to replace it only shows something new. Raises `SlackError`.
        """
        original, workspace = target.original, self._workspace
        if arguments.flag("delete_original"):
            self._delete(original)
            return
        content = message_arguments.read_content(arguments)
        if original and arguments.flag("replace_original"):
            _replace(original, content, workspace)
        elif arguments.text("response_type") == "in_channel":
            channel = workspace.channels[target.channel_id]
            parent = channel.find(arguments.text("thread_ts"))
            workspace.post(channel, workspace.users[workspace.bot_user_id], parent, **content)
        else:
            workspace.post_ephemeral(target.channel_id, target.user_id, arguments.text("thread_ts") or None, **content)
        workspace.changes.notify()

    def _spend_and_respond(self, target: ResponseUrl | None, arguments: Arguments) -> None:
        if target is None:
            raise SlackError("invalid_url")
        if self._workspace.clock.now() > target.expires_at:
            raise SlackError("expired_url")
        if target.uses_left == 0:
            raise SlackError("used_url")
        target.uses_left -= 1
        self.respond(target, arguments)

    def _delete(self, original: Message | Ephemeral | None) -> None:
        workspace = self._workspace
        if isinstance(original, Ephemeral) and original in workspace.ephemerals:
            workspace.ephemerals.remove(original)
        elif isinstance(original, Message):
            workspace.remove(original)
        workspace.changes.notify()


def _replace(original: Message | Ephemeral, content: message_arguments.MessageContent, workspace: Workspace) -> None:
    if isinstance(original, Message):
        workspace.edit(original, **content)
        return
    original.history.append(original.text)
    original.text = content["text"]
    original.blocks = content.get("blocks", [])
    original.attachments = content.get("attachments", [])
