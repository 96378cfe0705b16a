"""Every finding of `pagebridge doctor` and of `pagebridge config check`, each against something that is so."""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pagebridge.cli.checks import context, offline, pagerduty, slack, webhook
from pagebridge.cli.checks.context import opened as site_opened
from pagebridge.cli.checks.findings import Check, Status, Verdict
from pagebridge.cli.checks.switched_on import switched_on
from pagebridge.cli.checks.webhook import Ping, Pinging
from pagebridge.cli.clients import Receiver
from pagebridge_sandbox.loopback import free_ports
from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from pagebridge_sandbox.slack import Fault as SlackFault
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.config.bridge_file import load_bridge_config
from shared.errors import Uncertain
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.webhook_subscription import PATH
from shared.slack.api.client import Slack
from shared.store.redis import connect
from tests.pagebridge.checks.test_check_offline import EVERYTHING
from tests.pagebridge.checks.test_check_offline import IN_WORDS as PARTS
from tests.pagebridge.cli_session import Office, opened, pagerduty_door, slack_door
from tests.servers import lent_valkey
from tests.webhook_receiver.running import SECRET
from tests.words.findings import Findings, add_clocks, add_pagerduty, add_people, add_slack, add_worker
from tests.words.page import Page
from tests.words.redis_findings import add_cluster, add_redis, add_sentinels
from tests.words.terminal import Terminal

pytestmark = pytest.mark.process

ROUTED = "[routing]\ndefault_channel = 'C0INCIDENTS'\n"
LINKING = "[identity]\nlinking = 'oauth'\ncallback_url = 'https://bridge.example.com/oauth/pagerduty/callback'"
LINKS = "[routing]\ncard_links = "
FIELDS = [f"details.f{number}" for number in range(60)]
MANY_FIELDS = [
    f"[[routing.routes]]\nservice = 'P{at}'\nchannel = 'C0DUTY'\ncard_fields = {FIELDS[at : at + 10]}"
    for at in range(0, 60, 10)
]


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is right but that nothing subscribes to webhooks."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


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
    await _add_optional_parts(found)
    found.chapter("Slack")
    async with SlackSandbox(enforce_rate_limits=False) as workspace:
        await add_slack(found, workspace)
    found.chapter("The worker on this machine")
    await add_worker(found)
    found.chapter("The people whom `bridge.toml` names")
    await add_people(found, office)
    found.chapter("PagerDuty")
    async with PagerDutySandbox(retry_delay=0.05) as account:
        await add_pagerduty(found, account)
    found.chapter("The webhook subscription")
    await _add_webhook(found, office, terminal)
    found.chapter("Routes")
    await _add_routes(found, office)
    found.chapter("Clocks")
    await add_clocks(found)
    found.chapter("Redis")
    async with lent_valkey() as valkey:
        terminal.names[valkey.url.removeprefix("unix://")] = "/srv/valkey.sock"
        await add_redis(found, valkey)
    await add_sentinels(found, tmp_path)
    await add_cluster(found, tmp_path, terminal)
    page.check(pytestconfig)


def _without_passed(report: str) -> str:
    return "\n".join(line for line in report.splitlines() if not line.startswith("pass"))


