"""Pure: problems with tokens in plain words, for a starting worker and for `pagebridge init` and `doctor`."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from shared.config.bridge_config import BridgeConfig
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
DIRECT_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "im:write": "opens the conversation with who asks for direct messages",
        "im:history": "finds a direct message again whose posting was cut off",
    }
)
"""The scopes for direct messages to who is paged, and what each is for; without `[notify]` they are not needed."""
CHANNEL_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "channels:manage": "opens and keeps the channels of incidents",
        "groups:write": "the same for private ones",
        "pins:write": "pins the card in them",
        "bookmarks:write": "bookmarks the incident in them",
        "bookmarks:read": "finds a bookmark again whose making was cut off",
    }
)
"""The scopes for channels of incidents, and what each is for; without `[incident_channels]` they are not needed."""


def optional_scopes(config: BridgeConfig) -> Mapping[str, str]:
    """Return the scopes that are needed for what `bridge.toml` switches on, and what each is for."""
    direct = DIRECT_SCOPES if config.notify.enabled else {}
    return {**direct, **(CHANNEL_SCOPES if config.incident_channels is not None else {})}


def bot_token(error: Refused) -> Problem:
    """Explain why Slack refused the bot token, and the fix."""
    what = f"Slack rejects SLACK_BOT_TOKEN ({error.code})"
    return Problem(what, "reinstall the app and copy its bot token")


def scopes(home: SlackIdentity, also: Collection[str] = ()) -> Problem | None:
    """Return the problem if the app lacks a scope that it needs, `also` one of these."""
    missing = sorted(SCOPES.union(also) - home.scopes)
    if not missing:
        return None
    return Problem(
        f"the Slack app lacks the scopes {', '.join(missing)}", "add them (pagebridge manifest) and reinstall it"
    )


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
