"""`pagebridge manifest`: what the Slack app is made from, with the slash command as the settings have it."""

import re
import sys
from importlib.resources import files
from typing import Annotated

import typer

from shared.config.setting_types import SlashCommand
from shared.config.settings import Environment, SlackSettings, load

_COMMAND = re.compile(r"(?m)^( +- command: )/pd\b")


class Command(Environment):
    """The slash command alone."""

    slack_command: SlashCommand = SlackSettings.model_fields["slack_command"].default


def add(commands: typer.Typer) -> None:
    """Add this command to the command line."""
    commands.command(epilog="Example: pagebridge manifest | pbcopy")(manifest)


def manifest(
    command: Annotated[str, typer.Option("--command", metavar="/NAME", help="In place of SLACK_COMMAND.")] = "",
) -> None:
    """Print the manifest to make the Slack app from."""
    sys.stdout.write(written(load(Command, **({"slack_command": command} if command else {})).slack_command))


def written(command: str) -> str:
    """Write the manifest for an app with this slash command."""
    text = files("pagebridge.cli").joinpath("manifest.yaml").read_text(encoding="utf-8")
    return _COMMAND.sub(rf"\g<1>{command}", text)
