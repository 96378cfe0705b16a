"""Reading user groups, and putting people into them."""

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.user_groups import UserGroup
from pagebridge_sandbox.slack.workspace import Workspace

MAX_MEMBERS = 1000
"""People in one group; Slack does not publish its number."""
READ, WRITE = ("usergroups:read",), ("usergroups:write",)


def list_(workspace: Workspace, arguments: Arguments) -> Json:
    """List the groups, the disabled ones only where they are asked for."""
    _require_plan(workspace)
    disabled, users, count = (arguments.flag(f"include_{each}") for each in ("disabled", "users", "count"))
    groups = [group for group in workspace.user_groups.values() if disabled or not group.disabled_at]
    return {"usergroups": [group.as_json(with_users=bool(users), with_count=bool(count)) for group in groups]}


def list_users(workspace: Workspace, arguments: Arguments) -> Json:
    """List the ids of the members of a group."""
    _require_plan(workspace)
    group = _find_group(workspace, arguments)
    if group.disabled_at and not arguments.flag("include_disabled"):
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def update_users(workspace: Workspace, arguments: Arguments) -> Json:
    """Replace all members of a group: all of them or, when one cannot be a member, none. It cannot be emptied."""
    _require_plan(workspace)
    if not workspace.apps_manage_groups:
        raise SlackError("permission_denied")
    if not arguments.text("usergroup"):
        raise SlackError("missing_argument")
    group, wanted = _find_group(workspace, arguments), _listed(arguments)
    if not wanted:
        raise SlackError("no_users_provided")
    if len(wanted) > MAX_MEMBERS:
        raise SlackError("subteam_max_users_exceeded")
    for user_id in wanted:
        if error := _member_error(workspace, user_id):
            raise SlackError(error)
    group.users = list(dict.fromkeys(wanted))
    group.updated, group.updated_by = int(workspace.clock.now()), workspace.bot_user_id
    workspace.changes.notify()
    return {"usergroup": group.as_json(with_users=True, with_count=bool(arguments.flag("include_count")))}


def _listed(arguments: Arguments) -> list[str]:
    """Read the users: a list in JSON, or ids with commas between them."""
    given = arguments.values.get("users")
    each = given if isinstance(given, list) else arguments.text("users").split(",")
    return [name for one in each if (name := str(one).strip())]


def _member_error(workspace: Workspace, user_id: str) -> str:
    """Return why an account cannot be a member, empty when it can."""
    user = workspace.users.get(user_id)
    if user is None or user.deleted:
        return "invalid_users"
    if user.team_id != workspace.team_id:
        return "failed_for_some_users"
    if user.guest == "single":
        return "single_channel_guests_cannot_be_added"
    return "invalid_user" if user.guest or user.bot else ""


def _find_group(workspace: Workspace, arguments: Arguments) -> UserGroup:
    group = workspace.user_groups.get(arguments.text("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return group


def _require_plan(workspace: Workspace) -> None:
    if not workspace.plan_has_groups:
        raise SlackError("plan_upgrade_required")


METHODS = {
    "usergroups.list": Method(list_, tier=2, scopes=READ, takes_json=False),
    "usergroups.users.list": Method(list_users, tier=2, scopes=READ, required=("usergroup",), takes_json=False),
    "usergroups.users.update": Method(update_users, tier=2, scopes=WRITE),
}