async def _add_optional_parts(found: Findings) -> None:
    optional = BridgeConfig.model_validate(tomllib.loads(EVERYTHING))
    await found.of("Optional parts that are on", switched_on(optional), *PARTS)
    more = EVERYTHING.replace('priority = "P1"', 'priority = "P1"\n[[incident_channels.automatic]]\nurgency = "high"')
    optional = BridgeConfig.model_validate(
        tomllib.loads(more.replace(', "severity"]', "]"))
        | {"identity": {"linking": "oauth", "callback_url": "https://bridge.example.com/oauth/pagerduty/callback"}}
    )
    await found.of("... of each another number", switched_on(optional), *PARTS)


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
    with monkeypatch.context() as changed:
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGERDUTY_API_TOKEN"):
            changed.delenv(name)
        await found.of("Only a receiver's settings are there", offline.settings(), "settings")
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
    with monkeypatch.context() as changed:
        changed.setattr(context, "START", 0.0)
        changed.setenv("RECEIVER_ADMIN_PORT", str(free_ports(1)[0]))
        async with site_opened(office.directory / "valkey") as site:
            await found.of("It has not started in time", site.problems, "receiver")
    for situation, text in (
        ("No `bridge.toml`", None),
        ("One that is no TOML", "[routing"),
        ("One that names no channel", "[routing]"),
        ("One without a default channel", "[[routing.routes]]\nteam = 'X'\nchannel = 'C0DUTY'"),
        ("One with a route that hides others", "[[routing.routes]]\nchannel = 'C0DUTY'\n" * 2),
        ("People link themselves, and come back nowhere", '[identity]\nlinking = "oauth"'),
        ("... or not to the receiver", '[identity]\nlinking = "oauth"\ncallback_url = "https://example.com"'),
        ("... and there is no app for that", ROUTED + LINKING),
        ("Admins decide, and there is none", '[identity]\nlinking = "admin"'),
        ("Both linked and excluded", '[identity]\nexcluded = ["U0DAVE"]\n[identity.users]\nU0DAVE = "PDAVE1"'),
        ("One that takes back without a name", "[[reminders]]\nafter = '2h'\nunacknowledge_after = '30m'"),
        ("One that asks for a field that no alert has", "[routing]\ncard_fields = ['region']"),
        ("One that gives two incidents' channels one name", '[incident_channels]\nname = "inc-{title}"'),
        ("One that names a channel as Slack doesn't", '[incident_channels]\nname = "INC {number}"'),
        ("One that names an unknown part of a channel's name", '[incident_channels]\nname = "inc-{numbr}"'),
        ("One that asks for more fields than a card has room for", f"[routing]\ncard_fields = {FIELDS[:11]}"),
        ("One with a link that is none", f"{LINKS}[{{ label = 'Wiki', url = 'http://wiki.example.com' }}]"),
        (
            "One with a link that names what there is not",
            f"{LINKS}[{{ label = 'x', url = 'https://x.example/{{numbr}}' }}]",
        ),
        ("One with a link that leads anywhere", f"{LINKS}[{{ label = 'x', url = 'https://{{service}}.example' }}]"),
        ("One that asks for very many fields in all", "\n".join(MANY_FIELDS)),
        ("A good one", "[routing]\ndefault_channel = 'C0INCIDENTS'"),
    ):
        toml.unlink(missing_ok=True)
        if text is not None:
            toml.write_text(text)
        await found.of(situation, offline.bridge_toml(Path("bridge.toml")), "bridge.toml")
    office.write("bridge.toml", "[routing]\ndefault_channel = 'C0INCIDENTS'")


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
    config = load_bridge_config(office.directory / "bridge.toml")
    async with pagerduty_door(office.pagerduty) as pager, slack_door(office.slack) as door:
        await found.of("Places that lead nowhere", pagerduty.routes(door, pager, config))
        await _add_priorities(found, office, pager, door)
        await _add_duties(found, office, pager, door)
        office.slack.add_fault(SlackFault("chat.postMessage", error="restricted_action"))
        config = BridgeConfig.model_validate({"routing": {"default_channel": "C0INCIDENTS"}})
        await found.of("A channel that takes no post", slack.posting(door, config))
    found.verdict("What is posted for a moment", Verdict(Status.PASS, slack.WORDS))


async def _add_priorities(found: Findings, office: Office, pager: PagerDuty, door: Slack) -> None:
    config = BridgeConfig.model_validate({"routing": {"digest_above": 9, "digest_priorities": ["P-4"]}})
    await found.of("No priority of a digest is there", pagerduty.routes(door, pager, config))
    office.pagerduty.add_priority("P4")
    await found.of("A priority of a digest is not there", pagerduty.routes(door, pager, config))


async def _add_duties(found: Findings, office: Office, pager: PagerDuty, door: Slack) -> None:
    office.slack.bot_scopes.add("usergroups:read")
    office.slack.add_user_group("oncall", id="S0ONCALL")
    office.slack.add_user_group("old").disabled_at = 1
    [policy] = office.pagerduty.escalation_policies
    groups: list[dict[str, object]] = [
        {"group": "@oncall", "schedules": ["PNONE2"]},
        {"group": "S0ONCALL", "policies": ["PNONE1"]},
        {"group": "@old", "policies": [policy.id], "levels": [3]},
        {"group": "@none", "policies": [policy.id]},
    ]
    config = BridgeConfig.model_validate(
        {
            "handovers": [{"channel": "C0CLOSED", "policy": "PNONE1"}],
            "oncall_groups": [{"tell": "C0INCIDENTS", **each} for each in groups],
        }
    )
    await found.of("Handovers and groups that can't follow", pagerduty.routes(door, pager, config))
    office.slack.plan_has_groups = False
    some = {"oncall_groups": [{"tell": "C0INCIDENTS", "group": "@oncall", "policies": [policy.id]}]}
    await found.of("The plan has no user groups", pagerduty.routes(door, pager, BridgeConfig.model_validate(some)))
