"""Pure: problems with tokens in plain words, for a starting worker and for `pagebridge init` and `doctor`."""

from collections.abc import Callable, Collection, Mapping, Sequence

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
OPTIONAL: Sequence[tuple[Callable[[BridgeConfig], bool], Mapping[str, str]]] = (
    (
        lambda config: config.notify.enabled,
        {
            "im:write": "opens the direct messages that people ask for",
            "im:history": "finds a direct message again whose posting was cut off",
        },
    ),
    (
        lambda config: config.incident_channels is not None,
        {
            "channels:manage": "opens and keeps the channels of incidents",
            "groups:write": "the same for private ones",
            "pins:write": "pins the card in them",
            "bookmarks:write": "bookmarks the incident in them",
            "bookmarks:read": "finds a bookmark again whose making was cut off",
        },
    ),
    (
        lambda config: config.timeline_canvas,
        {"canvases:write": "makes a canvas of the timeline for the person who asks"},
    ),
    (
        lambda config: any(each.group for each in config.oncall_groups),
        {
            "usergroups:read": "finds the user groups of [[oncall_groups]]",
            "usergroups:write": "puts who is on call into them",
        },
    ),
    (
        lambda config: any(each.channel for each in config.oncall_groups),
        {
            "channels:write.topic": "names who is on call in the topics of [[oncall_groups]]",
            "groups:write.topic": "the same in private channels",
        },
    ),
)
"""The scopes that are needed for what `bridge.toml` switches on, each with its reason for the manifest."""


def optional_scopes(config: BridgeConfig) -> Mapping[str, str]:
    """Return the scopes of the Slack app that are needed for what `bridge.toml` switches on, with the reasons."""
    return {scope: why for is_on, scopes in OPTIONAL if is_on(config) for scope, why in scopes.items()}


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
