"""The command `pagebridge`: one module per sub-command, each with `add(commands)`."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import structlog
import typer

from pagebridge.local.embedded_valkey import EmbeddedValkeyError
from shared.config.errors import Misconfigured
from shared.errors import BridgeError

FAILED, MISCONFIGURED = 1, 2
"""Exit codes, the same as those of the processes."""

COMMANDS = (
    "init",
    "webhook",
    "doctor",
    "up",
    "why",
    "incidents",
    "identities",
    "deadletters",
    "audit",
    "config",
    "manifest",
    "settings",
    "demo",
)
"""The sub-commands, each in the module of that name, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line, and return the exit code."""
    if not structlog.is_configured():
        # Stdout may be parsed by a program, so logs go to stderr.
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    try:
        _command_line(sys.argv[1:] if arguments is None else arguments)(arguments, prog_name="pagebridge")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED if ended.code else 0
    except Misconfigured as error:
        sys.stderr.write(f"{error}\n")
        return MISCONFIGURED
    except (BridgeError, EmbeddedValkeyError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return 0


def _command_line(arguments: Sequence[str]) -> typer.Typer:
    """Make the command line; of its sub-commands only the one that is wanted, because each brings much along."""
    commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    commands.callback()(_pagebridge)
    wanted = next((name for name in arguments if name in COMMANDS), None)
    for name in [wanted] if wanted else COMMANDS:
        import_module(f"pagebridge.cli.{name}").add(commands)
    return commands


def _version(*, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pagebridge {version('pagebridge')}\n")
        raise typer.Exit


def _pagebridge(
    *, _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False
) -> None:
    """A two-way bridge between Slack and PagerDuty."""
