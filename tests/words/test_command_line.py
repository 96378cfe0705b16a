"""What the commands of `pagebridge` print: each in a session as a person has it, and every mistake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pagebridge.cli.settings import written_manifest
from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.pagerduty.oauth import OAuthApp
from shared.config.bridge_config import BridgeConfig
from shared.config.settings import Settings
from shared.diagnostics.credential_checks import OPTIONAL
from shared.pagerduty.api.auth import SCOPES
from tests.pagebridge.cli_session import Office, opened
from tests.webhook_receiver.running import SECRET
from tests.words.page import Page
from tests.words.terminal import Terminal

pytestmark = pytest.mark.process

BOT, APP, KEY = "xoxb-1-bot-s3cret", "xapp-1-A0APP-s3cret", "u+pagerduty-s3cret"


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is set up but the webhook subscription."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """Sit down at a terminal."""
    found = Terminal(monkeypatch, capsys)
    found.names[str(tmp_path)] = "/srv/bridge"
    return found


async def test_first_setup_can_be_read_in_one_file(
    pytestconfig: pytest.Config, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`init`, from an empty directory to a complete one, and every answer that it does not take."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    page = Page("command_line_setup", "First setup", "What `pagebridge init` asks and says.")
    page.chapter("Everything is answered")
    page.terminal("The Slack app's manifest", (await terminal.run("manifest --command /bridge")))
    monkeypatch.setenv("SLACK_TRANSPORT", "http")
    page.terminal("The same over HTTP", await terminal.run("manifest"))
    monkeypatch.delenv("SLACK_TRANSPORT")
    optional = {scope: why for _, scopes in OPTIONAL for scope, why in scopes.items()}
    _, _, scopes = written_manifest("/pd", more=optional).partition("    bot:\n")
    page.terminal("Its scopes with all that `bridge.toml` can switch on", scopes.partition("settings:")[0])
    page.terminal(
        "An empty directory", _short(await terminal.run("init --offline", "", BOT, APP, "eu", KEY, "C0INCIDENTS"))
    )
    page.terminal("The `bridge.toml` that it writes", (tmp_path / "bridge.toml").read_text())
    page.terminal("Everything is there but the webhook secret", await terminal.run("init --offline"))
    (tmp_path / ".env").write_text((tmp_path / ".env").read_text() + f"PAGERDUTY_WEBHOOK_SECRETS={SECRET}\n")
    page.terminal("Everything is there", await terminal.run("init --offline"))
    page.terminal("Everything is there, and it is not to be checked", await terminal.run("init --offline", "", "n"))
    page.chapter("Mistakes")
    (tmp_path / ".env").unlink()
    (tmp_path / "bridge.toml").unlink()
    answers = ("pd", "/pd", "", "xoxp-1", BOT, "xoxb-1", APP, "asia", "us", KEY, "incidents", "C0INCIDENTS")
    page.terminal("Answers that are not taken", _short(await terminal.run("init --offline", *answers)))
    (tmp_path / ".env").unlink()
    page.terminal("The input ends", _last(await terminal.run("init --offline", "/pd", BOT, code=2)))
    await terminal.run("init --offline", APP, code=2)
    page.terminal("Two forms at once", await terminal.run("settings --env-example --markdown", code=2))
    page.terminal("An option that is not taken", await terminal.run("init --offline --region asia", code=2))
    (tmp_path / ".env").unlink()
    monkeypatch.setenv("SLACK_TRANSPORT", "http")
    page.terminal("Slack over HTTP", _short(await terminal.run("init --offline", "/pd", BOT, "5ecret", "us", KEY)))
    monkeypatch.delenv("SLACK_TRANSPORT")
    (tmp_path / ".env").write_text("PAGERDUTY_CLIENT_ID=an-app\n")
    page.terminal(
        "With a client of PagerDuty",
        _short(await terminal.run("init --offline", "/pd", BOT, APP, "us", "5ecret", "acme")),
    )
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    page.terminal("`.env` can't be written", _last(await terminal.run("init --offline", "/pd", code=1)))
    page.check(pytestconfig)


def _last(shown: str) -> str:
    """Keep the command and the end of what it printed."""
    lines = shown.splitlines()
    return "\n".join([lines[0], "…", *lines[-2:]])


def _short(shown: str) -> str:
    """Leave out the manifest, which has a case of its own."""
    head, _, rest = shown.partition("# The Slack app.")
    return f"{head}(the manifest)\n\n{rest[rest.index('Slack: at') :]}"


async def test_answers_that_are_tried_can_be_read_in_one_file(
    pytestconfig: pytest.Config, office: Office, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `init` says of each answer that it tries, of corrections, and of what comes next."""
    page = Page("command_line_setup_live", "First setup, tried live", "What `pagebridge init` says of each answer.")
    slack, pagerduty, toml = office.slack, office.pagerduty, office.directory / "bridge.toml"
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGERDUTY_API_TOKEN", "PAGERDUTY_WEBHOOK_SECRETS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PAGERDUTY_IDENTITY_URL", pagerduty.url)
    tokens = {slack.bot_token: BOT, slack.app_token: APP, pagerduty.token: KEY}
    terminal.names |= tokens | {token[-4:]: known[-4:] for token, known in tokens.items()}

    async def run(situation: str, *answers: str, code: int = 0) -> None:
        toml.unlink(missing_ok=True)
        page.terminal(situation, _short(await terminal.run("init", *answers, code=code)))
        (office.directory / ".env").unlink(missing_ok=True)

    await run("Everything is right", "/pd", *tokens, "#incidents", "", "")
    slack.bot_scopes.discard("groups:history")
    slack.add_channel("duty", id="C0DUTY00", bot_member=False)
    bad = ("xoxb-bad", slack.bot_token, "xapp-bad", slack.app_token, "bad", pagerduty.token)
    await run("Answers that are not taken", "/pd", *bad, "nowhere", "C0NOWHERE", "duty")
    slack.bot_scopes.add("groups:history")
    pagerduty.oauth.apps["an-app"] = OAuthApp("an-app", "client-s3cret", "us.acme", frozenset(SCOPES))
    app = ("app", "an-app", "wr0ng-s3cret", "acme", "incidents")
    await run("An app, corrected", "/pd", *list(tokens)[:2], *app, "SECRET", "PAGERDUTY_CLIENT_SECRET", "client-s3cret")
    app = ("app", "an-app", "client-s3cret", "acme", "incidents")
    instead = ("PAGERDUTY_API_TOKEN", pagerduty.token, "")
    await run("A key in place of an app", "/pd", *list(tokens)[:2], *app, *instead)
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.bot_token)
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")
    await run(
        "Slack can't be reached", "/pd", slack.app_token, pagerduty.token, "#incidents", "C0DUTY", "SLACK_BOT_TOKEN"
    )
    page.check(pytestconfig)


