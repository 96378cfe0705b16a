"""Direct messages between the bot and one person."""

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.methods import lookup
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

MAX_USERS = 8
WRITE_SCOPES = ("channels:manage", "groups:write", "im:write", "mpim:write")


def open_(workspace: Workspace, arguments: Arguments) -> Json:
    """Open the conversation with one person; those of several people at once are not simulated."""
    lookup.require_scope(workspace, "im:write")
    known = workspace.direct_channels()
    if arguments.has("channel"):
        channel = lookup.find_channel(workspace, arguments)
        if not channel.user:
            raise SlackError("method_not_supported_for_channel_type")
        return _render(workspace, channel, arguments, already=True)
    user_id = _single_user(arguments)
    user = workspace.users.get(user_id)
    if user is None or user.id == workspace.bot_user_id:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user_id not in known and arguments.flag("prevent_creation"):
        raise SlackError("channel_not_found")
    return _render(workspace, workspace.direct_channel(user_id), arguments, already=user_id in known)


def _single_user(arguments: Arguments) -> str:
    users = [each.strip() for each in arguments.text("users").split(",") if each.strip()]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > MAX_USERS:
        raise SlackError("too_many_users")
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    return users[0]


def _render(workspace: Workspace, channel: Channel, arguments: Arguments, *, already: bool) -> Json:
    whole = bool(arguments.flag("return_im"))
    shown = channel.as_json(workspace.bot_user_id) if whole else {"id": channel.id}
    return {"channel": shown} | ({"no_op": True, "already_open": True} if already else {})


METHODS = {"conversations.open": Method(open_, tier=3, scopes=WRITE_SCOPES)}
