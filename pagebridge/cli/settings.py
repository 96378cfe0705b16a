"""`pagebridge settings` and `pagebridge manifest` (of the Slack app): generated from the settings, so never unlike."""

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from pydantic.fields import FieldInfo

from shared.config.bridge_file import load_bridge_config
from shared.config.setting_types import SlashCommand
from shared.config.settings import Environment, ReceiverSettings, SharedSettings, SlackSettings, WorkerSettings, load
from shared.diagnostics.credential_checks import optional_scopes

READERS: dict[str, type[SharedSettings]] = {
    "worker": WorkerSettings,
    "receiver": ReceiverSettings,
    "both": SharedSettings,
}
TITLES = {
    "worker": "The worker: python -m bolt_app",
    "receiver": "The receiver: python -m webhook_receiver",
    "both": "Both of them",
}
REQUEST_URL = "https://bridge.example.com/slack/events"
OVER_HTTP = (
    ("      usage_hint:", f"      url: {REQUEST_URL}  # the public address of SLACK_HTTP_PORT\n      usage_hint:"),
    (
        "    is_enabled: true\n",
        f"    is_enabled: true\n    request_url: {REQUEST_URL}\n    message_menu_options_url: {REQUEST_URL}\n",
    ),
    ("  event_subscriptions:\n", f"  event_subscriptions:\n    request_url: {REQUEST_URL}\n"),
    ("socket_mode_enabled: true", "socket_mode_enabled: false"),
)
"""The changes in the manifest for Slack over HTTP."""
BRIDGE_EXAMPLE = "bridge.example.toml"
_COMMAND = re.compile(r"(?m)^( +- command: )/pd\b")
_LAST_SCOPE = re.compile(r"(?m)^ +- groups:history.*\n")


class Command(Environment):
    """The slash command, how Slack reaches the worker, and what is switched on."""

    bridge_config: Path = SharedSettings.model_fields["bridge_config"].default

    slack_command: SlashCommand = SlackSettings.model_fields["slack_command"].default
    slack_transport: str = SlackSettings.model_fields["slack_transport"].default


def settings(
    *,
    as_env: Annotated[bool, typer.Option("--env-example", help="Print as .env.example (default).")] = False,
    as_table: Annotated[bool, typer.Option("--markdown", help="Print as a table.")] = False,
    as_bridge: Annotated[bool, typer.Option("--bridge-example", help="Print all of bridge.toml instead.")] = False,
) -> None:
    """Print all settings."""
    if as_env + as_table + as_bridge > 1:
        raise typer.BadParameter("choose one of --env-example, --markdown and --bridge-example")
    sys.stdout.write(_packaged(BRIDGE_EXAMPLE) if as_bridge else markdown() if as_table else env_example())


def env_example() -> str:
    """Write `.env.example`: what must be set stands open (in some cases empty), the rest is commented out."""
    lines = [
        "# Settings of pagebridge; variables of the environment win over them. Copy this file for your eyes only:",
        "#   install -m 600 .env.example .env",
    ]
    for reader in READERS:
        lines += ["", "", f"# {TITLES[reader]}"]
        for name, field in _settings(reader):
            lines += ["", *textwrap.wrap(field.description or "", 100, initial_indent="# ", subsequent_indent="# ")]
            lines.append(f"{name}=" if _required(field) else f"#{name}={_default(field)}")
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """Write the table of docs/settings.md."""
    lines = ["| Setting | Read by | Default | Meaning |", "| --- | --- | --- | --- |"]
    for reader in READERS:
        for name, field in _settings(reader):
            default = _required(field) or f"`{_default(field) or 'none'}`"
            lines.append(f"| `{name}` | {reader} | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _required(field: FieldInfo) -> str:
    """Return whether a setting is required, or when."""
    extra = field.json_schema_extra
    case = extra.get("required") if isinstance(extra, dict) else None
    return "required" if field.is_required() else f"required {case}" if case else ""


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else str(field.default)


def _settings(reader: str) -> Iterator[tuple[str, FieldInfo]]:
    """Give the settings that `reader` alone reads, or both, by their names in the environment."""
    kind = READERS[reader]
    for name, field in kind.model_fields.items():
        if kind is SharedSettings or name not in SharedSettings.model_fields:
            yield name.upper(), field


def manifest(
    command: Annotated[str, typer.Option("--command", metavar="/NAME", help="In place of SLACK_COMMAND.")] = "",
) -> None:
    """Print the manifest for creating the Slack app, with the scopes for what bridge.toml switches on."""
    set_ = load(Command, **({"slack_command": command} if command else {}))
    path = set_.bridge_config
    more = optional_scopes(load_bridge_config(path)) if path.exists() else {}
    sys.stdout.write(written_manifest(set_.slack_command, set_.slack_transport, more))


def written_manifest(command: str, transport: str = "socket", more: Mapping[str, str] = MappingProxyType({})) -> str:
    """
    Write the manifest for an app with this slash command, which Slack reaches over Socket Mode or `http`.

    `more` are the scopes, each with what it is for, that what `bridge.toml` switches on needs besides.
    """
    text = _COMMAND.sub(rf"\g<1>{command}", _packaged("manifest.yaml"))
    for before, after in OVER_HTTP if transport == "http" else ():
        text = text.replace(before, after, 1)
    return _LAST_SCOPE.sub(
        lambda last: last[0] + "".join(f"      - {name}  # {why}\n" for name, why in more.items()), text
    )


def _packaged(name: str) -> str:
    """Read a file that is installed with the program."""
    return files("pagebridge.cli").joinpath(name).read_text(encoding="utf-8")
