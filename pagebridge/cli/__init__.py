"""The command `pagebridge`: its sub-commands, and what is common to them."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, ParamSpec

import structlog
import typer
from typer.main import get_command

from pagebridge.cli.terminal import folded, terminal
from pagebridge.local.embedded_valkey import EmbeddedValkeyError
from shared.config.errors import Misconfigured
from shared.errors import BridgeError

FAILED, MISCONFIGURED = 1, 2
"""Exit codes, the same as those of the processes."""

COMMANDS = {
    "init": ("init", "--channel C024BE91L"),
    "webhook": ("webhook", ""),
    "doctor": ("doctor", "--post"),
    "up": ("up", "--data /var/lib/pagebridge"),
    "why": ("why", "4711"),
    "timeline": ("timeline", "4711 > report.md"),
    "incidents": ("incidents", "--json"),
    "identities": ("identities", ""),
    "deadletters": ("deadletters", ""),
    "audit": ("audit", "--since 2h --user U024BE7LH"),
    "config": ("doctor", ""),
    "manifest": ("settings", "| pbcopy"),
    "settings": ("settings", "--env-example"),
    "replay": ("replay", "deliveries.jsonl"),
    "demo": ("demo", "--verbose"),
    "play": ("play", "--port 9000"),
}
"""The sub-commands in the order of the help, with the module of each, and what follows in its example."""

VERSION = "--version"
BULLET = "  - "
SANDBOX = "pagebridge_sandbox"
NO_SANDBOX = (
    "The simulators are not installed here; the image of the bridge does without them. "
    "`docker build --target play .` makes an image that has them, and the Python package has them too."
)

P = ParamSpec("P")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line, and return the exit code."""
    if not structlog.is_configured():
        # Stdout may be parsed by a program, so logs go to stderr; what a command says itself is not logged as well.
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )
    try:
        command = get_command(_command_line(sys.argv[1:] if arguments is None else arguments))
        _hide_types_of_flags(typer.Context(command))
        command(arguments, prog_name="pagebridge")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED if ended.code else 0
    except Misconfigured as error:
        _complain(str(error))
        return MISCONFIGURED
    except ModuleNotFoundError as error:
        if SANDBOX not in (error.name or "").split("."):
            raise
        _complain(NO_SANDBOX)
        return FAILED
    except (BridgeError, EmbeddedValkeyError) as error:
        _complain(str(error))
        return FAILED
    return 0


def _complain(words: str) -> None:
    """Print to stderr what went wrong, wrapped on a terminal; the points of a list below themselves."""
    for line in words.splitlines():
        indent = len(BULLET) if line.startswith(BULLET) else 0
        sys.stderr.writelines(f"{part}\n" for part in folded(line, terminal(), indent))


def _command_line(arguments: Sequence[str]) -> typer.Typer:
    """
    Make the command line; of its sub-commands only the one that is wanted, because each brings much along.

    The version is told without any.
    """
    commands = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    commands.callback()(_pagebridge)
    wanted = next((name for name in arguments if name in COMMANDS), None)
    for name in [wanted] if wanted else [] if VERSION in arguments else COMMANDS:
        module, example = COMMANDS[name]
        command = getattr(import_module(f"pagebridge.cli.{module}"), name)
        if isinstance(command, typer.Typer):
            commands.add_typer(command, name=name)
        else:
            commands.command(epilog=f"Example: pagebridge {name} {example}".rstrip())(command)
    return commands


def _hide_types_of_flags(context: typer.Context) -> None:
    """Let the help show no type behind a flag, which takes no value."""
    for option in context.command.get_params(context):
        if getattr(option, "is_flag", False):
            option.metavar = ""
    for each in getattr(context.command, "commands", {}).values():
        _hide_types_of_flags(typer.Context(each))


def exits(command: Callable[P, Coroutine[Any, Any, int]]) -> Callable[P, None]:
    """Make a command of a coroutine function that returns the exit code."""

    @wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        raise typer.Exit(asyncio.run(command(*arguments, **options)))

    return run


def _version(*, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pagebridge {version('pagebridge')}\n")
        raise typer.Exit


def _pagebridge(
    *, _: Annotated[bool, typer.Option(VERSION, callback=_version, is_eager=True, help="Show the version.")] = False
) -> None:
    """A two-way bridge between Slack and PagerDuty."""
