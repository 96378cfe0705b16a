"""The answers of `pagebridge init`: each is checked, tried at once, saved, and can be corrected."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from pagebridge.cli import env_file, init_trials
from pagebridge.cli.settings import written_manifest
from pagebridge.cli.terminal import Unanswered, ask
from shared.config.errors import describe_error, error_details
from shared.config.setting_types import Channel
from shared.config.settings import Settings
from shared.pagerduty.api.client import EU_URL, URL

COMMAND, BOT, APP = "SLACK_COMMAND", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"
TRANSPORT, SIGNING, CLIENT = "SLACK_TRANSPORT", "SLACK_SIGNING_SECRET", "PAGERDUTY_CLIENT_ID"
CLIENT_SECRET, SUBDOMAIN = "PAGERDUTY_CLIENT_SECRET", "PAGERDUTY_SUBDOMAIN"
PAGERDUTY, PAGERDUTY_URL = "PAGERDUTY_API_TOKEN", "PAGERDUTY_API_URL"
REGIONS = {"us": URL, "eu": EU_URL}
SLACK_URL = "SLACK_API_URL"
SHORT = 12
"""Characters of a secret of which the end would tell too much."""
BRIDGE_TOML = """\
# `pagebridge settings --bridge-example` prints all options. Reloaded on SIGHUP.
durability = "fsync"

[routing]
default_channel = "{channel}"
"""
INSTALL = """
Slack: at https://api.slack.com/apps choose "Create New App", "From a manifest",
  and paste the lines above.
  Install it, and copy the bot token (xoxb-) from "OAuth & Permissions".
  Under "Basic Information" create an app-level token (xapp-) with the scope
  connections:write.
  Invite the app to the channels it should post in.
"""
Check = Callable[[str], str]
QUESTIONS = {
    COMMAND: "Slash command in Slack (PagerDuty's own app also uses /pd)",
    BOT: "Slack bot token (xoxb-)",
    APP: "Slack app-level token (xapp-)",
    SIGNING: "Slack signing secret (Basic Information)",
    PAGERDUTY_URL: "PagerDuty region (us or eu)",
    PAGERDUTY: "PagerDuty: `app` for scoped OAuth (Integrations, App Registration), or an API key (it can do all)",
    CLIENT: "PagerDuty client id of the OAuth app",
    CLIENT_SECRET: "PagerDuty client secret (of the app PAGERDUTY_CLIENT_ID)",
    SUBDOMAIN: "PagerDuty subdomain (acme, if you sign in at acme.pagerduty.com)",
}
"""The question asked for each setting."""
DEFAULTS = {COMMAND: "/pd", PAGERDUTY_URL: "us", PAGERDUTY: "app"}
SECRET = frozenset({BOT, APP, SIGNING, PAGERDUTY, CLIENT_SECRET})
"""Settings that are not echoed, and shown by their ends only."""
APP_SETTINGS = (CLIENT, CLIENT_SECRET, SUBDOMAIN)
USE_APP = "app"
"""The answer, in place of an API key, that chooses an app with scoped OAuth."""


class Answers:
    """The settings of `.env`, asked for one by one, tried unless `offline`, and saved."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline

    def show(self) -> None:
        """Show what is set already, and stays."""
        found = [name for name in QUESTIONS if value(name)]
        if found:
            sys.stdout.write("Already set, and kept:\n")
            sys.stdout.writelines(f"  {line}\n" for line in map(_shown, found))

    def slack(self, command: str) -> None:
        """Ask for Slack's side."""
        self._unless_set(COMMAND, command)
        token = SIGNING if value(TRANSPORT) == "http" else APP
        if not value(BOT) or not value(token):
            sys.stdout.write(f"\n{written_manifest(value(COMMAND), value(TRANSPORT))}{INSTALL}")
        self._unless_set(BOT)
        self._unless_set(token)

    def pagerduty(self, region: str) -> None:
        """Ask for PagerDuty's side: an app with its three settings, or an API key."""
        self._unless_set(PAGERDUTY_URL, region)
        if not value(CLIENT) and not value(PAGERDUTY) and self._ask(PAGERDUTY):
            return
        if not value(PAGERDUTY):
            self._complete_app()

    def bridge_toml(self, path: Path, channel: str) -> None:
        """Ask for the channel, unless there is a file."""
        if path.exists():
            sys.stdout.write(f"{path} exists; left unchanged.\n")
            return
        question = "Slack channel for incidents (#its-name, or its id such as C024BE91L)"
        wanted = _given(channel, self._channel) or ask(question, self._channel)
        path.write_text(BRIDGE_TOML.format(channel=wanted), encoding="utf-8")
        sys.stdout.write(f"Created {path}.\n")

    def correct(self) -> None:
        """Let answers be corrected, until there is nothing more to correct, or to read."""
        while (name := _asked_for("Setting to correct, such as SLACK_BOT_TOKEN (Enter if all is right)")) != "":
            if os.environ.get(name):
                sys.stdout.write(f"  {name} is set in the environment: change it there.\n")
            elif not self._ask(name):
                env_file.remove(PAGERDUTY)
                self._complete_app()
            elif name == PAGERDUTY:
                _let_go(APP_SETTINGS, name)
            elif name in APP_SETTINGS:
                _let_go((PAGERDUTY,), name)
                self._complete_app(changed=True)

    def _complete_app(self, *, changed: bool = False) -> None:
        """Ask for what is missing of the app, and try it if something was missing or has `changed`."""
        missing = [name for name in APP_SETTINGS if not value(name)]
        for name in missing:
            self._ask(name)
        if (missing or changed) and not self._offline:
            init_trials.oauth_app()

    def _unless_set(self, name: str, given: str = "") -> None:
        if not value(name):
            checked = _given(given, self._check(name))
            if checked:
                _put(name, checked)
            else:
                self._ask(name)

    def _ask(self, name: str) -> bool:
        """Ask for one setting, and save it; false if something else is used in its place."""
        answer = ask(QUESTIONS[name], self._check(name), secret=name in SECRET, default=DEFAULTS.get(name, ""))
        if (name, answer) == (PAGERDUTY, USE_APP):
            return False
        _put(name, answer)
        return True

    def _check(self, name: str) -> Check:
        """Make the check of one answer: its form, then a trial."""
        form = _region if name == PAGERDUTY_URL else _setting(name)

        def check(answer: str) -> str:
            if (name, answer) == (PAGERDUTY, USE_APP):
                return answer
            checked = form(answer)
            if not self._offline:
                _try(name, checked)
            return checked

        return check

    def _channel(self, answer: str) -> str:
        if not self._offline and answer and value(BOT):
            answer = init_trials.channel(answer, value(BOT), _slack_url())
        return _channel_id(answer)


