"""
`pagebridge doctor`: everything that has to be right, looked at before the first page comes.

What does not run yet is run for as long as it takes: the embedded Valkey, and a receiver, so that a ping of PagerDuty's
can come all the way. What PagerDuty sends meanwhile is stored, and shown once a worker runs.
"""

import asyncio
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from pagebridge.cli.checks import clocks, offline, pagerduty, redis, routes, slack, webhook
from pagebridge.cli.checks.context import PagerDutySide, Site, SlackSide, opened
from pagebridge.cli.checks.findings import EXIT_CODES, Check, Finding, look_at_all, worst
from pagebridge.cli.checks.local_endpoints import Worker
from pagebridge.cli.finding_output import report
from pagebridge.cli.store_option import DATA, AsJson, Data
from pagebridge.cli.webhook_ping import PATIENCE


def add(commands: typer.Typer) -> None:
    """Add this command to the command line."""
    commands.command(epilog="Example: pagebridge doctor --post")(doctor)


def doctor(
    *,
    post: Annotated[
        bool, typer.Option("--post", help="Also post a test message to every channel and delete it.")
    ] = False,
    as_json: AsJson = False,
    data: Data = DATA,
) -> None:
    """
    Check the setup and explain how to fix problems.

    The exit code is 0 when all is well, 1 when the worst is a warning, 2 when something does not work.
    """
    findings = asyncio.run(examine(data, post=post))
    report(findings, as_json=as_json)
    raise typer.Exit(EXIT_CODES[worst(findings)])


async def examine(data: Path, *, post: bool = False, patience: float = PATIENCE) -> list[Finding]:
    """Make every check that can be made with what is set. `patience` is how many seconds a ping may take."""
    async with opened(data) as site:
        return await look_at_all(_checks(site, patience, post=post))


def _checks(site: Site, patience: float, *, post: bool) -> list[Check]:
    checks = [*offline.everything(site.here.bridge_config), *site.problems]
    if site.redis is not None:
        checks += [*redis.checks(site.redis, site.config.durability), clocks.of_redis(site.redis)]
    if site.slack is not None:
        checks += _of_slack(site.slack, site, post=post)
    if site.pagerduty is not None:
        checks += _of_pagerduty(site.pagerduty, site, patience)
    if site.slack is not None and site.pagerduty is not None:
        checks += routes.checks(site.slack.door, site.pagerduty.door, site.config.routing)
    return checks


def _of_slack(side: SlackSide, site: Site, *, post: bool) -> list[Check]:
    app_token = side.settings.socket_token
    worker = Worker(site.here.worker_port)
    checks = slack.checks(side.door, app_token, side.settings.slack_command, worker)
    posting = routes.posting(side.door, site.config.routing) if post else []
    return [*checks, clocks.of_slack(side.door), *posting]


def _of_pagerduty(side: PagerDutySide, site: Site, patience: float) -> list[Check]:
    settings = side.settings
    local = webhook.is_private(urlsplit(settings.pagerduty_api_url).hostname or "")
    watched = settings.pagerduty_webhook_subscription
    checks = pagerduty.checks(side.door, site.config.authorization.mode)
    return [
        *checks,
        clocks.of_pagerduty(side.door),
        *webhook.checks(side.door, watched, site.pinging(patience), local=local),
    ]
