"""Pins and reactions on messages."""

from pagebridge.sandbox.slack.arguments import Arguments
from pagebridge.sandbox.slack.messages import Message
from pagebridge.sandbox.slack.methods import lookup
from pagebridge.sandbox.slack.methods.registry import Method
from pagebridge.sandbox.slack.wire import Json, SlackError
from pagebridge.sandbox.slack.workspace import Workspace

MOST_PINS = 100


def pin(workspace: Workspace, arguments: Arguments) -> Json:
    """Keep a message in sight."""
    channel = lookup.channel(workspace, arguments)
    if not lookup.in_it(workspace, channel):
        raise SlackError("not_in_channel")
    message = _message(workspace, arguments)
    if message.pinned:
        raise SlackError("already_pinned")
    if sum(each.pinned for each in channel.all()) >= MOST_PINS:
        raise SlackError("too_many_pins")
    message.pinned = True
    workspace.changes.notify()
    return {}


def react(workspace: Workspace, arguments: Arguments) -> Json:
    """Put an emoji on a message in the bot's name."""
    channel = lookup.channel(workspace, arguments)
    if channel.archived:
        raise SlackError("is_archived")
    message = _message(workspace, arguments)
    name = arguments.text("name")
    if not name or not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    people = message.reactions.setdefault(name, [])
    if workspace.bot_user_id in people:
        raise SlackError("already_reacted")
    people.append(workspace.bot_user_id)
    workspace.changes.notify()
    return {}


def _message(workspace: Workspace, arguments: Arguments) -> Message:
    ts = arguments.text("timestamp")
    if not ts:
        raise SlackError("no_item_specified")
    lookup.seconds(ts, "bad_timestamp")
    message = lookup.channel(workspace, arguments).find(ts)
    if message is None or message.deleted:
        raise SlackError("message_not_found")
    return message


METHODS = {
    "pins.add": Method(pin, tier=2, scopes=("pins:write",), required=("channel",)),
    "reactions.add": Method(react, tier=3, scopes=("reactions:write",), required=("channel",)),
}
