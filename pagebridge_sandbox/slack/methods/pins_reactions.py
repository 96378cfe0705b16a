"""Pins and reactions on messages, and bookmarks of channels."""

import re

from pagebridge_sandbox.slack import ids
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.messages import Message
from pagebridge_sandbox.slack.methods import lookup
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

MAX_PINS = MAX_BOOKMARKS = 100
EMOJI = re.compile(r":[\w+-]+:")


def add_pin(workspace: Workspace, arguments: Arguments) -> Json:
    """Keep a message in sight."""
    channel = lookup.find_channel(workspace, arguments)
    if not lookup.is_bot_member(workspace, channel):
        raise SlackError("not_in_channel")
    message = _find_message(workspace, arguments)
    if message.pinned:
        raise SlackError("already_pinned")
    if sum(each.pinned for each in channel.all_messages()) >= MAX_PINS:
        raise SlackError("too_many_pins")
    message.pinned = True
    workspace.changes.notify()
    return {}


def add_reaction(workspace: Workspace, arguments: Arguments) -> Json:
    """Put an emoji on a message in the bot's name."""
    channel = lookup.find_channel(workspace, arguments)
    if channel.archived:
        raise SlackError("is_archived")
    message = _find_message(workspace, arguments)
    name = arguments.text("name")
    if not name or not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    people = message.reactions.setdefault(name, [])
    if workspace.bot_user_id in people:
        raise SlackError("already_reacted")
    people.append(workspace.bot_user_id)
    workspace.changes.notify()
    return {}


def add_bookmark(workspace: Workspace, arguments: Arguments) -> Json:
    """Put a link at the top of a channel; folders, files and messages cannot be bookmarked here."""
    channel = lookup.find_channel(workspace, Arguments({"channel": arguments.text("channel_id")}))
    if not lookup.is_bot_member(workspace, channel) or channel.archived:
        raise SlackError("permission_denied")
    if arguments.text("type") != "link":
        raise SlackError("invalid_bookmark_type")
    if not re.fullmatch(r"https?://\S+", arguments.text("link")):
        raise SlackError("invalid_link")
    if arguments.text("emoji") and not EMOJI.fullmatch(arguments.text("emoji")):
        raise SlackError("invalid_emoji")
    if len(channel.bookmarks) >= MAX_BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    channel.bookmarks.append(_new_bookmark(workspace, channel, arguments))
    workspace.changes.notify()
    return {"bookmark": channel.bookmarks[-1]}


def list_bookmarks(workspace: Workspace, arguments: Arguments) -> Json:
    """List the links at the top of a channel, of a private one only for its members."""
    channel = lookup.find_channel(workspace, Arguments({"channel": arguments.text("channel_id")}))
    return {"bookmarks": list(channel.bookmarks)}


def _new_bookmark(workspace: Workspace, channel: Channel, arguments: Arguments) -> Json:
    return {
        "id": ids.identifier("Bk"),
        "channel_id": channel.id,
        "title": arguments.text("title"),
        "link": arguments.text("link"),
        "emoji": arguments.text("emoji"),
        "icon_url": "",
        "type": "link",
        "entity_id": None,
        "date_created": int(workspace.clock.now()),
        "date_updated": 0,
        "rank": "g",
        "last_updated_by_user_id": workspace.bot_user_id,
        "last_updated_by_team_id": workspace.team_id,
        "shortcut_id": None,
        "app_id": None,
    }


def _find_message(workspace: Workspace, arguments: Arguments) -> Message:
    ts = arguments.text("timestamp")
    if not ts:
        raise SlackError("no_item_specified")
    lookup.parse_ts(ts, "bad_timestamp")
    message = lookup.find_channel(workspace, arguments).find(ts)
    if message is None or message.deleted:
        raise SlackError("message_not_found")
    return message


METHODS = {
    "bookmarks.add": Method(add_bookmark, tier=2, scopes=("bookmarks:write",), required=("title", "type")),
    "bookmarks.list": Method(list_bookmarks, tier=3, scopes=("bookmarks:read",)),
    "pins.add": Method(add_pin, tier=2, scopes=("pins:write",), required=("channel",)),
    "reactions.add": Method(add_reaction, tier=3, scopes=("reactions:write",), required=("channel",)),
}
