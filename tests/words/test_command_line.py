"""What the commands of `pagebridge` print: each in a session as a person has it, and every mistake."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.config.bridge_config import BridgeConfig
from shared.config.settings import Settings
from shared.model.actions import SPECS, Action
from shared.model.command import Attempt, AttemptState
from shared.model.event import Instant
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId
from shared.model.incident import Incident
from shared.model.slack_state import MessageState, Privacy, SlackState
from shared.store import documents, keys
from shared.store.channel_index import OpenIncidents
from shared.store.dead_letters import DeadLetters
from shared.store.incidents import Incidents
from shared.store.redis import Redis, connect
from shared.store.streams import Audit
from tests.builders import INCIDENT, NOON, snapshot
from tests.pagebridge.cli_session import Office, opened
from tests.pagebridge.test_cli_audit import ACK, ASKED, STRANGER
from tests.pagebridge.test_cli_deadletters import CLICK, WEBHOOK
from tests.webhook_receiver.running import SECRET
from tests.words.page import Page
from tests.words.terminal import Terminal

pytestmark = pytest.mark.process

RECENT_MS = int(time.time() * 1000) - 26 * 3_600_000
"""26 hours ago."""
ODD = b'{"a name with spaces": 1}'
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
    page.terminal("An empty directory", _short(await terminal.run("init", "", BOT, APP, "eu", KEY, "C0INCIDENTS")))
    page.terminal("The `bridge.toml` that it writes", (tmp_path / "bridge.toml").read_text())
    page.terminal("Everything is there but the webhook secret", await terminal.run("init"))
    (tmp_path / ".env").write_text((tmp_path / ".env").read_text() + f"PAGERDUTY_WEBHOOK_SECRETS={SECRET}\n")
    page.terminal("Everything is there", await terminal.run("init"))
    page.chapter("Mistakes")
    (tmp_path / ".env").unlink()
    (tmp_path / "bridge.toml").unlink()
    answers = ("pd", "/pd", "", "xoxp-1", BOT, "xoxb-1", APP, "asia", "us", "", KEY, "incidents", "C0INCIDENTS")
    page.terminal("Answers that are not taken", _short(await terminal.run("init", *answers)))
    (tmp_path / ".env").unlink()
    page.terminal("The input ends", _last(await terminal.run("init", "/pd", BOT, code=2)))
    await terminal.run("init", APP, code=2)
    page.terminal("Two forms at once", await terminal.run("settings --env-example --markdown", code=2))
    page.terminal("An option that is not taken", await terminal.run("init --region asia", code=2))
    (tmp_path / ".env").unlink()
    monkeypatch.setenv("SLACK_TRANSPORT", "http")
    page.terminal("Slack over HTTP", _short(await terminal.run("init", "/pd", BOT, "5ecret", "us", KEY)))
    monkeypatch.delenv("SLACK_TRANSPORT")
    (tmp_path / ".env").write_text("PAGERDUTY_CLIENT_ID=an-app\n")
    page.terminal(
        "With a client of PagerDuty", _short(await terminal.run("init", "/pd", BOT, APP, "us", "5ecret", "acme"))
    )
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    page.terminal("`.env` can't be written", _last(await terminal.run("init", "/pd", code=1)))
    page.check(pytestconfig)


def _last(shown: str) -> str:
    """Keep the command and the end of what it printed."""
    lines = shown.splitlines()
    return "\n".join([lines[0], "…", *lines[-2:]])


def _short(shown: str) -> str:
    """Leave out the manifest, which has a case of its own."""
    head, _, rest = shown.partition("# The Slack app.")
    return f"{head}(the manifest)\n\n{rest[rest.index('Slack: at') :]}"


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
    page.terminal("Rotate", await run("rotate --write-env", "n"))
    page.terminal("Rotate, and the receiver does not have the secret", await run("rotate --write-env", "y", code=1))
    secrets = [SecretStr(secret) for each in subscriptions.values() for secret in each.secrets]
    office.receiver.receiver.apply_config(secrets, BridgeConfig())
    page.terminal("Rotate again", await run("rotate --write-env", "y"))
    (last,) = subscriptions
    page.terminal("Delete, but not for sure", await run(f"delete {last}", "n", code=1))
    page.terminal("Delete", await run(f"delete {last}", "y"))
    begin_again()
    page.chapter("With the secret elsewhere")
    page.terminal("Create", await run(f"create --url {office.url}", "n"))
    (made,) = subscriptions
    page.terminal("Activate", await run(f"activate {made}"))
    office.receiver.receiver.apply_config([SecretStr(subscriptions[made].secrets[0])], BridgeConfig())
    monkeypatch.setenv("PAGERDUTY_WEBHOOK_SECRETS", subscriptions[made].secrets[0])
    page.terminal("Rotate", await run("rotate", "n"))
    secrets = [SecretStr(secret) for each in subscriptions.values() for secret in each.secrets]
    office.receiver.receiver.apply_config(secrets, BridgeConfig())
    page.terminal("Rotate again", await run("rotate", "y"))
    begin_again()
    page.terminal("The environment has it", await run(f"create --url {office.url} --write-env", "n"))
    monkeypatch.delenv("PAGERDUTY_WEBHOOK_SECRETS")
    begin_again()
    env.mkdir()
    page.terminal("`.env` can't be written", await run(f"create --url {office.url} --write-env", "n"))
    env.rmdir()
    begin_again()
    page.chapter("Mistakes")
    page.terminal("Two filters", await run(f"create --url {office.url} --service PSVC001 --team PTEAM01", code=2))
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


async def test_what_operators_look_at_can_be_read_in_one_file(
    pytestconfig: pytest.Config, office: Office, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incidents, dead letters, the audit, who is linked: empty, filled, and when the store can't be read."""
    page = Page("command_line_operators", "Commands for operators", "What the commands print that only look.")
    redis = connect(office.valkey.url)
    page.chapter("`pagebridge incidents`")
    page.terminal("None is open", await terminal.run("incidents"))
    office.slack.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
    office.slack.add_channel("home", id="C0HOME")
    await _know_incidents(redis)
    page.terminal("Some are", await terminal.run("incidents"))
    page.chapter("`pagebridge deadletters`")
    page.terminal("There are none", await terminal.run("deadletters list"))
    await _bury(redis)
    page.terminal("List", await terminal.run("deadletters list"))
    letters = [letter.id async for letter in DeadLetters(redis).all()]
    page.terminal("Show", await terminal.run(f"deadletters show {letters[0]}"))
    page.terminal("Show one with odd names", await terminal.run(f"deadletters show {letters[2]}"))
    page.terminal("Show one that is no JSON", await terminal.run(f"deadletters show {letters[3]}"))
    for at, situation in (
        (4, "Show one that is nested deeply"),
        (5, "Show one that is nested so that no one reads it"),
    ):
        page.terminal(situation, await terminal.run(f"deadletters show {letters[at]}"))
    page.terminal(
        "Retry, drop, and once more",
        "\n".join(
            [
                await terminal.run(f"deadletters retry {letters[0]}"),
                await terminal.run(f"deadletters retry {letters[1]}", code=1),
                await terminal.run(f"deadletters drop {letters[1]}"),
                await terminal.run(f"deadletters drop {letters[1]}", code=1),
                await terminal.run(f"deadletters show {letters[1]}", code=1),
            ]
        ),
    )
    await redis.set(keys.claim(letters[2]), "x")
    page.terminal("Another operator is at it", await terminal.run(f"deadletters retry {letters[2]}", code=1))
    page.terminal("Not an id", await terminal.run("deadletters show first", code=2))
    page.chapter("`pagebridge audit`")
    for entry in (ACK, ASKED, STRANGER):
        await Audit(redis).record(entry)
    for at, action in enumerate(Action):
        sent = SPECS[action].request.replace("{id}", "Q1INCIDENT")
        await Audit(redis).record(replace(ACK, command=CommandId(f"d{at}"), action=action, sent=sent))
    page.terminal("Everything", await terminal.run("audit"))
    page.terminal("Nothing", await terminal.run("audit --since 1m --outcome stale"))
    page.terminal("One person", await terminal.run("audit --user alice --action note"))
    page.terminal("No one", await terminal.run("audit --user zed", code=1))
    office.slack.add_user("Alice Oh", id="U0ALICE2")
    page.terminal("One of two", await terminal.run("audit --user alice", code=1))
    with monkeypatch.context() as changed:
        changed.delenv("SLACK_BOT_TOKEN")
        page.terminal("Names without Slack", await terminal.run("audit --action note"))
        page.terminal("A person without Slack", await terminal.run("audit --user alice --action note"))
    office.slack.users["U0ALICE2"].name = "Al Oh"
    page.terminal("Not a time", await terminal.run("audit --since yesterday", code=2))
    page.chapter("`pagebridge why`")
    page.terminal("An incident that is not known", await terminal.run("why 4711", code=1))
    page.terminal("Not an incident", await terminal.run("why #first", code=2))
    await redis.aclose()
    page.chapter("`pagebridge identities`")
    await _add_identities(page, office, terminal)
    page.chapter("The store can't be read")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    page.terminal("By `REDIS_URL`", await terminal.run("incidents", code=1))
    monkeypatch.delenv("REDIS_URL")
    page.terminal("Of `pagebridge up`", await terminal.run("incidents", code=1))
    page.check(pytestconfig)


