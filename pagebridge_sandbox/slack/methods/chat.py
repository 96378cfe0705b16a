"""Posting, changing and removing messages."""

from pagebridge_sandbox.slack import message_arguments
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.messages import Message
from pagebridge_sandbox.slack.methods import lookup
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

WRITE_SCOPES = ("chat:write",)


def post_message(workspace: Workspace, arguments: Arguments) -> Json:
    """Post into a channel by id or name, or to a person. A public one without the bot takes `chat:write.public`."""
    channel = _channel_by_id_or_name(workspace, arguments)
    if channel.user and not workspace.messages_tab:
        raise SlackError("messages_tab_disabled")
    if channel.archived:
        raise SlackError("is_archived")
    if not lookup.is_bot_member(workspace, channel) and "chat:write.public" not in workspace.bot_scopes:
        raise SlackError("not_in_channel")
    content, metadata = (
        message_arguments.read_content(arguments, "invalid_arguments"),
        message_arguments.read_metadata(arguments),
    )
    parent = _thread_parent(workspace, channel, arguments)
    content["text"] = content["text"][: message_arguments.MAX_POSTED_TEXT]
    content["metadata"] = metadata
    content["unfurl_links"], content["unfurl_media"] = arguments.flag("unfurl_links"), arguments.flag("unfurl_media")
    content["subtype"] = "thread_broadcast" if parent and arguments.flag("reply_broadcast") else None
    message = workspace.post(channel, workspace.users[workspace.bot_user_id], parent, **content)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(with_metadata=True)}


def update(workspace: Workspace, arguments: Arguments) -> Json:
    """Replace text and blocks of one of the bot's messages. Its metadata stays unless given; `{}` removes it."""
    channel, message = _own_message(workspace, arguments, "cant_update_message")
    if channel.archived:
        raise SlackError("is_inactive")
    content = message_arguments.read_content(arguments)
    if len(content["text"]) > message_arguments.MAX_TEXT:
        raise SlackError("msg_too_long")
    metadata = message_arguments.read_metadata(arguments)
    window = workspace.edit_window
    if window is not None and workspace.clock.now() - float(message.ts) > window:
        raise SlackError("edit_window_closed")
    if arguments.has("metadata"):
        content["metadata"] = metadata
    workspace.edit(message, **content)
    shown = message.as_json(with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def post_ephemeral(workspace: Workspace, arguments: Arguments) -> Json:
    """Show a message to one member of a channel."""
    channel = lookup.find_channel(workspace, arguments)
    user = workspace.users.get(arguments.text("user"))
    if channel.archived:
        raise SlackError("is_archived")
    if not lookup.is_bot_member(workspace, channel):
        raise SlackError("not_in_channel")
    if user is None or user.deleted or user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = message_arguments.read_content(arguments)
    if any("blocks" in attachment for attachment in content.get("attachments", [])):
        raise SlackError("invalid_attachments")
    if len(content["text"]) > message_arguments.MAX_TEXT:
        raise SlackError("msg_too_long")
    parent = _thread_parent(workspace, channel, arguments)
    ephemeral = workspace.post_ephemeral(channel.id, user.id, parent.ts if parent else None, **content)
    return {"message_ts": ephemeral.ts}


def delete(workspace: Workspace, arguments: Arguments) -> Json:
    """Remove one of the bot's messages."""
    channel, message = _own_message(workspace, arguments, "cant_delete_message")
    workspace.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(workspace: Workspace, arguments: Arguments) -> Json:
    """Give the address of a message."""
    channel = lookup.find_channel(workspace, arguments)
    message = channel.find(arguments.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    address = f"https://{workspace.team_domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    return {"channel": channel.id, "permalink": address + thread}


def _channel_by_id_or_name(workspace: Workspace, arguments: Arguments) -> Channel:
    named = arguments.text("channel").removeprefix("#")
    if named in workspace.users:
        return workspace.direct_channel(named)
    for channel in workspace.channels.values():
        if named == channel.name and not channel.user:
            return lookup.find_channel(workspace, Arguments({"channel": channel.id}))
    return lookup.find_channel(workspace, arguments)


def _own_message(workspace: Workspace, arguments: Arguments, not_ours: str) -> tuple[Channel, Message]:
    channel = lookup.find_channel(workspace, arguments)
    message = channel.find(arguments.text("ts"))
    if message is None or message.deleted:
        raise SlackError("message_not_found")
    if message.user != workspace.bot_user_id:
        raise SlackError(not_ours)
    return channel, message


def _thread_parent(workspace: Workspace, channel: Channel, arguments: Arguments) -> Message | None:
    ts = arguments.text("thread_ts")
    if not ts:
        return None
    parent = channel.find(ts)
    if parent is None and workspace.unthreads_orphans:
        return None
    if parent is None or parent.thread_ts:
        raise SlackError("cannot_reply_to_message")
    return parent


METHODS = {
    "chat.postMessage": Method(post_message, tier=5, scopes=WRITE_SCOPES, required=("channel",)),
    "chat.update": Method(update, tier=3, scopes=WRITE_SCOPES, required=("channel", "ts")),
    "chat.postEphemeral": Method(post_ephemeral, tier=4, scopes=WRITE_SCOPES, required=("channel", "user")),
    "chat.delete": Method(delete, tier=3, scopes=WRITE_SCOPES, required=("channel", "ts")),
    "chat.getPermalink": Method(get_permalink, tier=5, required=("channel", "message_ts"), takes_json=False),
}
