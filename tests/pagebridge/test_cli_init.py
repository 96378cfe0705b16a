"""`pagebridge init` and `pagebridge config check`: what is asked, what is written, and what is never shown."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from pagebridge.cli import MISCONFIGURED, env_file, main
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.bridge_file import load_bridge_config
from shared.config.settings import Environment, Settings, WorkerSettings, load

BOT, APP, KEY = "xoxb-1-bot-s3cret", "xapp-1-A0APP-s3cret", "u+pagerduty-s3cret"
ANSWERS = ["/bridge", BOT, APP, "eu", KEY, "C0INCIDENTS"]


class Terminal:
    """Somebody who answers through a pipe, and what they read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.read = ""

    def run(self, *arguments: str, answers: list[str] | None = None) -> int:
        """Run one command, and return its exit code."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers or [])))
        code = main(arguments)
        said = self._capsys.readouterr()
        self.read = said.out + said.err
        return code


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """Sit down in an empty directory without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return Terminal(monkeypatch, capsys)


def test_everything_is_asked_once_and_written(terminal: Terminal, tmp_path: Path) -> None:
    """The worker takes what was written; nobody else can read the secrets, and nobody has seen them."""
    assert 0 == terminal.run("init", "--offline", answers=ANSWERS)

    settings = load(WorkerSettings, redis_url="unix:///x")
    assert ("/bridge", "https://api.eu.pagerduty.com") == (settings.slack_command, settings.pagerduty_api_url)
    tokens = (settings.slack_bot_token, settings.slack_app_token, settings.pagerduty_api_token)
    assert (BOT, APP, KEY) == tuple(token.get_secret_value() for token in tokens if token)
    assert "C0INCIDENTS" == load_bridge_config(tmp_path / "bridge.toml").routing.default_channel
    assert 0o600 == (tmp_path / ".env").stat().st_mode & 0o777
    assert [] == [secret for secret in (BOT, APP, KEY) if secret in terminal.read]
    for command in ("webhook create", "doctor", "up"):
        assert f"pagebridge {command}" in terminal.read


async def test_the_manifest_is_there_to_paste(terminal: Terminal) -> None:
    """It comes before the tokens are asked for, with the command that was chosen, and Slack takes it as it is."""
    terminal.run("init", "--offline", answers=ANSWERS)

    begin, end = terminal.read.index("# The Slack app."), terminal.read.index("\nSlack: at https")
    assert end < terminal.read.index("Slack bot token")
    async with SlackSandbox(manifest=yaml.safe_load(terminal.read[begin:end])) as slack:
        assert {"/bridge"} == slack.commands


