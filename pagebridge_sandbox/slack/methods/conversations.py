"""Reading and joining channels."""

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.methods import lookup, paging
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

TYPE_SCOPES = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}
READ_SCOPES = tuple(TYPE_SCOPES.values())
MAX_LIMIT = 1000


def info(workspace: Workspace, arguments: Arguments) -> Json:
    """Show one channel."""
    channel = lookup.find_channel(workspace, arguments, "read")
    shown = channel.as_json(workspace.bot_user_id)
    if arguments.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def members(workspace: Workspace, arguments: Arguments) -> Json:
    """List the ids of the members of a channel."""
    channel = lookup.find_channel(workspace, arguments, "read")
    some, following = paging.page(channel.members, arguments, _limit(arguments))
    return {"members": list(some)} | paging.cursor_metadata(following)


def list_(workspace: Workspace, arguments: Arguments) -> Json:
    """List the channels of the wanted kinds; private ones only where the bot is a member."""
    types, hide = _requested_types(workspace, arguments), arguments.flag("exclude_archived")
    seen = [channel for channel in _visible_channels(workspace, types) if not (hide and channel.archived)]
    some, following = paging.page(seen, arguments, _limit(arguments))
    return {"channels": [_list_entry(workspace, channel) for channel in some]} | paging.cursor_metadata(following)


def list_for_user(workspace: Workspace, arguments: Arguments) -> Json:
    """List the channels that a person is in, the bot unless another is named; only those that the bot can see."""
    member, types = arguments.text("user", workspace.bot_user_id), _requested_types(workspace, arguments)
    hide = arguments.flag("exclude_archived")
    seen = [
        each for each in _visible_channels(workspace, types) if member in each.members and not (hide and each.archived)
    ]
    some, following = paging.page(seen, arguments, _limit(arguments))
    return {"channels": [_without_membership(workspace, channel) for channel in some]} | paging.cursor_metadata(
        following
    )


def _requested_types(workspace: Workspace, arguments: Arguments) -> list[str]:
    """Read the wanted kinds of channels, for each of which its scope is needed."""
    types = (arguments.text("types") or "public_channel").split(",")
    if not set(types) <= TYPE_SCOPES.keys():
        raise SlackError("invalid_types")
    for kind in types:
        lookup.require_scope(workspace, TYPE_SCOPES[kind])
    return types


def _without_membership(workspace: Workspace, channel: Channel) -> Json:
    shown = channel.as_json(workspace.bot_user_id)
    shown.pop("is_member", None)
    return shown


def join(workspace: Workspace, arguments: Arguments) -> Json:
    """Become a member of a public channel."""
    channel = lookup.find_channel(workspace, arguments)
    if channel.private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if lookup.is_bot_member(workspace, channel):
        warning = "already_in_channel"
        already = {"warning": warning, "response_metadata": {"warnings": [warning]}}
        return {"channel": channel.as_json(workspace.bot_user_id)} | already
    channel.members.append(workspace.bot_user_id)
    workspace.changes.notify()
    return {"channel": channel.as_json(workspace.bot_user_id)}


def _visible_channels(workspace: Workspace, types: list[str]) -> list[Channel]:
    def seen(channel: Channel) -> bool:
        if channel.user:
            return "im" in types
        if channel.private:
            return "private_channel" in types and lookup.is_bot_member(workspace, channel)
        return "public_channel" in types

    return [channel for channel in workspace.channels.values() if seen(channel)]


def _list_entry(workspace: Workspace, channel: Channel) -> Json:
    return channel.as_json(workspace.bot_user_id) | {"num_members": len(channel.members)}


def _limit(arguments: Arguments) -> int:
    limit = arguments.number("limit", 100, "invalid_limit")
    if not 1 <= limit <= MAX_LIMIT:
        raise SlackError("invalid_limit")
    return limit


METHODS = {
    "users.conversations": Method(list_for_user, tier=3, scopes=READ_SCOPES, takes_json=False),
    "conversations.info": Method(info, tier=3, scopes=READ_SCOPES, required=("channel",), takes_json=False),
    "conversations.members": Method(members, tier=4, scopes=READ_SCOPES, required=("channel",), takes_json=False),
    "conversations.list": Method(list_, tier=2, scopes=READ_SCOPES, takes_json=False),
    "conversations.join": Method(join, tier=3, scopes=("channels:join",), required=("channel",)),
}
