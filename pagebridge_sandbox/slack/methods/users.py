"""Reading people."""

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.methods import paging
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.users import User
from pagebridge_sandbox.slack.workspace import Workspace


def info(workspace: Workspace, arguments: Arguments) -> Json:
    """Show one account, also of an outsider."""
    user = workspace.users.get(arguments.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": _render(workspace, user)}


def lookup_by_email(workspace: Workspace, arguments: Arguments) -> Json:
    """Find the active account of the workspace with this address; case does not matter."""
    wanted = arguments.text("email").casefold()
    for user in workspace.users.values():
        active = not user.deleted and not user.bot and user.team_id == workspace.team_id
        if active and (user.email or "").casefold() == wanted != "":
            return {"user": _render(workspace, user)}
    raise SlackError("users_not_found")


def list_(workspace: Workspace, arguments: Arguments) -> Json:
    """List the accounts of the workspace, deactivated ones and bots included."""
    members = [user for user in workspace.users.values() if user.team_id == workspace.team_id]
    some, following = paging.page(members, arguments, arguments.number("limit", 0) or len(members))
    shown = [_render(workspace, user) for user in some]
    return {"members": shown, "cache_ts": int(workspace.clock.now())} | paging.cursor_metadata(following)


def get_profile(workspace: Workspace, arguments: Arguments) -> Json:
    """Show what one account, or else the bot itself, says of itself."""
    user = workspace.users.get(arguments.text("user", workspace.bot_user_id))
    if user is None:
        raise SlackError("user_not_found")
    return {"profile": _render(workspace, user)["profile"]}


def _render(workspace: Workspace, user: User) -> Json:
    return user.as_json(workspace.team_id, with_email="users:read.email" in workspace.bot_scopes)


READ_SCOPES = ("users:read",)

METHODS = {
    "users.info": Method(info, tier=4, scopes=READ_SCOPES, required=("user",), takes_json=False),
    "users.lookupByEmail": Method(
        lookup_by_email, tier=3, scopes=("users:read.email",), required=("email",), takes_json=False
    ),
    "users.profile.get": Method(get_profile, tier=4, scopes=("users.profile:read",), takes_json=False),
    "users.list": Method(list_, tier=2, scopes=READ_SCOPES, takes_json=False),
}
