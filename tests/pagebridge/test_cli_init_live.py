"""`pagebridge init` trying each answer live, letting it be corrected, and offering what comes next."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.cli import answers, env_file, main
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.pagerduty.oauth import OAuthApp
from shared.config.bridge_file import load_bridge_config
from shared.pagerduty.api.auth import SCOPES
from tests.pagebridge.cli_session import Office, opened

SETTINGS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGERDUTY_API_TOKEN", "PAGERDUTY_WEBHOOK_SECRETS")


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which nothing is set but where Slack and PagerDuty are."""
    async with opened(tmp_path, monkeypatch) as office:
        for name in SETTINGS:
            monkeypatch.delenv(name)
        (tmp_path / "bridge.toml").unlink()
        yield office


class Person:
    """Who runs `pagebridge init`, and what they read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.read = ""

    async def run(self, *given: str) -> int:
        """Answer, and return the exit code."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in given)))
        code = await asyncio.to_thread(main, ["init"])
        said = self._capsys.readouterr()
        self.read = said.out + said.err
        return code

    def reads(self, *words: str) -> None:
        """Make sure that each of these was read."""
        assert [] == [each for each in words if each not in self.read], self.read


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Person:
    """Sit down at a terminal."""
    return Person(monkeypatch, capsys)


async def test_each_answer_is_tried_at_once(office: Office, person: Person) -> None:
    """The person reads whom a token belongs to and that it has its rights; the channel may be given by its name."""
    tokens = (office.slack.bot_token, office.slack.app_token, office.pagerduty.token)
    assert 0 == await person.run("/pd", *tokens, "#incidents")

    person.reads("in workspace T0ACME", "all required scopes", "connections:write", "PagerDuty accepts it")
    person.reads("That is #incidents (C0INCIDENTS).", "The app is in it.")
    assert "C0INCIDENTS" == load_bridge_config(office.directory / "bridge.toml").routing.default_channel
    assert [] == [token for token in tokens if token in person.read]


async def test_what_is_not_taken_is_asked_again(office: Office, person: Person) -> None:
    """A token that Slack or PagerDuty rejects is never saved; a channel that is not there is no channel."""
    bad = ("xoxb-bad-token-of-none", office.slack.bot_token, "xapp-bad", office.slack.app_token, "a-bad-key")
    assert 0 == await person.run("/pd", *bad, office.pagerduty.token, "nowhere", "C0NOWHERE", "incidents")

    person.reads("Slack rejects SLACK_BOT_TOKEN (invalid_auth)", "Slack rejects SLACK_APP_TOKEN")
    person.reads("PagerDuty rejects PAGERDUTY_API_TOKEN", "shows this app no channel #nowhere", "can't see the channel")
    assert office.pagerduty.token == env_file.value("PAGERDUTY_API_TOKEN")


async def test_what_a_token_lacks_is_said(office: Office, person: Person) -> None:
    """The scope that is missing and the channel in which the app is not are named, and the answers are kept."""
    office.slack.bot_scopes.remove("groups:history")
    office.slack.add_channel("duty", id="C0DUTY00", bot_member=False)
    assert 0 == await person.run("/pd", office.slack.bot_token, office.slack.app_token, office.pagerduty.token, "duty")
    person.reads("lacks the scopes groups:history", "the app is not in #duty: invite it there")
    assert office.slack.bot_token == env_file.value("SLACK_BOT_TOKEN")


