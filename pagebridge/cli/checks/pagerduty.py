"""Checks of PagerDuty: the key, the account's abilities, services without a team, and what the routes ask for."""

from functools import partial
from typing import Literal

from pagebridge.cli.checks.findings import Check, Verdict, failed, judged, passed, warned
from pagebridge.cli.checks.slack import INSTALLED
from shared.config.bridge_config import BridgeConfig
from shared.diagnostics import credential_checks
from shared.diagnostics.pagerduty_access import rejection
from shared.diagnostics.route_checks import Check as RouteCheck
from shared.diagnostics.route_checks import RouteChecks
from shared.errors import CallError, Refused
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import RESPONDERS
from shared.slack.api.client import Slack

LONGEST = 60.0
"""Seconds that a check of a route may take: each waits for its turn at Slack."""
NEEDED = ("PagerDuty token",)
TEAMS = "teams"
SHOWN = 5
"""How many names of services are given before the others are only counted."""
REACH = "check the connection to PagerDuty (proxy, firewall, PAGERDUTY_API_URL)"


def checks(pagerduty: PagerDuty, mode: Literal["team", "pagerduty"]) -> list[Check]:
    """List the checks of PagerDuty. `mode` is that of the authorization in `bridge.toml`."""
    return [
        Check("PagerDuty token", lambda: token(pagerduty)),
        Check("PagerDuty abilities", lambda: abilities(pagerduty, mode), needs=NEEDED),
        Check("services without a team", lambda: without_team(pagerduty, mode), longest=30.0, needs=NEEDED),
    ]


def routes(slack: Slack, pagerduty: PagerDuty, config: BridgeConfig) -> list[Check]:
    """List the checks of all places that `bridge.toml` names, and of what it asks PagerDuty and Slack for."""

    async def exists(look: RouteCheck) -> Verdict:
        return judged(await look(), "exists")

    found = RouteChecks(slack, pagerduty)
    places = (
        (found.channels(config), INSTALLED),
        (found.conditions(config), NEEDED),
        (found.duties(config), NEEDED),
        (found.groups(config), INSTALLED),
    )
    return [Check(place, partial(exists, check), LONGEST, needs) for checks, needs in places for place, check in checks]


async def token(pagerduty: PagerDuty) -> Verdict:
    """Check that PagerDuty takes the key, or the app. Whether it may write shows when the subscription is pinged."""
    try:
        await pagerduty.users_by_query("")
    except Refused as error:
        return failed(*await rejection(pagerduty, error))
    except CallError as error:
        return failed(f"PagerDuty can't be reached: {error}", REACH)
    return judged(credential_checks.pagerduty_scopes(pagerduty.missing_scopes), "accepted by PagerDuty")


async def abilities(pagerduty: PagerDuty, mode: Literal["team", "pagerduty"]) -> Verdict:
    """Check that the account can do what the bridge offers."""
    found = await pagerduty.abilities()
    if mode == "team" and TEAMS not in found:
        what = 'the account has no teams, so authorization.mode = "team" allows everyone whom PagerDuty allows'
        return warned(what, 'set mode = "pagerduty" to make that explicit, or use a plan with teams')
    if RESPONDERS not in found:
        return warned(
            "the plan has no responder requests, so they are not offered", "use a plan that has them, or go without"
        )
    return passed("teams and responder requests are available")


async def without_team(pagerduty: PagerDuty, mode: Literal["team", "pagerduty"]) -> Verdict:
    """Find services without a team: team rules cannot apply to their incidents."""
    names = [service.name for service in await pagerduty.all_services() if not service.teams]
    if not names or mode == "pagerduty":
        return passed(
            "every service has a team" if not names else f"{len(names)} without a team; PagerDuty's roles decide"
        )
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    what = f"{shown}: without a team, anyone whose PagerDuty role allows it may act on their incidents"
    return warned(what, "give them a team in PagerDuty")
