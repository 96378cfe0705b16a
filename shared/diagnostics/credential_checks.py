"""Pure: problems with tokens in plain words, for a starting worker and for `pagebridge init` and `doctor`."""

from collections.abc import Collection

from shared.config.errors import Problem
from shared.errors import Refused
from shared.slack.api.models import SlackIdentity

SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "users:read",
        "users:read.email",
        "channels:read",
        "channels:history",
        "groups:read",
        "groups:history",
    }
)
"""Without the two history scopes a card could not be found again after an unclear post."""


def bot_token(error: Refused) -> Problem:
    """Explain why Slack refused the bot token, and the fix."""
    what = f"Slack rejects SLACK_BOT_TOKEN ({error.code})"
    return Problem(what, "reinstall the app and copy its bot token")


def scopes(home: SlackIdentity) -> Problem | None:
    """Return the problem if the app lacks a scope that it needs."""
    missing = sorted(SCOPES - home.scopes)
    if not missing:
        return None
    return Problem(f"the Slack app lacks the scopes {', '.join(missing)}", "add them (manifest.yaml) and reinstall it")


def app_token(error: Refused) -> Problem:
    """Explain why Slack refused the app-level token, and the fix."""
    return Problem(
        f"Slack rejects SLACK_APP_TOKEN ({error.code or error.status})",
        "create an app-level token with the scope connections:write and enable Socket Mode",
    )


def pagerduty_scopes(lacking: Collection[str]) -> Problem | None:
    """Explain which PagerDuty scopes are missing."""
    if not lacking:
        return None
    return Problem(f"the PagerDuty app lacks the scopes {', '.join(sorted(lacking))}", "add them (docs/security.md)")