def _try(name: str, answer: str) -> None:
    """Try one answer where that can be done. Raises `ValueError` if it is not taken."""
    if name == BOT:
        init_trials.bot_token(answer, _slack_url())
    elif name == APP:
        init_trials.app_token(answer, _slack_url())
    elif name == PAGERDUTY:
        _try_key(answer, value(PAGERDUTY_URL))


def _try_key(key: str, url: str) -> None:
    """Try a key in the chosen region, then in the other one. Raises `ValueError` if neither takes it."""
    try:
        init_trials.pagerduty_key(key, url)
    except ValueError:
        others = [other for other in REGIONS.values() if other != url]
        if url not in REGIONS.values() or os.environ.get(PAGERDUTY_URL) or not _is_of(key, others[0]):
            raise
        _put(PAGERDUTY_URL, others[0])


def _is_of(key: str, url: str) -> bool:
    try:
        init_trials.pagerduty_key(key, url)
    except ValueError:
        return False
    return True


def _slack_url() -> str:
    return value(SLACK_URL) or str(Settings.model_fields[SLACK_URL.lower()].default)


def _shown(name: str) -> str:
    """Show a setting and where it is; of a secret its kind and its end only."""
    text, place = value(name), "environment" if os.environ.get(name) else env_file.ENV
    if name in SECRET:
        kind = text[:5] if text.startswith(("xoxb-", "xapp-")) else ""
        text = f"{kind}…{text[-4:] if len(text) > SHORT else ''}"
    return f"{name} = {text} ({place})"


def _asked_for(question: str) -> str:
    """Ask for the name of a setting; empty if there is none to change."""

    def known(answer: str) -> str:
        name = answer.strip().upper()
        if name not in {"", "N", "NO", *QUESTIONS}:
            raise ValueError(f"must be one of {', '.join(QUESTIONS)}")
        return name if name in QUESTIONS else ""

    try:
        return ask(question, known)
    except Unanswered:
        return ""


def value(name: str) -> str:
    """Read one setting from the environment or `.env`; empty when it is in neither."""
    return os.environ.get(name) or env_file.value(name)


def _put(name: str, value: str) -> None:
    env_file.put(name, value)
    sys.stdout.write(f"Saved {name} to {env_file.ENV}.\n")


def _let_go(names: Iterable[str], used: str) -> None:
    """Remove from `.env` the settings of the way to PagerDuty that is not used any more: only one may be set."""
    for name in filter(env_file.value, names):
        env_file.remove(name)
        sys.stdout.write(f"Removed {name} from {env_file.ENV}: {used} is used in its place.\n")


def _given(option: str, check: Check) -> str:
    """Check what was given on the command line; empty when nothing was. Raises `typer.BadParameter`."""
    try:
        return check(option) if option else ""
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from None


def _setting(name: str) -> Check:
    """Make the check of one setting, which is the one that the processes make."""
    field = Settings.model_fields[name.lower()]
    return _valid(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)


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


_channel_id = _valid(Channel)


def _region(answer: str) -> str:
    try:
        return REGIONS[answer.casefold()]
    except KeyError:
        raise ValueError("must be us or eu") from None