async def test_who_cannot_be_reached_is_not_waited_for(
    office: Office, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is tried, the answers are kept, and the channel is needed by its id."""
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")
    tokens = (office.slack.bot_token, office.slack.app_token, office.pagerduty.token)
    assert 0 == await person.run("/pd", *tokens, "#incidents", "C0INCIDENTS")
    person.reads("Not tried: Slack cannot be reached", "Must be a Slack channel id")


async def test_the_region_follows_the_key(office: Office, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the other region is recognised as such, and the region is saved with it."""
    async with PagerDutySandbox() as elsewhere:
        monkeypatch.delenv("PAGERDUTY_API_URL")
        monkeypatch.setattr(answers, "REGIONS", {"us": elsewhere.url, "eu": office.pagerduty.url})
        tokens = (office.slack.bot_token, office.slack.app_token)
        assert 0 == await person.run("/pd", *tokens, "us", office.pagerduty.token, "incidents")
    person.reads("PagerDuty accepts it", "Saved PAGERDUTY_API_URL")
    assert office.pagerduty.url == env_file.value("PAGERDUTY_API_URL")


async def test_an_app_in_place_of_a_key(office: Office, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """`app` leads to the three settings of scoped OAuth, which are tried together, its scopes included."""
    monkeypatch.setenv("PAGERDUTY_IDENTITY_URL", office.pagerduty.url)
    office.pagerduty.oauth.apps["an-app"] = OAuthApp("an-app", "client-s3cret", "us.acme", frozenset(SCOPES))
    tokens = (office.slack.bot_token, office.slack.app_token)
    wrong = ("app", "an-app", "wr0ng-s3cret", "acme", "incidents", "PAGERDUTY_CLIENT_SECRET", "client-s3cret")
    assert 0 == await person.run("/pd", *tokens, *wrong)
    person.reads("PagerDuty doesn't accept PAGERDUTY_CLIENT_ID with this PAGERDUTY_CLIENT_SECRET", "Correct it below")
    person.reads("PagerDuty accepts the app.", "It has all required scopes.")
    assert "client-s3cret" == env_file.value("PAGERDUTY_CLIENT_SECRET")
    assert "" == env_file.value("PAGERDUTY_API_TOKEN")


async def test_answers_can_be_corrected(office: Office, person: Person) -> None:
    """At the end any answer may be given anew, as often as wanted; another run shows what is kept, secrets masked."""
    tokens = (office.slack.bot_token, office.slack.app_token, office.pagerduty.token)
    assert 0 == await person.run("/pd", *tokens, "incidents", "SLACK_TOKEN", "slack_command", "/bridge", "")
    person.reads("Must be one of SLACK_COMMAND")
    assert "/bridge" == env_file.value("SLACK_COMMAND")

    assert 0 == await person.run()
    person.reads(
        "Already set, and kept:", "SLACK_COMMAND = /bridge (.env)", f"SLACK_BOT_TOKEN = xoxb-…{tokens[0][-4:]}"
    )
    assert [] == [token for token in tokens if token in person.read]


async def test_a_key_takes_the_place_of_an_app(office: Office, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who corrects the key after an app, or the app after a key, has one of both: two at once would start nothing."""
    monkeypatch.setenv("PAGERDUTY_IDENTITY_URL", office.pagerduty.url)
    app = office.pagerduty.add_oauth_app(SCOPES)
    client = (app.client_id, app.secret, "acme")
    tokens = (office.slack.bot_token, office.slack.app_token)
    await person.run("/pd", *tokens, "app", *client, "#incidents", "PAGERDUTY_API_TOKEN", office.pagerduty.token)
    person.reads("Removed PAGERDUTY_CLIENT_SECRET from .env: PAGERDUTY_API_TOKEN is used in its place.")
    assert not any(map(env_file.value, answers.APP_SETTINGS))

    await person.run("PAGERDUTY_CLIENT_ID", *client)

    person.reads("Removed PAGERDUTY_API_TOKEN from .env: PAGERDUTY_CLIENT_ID is used in its place.", "accepts the app")
    assert client == tuple(map(env_file.value, answers.APP_SETTINGS))
    assert "" == env_file.value("PAGERDUTY_API_TOKEN")


async def test_an_env_in_another_encoding_is_named(office: Office, person: Person) -> None:
    """A Windows-1252 .env is reported with the line that is not UTF-8; no question is asked and the file stays."""
    (office.directory / ".env").write_bytes("# Schl\xfcssel\nSLACK_COMMAND=/pd\n".encode("cp1252"))

    assert 2 == await person.run("/pager")

    person.reads(".env is not UTF-8 (line 1): save it with the encoding UTF-8")


async def test_what_comes_next_is_offered(office: Office, person: Person) -> None:
    """With an address the subscription is created, its secret saved, and the whole setup checked, if that is wanted."""
    tokens = (office.slack.bot_token, office.slack.app_token, office.pagerduty.token)
    address = office.url.removesuffix("/webhooks/pagerduty")
    code = await person.run("/pd", *tokens, "incidents", "", "bridge.example.com", address, "y")
    person.reads(
        "The address must begin with https://", "Activated ", "webhook subscription", "routing.default_channel"
    )
    (made,) = office.pagerduty.webhooks.subscriptions.values()
    assert made.secrets[0] == env_file.value("PAGERDUTY_WEBHOOK_SECRETS")
    # The receiver of this office has another secret, which the doctor notices.
    assert 2 == code
    person.reads("the receiver rejected the ping")


async def test_the_setup_can_be_checked_where_the_subscription_exists(office: Office, person: Person) -> None:
    """Nothing new is created: how to get a secret is said, and so is what else to fix, if that is wanted."""
    there = office.subscribe()
    tokens = (office.slack.bot_token, office.slack.app_token, office.pagerduty.token)

    assert 1 == await person.run("/pd", *tokens, "incidents", "", office.url, "n")
    assert [there.id] == list(office.pagerduty.webhooks.subscriptions)
    assert "Everything is set" not in person.read

    assert await person.run("", office.url, "y")
    person.reads(
        f"{there.id} already exists. For a new secret: pagebridge webhook rotate --write-env",
        "Check the whole setup now?",
        "routing.default_channel",
    )
