"""Methods about the session: `auth.test`, `api.test`, and the socket's address."""

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.users import AVATARS
from pagebridge_sandbox.slack.workspace import Workspace


def api_test(_workspace: Workspace, arguments: Arguments) -> Json:
    """Give back the arguments, and the error that they ask for."""
    args = dict(arguments.values)
    if arguments.has("error"):
        raise SlackError(arguments.text("error"), args=args)
    return {"args": args} if args else {}


def auth_test(workspace: Workspace, arguments: Arguments) -> Json:
    """Return the identity of a token."""
    if arguments.token == workspace.app_token:
        return {"app_id": workspace.app_id, "app_name": workspace.app_name}
    return {
        "url": f"https://{workspace.team_domain}.slack.com/",
        "team": workspace.team_name,
        "user": workspace.users[workspace.bot_user_id].handle,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(workspace: Workspace, _arguments: Arguments) -> Json:
    """Give a one-time address for a Socket Mode connection."""
    host = workspace.base_url.removeprefix("http")
    return {"url": f"ws{host}/link/?ticket={workspace.tickets.issue()}&app_id={workspace.app_id}"}


def bots_info(workspace: Workspace, arguments: Arguments) -> Json:
    """Return the app of a bot."""
    if not arguments.has("bot"):
        raise SlackError("missing_argument")
    if arguments.text("bot") != workspace.bot_id:
        raise SlackError("bot_not_found")
    us = workspace.users[workspace.bot_user_id]
    bot = {
        "id": workspace.bot_id,
        "deleted": us.deleted,
        "name": us.name,
        "updated": us.updated,
        "app_id": workspace.app_id,
        "user_id": us.id,
        "icons": {f"image_{size}": f"{AVATARS}/{us.id}-{size}.png" for size in (36, 48, 72)},
    }
    return {"bot": bot}


def team_info(workspace: Workspace, arguments: Arguments) -> Json:
    """Return the workspace's name; it is the only one."""
    if arguments.text("team", workspace.team_id) != workspace.team_id:
        raise SlackError("team_not_found")
    named = {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain}
    return {"team": named | {"email_domain": "", "icon": {"image_default": True}}}


METHODS = {
    "team.info": Method(team_info, tier=3, scopes=("team:read",)),
    "api.test": Method(api_test, tier=4, tokens=()),
    "auth.test": Method(auth_test, tier=5, tokens=("bot", "app")),
    "bots.info": Method(bots_info, tier=3, scopes=("users:read",), takes_json=False),
    "apps.connections.open": Method(connections_open, tier=3, tokens=("app",), post_only=True),
}