def test_the_manifest_has_what_the_transport_needs(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP each place has Slack's address of the worker, and Socket Mode is off; else nothing of that."""
    assert 0 == terminal.run("manifest")
    assert "slack/events" not in terminal.read
    monkeypatch.setenv("SLACK_TRANSPORT", "http")
    assert 0 == terminal.run("manifest")
    made = yaml.safe_load(terminal.read)
    url = "https://bridge.example.com/slack/events"
    assert url == made["features"]["slash_commands"][0]["url"]
    interactivity = made["settings"]["interactivity"]
    assert (url, url) == (interactivity["request_url"], interactivity["message_menu_options_url"])
    assert url == made["settings"]["event_subscriptions"]["request_url"]
    assert made["settings"]["socket_mode_enabled"] is False


def test_a_second_time_nothing_is_asked(terminal: Terminal, tmp_path: Path) -> None:
    """What is there stays to the letter."""
    terminal.run("init", "--offline", answers=ANSWERS)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert 0 == terminal.run("init", "--offline")
    assert before == {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert "manifest" not in terminal.read


def test_only_what_is_missing_is_asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment counts and is not copied; so do lines of `.env`, whose other lines stay where they are."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT)
    (tmp_path / ".env").write_text(f"# ours\nSLACK_COMMAND=/pd\nSLACK_APP_TOKEN=\nPAGERDUTY_API_TOKEN={KEY}\n")
    (tmp_path / ".env").chmod(0o644)
    (tmp_path / "bridge.toml").write_text("# mine")

    assert 0 == terminal.run("init", "--offline", "--region", "us", answers=[APP])

    assert (
        f"# ours\nSLACK_COMMAND=/pd\nSLACK_APP_TOKEN={APP}\nPAGERDUTY_API_TOKEN={KEY}\n"
        "PAGERDUTY_API_URL=https://api.pagerduty.com\n"
    ) == (tmp_path / ".env").read_text()
    assert 0o600 == (tmp_path / ".env").stat().st_mode & 0o777
    assert "# mine" == (tmp_path / "bridge.toml").read_text()


def test_what_the_other_ways_need_is_asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP the signing secret stands in for the app-level token, and an app with scopes for PagerDuty's key."""
    monkeypatch.setenv("SLACK_TRANSPORT", "http")
    for name, value in (("ID", "an-app"), ("SECRET", "its-secret")):
        monkeypatch.setenv(f"PAGERDUTY_CLIENT_{name}", value)
    monkeypatch.setenv("PAGERDUTY_SUBDOMAIN", "acme")

    assert 0 == terminal.run("init", "--offline", answers=["/bridge", BOT, "a-signing-secret", "eu", "C0INCIDENTS"])

    settings = load(WorkerSettings, redis_url="unix:///x")
    assert settings.slack_signing_secret is not None
    assert ("a-signing-secret", None) == (settings.slack_signing_secret.get_secret_value(), settings.slack_app_token)


def test_with_a_client_id_the_rest_of_the_client_is_asked(terminal: Terminal, tmp_path: Path) -> None:
    """What `doctor` says that `init` sets, `init` asks for: the secret and the subdomain, and no key."""
    (tmp_path / ".env").write_text("PAGERDUTY_CLIENT_ID=an-app\n")
    assert 0 == terminal.run(
        "init", "--offline", answers=["/bridge", BOT, APP, "us", "client-s3cret", "acme", "C0INCIDENTS"]
    )

    settings = load(WorkerSettings, redis_url="unix:///x")
    assert settings.pagerduty_client_secret is not None
    assert ("client-s3cret", "acme") == (
        settings.pagerduty_client_secret.get_secret_value(),
        settings.pagerduty_subdomain,
    )
    assert "client-s3cret" not in terminal.read


def test_a_wrong_answer_is_named_at_once_and_asked_again(terminal: Terminal) -> None:
    """Tokens by their beginning, ids and names by their form; the answer itself is not repeated."""
    wrong = ["pd", "/bridge", "xoxp-person-s3cret", "", BOT, BOT, APP, "mars", "us", KEY, "#incidents", "C0INCIDENTS"]
    assert 0 == terminal.run("init", "--offline", answers=wrong)

    for words in (
        "Must be a slash command such as /pd",
        "Must start with xoxb-",
        "Must not be empty",
        "Must start with xapp-",
        "Must be us or eu",
        "Must be a Slack channel id such as C024BE91L",
    ):
        assert words in terminal.read
    assert "s3cret" not in terminal.read
    assert BOT == env_file.value("SLACK_BOT_TOKEN")


def test_answers_that_end_too_early(terminal: Terminal) -> None:
    """What was answered is kept, so that the next run goes on from there."""
    assert MISCONFIGURED == terminal.run("init", "--offline", answers=ANSWERS[:2])
    assert "run `init` again" in terminal.read
    assert 0 == terminal.run("init", "--offline", answers=ANSWERS[2:])


def test_without_any_answer_nothing_is_said_to_be_saved(terminal: Terminal, tmp_path: Path) -> None:
    """Without input, as in a script, nothing is written, and nothing is said to be."""
    assert MISCONFIGURED == terminal.run("init", "--offline")
    assert [] == list(tmp_path.iterdir())
    assert "are saved" not in terminal.read


@pytest.mark.parametrize("arguments", [["--slack-command", "pd"], ["--region", "mars"], ["--channel", "#incidents"]])
def test_a_wrong_option_is_named(terminal: Terminal, arguments: list[str]) -> None:
    """It is not asked for again: a script would hang."""
    given = ["--slack-command", "/pd", "--region", "us"]
    assert MISCONFIGURED == terminal.run("init", "--offline", *given, *arguments, answers=[BOT, APP, KEY])
    assert f"{arguments[1]} must be" in " ".join(terminal.read.replace("│", " ").split())


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_secret_is_not_echoed() -> None:
    """What is typed where a token is asked for does not appear; anything else does."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pagebridge", "init", "--offline", "--region", "us"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)  # noqa: S603 -- our own command
    os.close(theirs)
    seen = ""
    # The space that ends a question for a secret is written once nothing is echoed any more.
    questions = (
        "Slash command",
        "bot token (xoxb-): ",
        "token (xapp-): ",
        "[app]: ",
        "Slack channel for",
        "to correct",
        "Public https",
    )
    for question, answer in zip(questions, ["/bridge", BOT, APP, KEY, "C0INCIDENTS", "n", ""], strict=True):
        seen += until(ours, question)
        os.write(ours, f"{answer}\n".encode())
    seen += until(ours, "pagebridge up")
    assert 0 == process.wait()
    os.close(ours)

    assert "C0INCIDENTS" in seen
    assert [] == [secret for secret in (BOT, APP, KEY) if secret in seen]
    assert KEY == env_file.value("PAGERDUTY_API_TOKEN")


def until(terminal: int, words: str) -> str:
    """Read what is on a terminal until `words` stand there."""
    seen = ""
    while words not in seen:
        seen += os.read(terminal, 65536).decode()
    return seen


def test_where_nothing_can_be_written(terminal: Terminal, tmp_path: Path) -> None:
    """It says so in words."""
    (tmp_path / ".env").mkdir()
    assert 1 == terminal.run("init", "--offline", answers=ANSWERS)
    assert "Can't save that" in terminal.read
    assert "Traceback" not in terminal.read


def test_config_check_after_init(terminal: Terminal, tmp_path: Path) -> None:
    """Only the webhook's secret may be missing still, if the receiver runs here; with it all is well."""
    terminal.run("init", "--offline", answers=ANSWERS)
    assert 1 == terminal.run("config", "check")
    assert "PAGERDUTY_WEBHOOK_SECRETS is not set" in terminal.read
    assert "`pagebridge webhook create --write-env` sets it" in terminal.read

    env_file.put("PAGERDUTY_WEBHOOK_SECRETS", "s3cret")
    assert 0 == terminal.run("config", "check")
    (tmp_path / ".env").chmod(0o644)
    assert 1 == terminal.run("config", "check", "--json")
    assert ["pass", "pass", "warning", "pass", "pass"] == [
        json.loads(line)["status"] for line in terminal.read.splitlines()
    ]
    assert "s3cret" not in terminal.read


def test_config_check_names_everything_at_once(terminal: Terminal, tmp_path: Path) -> None:
    """Settings and file, each thing by its place, without asking anybody."""
    (tmp_path / "bridge.toml").write_text("[routing]\ndefault_chanel = 'C0'\n[identity.users]\nU0CAROL = 'carol'\n")
    assert MISCONFIGURED == terminal.run("config", "check", "--json")

    told = " ".join(json.loads(line)["what"] for line in terminal.read.splitlines())
    for words in ("SLACK_BOT_TOKEN is not set", "routing.default_chanel is not a known key", "identity.users.U0CAROL"):
        assert words in told
    assert "REDIS_URL" not in told


def test_manifest(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is that of the settings, or the one that is given; a wrong one is named."""
    monkeypatch.setenv("SLACK_COMMAND", "/bridge")
    assert 0 == terminal.run("manifest")
    assert "- command: /bridge " in terminal.read
    assert 0 == terminal.run("manifest", "--command", "/pager")
    assert "- command: /pager " in terminal.read
    assert MISCONFIGURED == terminal.run("manifest", "--command", "pager")
    assert "must be a slash command" in terminal.read


class Secret(Environment):
    """A setting that takes anything."""

    pagerduty_api_token: SecretStr


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("value", ["plain", "with space", "a#b", "quote'd", "back\\slash", "dollar$x", "ends\\"])
def test_env_gives_back_what_was_put(value: str) -> None:
    """Whatever characters a secret has, the processes read it as it was given."""
    env_file.put("PAGERDUTY_API_TOKEN", value)
    assert value == load(Secret).pagerduty_api_token.get_secret_value() == env_file.value("PAGERDUTY_API_TOKEN")
