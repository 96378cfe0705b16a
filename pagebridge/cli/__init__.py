"""The command `pagebridge`: one module per sub-command, each with `add(commands)`."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from pagebridge.cli import (
    audit,
    config,
    deadletters,
    demo,
    doctor,
    identities,
    incidents,
    init,
    manifest,
    settings,
    up,
    webhook,
    why,
)
from pagebridge.embedded_valkey import EmbeddedValkeyError
from shared.errors import BridgeError
from shared.problems import Misconfigured

FAILED, MISCONFIGURED = 1, 2
"""Exit codes, the same as those of the processes."""

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (
    init,
    webhook,
    doctor,
    up,
    why,
    incidents,
    identities,
    deadletters,
    audit,
    config,
    manifest,
    settings,
    demo,
):
    command.add(commands)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line, and return the exit code."""
    try:
        commands(arguments, prog_name="pagebridge")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED if ended.code else 0
    except Misconfigured as error:
        sys.stderr.write(f"{error}\n")
        return MISCONFIGURED
    except (BridgeError, EmbeddedValkeyError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return 0


def _version(*, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pagebridge {version('pagebridge')}\n")
        raise typer.Exit


@commands.callback()
def _pagebridge(
    *, _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False
) -> None:
    """A two-way bridge between Slack and PagerDuty."""  # noqa: D401 - what people read as help
