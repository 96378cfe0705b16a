"""Making channels, and changing what they are called, what they are about and who is in them."""

import re

from pagebridge_sandbox.slack import mrkdwn
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.methods import lookup
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

MAX_NAME = 80
MAX_INVITED = 100
"""People in one invitation."""
MAX_TOPIC = 250
"""Characters of a topic or purpose."""
MANAGE_SCOPES = ("groups:write", "im:write", "mpim:write", "channels:write", "channels:manage")
INVITE_SCOPES = (
    "channels:write.invites",
    "groups:write.invites",
    "channels:manage",
    "groups:write",
    "im:write",
    "mpim:write",
)
TOPIC_SCOPES = (
    "channels:write.topic", "groups:write.topic", "mpim:write.topic", "im:write.topic",
    "channels:manage", "groups:write", "im:write", "mpim:write",
)  # fmt: skip


def create(workspace: Workspace, arguments: Arguments) -> Json:
    """Make a channel with the bot in it."""
    private = bool(arguments.flag("is_private"))
    lookup.require_scope(workspace, "groups:write" if private else "channels:manage")
    channel = workspace.add_channel(_valid_name(workspace, arguments), private=private)
    channel.creator = workspace.bot_user_id
    return _render(workspace, channel)


def invite(workspace: Workspace, arguments: Arguments) -> Json:
    """Let people in: all of them or, unless `force` is on, none. What is wrong is told for each."""
    channel = _manageable_channel(workspace, arguments, narrow=":write.invites")
    wanted = [each.strip() for each in arguments.text("users").split(",") if each.strip()]
    if not wanted:
        raise SlackError("no_user")
    if len(wanted) > MAX_INVITED:
        raise SlackError("cant_invite")
    errors = {user_id: error for user_id in wanted if (error := _invite_error(workspace, channel, user_id))}
    refused = {"errors": [{"user": user_id, "ok": False, "error": error} for user_id, error in errors.items()]}
    accepted = [user_id for user_id in wanted if user_id not in errors]
    if errors and not (accepted and arguments.flag("force")):
        raise SlackError(next(iter(errors.values())), **refused)
    channel.members += accepted
    return _render(workspace, channel) | (refused if errors else {})


def rename(workspace: Workspace, arguments: Arguments) -> Json:
    """Call it otherwise."""
    channel = _manageable_channel(workspace, arguments)
    channel.name = _valid_name(workspace, arguments)
    return _render(workspace, channel)


def set_topic(workspace: Workspace, arguments: Arguments) -> Json:
    """Set the topic; a message in the channel reports a change."""
    channel = _manageable_channel(workspace, arguments, narrow=":write.topic")
    topic = mrkdwn.linkified(_valid_topic(arguments, "topic"))
    if topic != channel.topic:
        channel.topic, channel.topic_by = topic, workspace.bot_user_id
        channel.topic_at = int(workspace.clock.now())
        _tell(workspace, channel, "channel_topic", f"set the channel topic: {topic}")
    return _render(workspace, channel)


def set_purpose(workspace: Workspace, arguments: Arguments) -> Json:
    """Set the purpose."""
    channel = _manageable_channel(workspace, arguments, narrow=":write.topic")
    channel.purpose, channel.purpose_by = _valid_topic(arguments, "purpose"), workspace.bot_user_id
    return {"purpose": channel.purpose} | _render(workspace, channel)


def archive(workspace: Workspace, arguments: Arguments) -> Json:
    """Let no one write in it any more. Apps are no members of it from then on."""
    channel = _manageable_channel(workspace, arguments, archived="already_archived")
    channel.archived = True
    channel.members.remove(workspace.bot_user_id)
    workspace.changes.notify()
    event = {"type": "channel_archive", "channel": channel.id, "event_ts": workspace.clock.next_ts()}
    workspace.publish(event, "channel_archive")
    return {}


def unarchive(workspace: Workspace, arguments: Arguments) -> Json:
    """Open it again, with the bot in it; Slack takes that from people, and from bots only with `bots_unarchive`."""
    channel = lookup.find_channel(workspace, arguments)
    if channel.user:
        raise SlackError("method_not_supported_for_channel_type")
    lookup.require_scope(workspace, "groups:write" if channel.private else "channels:manage")
    if not channel.archived:
        raise SlackError("not_archived")
    if not workspace.bots_unarchive:
        raise SlackError("not_in_channel")
    channel.archived = False
    channel.members.append(workspace.bot_user_id)
    workspace.changes.notify()
    return {}


def _tell(workspace: Workspace, channel: Channel, subtype: str, text: str) -> None:
    """Let the channel read what the bot has done to it."""
    workspace.post(channel, workspace.users[workspace.bot_user_id], text=text, subtype=subtype)


def _manageable_channel(
    workspace: Workspace, arguments: Arguments, archived: str = "is_archived", narrow: str = ":write"
) -> Channel:
    """Find the channel, which may be managed, or changed with the `narrow` scope of its kind."""
    channel = lookup.find_channel(workspace, arguments)
    if channel.user:
        raise SlackError("method_not_supported_for_channel_type")
    wide = "groups:write" if channel.private else "channels:manage"
    if f"{channel.kind}{narrow}" not in workspace.bot_scopes:
        lookup.require_scope(workspace, wide)
    if not lookup.is_bot_member(workspace, channel):
        raise SlackError("not_in_channel")
    if channel.archived:
        raise SlackError(archived)
    return channel


def _valid_name(workspace: Workspace, arguments: Arguments) -> str:
    name = arguments.text("name")
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > MAX_NAME:
        raise SlackError("invalid_name_maxlength")
    if name != name.lower() or not re.fullmatch(r"[\w-]+", name):
        raise SlackError("invalid_name_specials")
    if not re.search(r"[^\W_]", name):
        raise SlackError("invalid_name_punctuation")
    if any(channel.name == name for channel in workspace.channels.values() if not channel.user):
        raise SlackError("name_taken")
    return name


def _valid_topic(arguments: Arguments, name: str) -> str:
    words = arguments.text(name)
    if len(words) > MAX_TOPIC:
        raise SlackError("too_long")
    return words


def _invite_error(workspace: Workspace, channel: Channel, user_id: str) -> str:
    """Return why a person cannot be invited, empty when they can."""
    user = workspace.users.get(user_id)
    if user is None:
        return "user_not_found"
    if user_id == workspace.bot_user_id:
        return "cant_invite_self"
    if user.deleted:
        return "cant_invite"
    return "already_in_channel" if user_id in channel.members else ""


def _render(workspace: Workspace, channel: Channel) -> Json:
    workspace.changes.notify()
    return {"channel": channel.as_json(workspace.bot_user_id)}


METHODS = {
    "conversations.create": Method(create, tier=2, scopes=MANAGE_SCOPES),
    "conversations.invite": Method(invite, tier=3, scopes=INVITE_SCOPES, required=("channel",)),
    "conversations.rename": Method(rename, tier=2, scopes=MANAGE_SCOPES, required=("channel",)),
    "conversations.setTopic": Method(set_topic, tier=2, scopes=TOPIC_SCOPES, required=("channel", "topic")),
    "conversations.setPurpose": Method(set_purpose, tier=2, scopes=TOPIC_SCOPES, required=("channel", "purpose")),
    "conversations.archive": Method(archive, tier=2, scopes=MANAGE_SCOPES, required=("channel",)),
    "conversations.unarchive": Method(unarchive, tier=2, scopes=MANAGE_SCOPES, required=("channel",)),
}