async def _know_incidents(redis: Redis) -> None:
    """Know one that somebody acknowledges and one of whose cards waits, one not posted yet, and one shown nowhere."""
    home, other = ChannelId("C0HOME"), ChannelId("C0OTHER")
    shown = MessageState(ts=MessageTs("1700000000.000100"), content_digest="d", state_ms=NOON)
    attempts = (Attempt(CommandId("c1"), Action.ACKNOWLEDGE, SlackUserId("U0ALICE"), AttemptState.TRYING, NOON),)
    states = (
        SlackState(INCIDENT, "g", (home, other), waiting=frozenset({other})).with_card(home, shown),
        SlackState(INCIDENT, "g", (home,)),
        SlackState(INCIDENT, "g", (home,)).with_card(home, MessageState(begun_ms=NOON, until_ms=NOON)),
        SlackState(INCIDENT, "g", ()),
        SlackState(INCIDENT, "g", (home, other), privacy=Privacy(hidden_in=frozenset({home, other}))).with_card(
            home, shown
        ),
    )
    for at, state in enumerate(states):
        incident = IncidentId(f"{INCIDENT}{at}")
        known = replace(Incident(incident), snapshot=replace(snapshot(), number=37 + at), as_of=Instant(RECENT_MS))
        await _store(redis, replace(known, attempts=attempts if at == 0 else ()), state)


