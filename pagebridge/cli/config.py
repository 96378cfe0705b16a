"""`pagebridge config`: the settings and `bridge.toml`, checked on this machine alone: nothing is started or asked."""

import asyncio

import typer

from pagebridge.cli.checks import offline
from pagebridge.cli.checks.context import here
from pagebridge.cli.checks.findings import EXIT_CODES, look_at_all, worst
from pagebridge.cli.finding_output import report
from pagebridge.cli.store_option import AsJson

group = typer.Typer(no_args_is_help=True, help="Check the settings and bridge.toml without starting anything.")


def add(commands: typer.Typer) -> None:
    """Add these commands to the command line."""
    commands.add_typer(group, name="config")


@group.callback()
def _config() -> None:
    """Check the settings and bridge.toml without starting anything."""


@group.command(epilog="Example: pagebridge config check --json")
def check(*, as_json: AsJson = False) -> None:
    """
    Check every setting, who may read them, and bridge.toml.

    The exit code is 0 when all is well, 1 when the worst is a warning, 2 when something is wrong.
    """
    findings = asyncio.run(look_at_all(offline.everything(here().bridge_config)))
    report(findings, as_json=as_json)
    raise typer.Exit(EXIT_CODES[worst(findings)])
