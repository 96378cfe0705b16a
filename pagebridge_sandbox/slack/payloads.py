"""Payloads as Slack sends them. Source of their fields: Slack's pages and the fixtures of the official clients."""

from pagebridge_sandbox.slack import ids
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.fields import Field
from pagebridge_sandbox.slack.messages import Ephemeral, Message
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.users import User
from pagebridge_sandbox.slack.views import View
from pagebridge_sandbox.slack.workspace import Workspace


def block_actions(
    workspace: Workspace,
    user: User,
    shown: Message | Ephemeral,
    action: Json,
    response_url: str,
    attachment_id: int | None = None,
) -> Json:
    """Return the payload of a press on a message. An ephemeral message is named and not shown."""
    key = next((key for key in action if key.startswith("selected_") and action["type"] != "overflow"), None)
    state = {"type": action["type"], key: action[key]} if key else None
    payload = _common_fields(workspace, user, "block_actions") | {
        "container": _container(shown, attachment_id),
        "trigger_id": workspace.triggers.issue(user.id),
        "channel": _channel_ref(workspace.channels[shown.channel_id]),
        "state": {"values": {action["block_id"]: {action["action_id"]: state}} if state else {}},
        "response_url": response_url,
        "actions": [action],
    }
    if isinstance(shown, Message):
        payload["message"] = shown.as_json(with_metadata=True)
    return payload


def view_block_actions(workspace: Workspace, user: User, view: View, action: Json) -> Json:
    """Return the payload of a press on a view."""
    return _common_fields(workspace, user, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.triggers.issue(user.id, view.id),
        "view": workspace.views.as_json(view, with_state=True),
        "actions": [action],
    }


def view_submission(workspace: Workspace, user: User, view: View, response_urls: list[Json]) -> Json:
    """Return the payload of a modal that was submitted, with everything in it."""
    return _common_fields(workspace, user, "view_submission") | {
        "trigger_id": workspace.triggers.issue(user.id, view.id),
        "view": workspace.views.as_json(view, with_state=True),
        "response_urls": response_urls,
    }


def view_closed(workspace: Workspace, user: User, view: View, *, cleared: bool) -> Json:
    """Return the payload of a modal that was closed, or of the whole stack if `cleared`. It has no trigger."""
    shown = {"view": workspace.views.as_json(view), "is_cleared": cleared}
    return _common_fields(workspace, user, "view_closed") | shown


def block_suggestion(workspace: Workspace, user: User, view: View, input_field: Field, typed: str) -> Json:
    """Return the payload that asks for the options of an external select in a view."""
    return _common_fields(workspace, user, "block_suggestion") | {
        "container": {"type": "view", "view_id": view.id},
        "action_id": input_field.element["action_id"],
        "block_id": input_field.block_id,
        "value": typed,
        "view": workspace.views.as_json(view, with_state=True),
    }


def global_shortcut(workspace: Workspace, user: User, callback_id: str) -> Json:
    """Return the payload of a global shortcut."""
    return _common_fields(workspace, user, "shortcut") | {
        "action_ts": workspace.clock.next_ts(),
        "callback_id": callback_id,
        "trigger_id": workspace.triggers.issue(user.id),
    }


def message_action(workspace: Workspace, user: User, message: Message, callback_id: str, response_url: str) -> Json:
    """Return the payload of a shortcut on a message."""
    return _common_fields(workspace, user, "message_action") | {
        "action_ts": workspace.clock.next_ts(),
        "callback_id": callback_id,
        "trigger_id": workspace.triggers.issue(user.id),
        "response_url": response_url,
        "message_ts": message.ts,
        "channel": _channel_ref(workspace.channels[message.channel_id]),
        "message": message.as_json(with_metadata=True),
    }


def slash_command(
    workspace: Workspace, user: User, channel_id: str, command: str, text: str, response_url: str
) -> Json:
    """Return the payload of a typed command."""
    channel = workspace.channels[channel_id]
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team_id,
        "team_domain": workspace.team_domain,
        "channel_id": channel.id,
        "channel_name": channel.payload_name,
        "user_id": user.id,
        "user_name": user.handle,
        "command": command,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": workspace.triggers.issue(user.id),
    }


def app_home_opened(workspace: Workspace, user: User, tab: str) -> Json:
    """Return the event of a person who has opened a tab of the app; for the Home tab with its view, if there is one."""
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": workspace.direct_channel(user.id).id,
        "tab": tab,
        "event_ts": workspace.clock.next_ts(),
    }
    shown = workspace.views.homes.get(user.id) if tab == "home" else None
    return event | {"view": workspace.views.as_json(shown)} if shown else event


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


def _common_fields(workspace: Workspace, user: User, kind: str) -> Json:
    """Return what all interactive payloads hold."""
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": user.team_id},
        "api_app_id": workspace.app_id,
        "token": workspace.verification_token,
        "team": {"id": workspace.team_id, "domain": workspace.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _channel_ref(channel: Channel) -> Json:
    return {"id": channel.id, "name": channel.payload_name}


def _container(shown: Message | Ephemeral, attachment_id: int | None) -> Json:
    container: Json = {
        "type": "message_attachment" if attachment_id else "message",
        "message_ts": shown.ts,
        "channel_id": shown.channel_id,
        "is_ephemeral": isinstance(shown, Ephemeral),
    }
    if attachment_id:
        container |= {"attachment_id": attachment_id, "is_app_unfurl": False}
    return container | ({"thread_ts": shown.thread_ts} if shown.thread_ts else {})