async def _store(redis: Redis, known: Incident, state: SlackState) -> None:
    await Incidents(redis).change(known.id, lambda _: known)
    await documents.surfaces(redis).change(known.id, lambda _: state)
    await OpenIncidents(redis).put(known.id, state.channels, NOON)


async def _bury(redis: Redis) -> None:
    """Lay an event, a click and something else aside."""
    for fields, stream in (
        (WEBHOOK, keys.EVENTS),
        (CLICK, keys.COMMANDS),
        ({"body": ODD}, keys.EVENTS),
        ({"body": b"no JSON"}, keys.EVENTS),
        ({"body": b"[" * 17 + b"]" * 17}, keys.EVENTS),
        ({"body": b"[" * 90_000}, keys.EVENTS),
    ):
        letter = {**fields, "stream": stream.encode(), "entry": b"1-0", "why": b"not strict JSON in UTF-8"}
        await redis.execute_command("XADD", keys.DEAD_LETTERS, "*", *(part for pair in letter.items() for part in pair))


async def _add_identities(page: Page, office: Office, terminal: Terminal) -> None:
    page.terminal("Everyone on call can act", await terminal.run("identities"))
    office.slack.add_user("Bob Ray", email="bob@example.com", id="U0BOB")
    office.pagerduty.add_user("Dan Ek", "dan@example.com", id="PDAN0001")
    office.pagerduty.add_user("Eve Oh", "eve@example.com", id="PEVE0001", role="read_only_user")
    office.slack.add_user("Eve Oh", email="eve@example.com", id="U0EVE")
    policy = office.pagerduty.add_escalation_policy("Search on-call", [["PDAN0001"], ["PEVE0001"]])
    office.pagerduty.add_service("search", policy.id)
    page.terminal("Not everyone can", await terminal.run("identities", code=1))
    page.terminal("One who is linked", await terminal.run("identities check alice@example.com"))
    page.terminal("One who is not", await terminal.run("identities check U0BOB", code=1))
    page.terminal("One in PagerDuty only", await terminal.run("identities check PDAN0001", code=1))
    page.terminal("No one", await terminal.run("identities check zed@example.com", code=1))
    office.slack.add_fault(SlackFault("users.list", error="missing_scope"))
    page.terminal("Slack does not list people", await terminal.run("identities", code=1))
