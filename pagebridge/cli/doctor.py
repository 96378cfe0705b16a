"""
`pagebridge doctor`: everything that has to be right, looked at before the first page comes.

What does not run yet is run for as long as it takes: the embedded Valkey, and a receiver, so that a ping of PagerDuty's
can come all the way. What PagerDuty sends meanwhile is stored, and shown once a worker runs. `pagebridge config` checks
the settings and `bridge.toml` on this machine alone: nothing is started or asked.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.text import Text

from pagebridge.cli import exits
from pagebridge.cli.checks import clocks, offline, pagerduty, people, redis, slack, webhook, worker
from pagebridge.cli.checks.context import Site, here, opened
from pagebridge.cli.checks.findings import EXIT_CODES, Check, Finding, Status, look_at_all, worst
from pagebridge.cli.checks.webhook import PATIENCE
from pagebridge.cli.clients import AsJson, Data, Worker, is_receivers_alone
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import folded, harmless, progress, show, terminal
from shared.diagnostics.credential_checks import optional_scopes

STYLES = {Status.PASS: "green", Status.SKIPPED: "cyan", Status.WARNING: "yellow", Status.FAIL: "bold red"}
WIDEST = max(map(len, Status))

config = typer.Typer(no_args_is_help=True, help="Check the settings and bridge.toml without starting anything.")


@config.command(epilog="Example: pagebridge config check --json")
@exits
async def check(*, as_json: AsJson = False) -> int:
    """
    Check all settings, the mode of .env, and bridge.toml, and list what bridge.toml switches on.

    The exit code is 0 when all is well, 1 when the worst is a warning, 2 when something is wrong.
    """
    path = here().bridge_config
    return report(await look_at_all([*offline.everything(path), *offline.optional_parts(path)]), as_json=as_json)


@exits
async def doctor(
    *,
    post: Annotated[
        bool, typer.Option("--post", help="Also post a test message to every channel and delete it.")
    ] = False,
    slack_url: Annotated[
        str, typer.Option(metavar="URL", help="Where Slack sends its requests, with SLACK_TRANSPORT=http.")
    ] = "",
    as_json: AsJson = False,
    data: Data = DATA,
) -> int:
    """
    Check the setup and explain how to fix problems.

    The exit code is 0 when all is well, 1 when the worst is a warning, 2 when something does not work.
    """
    return report(await examine(data, post=post, slack_url=slack_url), as_json=as_json)


async def examine(data: Path, *, post: bool = False, slack_url: str = "", patience: float = PATIENCE) -> list[Finding]:
    """Make every check that can be made with what is set. `patience` is how many seconds a ping may take."""
    async with opened(data) as site:
        checks = [
            *offline.everything(site.here.bridge_config),
            *site.problems,
            *_of_redis(site),
            *_of_slack(site, post=post),
            *_of_pagerduty(site, patience),
            *_of_both(site, slack_url),
        ]
        with progress("Checking", len(checks)) as done:
            return await look_at_all(checks, done)


def _of_redis(site: Site) -> Iterator[Check]:
    if site.redis is None:
        return
    alone = is_receivers_alone()
    yield from redis.checks(site.redis, site.config.durability, embedded=site.embedded, worker=not alone)
    if not alone:
        yield clocks.of_redis(site.redis)


def _of_slack(site: Site, *, post: bool) -> Iterator[Check]:
    if site.slack is None:
        return
    door, own = site.slack
    there, also = Worker(site.here.worker_port, site.here.admin_host), optional_scopes(site.config)
    yield from slack.checks(door, own.socket_token, own.slack_command, there, also)
    yield clocks.of_slack(door)
    yield from people.in_slack(door, site.config)
    if post:
        yield from slack.posting(door, site.config)


def _of_pagerduty(site: Site, patience: float) -> Iterator[Check]:
    if site.pagerduty is None:
        return
    pager, settings = site.pagerduty
    local = webhook.is_private(urlsplit(settings.pagerduty_api_url).hostname or "")
    watched = settings.pagerduty_webhook_subscription
    yield from pagerduty.checks(pager, site.config.authorization.mode)
    yield clocks.of_pagerduty(pager)
    yield from people.in_pagerduty(pager, site.config)
    yield from webhook.checks(pager, watched, site.pinging(patience), local=local)


def _of_both(site: Site, slack_url: str) -> Iterator[Check]:
    if site.slack is None or site.pagerduty is None:
        return
    yield from pagerduty.routes(site.slack[0], site.pagerduty[0], site.config)
    yield from worker.checks(
        Worker(site.here.worker_port, site.here.admin_host), site.slack[1], slack_url, site.slack[0].server_clock.now_ms
    )


def report(findings: Sequence[Finding], *, as_json: bool = False) -> int:
    """Print findings, coloured on a terminal, and return the exit code."""
    if as_json:
        show(json.dumps(finding.as_json()) for finding in findings)
    else:
        console = Console(highlight=False)
        for line in _lines(findings, terminal()):
            console.print(line, soft_wrap=True)
    return EXIT_CODES[worst(findings)]


def _lines(findings: Sequence[Finding], columns: int) -> Iterator[Text]:
    """Write each finding with its fix below it, wrapped at `columns`, and at the end count each kind."""
    width = max((len(finding.check) for finding in findings), default=0)
    for finding in findings:
        status, indent = finding.status.ljust(WIDEST), WIDEST + width + 4
        line = harmless(f"{status}  {finding.check.ljust(width)}  {finding.what}")
        first, *others = folded(line, columns, indent)
        yield Text.assemble((status, STYLES[finding.status]), first[WIDEST:])
        if finding.fix:
            others += folded(harmless(f"{' ' * indent}-> {finding.fix}"), columns, indent + len("-> "))
        yield from map(Text, others)
    count = Counter(finding.status for finding in findings)
    yield Text(", ".join(f"{count[status]} {status}" for status in reversed(list(Status)) if count[status]))
