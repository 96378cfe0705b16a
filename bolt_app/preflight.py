"""What must be right before a worker starts: said loudly at once, rather than found out at 3 a.m."""

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from shared.errors import BridgeError, CallError, Malformed, Refused
from shared.pagerduty.client import PagerDuty
from shared.slack.client import Slack, SlackIdentity

log = structlog.get_logger()

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


KEY_REFUSED = "PagerDuty does not accept PAGERDUTY_API_TOKEN ({}): make a REST API key with full access"
APP_REFUSED = (
    "PagerDuty does not accept PAGERDUTY_CLIENT_ID and PAGERDUTY_CLIENT_SECRET ({}): copy them again from the app, see "
    "that it has every scope of docs/security.md, and that PAGERDUTY_SUBDOMAIN is your account"
)


class NotReady(BridgeError):
    """Raised when a worker cannot work with what it has been given. Lists every reason found."""


async def check(slack: Slack, app_token: str | None, pagerduty: PagerDuty) -> SlackIdentity:
    """
    Try every credential once, and return who we are in Slack. Without Socket Mode there is no `app_token`.

    Raises `NotReady` naming all that is wrong, `CallError` when Slack could not be asked. A PagerDuty that cannot be
    asked is no reason not to start.
    """
    wrong: list[str] = []
    home = await _bot(slack, wrong)
    if app_token is not None:
        await _app_token(slack.web, app_token, wrong)
    await _pagerduty(pagerduty, wrong)
    if wrong or home is None:
        raise NotReady("; ".join(wrong))
    return home


async def _bot(slack: Slack, wrong: list[str]) -> SlackIdentity | None:
    try:
        home = await slack.auth_test()
    except Refused as error:
        wrong.append(f"Slack does not accept SLACK_BOT_TOKEN ({error.code}): install the app again, copy its bot token")
        return None
    missing = sorted(SCOPES - home.scopes)
    if missing:
        wrong.append(f"the Slack app lacks the scopes {', '.join(missing)}: add them (manifest.yaml) and reinstall it")
    return home


async def _app_token(web: AsyncWebClient, token: str, wrong: list[str]) -> None:
    try:
        await web.apps_connections_open(app_token=token)
    except SlackApiError as error:
        word = error.response.data.get("error") if isinstance(error.response.data, dict) else error.response.status_code
        wrong.append(
            f"Slack does not open a socket with SLACK_APP_TOKEN ({word}): make an app-level token with the scope "
            "connections:write, and switch Socket Mode on"
        )


async def _pagerduty(pagerduty: PagerDuty, wrong: list[str]) -> None:
    try:
        await pagerduty.users_by_query("")
    except Refused as error:
        wrong.append(KEY_REFUSED.format(error) if pagerduty.has_key else APP_REFUSED.format(error))
    except (CallError, Malformed) as error:
        # No reason to stay away: during an outage people need somebody who takes their clicks and tells them the truth.
        log.warning("pagerduty.unchecked", why=str(error))
    if lacking := sorted(pagerduty.lacking_scopes):
        wrong.append(f"the PagerDuty app lacks the scopes {', '.join(lacking)}: give it these (docs/security.md)")
