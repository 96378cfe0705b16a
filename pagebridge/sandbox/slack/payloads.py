"""Payloads as Slack sends them. Source of their fields: Slack's pages and the fixtures of the official clients."""

from pagebridge.sandbox.slack import ids
from pagebridge.sandbox.slack.messages import Ephemeral, Message
from pagebridge.sandbox.slack.users import User
from pagebridge.sandbox.slack.wire import Json
from pagebridge.sandbox.slack.workspace import Workspace


def block_actions(
    workspace: Workspace, user: User, shown: Message | Ephemeral, action: Json, response_url: str
) -> Json:
    """Tell that somebody has used an element of a message. An ephemeral message is named and not shown."""
    channel = workspace.channels[shown.channel_id]
    payload: Json = {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": user.team_id},
        "api_app_id": workspace.app_id,
        "token": workspace.verification_token,
        "container": _container(shown),
        "trigger_id": ids.trigger_id(workspace.clock.now()),
        "team": {"id": workspace.team_id, "domain": workspace.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": "privategroup" if channel.private else channel.name},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }
    if isinstance(shown, Message):
        payload["message"] = shown.as_json(with_metadata=True)
    return payload


def slash_command(
    workspace: Workspace, user: User, channel_id: str, command: str, text: str, response_url: str
) -> Json:
    """Tell that somebody has typed a command."""
    channel = workspace.channels[channel_id]
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team_id,
        "team_domain": workspace.team_domain,
        "channel_id": channel.id,
        "channel_name": "privategroup" if channel.private else channel.name,
        "user_id": user.id,
        "user_name": user.handle,
        "command": command,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": ids.trigger_id(workspace.clock.now()),
    }


def event_callback(workspace: Workspace, event: Json) -> Json:
    """Wrap an event."""
    authorization = {
        "enterprise_id": None,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team_id,
        "api_app_id": workspace.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": ids.identifier("Ev"),
        "event_time": int(workspace.clock.now()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
    }


def _container(shown: Message | Ephemeral) -> Json:
    container: Json = {
        "type": "message",
        "message_ts": shown.ts,
        "channel_id": shown.channel_id,
        "is_ephemeral": isinstance(shown, Ephemeral),
    }
    return container | ({"thread_ts": shown.thread_ts} if shown.thread_ts else {})
