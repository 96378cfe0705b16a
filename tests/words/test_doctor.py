"""Every finding of `pagebridge doctor` and of `pagebridge config check`, each against something that is so."""

import re
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pagebridge.cli.checks import clocks, offline, pagerduty, redis, slack, webhook
from pagebridge.cli.checks.context import opened as site_opened
from pagebridge.cli.checks.findings import Check, Status, Verdict, look_at_all
from pagebridge.cli.checks.webhook import Ping, Pinging
from pagebridge.cli.clients import Receiver, Worker
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.demo.processes import free_ports
from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from pagebridge_sandbox.slack import Fault as SlackFault
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.config.bridge_file import load_bridge_config
from shared.diagnostics import credential_checks
from shared.errors import Refused, Uncertain
from shared.pagerduty.models.webhook_subscription import PATH
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.pagebridge.cli_session import Office, opened, pagerduty_door, slack_door
from tests.servers import lent_valkey
from tests.webhook_receiver.running import SECRET
from tests.words.page import Page
from tests.words.terminal import Terminal

pytestmark = pytest.mark.process

NO_WORKER = Worker(1)


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is right but that nothing subscribes to webhooks."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


class Findings:
    """Adds findings to the page, without what differs from run to run."""

    def __init__(self, page: Page, terminal: Terminal) -> None:
        self._page = page
        self._terminal = terminal

    def chapter(self, heading: str) -> None:
        """Begin the checks of one thing."""
        self._page.chapter(heading)

    async def of(self, situation: str, checks: Iterable[Check], *names: str) -> None:
        """Make the checks that are called so, or else all that are not passed."""
        found = await look_at_all([check for check in checks if not names or check.name in names])
        shown = [finding for finding in found if names or finding.status is not Status.PASS]
        self._page.case(situation, *(self._worded(f"{finding.check}: ", finding) for finding in shown))

    def verdict(self, situation: str, *verdicts: Verdict) -> None:
        """Add what is known without a check."""
        self._page.case(situation, *(self._worded("", verdict) for verdict in verdicts))

    def _worded(self, name: str, verdict: Verdict) -> str:
        text = f"**{verdict.status}** {name}{verdict.what}" + (f"\n→ {verdict.fix}" if verdict.fix else "")
        return re.sub(r"\{.*\}", "(the last line of its log)", self._terminal.still(text))