async def test_the_webhook_subscription_can_be_read_in_one_file(  # noqa: PLR0915 - one long session
    pytestconfig: pytest.Config, office: Office, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole life of a subscription, with the secret in `.env` or elsewhere, and every mistake."""
    monkeypatch.delenv("PAGERDUTY_WEBHOOK_SECRETS")
    page = Page("command_line_webhook", "The webhook subscription", "What `pagebridge webhook` asks and says.")
    subscriptions, env = office.pagerduty.webhooks.subscriptions, office.directory / ".env"

    async def run(line: str, *answers: str, code: int = 0) -> str:
        shown = await terminal.run(f"webhook {line}", *answers, code=code)
        for name, each in subscriptions.items():
            known = [shown for shown in terminal.names.values() if shown.startswith("PSUB")]
            terminal.names.setdefault(name, f"PSUB{len(known) + 1:0{len(name) - 4}}")
            terminal.names |= dict.fromkeys(each.secrets, "5ecret")
        return terminal.still(shown)

    def begin_again() -> None:
        subscriptions.clear()
        env.unlink(missing_ok=True)

    page.chapter("With the secret in `.env`")
    page.terminal("Status without any", await run("status", code=1))
    page.terminal("Create", await run(f"create --url {office.url} --write-env"))
    page.terminal("Create once more", await run(f"create --url {office.url}", code=1))
    page.terminal("Status", await run("status"))
    secrets = [SecretStr(secret) for each in subscriptions.values() for secret in each.secrets]
    office.receiver.receiver.apply_config(secrets, BridgeConfig())
    page.terminal("Ping", await run("ping"))
    page.terminal("Rotate", await run("rotate --write-env", "n", code=1))
    page.terminal("Rotate, and the receiver does not have the secret", await run("rotate --write-env", "y", code=1))
    secrets = [SecretStr(secret) for each in subscriptions.values() for secret in each.secrets]
    office.receiver.receiver.apply_config(secrets, BridgeConfig())
    page.terminal("Rotate again", await run("rotate --write-env", "y"))
    held = env.read_text()
    await run("rotate --write-env", "n", code=1)
    env.write_text(held)
    page.terminal("Rotate, and the secret of an earlier try is lost", await run("rotate --write-env", "n", code=1))
    env.write_text(held)
    await run(f"delete {list(subscriptions)[-1]} --yes")
    env.write_text(f"PAGERDUTY_WEBHOOK_SECRETS=a,b,{held.partition('=')[2]}")
    made = await run(f"create --url {office.url} --service PCHECKOUT --write-env")
    assert "Activated" in made
    page.terminal("Delete one of two", await run(f"delete {list(subscriptions)[-1]} --yes"))
    others = office.pagerduty.subscribe(office.url, ["a"], team_id="PPAYMENTS")
    terminal.names[others.id] = "POTHERS"
    env.write_text("PAGERDUTY_WEBHOOK_SECRETS=a,b,c\n")
    page.terminal("Delete one that was made elsewhere", await run(f"delete {others.id} --yes"))
    for situation, text in (("is elsewhere", ""), ("has been removed", held)):
        env.write_text(text)
        others = office.pagerduty.subscribe(office.url, ["a"], team_id="PPAYMENTS")
        terminal.names[others.id] = "POTHERS"
        page.terminal(f"Delete one whose secret {situation}", await run(f"delete {others.id} --yes"))
    (last,) = subscriptions
    page.terminal("Delete, but not for sure", await run(f"delete {last}", "n", code=1))
    page.terminal("Delete", await run(f"delete {last}", "y"))
    begin_again()
    page.chapter("With the secret elsewhere")
    page.terminal("Create", await run(f"create --url {office.url}", "n", code=1))
    (made,) = subscriptions
    page.terminal("Activate", await run(f"activate {made}"))
    office.receiver.receiver.apply_config([SecretStr(subscriptions[made].secrets[0])], BridgeConfig())
    monkeypatch.setenv("PAGERDUTY_WEBHOOK_SECRETS", subscriptions[made].secrets[0])
    page.terminal("Rotate", await run("rotate", "n", code=1))
    secrets = [SecretStr(secret) for each in subscriptions.values() for secret in each.secrets]
    office.receiver.receiver.apply_config(secrets, BridgeConfig())
    page.terminal("Rotate again", await run("rotate", "y"))
    begin_again()
    page.terminal("The environment has it", await run(f"create --url {office.url} --write-env", "n", code=1))
    monkeypatch.delenv("PAGERDUTY_WEBHOOK_SECRETS")
    begin_again()
    env.mkdir()
    page.terminal("`.env` can't be written", await run(f"create --url {office.url} --write-env", "n", code=1))
    env.rmdir()
    begin_again()
    page.chapter("Mistakes")
    page.terminal("Two filters", await run(f"create --url {office.url} --service PSVC001 --team PTEAM01", code=2))
    page.terminal("Ping without any", await run("ping", code=1))
    page.terminal("A subscription that is not there", await run("ping PNOBODY", code=1))
    first = office.subscribe(events=["incident.triggered"])
    page.terminal("Status of one that does not send all", await run("status", code=1))
    office.pagerduty.subscribe(office.url, [SECRET], service_id="PCHECKOUT")
    page.terminal("Rotate one of several", await run("rotate", code=1))
    for _ in range(3):
        first.count_drop(office.pagerduty.clock.now())
    page.terminal("Status of one that PagerDuty disabled", await run("status", code=1))
    office.pagerduty.add_fault(Fault("POST", "/webhook_subscriptions", status=402, code=2019, message="Product Limit"))
    page.terminal("PagerDuty refuses", await run("create --url https://bridge.example.com", code=1))
    monkeypatch.setenv("PAGERDUTY_API_URL", "https://api.pagerduty.com")
    for url in ("bridge.example.com", "http://bridge.example.com", "https://bridge.example.com/hooks"):
        page.terminal(f"The address {url}", await run(f"create --url {url}", code=2))
    page.check(pytestconfig)
