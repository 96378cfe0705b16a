"""Finding the conversation that a call names, if the app may see it."""

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.responses import SlackError
from pagebridge_sandbox.slack.workspace import Workspace


def find_channel(workspace: Workspace, arguments: Arguments, family: str = "") -> Channel:
    """
    Return the channel, which the bot can see: a public one, or a private one that it is in.

    `family` (`read` or `history`) asks for the scope of that name for the kind of channel. Raises `SlackError`.
    """
    found = workspace.channels.get(arguments.text("channel"))
    if found is None or (found.private and not is_bot_member(workspace, found)):
        raise SlackError("channel_not_found")
    if family:
        require_scope(workspace, f"{found.kind}:{family}")
    return found


def is_bot_member(workspace: Workspace, found: Channel) -> bool:
    """Whether the bot is a member."""
    return workspace.bot_user_id in found.members


def require_scope(workspace: Workspace, needed: str) -> None:
    """Raise `SlackError` unless this scope is granted."""
    if needed not in workspace.bot_scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(workspace.bot_scopes)))


def parse_ts(ts: str, error: str) -> float:
    """Read a timestamp. Raises `SlackError` with `error` when it is none."""
    try:
        return float(ts)
    except ValueError:
        raise SlackError(error) from None