async def test_every_finding_can_be_read_in_one_file(
    pytestconfig: pytest.Config,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """One whole report, then every finding of every check."""
    terminal = Terminal(monkeypatch, capsys)
    terminal.names = {str(tmp_path): "/srv/bridge"}
    page = Page("doctor", "Findings of the doctor", "Each with its fix below it.")
    found = Findings(page, terminal)
    terminal.names[office.subscribe().id] = "PSUB001"
    page.chapter("A report")
    page.terminal("Everything is right", await terminal.run("doctor --post"))
    office.pagerduty.webhooks.subscriptions.clear()
    page.terminal("Without a subscription", _without_passed(await terminal.run("doctor", code=2)))
    page.terminal("`config check`", await terminal.run("config check"))
    found.chapter("Any check")
    await _add_any(found)
    found.chapter("Settings, files and what runs here")
    await _add_offline(found, office, monkeypatch)
    found.chapter("Slack")
    async with SlackSandbox(enforce_rate_limits=False) as workspace:
        await _add_slack(found, workspace)
    found.chapter("PagerDuty")
    async with PagerDutySandbox(retry_delay=0.05) as account:
        await _add_pagerduty(found, account)
    found.chapter("The webhook subscription")
    await _add_webhook(found, office, terminal)
    found.chapter("Routes")
    await _add_routes(found, office)
    found.chapter("Clocks")
    await _add_clocks(found)
    found.chapter("Redis")
    async with lent_valkey() as valkey:
        terminal.names[valkey.url.removeprefix("unix://")] = "/srv/valkey.sock"
        await _add_redis(found, valkey)
    page.check(pytestconfig)


def _without_passed(report: str) -> str:
    return "\n".join(line for line in report.splitlines() if not line.startswith("pass"))


async def _add_any(found: Findings) -> None:
    async def never() -> Verdict:
        raise TimeoutError

    async def broken() -> Verdict:
        raise Uncertain("the connection to PagerDuty broke: reset by peer")

    await found.of("It takes too long", [Check("PagerDuty abilities", never)])
    await found.of("It can't be made", [Check("PagerDuty abilities", broken)])


async def _add_offline(found: Findings, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    env, toml = office.directory / ".env", office.directory / "bridge.toml"
    found.verdict("No `.env`", offline.private(Path(".env")))
    env.touch(0o600)
    found.verdict("A private `.env`", offline.private(Path(".env")))
    env.chmod(0o640)
    found.verdict("Others can read it", offline.private(Path(".env")))
    for name, value in (("LOG_LEVEL", "loud"), ("SLACK_BOT_TOKEN", ""), ("PAGERDUTY_WEBHOOK_SECRETS", None)):
        with monkeypatch.context() as changed:
            changed.setenv(name, value) if value is not None else changed.delenv(name)
            await found.of(f"{name} is wrong", offline.settings(), "settings")
    for situation, variable, value in (
        ("Everything goes through a proxy but PagerDuty", "HTTPS_PROXY", "http://user:canary@proxy.example.com:3128"),
        ("The proxy is none that can be used", "HTTPS_PROXY", "socks5://user:canary@proxy.example.com"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(variable, value)
            changed.setenv("NO_PROXY", ".pagerduty.com")
            changed.setenv("SLACK_API_URL", "https://slack.com/api/")
            changed.setenv("PAGERDUTY_API_URL", "https://api.pagerduty.com")
            await found.of(situation, offline.settings(), "proxies", "settings")
    env.write_text("HTTPS_PROXY=http://proxy.example.com:3128\nNO_PROXY=10.0.0.0/8\n")
    await found.of("Proxies stand in `.env`", offline.settings(), "proxies")
    env.write_text("SLACK_BOT_TOKN=xoxb-1\nPAGERDUTY_API_KEY=x\n")
    await found.of(
        "Names in `.env` are mistyped", [Check(".env", verdict) for verdict in (offline.mistyped(env),) if verdict]
    )
    env.write_text("")
    with monkeypatch.context() as changed:
        changed.delenv("SLACK_BOT_TOKEN")
        changed.setenv("REDIS_URL", "nowhere")
        changed.delenv("PAGERDUTY_API_TOKEN")
        async with site_opened(office.directory / "valkey") as site:
            await found.of("What can't be opened without settings", site.problems)
    for situation, host, port in (
        ("No receiver runs here", "127.0.0.1", 0),
        ("Its port is in use", "127.0.0.1", office.receiver.receiver.port),
        ("It can't be started", "192.0.2.1", 8080),
    ):
        with monkeypatch.context() as changed:
            changed.setenv("RECEIVER_HOST", host)
            changed.setenv("RECEIVER_PORT", str(port))
            changed.setenv("RECEIVER_ADMIN_PORT", str(free_ports(1)[0]))
            async with site_opened(office.directory / "valkey") as site:
                await found.of(situation, site.problems, "receiver")
    for situation, text in (
        ("No `bridge.toml`", None),
        ("One that is no TOML", "[routing"),
        ("One that names no channel", "[routing]"),
        ("One without a default channel", "[[routing.routes]]\nteam = 'X'\nchannel = 'C0DUTY'"),
        ("One with a route that hides others", "[[routing.routes]]\nchannel = 'C0DUTY'\n" * 2),
        ("A good one", "[routing]\ndefault_channel = 'C0INCIDENTS'"),
    ):
        toml.unlink(missing_ok=True)
        if text is not None:
            toml.write_text(text)
        await found.of(situation, offline.bridge_toml(Path("bridge.toml")), "bridge.toml")
    office.write("bridge.toml", "[routing]\ndefault_channel = 'C0INCIDENTS'")


async def _add_slack(found: Findings, workspace: SlackSandbox) -> None:
    async def look(situation: str, name: str, command: str = "/pd", app_token: str = "") -> None:
        async with slack_door(workspace) as door:
            token = app_token or workspace.app_token
            await found.of(situation, slack.checks(door, token, command, NO_WORKER), name)

    for situation, fault in (
        ("The bot token is not accepted", SlackFault("auth.test", error="token_revoked")),
        ("Slack can't be reached", SlackFault("auth.test", http_status=503)),
    ):
        rule = workspace.add_fault(fault)
        await look(situation, "Slack bot token")
        rule.remove()
    workspace.bot_scopes.add("files:write")
    await look("More scopes than are used", "Slack scopes")
    workspace.bot_scopes -= {"groups:history", "files:write"}
    await look("A scope is missing", "Slack scopes")
    workspace.bot_scopes.add("groups:history")
    await look("The app token is not accepted", "Slack app token", app_token="xapp-wrong")
    await look("The same, for Socket Mode", "Slack Socket Mode", app_token="xapp-wrong")
    rule = workspace.add_fault(SlackFault("apps.connections.open", http_status=503))
    await look("Slack can't be reached with the app token", "Slack app token")
    rule.remove()
    other = workspace.app_token.replace(workspace.app_id, "A0OTHER")
    await look("The tokens are of two apps", "Slack tokens of one app", app_token=other)
    await look("The tokens do not tell", "Slack tokens of one app", app_token="xapp-x")
    workspace.socket.enabled = False
    await look("Socket Mode is off", "Slack Socket Mode")
    workspace.socket.enabled = True
    workspace.socket.refuse_handshakes(1)
    await look("WebSockets do not get through", "Slack Socket Mode")
    worker = cast("Worker", SimpleNamespace(socket_mode=_has_two))
    async with slack_door(workspace) as door:
        found.verdict("A worker runs here", await slack.socket(door, workspace.app_token, worker))
        worker = cast("Worker", SimpleNamespace(socket_mode=_stands_by))
        found.verdict("A worker stands by here", await slack.socket(door, workspace.app_token, worker))
        hello = SimpleNamespace(hello=_hello)
        found.verdict("Others are connected", await slack.socket(cast("Any", hello), "xapp-1", NO_WORKER))
    await look("Whether the command leads here", "Slack command", "/bridge")
    workspace.bot_scopes.discard("commands")
    await look("There is no command", "Slack command")
    workspace.bot_scopes.add("commands")
    workspace.add_user("PagerDuty", bot=True, id="U0THEIRS")
    await look("PagerDuty's own app has the same command", "PagerDuty's own Slack app")
    await look("PagerDuty's own app has another", "PagerDuty's own Slack app", "/bridge")


async def _has_two() -> str:
    return "has 2 connections"


async def _stands_by() -> str:
    return "stands by: other workers have the connections"


async def _hello(_: str) -> int:
    return 3


async def _add_pagerduty(found: Findings, account: PagerDutySandbox) -> None:
    async def look(situation: str, name: str, mode: str = "team") -> None:
        async with pagerduty_door(account) as door:
            await found.of(situation, pagerduty.checks(door, cast("Any", mode)), name)

    for situation, status in (("The key is not accepted", 401), ("PagerDuty can't be reached", 503)):
        rule = account.add_fault(Fault(status=status))
        await look(situation, "PagerDuty token")
        rule.remove()
    error = Refused("PagerDuty gave no token (HTTP status 401)", None, 401)
    problem = credential_checks.pagerduty_token(error, is_key=False)
    found.verdict("The app is not accepted", Verdict(Status.FAIL, *problem))
    lacking = credential_checks.pagerduty_scopes(["incidents.write", "users.read"])
    assert lacking is not None
    found.verdict("The app lacks scopes", Verdict(Status.FAIL, *lacking))
    for ability in ("teams", "coordinated_responding"):
        for name in ("teams", "coordinated_responding"):
            account.set_ability(name, present=name != ability)
        await look(f"The account lacks `{ability}`", "PagerDuty abilities")
    account.add_user("Alice Ng", "alice@example.com", id="PALICE1")
    policy = account.add_escalation_policy("On-call", [["PALICE1"]])
    for n in range(7):
        account.add_service(f"batch-{n}", policy.id)
    await look("Services have no team", "services without a team")
    await look('The same where `mode = "pagerduty"`', "services without a team", "pagerduty")


async def _add_webhook(found: Findings, office: Office, terminal: Terminal) -> None:
    client = connect(office.valkey.url)
    receiver = Receiver(office.receiver.receiver.admin_port)

    async def look(situation: str, *names: str, wanted: str = "any", local: bool = True) -> None:
        async with pagerduty_door(office.pagerduty) as door:
            pinging = Pinging(door, client, receiver)
            checks = webhook.checks(door, wanted, pinging, local=local)
            await found.of(situation, checks, *(f"webhook {name}" for name in names))

    def subscribed(url: str = office.url, **given: Any) -> str:  # noqa: ANN401 - whatever a subscription has
        office.pagerduty.webhooks.subscriptions.clear()
        made = office.pagerduty.subscribe(url, secrets=[SECRET], **given)
        terminal.names[made.id] = "PSUB001"
        return made.id

    await look("There is none", "subscription", "events")
    subscribed(events=["incident.triggered", "incident.acknowledged"])
    await look("It does not send all events", "events")
    subscribed(service_id="PCHECKOUT")
    await look("It is for one service", "filter")
    for situation, url in (
        ("PagerDuty can't reach its address", f"http://10.1.2.3{PATH}"),
        ("Its address is not encrypted", f"http://bridge.example.com{PATH}"),
        ("Its address is good", f"https://bridge.example.com{PATH}"),
    ):
        subscribed(url)
        await look(situation, "address", local=False)
    name = subscribed("https://bridge.example.com/hooks")
    await look("Its address is another path", "address", wanted=name)
    name = subscribed()
    for _ in range(3):
        office.pagerduty.webhooks.subscriptions[name].count_drop(office.pagerduty.clock.now())
    await look("PagerDuty disabled it", "enabled")
    subscribed()
    await look("Its ping arrives", "ping")
    rule = office.pagerduty.add_fault(Fault("POST", "/webhook_subscriptions/*/ping", status=403))
    await look("PagerDuty does not ping it", "ping")
    rule.remove()
    async with pagerduty_door(office.pagerduty) as door:
        (ours,) = (await door.webhook_subscriptions()).value
    for ping in Ping:
        found.verdict(f"Its ping: {ping.value}", webhook.judge(ours, ping))
    await client.aclose()


async def _add_routes(found: Findings, office: Office) -> None:
    office.slack.add_channel("old", id="C0OLD", archived=True)
    office.slack.add_channel("closed", id="C0CLOSED", bot_member=False)
    office.write(
        "bridge.toml",
        "[routing]\ndefault_channel = 'C0NOWHERE'\n"
        "[[routing.routes]]\nservice = 'PNONE'\nchannels = ['C0OLD', 'C0CLOSED']\n",
    )
    routing = load_bridge_config(office.directory / "bridge.toml").routing
    async with pagerduty_door(office.pagerduty) as pager, slack_door(office.slack) as door:
        await found.of("Places that lead nowhere", pagerduty.routes(door, pager, routing))
        office.slack.add_fault(SlackFault("chat.postMessage", error="restricted_action"))
        config = BridgeConfig.model_validate({"routing": {"default_channel": "C0INCIDENTS"}})
        await found.of("A channel that takes no post", slack.posting(door, config.routing))
    found.verdict("What is posted for a moment", Verdict(Status.PASS, slack.WORDS))


async def _add_clocks(found: Findings) -> None:
    async def one(_: int = 0) -> int:
        return 0

    found.verdict("It agrees", await clocks.skew("Slack", one, 10**15))
    for situation, ahead in (("It is a little off", 10_000), ("It is far off", 3_600_000)):

        async def later(by: int = ahead) -> int:
            return time.time_ns() // 1_000_000 + by

        found.verdict(situation, await clocks.skew("Redis", later, 1))


async def _add_redis(found: Findings, valkey: EmbeddedValkey) -> None:
    store = connect(valkey.url)

    async def look(situation: str, *names: str, wanted: str = "fsync", client: Redis = store) -> None:
        checks = redis.checks(client, cast("Any", wanted))
        await found.of(situation, checks, *(f"Redis {name}".strip() for name in names))

    await found.of("REDIS_URL is not set", redis.checks(store, "fsync", embedded=True), "Redis")
    await look("`bridge.toml` wants less", "durability", wanted="memory")
    await store.execute_command(
        "ACL", "SETUSER", "small", "on", ">pw", "~pb:*", "+@all", "-@admin", "-@dangerous", "-zadd"
    )
    small = connect(valkey.url.replace("unix://", "unix://small:pw@"))
    await look("Its user may do too little", "rights", "eviction", "persistence", client=small)
    await small.aclose()
    await store.config_set("appendonly", "no")
    await look("It has no file", "persistence", "durability")
    await store.config_set("maxmemory-policy", "allkeys-lru")
    await look("It evicts", "eviction")
    await store.set(keys.GENERATION, f"{int(keys.LAYOUT) + 1}:0123456789abcdef:1700000000000")
    await look("It is of another version", "layout")
    await store.set(keys.GENERATION, f"{keys.LAYOUT}:0123456789abcdef:1700000000000")
    await look("It is of this version", "layout")
    await valkey.kill()
    await look("It is not there", "")
    await store.aclose()
