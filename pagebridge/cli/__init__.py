"""The command `pagebridge`: one module per sub-command, each with `add(commands)`."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from pagebridge.cli import audit, demo, run, settings
from pagebridge.embedded_valkey import EmbeddedValkeyError
from shared.problems import Misconfigured

FAILED, MISCONFIGURED = 1, 2
"""Exit codes, the same as those of the processes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line, and return the exit code."""
    parser = argparse.ArgumentParser(prog="pagebridge", description="A two-way bridge between Slack and PagerDuty.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('pagebridge')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (audit, demo, run, settings):
        command.add(commands)
    asked = parser.parse_args(arguments)
    try:
        code: int = asked.command(asked)
    except Misconfigured as error:
        sys.stderr.write(f"{error}\n")
        return MISCONFIGURED
    except EmbeddedValkeyError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return code
