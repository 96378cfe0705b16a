"""Slack as the page shows it."""

from typing import Any

from pagebridge_sandbox.play import fixtures
from pagebridge_sandbox.slack import Channel, Ephemeral, Message, SlackSandbox, mrkdwn
from pagebridge_sandbox.slack.canvases import Canvas
from pagebridge_sandbox.slack.views import View

Json = dict[str, Any]

MOST_MESSAGES = 60
"""How many messages of a channel are shown, the newest."""
LOADING = "Loading…"
"""The bridge's text in a dialog that it has still to fill."""


def slack_state(slack: SlackSandbox) -> Json:
    """Return everything in Slack that any person sees."""
    stacks, homes = slack.views.stacks, slack.views.homes
    return {
        "team": slack.team_name,
        "bot": {"id": slack.bot_user_id, "name": slack.name_of(slack.bot_user_id)},
        "people": [
            {"id": actor.slack_id, "name": actor.name, "kind": actor.kind, "note": actor.note}
            for actor in fixtures.ACTORS
        ],
        "channels": [_channel(channel, slack) for channel in slack.channels.values() if not channel.user],
        "groups": [{"handle": each.handle, "members": list(each.users)} for each in slack.user_groups.values()],
        "private": {actor.slack_id: _private(slack, actor.slack_id) for actor in fixtures.ACTORS},
        "modals": {user: [_modal(view) for view in stack] for user, stack in stacks.items() if stack},
        "direct": {
            user: [_message(message) for message in channel.messages[-MOST_MESSAGES:]]
            for user, channel in slack.direct_channels().items()
        },
        "homes": {user: {"blocks": view.blocks} for user, view in homes.items()},
        "canvases": [_canvas(canvas, slack) for canvas in slack.canvases.values()],
        "commands": sorted(slack.commands),
        "shortcuts": [
            {"name": each.name, "callback_id": each.callback_id, "type": each.kind} for each in slack.shortcuts
        ],
    }


def _channel(channel: Channel, slack: SlackSandbox) -> Json:
    shown = channel.messages[-MOST_MESSAGES:]
    return {
        "id": channel.id,
        "name": channel.name,
        "topic": mrkdwn.to_plain_text(channel.topic, slack.name_of),
        "private": channel.private,
        "shared": channel.ext_shared,
        "members": list(channel.members),
        "older": len(channel.messages) - len(shown),
        "messages": [
            _message(message) | {"replies": [_message(reply) for reply in message.replies]} for message in shown
        ],
    }


def _canvas(canvas: Canvas, slack: SlackSandbox) -> Json:
    return {
        "id": canvas.id,
        "title": canvas.title,
        "markdown": canvas.markdown,
        "readers": list(canvas.access),
        "address": f"https://{slack.team_domain}.slack.com/docs/{slack.team_id}/{canvas.id}",
    }


def _message(message: Message) -> Json:
    return {
        "ts": message.ts,
        "channel": message.channel_id,
        "user": message.user,
        "bot": message.bot_id is not None,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "edited": message.edited is not None,
        "deleted": message.deleted,
        "incident": incident_of(message),
    }


def incident_of(message: Message) -> str | None:
    """Return the incident that a message of the bridge is about, by its metadata."""
    told = (message.metadata or {}).get("event_payload", {}).get("incident")
    return str(told) if told else None


def _private(slack: SlackSandbox, user_id: str) -> list[Json]:
    return [_ephemeral(message) for message in slack.person(user_id).private_messages]


def _ephemeral(message: Ephemeral) -> Json:
    return {
        "ts": message.ts,
        "channel": message.channel_id,
        "thread_ts": message.thread_ts,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
    }


def _modal(view: View) -> Json:
    content = view.content
    values: dict[str, Json] = {}
    for each in view.fields:
        values.setdefault(each.block_id, {})[each.element["action_id"]] = view.value(each)
    return {
        "view_id": view.id,
        "type": content["type"],
        "title": _words(content, "title"),
        "submit": _words(content, "submit"),
        "close": _words(content, "close"),
        "blocks": view.blocks,
        "values": values,
        "errors": view.errors,
        "loading": not view.fields and LOADING in str(view.blocks),
        "trouble": view.submission_error,
    }


def _words(content: Json, part: str) -> str | None:
    return content[part]["text"] if content.get(part) else None
