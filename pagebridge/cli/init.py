"""
`pagebridge init`: asks for every setting that is missing, and saves it.

Existing values stay. Each answer is checked and saved at once, so an interrupted run can be continued. Secrets go into
`.env`, readable only by its owner, and are never shown.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from pagebridge.cli import FAILED, MISCONFIGURED, env_file
from pagebridge.cli.checks.context import here
from pagebridge.cli.env_file import SECRETS
from pagebridge.cli.settings import written_manifest
from pagebridge.cli.terminal import Unanswered, ask
from shared.config.bridge_config import Channel
from shared.config.errors import describe_error, error_details
from shared.config.settings import Settings

COMMAND, BOT, APP = "SLACK_COMMAND", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"
TRANSPORT, SIGNING, CLIENT = "SLACK_TRANSPORT", "SLACK_SIGNING_SECRET", "PAGERDUTY_CLIENT_ID"
CLIENT_SECRET, SUBDOMAIN = "PAGERDUTY_CLIENT_SECRET", "PAGERDUTY_SUBDOMAIN"
PAGERDUTY, PAGERDUTY_URL = "PAGERDUTY_API_TOKEN", "PAGERDUTY_API_URL"
REGIONS = {"us": "https://api.pagerduty.com", "eu": "https://api.eu.pagerduty.com"}
BRIDGE_TOML = """\
# `pagebridge settings --bridge-example` prints all options. Reloaded on SIGHUP.
durability = "fsync"

[routing]
default_channel = "{channel}"
"""
INSTALL = """
Slack: at https://api.slack.com/apps choose "Create New App", "From a manifest", and paste the lines above.
  Install it, and copy the bot token (xoxb-) from "OAuth & Permissions".
  Under "Basic Information" create an app-level token (xapp-) with the scope connections:write.
  Invite the app to the channels it should post in.
"""
NEXT = """
Next:
  pagebridge webhook create --write-env    subscribes to PagerDuty's events
  pagebridge doctor                        checks the setup
  pagebridge up                            starts the bridge
"""

Check = Callable[[str], str]


def init(
    *,
    slack_command: Annotated[str, typer.Option(metavar="/NAME", help="The slash command; asked for if missing.")] = "",
    region: Annotated[str, typer.Option(metavar="us|eu", help="The PagerDuty region; asked for if missing.")] = "",
    channel: Annotated[str, typer.Option(metavar="ID", help="The channel for incidents; asked for if missing.")] = "",
) -> None:
    """
    Ask for missing settings, and write .env and bridge.toml.

    Answers may come from a pipe, one per line. What the environment sets is neither asked for nor saved.
    """
    try:
        _slack(slack_command)
        _pagerduty(region)
        _bridge_toml(here().bridge_config, channel)
    except Unanswered:
        sys.stderr.write("No input left. To continue, run `init` again: what is saved is not asked for again.\n")
        raise typer.Exit(MISCONFIGURED) from None
    except OSError as error:
        sys.stderr.write(f"Can't save that: {error}\n")
        raise typer.Exit(FAILED) from None
    sys.stdout.write(NEXT if not _value(SECRETS) else "\nEverything is set. Run `pagebridge doctor` to check it.\n")


def _slack(command: str) -> None:
    if not _value(COMMAND):
        question = "Slash command in Slack (PagerDuty's own app also uses /pd)"
        _put(COMMAND, _given(command, _setting(COMMAND)) or ask(question, _setting(COMMAND), default="/pd"))
    if not _value(BOT) or not _value(SIGNING if _value(TRANSPORT) == "http" else APP):
        sys.stdout.write(f"\n{written_manifest(_value(COMMAND))}{INSTALL}")
    _secret(BOT, "Slack bot token (xoxb-)")
    if _value(TRANSPORT) == "http":
        _secret(SIGNING, "Slack signing secret (Basic Information)")
    else:
        _secret(APP, "Slack app-level token (xapp-)")


def _pagerduty(region: str) -> None:
    if not _value(PAGERDUTY_URL):
        _put(PAGERDUTY_URL, _given(region, _region) or ask("PagerDuty region (us or eu)", _region, default="us"))
    if _value(CLIENT):
        _secret(CLIENT_SECRET, "PagerDuty client secret (of the app PAGERDUTY_CLIENT_ID)")
        if not _value(SUBDOMAIN):
            _put(
                SUBDOMAIN, ask("PagerDuty subdomain (acme, if you sign in at acme.pagerduty.com)", _setting(SUBDOMAIN))
            )
    else:
        _secret(PAGERDUTY, "PagerDuty REST API key with full access (Integrations, API Access Keys)")


def _bridge_toml(path: Path, channel: str) -> None:
    if path.exists():
        sys.stdout.write(f"{path} exists; left unchanged.\n")
        return
    question = "Id of the Slack channel for incidents (at the end of the channel's details, such as C024BE91L)"
    wanted = _given(channel, _channel) or ask(question, _channel)
    path.write_text(BRIDGE_TOML.format(channel=wanted), encoding="utf-8")
    sys.stdout.write(f"Created {path}.\n")


def _secret(name: str, question: str) -> None:
    if not _value(name):
        _put(name, ask(question, _setting(name), secret=True))


def _value(name: str) -> str:
    return os.environ.get(name) or env_file.value(name)


def _put(name: str, value: str) -> None:
    env_file.put(name, value)
    sys.stdout.write(f"Saved {name} to {env_file.ENV}.\n")


def _given(option: str, check: Check) -> str:
    """Check what was given on the command line; empty when nothing was. Raises `typer.BadParameter`."""
    try:
        return check(option) if option else ""
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from None


def _setting(name: str) -> Check:
    """Make the check of one setting, which is the one that the processes make."""
    field = Settings.model_fields[name.lower()]
    return _valid(Annotated[field.annotation, *field.metadata])


def _valid(kind: Any) -> Check:  # noqa: ANN401 - any type that pydantic knows
    adapter = TypeAdapter[object](kind)

    def check(answer: str) -> str:
        if not answer:
            raise ValueError("must not be empty")
        try:
            adapter.validate_python(answer)
        except ValidationError as error:
            raise ValueError(describe_error(error_details(error)[0])) from None
        return answer

    return check


_channel = _valid(Channel)


def _region(answer: str) -> str:
    try:
        return REGIONS[answer.casefold()]
    except KeyError:
        raise ValueError("must be us or eu") from None
