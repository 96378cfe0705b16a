"""Each check of `pagebridge doctor`, against something broken: what it sees, and what it says to do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.cli.checks import clocks, offline, pagerduty, redis, routes, slack, webhook
from pagebridge.cli.checks.findings import Check, Finding, Status, look_at_all, passed
from pagebridge.cli.checks.local import Receiver, Worker
from pagebridge.cli.pinging import Pinging
from pagebridge.sandbox.pagerduty import Fault, PagerDutySandbox
from pagebridge.sandbox.slack import Fault as SlackFault
from pagebridge.sandbox.slack import SlackSandbox
from shared.bridge_config import BridgeConfig, load_bridge_config
from shared.errors import Uncertain
from shared.store.redis import Redis, connect
from tests.pagebridge.office import Office, found, opened, pagerduty_door, slack_door
from tests.webhook_receiver.running import SECRET

NO_WORKER = Worker(1)
HOUR = 3600.0


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is right."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


@pytest.fixture
async def workspace() -> AsyncIterator[SlackSandbox]:
    """Run a Slack."""
    async with SlackSandbox(paced=False) as running:
        yield running


@pytest.fixture
async def account() -> AsyncIterator[PagerDutySandbox]:
    """Run a PagerDuty."""
    async with PagerDutySandbox(retry_delay=0.05) as running:
        yield running


@pytest.fixture
async def store(office: Office) -> AsyncIterator[Redis]:
    """Look into the Valkey of the office."""
    client = connect(office.valkey.url)
    yield client
    await client.aclose()


def says(finding: Finding, status: Status, *words: str) -> None:
    """Make sure of the verdict, and that somebody reads each of these words in it."""
    assert status is finding.status, finding
    told = f"{finding.what} -> {finding.mend}"
    assert [] == [word for word in words if word not in told], told


# Any check


async def test_a_check_that_takes_too_long_is_given_up() -> None:
    """The others are told in their order all the same."""

    async def never() -> Finding:
        await asyncio.sleep(60)
        raise AssertionError

    async def once() -> Finding:
        return Finding(Status.PASS, "right")

    late, right = await look_at_all([Check("late", never, 0.01), Check("right", once)])
    says(late, Status.WARNING, "no answer within 0.01 s")
    assert ("right", Status.PASS) == (right.check, right.status)


async def test_a_check_that_cannot_be_asked_says_so() -> None:
    """What went wrong with the asking is told."""

    async def broken() -> Finding:
        raise Uncertain("the connection broke")

    (finding,) = await look_at_all([Check("broken", broken)])
    says(finding, Status.WARNING, "could not be asked: the connection broke")


# Settings and files


def test_a_secret_that_others_can_read(tmp_path: Path) -> None:
    """`.env` is for its owner alone."""
    env = tmp_path / ".env"
    assert Status.PASS is offline.private(env).status
    env.touch(0o600)
    assert Status.PASS is offline.private(env).status
    env.chmod(0o640)
    says(Finding(**vars(offline.private(env))), Status.WARNING, "mode 640", f"chmod 600 {env}")


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (None, Status.FAIL, ["is not there", "`pagebridge init`"]),
        ("[routing]\n", Status.FAIL, ["names no channel", "routing.default_channel"]),
        ("routing = 3", Status.FAIL, ["routing"]),
        ("[[routing.routes]]\nteam = 'X'\nchannel = 'C0DUTY'", Status.WARNING, ["not shown", "default_channel"]),
        ("[[routing.routes]]\nchannel = 'C0DUTY'", Status.PASS, ["1 routes"]),
    ],
)
async def test_bridge_toml(tmp_path: Path, text: str | None, status: Status, words: list[str]) -> None:
    """It is there, it can be understood, and by it every incident goes somewhere."""
    path = tmp_path / "bridge.toml"
    if text is not None:
        path.write_text(text)
    (finding,) = await look_at_all(offline.bridge_toml(path))
    says(finding, status, *words)


async def test_a_route_that_takes_nothing(tmp_path: Path) -> None:
    """A route behind one that takes everything is named."""
    path = tmp_path / "bridge.toml"
    path.write_text("[[routing.routes]]\nchannel = 'C0DUTY'\n[[routing.routes]]\nteam = 'X'\nignore = true\n")
    says((await look_at_all(offline.bridge_toml(path)))[1], Status.WARNING, "routing.routes[1] takes every incident")


# Slack


async def of_slack(workspace: SlackSandbox, name: str, command: str = "/pd", app_token: str = "") -> Finding:
    """Make one of the checks of Slack."""
    async with slack_door(workspace) as door:
        return await found(slack.checks(door, app_token or workspace.app_token, command, NO_WORKER), name)


async def test_a_bot_token_that_slack_does_not_take(workspace: SlackSandbox) -> None:
    """It is named, with Slack's own word."""
    workspace.fail(SlackFault("auth.test", error="token_revoked"))
    says(await of_slack(workspace, "Slack bot token"), Status.FAIL, "SLACK_BOT_TOKEN (token_revoked)", "install")


async def test_a_slack_that_is_not_there(workspace: SlackSandbox) -> None:
    """That is no fault of the token."""
    workspace.fail(SlackFault("auth.test", http_status=503))
    says(await of_slack(workspace, "Slack bot token"), Status.FAIL, "Slack cannot be asked", "SLACK_API_URL")


async def test_a_scope_too_few_and_one_too_many(workspace: SlackSandbox) -> None:
    """What is missing has to be added; what is more does no harm, and is told."""
    workspace.bot_scopes.add("files:write")
    says(await of_slack(workspace, "Slack scopes"), Status.PASS, "files:write, which the bridge does not use")
    workspace.bot_scopes.remove("groups:history")
    says(await of_slack(workspace, "Slack scopes"), Status.FAIL, "groups:history", "reinstall")


async def test_an_app_token_that_slack_does_not_take(workspace: SlackSandbox) -> None:
    """It is named, and what makes a good one."""
    wrong = await of_slack(workspace, "Slack app token", app_token="xapp-wrong")
    says(wrong, Status.FAIL, "SLACK_APP_TOKEN (invalid_auth)", "connections:write")


async def test_tokens_of_two_apps(workspace: SlackSandbox) -> None:
    """Each works by itself, and together they do not."""
    other = workspace.app_token.replace(workspace.app_id, "A0OTHER")
    says(await of_slack(workspace, "Slack tokens of one app", app_token=other), Status.FAIL, "A0OTHER", "same app")
    says(await of_slack(workspace, "Slack tokens of one app"), Status.PASS, workspace.app_id)
    says(await of_slack(workspace, "Slack tokens of one app", app_token="xapp-x"), Status.UNSEEN, "compare")


async def test_socket_mode_that_is_off(workspace: SlackSandbox) -> None:
    """Slack gives an address all the same; only connecting shows it."""
    workspace.socket.enabled = False
    says(await of_slack(workspace, "Slack Socket Mode"), Status.FAIL, "link_disabled", "switch Socket Mode on")


async def test_a_socket_that_cannot_be_opened(workspace: SlackSandbox) -> None:
    """A proxy that lets no WebSocket through looks like this."""
    workspace.socket.refuse_handshakes(1)
    says(await of_slack(workspace, "Slack Socket Mode"), Status.WARNING, "could not be asked", "Socket Mode")


async def test_a_command_without_its_scope(workspace: SlackSandbox) -> None:
    """An app that was installed without commands has none."""
    workspace.bot_scopes.remove("commands")
    says(await of_slack(workspace, "Slack command"), Status.FAIL, "without any command")


async def test_what_slack_does_not_show_is_for_a_person(workspace: SlackSandbox) -> None:
    """Whether the command and the buttons lead here is honestly not known; it is said how to see it."""
    says(await of_slack(workspace, "Slack command", "/bridge"), Status.UNSEEN, "Slack tells no app", "`/bridge help`")


async def test_pagerdutys_own_app_beside_ours(workspace: SlackSandbox) -> None:
    """It is in the way of `/pd` alone, and only while it is installed."""
    name = "PagerDuty's own Slack app"
    says(await of_slack(workspace, name), Status.PASS, "no bot")
    theirs = workspace.add_user("PagerDuty", bot=True, id="U0THEIRS")
    says(await of_slack(workspace, name), Status.WARNING, "U0THEIRS", "/pd", "SLACK_COMMAND")
    says(await of_slack(workspace, name, "/bridge"), Status.PASS, "/bridge")
    theirs.deleted = True
    says(await of_slack(workspace, name), Status.PASS, "no bot")


# PagerDuty


async def of_pagerduty(account: PagerDutySandbox, name: str) -> Finding:
    """Make one of the checks of PagerDuty."""
    async with pagerduty_door(account) as door:
        return await found(pagerduty.checks(door, "team"), name)


async def test_a_key_that_pagerduty_does_not_take(account: PagerDutySandbox) -> None:
    """It is named, and what makes a good one."""
    account.fail(Fault(status=401))
    says(await of_pagerduty(account, "PagerDuty token"), Status.FAIL, "PAGERDUTY_API_TOKEN", "full access")


async def test_a_pagerduty_that_is_not_there(account: PagerDutySandbox) -> None:
    """That is no fault of the key."""
    account.fail(Fault(status=503))
    says(await of_pagerduty(account, "PagerDuty token"), Status.FAIL, "PagerDuty cannot be asked", "PAGERDUTY_API_URL")


@pytest.mark.parametrize(("ability", "words"), [("teams", "has no teams"), ("coordinated_responding", "responders")])
async def test_an_account_that_can_less(account: PagerDutySandbox, ability: str, words: str) -> None:
    """What follows from a missing ability is told."""
    for name in ("teams", "coordinated_responding"):
        account.set_ability(name, present=name != ability)
    says(await of_pagerduty(account, "PagerDuty abilities"), Status.WARNING, words)


async def test_services_without_a_team(account: PagerDutySandbox) -> None:
    """They are named as far as anybody would read, because on them nobody is told apart by a team."""
    account.add_user("Alice Ng", "alice@example.com", id="PALICE1")
    policy = account.add_escalation_policy("On-call", [["PALICE1"]])
    for n in range(7):
        account.add_service(f"batch-{n}", policy.id)
    says(await of_pagerduty(account, "services without a team"), Status.WARNING, "batch-0", "and 2 more", "a team")


# Webhooks


async def of_webhook(office: Office, name: str, *, wanted: str = "any", local: bool = True) -> Finding:
    """Make one of the checks of the subscription."""
    redis_client = connect(office.valkey.url)
    async with pagerduty_door(office.pagerduty) as door:
        receiver = Receiver(office.receiver.receiver.admin_port)
        pinging = Pinging(door, redis_client, receiver, patience=0.6)
        finding = await found(webhook.checks(door, wanted, pinging, local=local), name)
    await redis_client.aclose()
    return finding


async def test_no_subscription(office: Office) -> None:
    """One check fails; the others have nothing to look at."""
    says(await of_webhook(office, "webhook subscription"), Status.FAIL, "no active", "`pagebridge webhook create`")
    for name in ("events", "filter", "address", "enabled", "ping"):
        says(await of_webhook(office, f"webhook {name}"), Status.UNSEEN, "no subscription")


async def test_a_subscription_that_is_not_active(office: Office) -> None:
    """The one whose id is given has to be switched on."""
    subscription = office.subscribe()
    subscription.active = False
    says(await of_webhook(office, "webhook subscription", wanted=subscription.id), Status.FAIL, "no active")


async def test_events_that_are_not_sent(office: Office) -> None:
    """Each of them is named."""
    office.subscribe(events=["incident.triggered"])
    says(await of_webhook(office, "webhook events"), Status.FAIL, "incident.resolved", "incident.acknowledged")


async def test_a_subscription_for_one_service(office: Office) -> None:
    """Other services' incidents come late."""
    office.pagerduty.subscribe(office.url, secrets=[SECRET], service_id="PCHECKOUT")
    says(await of_webhook(office, "webhook filter"), Status.WARNING, "part of the account")


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("http://10.1.2.3/webhooks/pagerduty", Status.FAIL, "cannot reach"),
        ("https://bridge/webhooks/pagerduty", Status.FAIL, "cannot reach"),
        ("http://bridge.example.com/webhooks/pagerduty", Status.WARNING, "unencrypted"),
        ("https://bridge.example.com/webhooks/pagerduty", Status.PASS, "bridge.example.com"),
    ],
)
async def test_an_address_that_leads_nowhere(office: Office, url: str, status: Status, words: str) -> None:
    """PagerDuty has to reach it from outside, and nobody should read on the way."""
    office.pagerduty.subscribe(url, secrets=[SECRET])
    says(await of_webhook(office, "webhook address", local=False), status, words)


async def test_an_address_with_another_path(office: Office) -> None:
    """The receiver listens in one place only."""
    subscription = office.pagerduty.subscribe("https://bridge.example.com/hooks", secrets=[SECRET])
    says(await of_webhook(office, "webhook address", wanted=subscription.id), Status.FAIL, "/webhooks/pagerduty")


async def test_a_subscription_that_pagerduty_switched_off(office: Office) -> None:
    """It says for how long, and why that happens."""
    subscription = office.subscribe()
    for _ in range(3):
        subscription.dropped(office.pagerduty.clock.now())
    says(await of_webhook(office, "webhook enabled"), Status.FAIL, subscription.id, "turned away")


async def test_a_ping_with_another_secret(office: Office) -> None:
    """The receiver's own count tells that it came, and was turned away."""
    subscription = office.subscribe(secret="another")
    says(await of_webhook(office, "webhook ping"), Status.FAIL, "PAGERDUTY_WEBHOOK_SECRETS", subscription.id, "rotate")


async def test_a_ping_that_leads_elsewhere(office: Office) -> None:
    """The receiver on this machine has not seen it."""
    office.pagerduty.subscribe("http://127.0.0.1:1/webhooks/pagerduty", secrets=[SECRET])
    says(await of_webhook(office, "webhook ping"), Status.FAIL, "did not reach the receiver", "proxy")


async def test_a_ping_that_nobody_receives(office: Office) -> None:
    """No receiver on this machine, and nothing in the store."""
    office.pagerduty.subscribe("http://127.0.0.1:1/webhooks/pagerduty", secrets=[SECRET])
    office.receiver.receiver.admin_port = 1
    says(await of_webhook(office, "webhook ping"), Status.FAIL, "no receiver runs", "`pagebridge up`")


async def test_a_key_that_may_only_read(office: Office) -> None:
    """The ping is a write, so it shows."""
    office.subscribe()
    office.pagerduty.fail(Fault("POST", "/webhook_subscriptions/*/ping", status=403))
    says(await of_webhook(office, "webhook ping"), Status.FAIL, "full access")


# Redis


async def of_redis(store: Redis, name: str, wanted: str = "fsync") -> Finding:
    """Make one of the checks of Redis."""
    config = BridgeConfig.model_validate({"durability": wanted})
    return await found(redis.checks(store, config.durability), name)


async def test_a_redis_that_is_not_there(office: Office, store: Redis) -> None:
    """It is the one check that fails; the others could not be asked."""
    await office.valkey.kill()
    says(await of_redis(store, "Redis"), Status.FAIL, "cannot be used", "REDIS_URL")
    says(await of_redis(store, "Redis rights"), Status.WARNING, "could not be asked")


async def test_a_redis_without_a_file(store: Redis) -> None:
    """Without the append-only file nothing survives, and nothing can be waited for."""
    await store.config_set("appendonly", "no")
    says(await of_redis(store, "Redis persistence"), Status.FAIL, "append-only file is off", "appendonly yes")
    says(await of_redis(store, "Redis durability"), Status.FAIL, "asks for fsync", "WAITAOF")


async def test_a_redis_that_throws_things_away(store: Redis) -> None:
    """Any policy but one loses what was accepted."""
    await store.config_set("maxmemory-policy", "allkeys-lru")
    says(await of_redis(store, "Redis eviction"), Status.FAIL, "allkeys-lru", "noeviction")


async def test_memory_is_enough_for_who_says_so(store: Redis) -> None:
    """It is told what that means."""
    says(await of_redis(store, "Redis durability", "memory"), Status.WARNING, "bridge.toml asks for memory")


async def test_a_user_with_too_few_rights(office: Office, store: Redis) -> None:
    """What it may not do is named; what it may not see is left to a person."""
    await store.execute_command(
        "ACL", "SETUSER", "small", "on", ">pw", "~pb:*", "+@all", "-@admin", "-@dangerous", "-zadd"
    )
    small = connect(office.valkey.url.replace("unix://", "unix://small:pw@"))
    says(await of_redis(small, "Redis rights"), Status.FAIL, "ZADD", "REDIS_URL")
    says(await of_redis(small, "Redis eviction"), Status.UNSEEN, "noeviction")
    says(await of_redis(small, "Redis persistence"), Status.UNSEEN, "appendonly")
    await small.aclose()


# Clocks


async def test_clocks_that_differ(account: PagerDutySandbox, workspace: SlackSandbox) -> None:
    """An hour is too much, ten seconds are noticed; which of the two is wrong a person finds out."""
    async with pagerduty_door(account) as pager, slack_door(workspace) as door:
        workspace.clock.advance(-10)
        (seen,) = await look_at_all([clocks.of_slack(door)])
        says(seen, Status.WARNING, "Slack's clock is", "behind", "NTP")
        account.clock.advance(HOUR)
        (seen,) = await look_at_all([clocks.of_pagerduty(pager)])
        says(seen, Status.FAIL, "PagerDuty's clock is", "ahead", "NTP")


async def test_a_clock_that_tells_whole_seconds() -> None:
    """What a whole second leaves open is nobody's fault."""

    async def told() -> int:
        return 0

    says(Finding(**vars(await clocks.skew("Redis", told, 10**15))), Status.PASS, "agrees")
    says(Finding(**vars(await clocks.skew("Redis", told, 1))), Status.FAIL, "behind")


# Routes


async def test_routes_that_lead_nowhere(office: Office) -> None:
    """Each place of the file is named with what is wrong there."""
    office.slack.add_channel("old", id="C0OLD", archived=True)
    office.slack.add_channel("closed", id="C0CLOSED", bot_member=False)
    office.write(
        "bridge.toml",
        "[routing]\ndefault_channel = 'C0NOWHERE'\n"
        "[[routing.routes]]\nservice = 'PNONE'\nchannels = ['C0OLD', 'C0CLOSED']\n"
        "[[routing.routes]]\nservice = 'checkout-api'\nteam = 'Nobody'\nignore = true\n",
    )
    routing = load_bridge_config(office.directory / "bridge.toml").routing
    async with pagerduty_door(office.pagerduty) as pager, slack_door(office.slack) as door:
        findings = await look_at_all(routes.checks(door, pager, routing))

    told = [(finding.check, finding.status, finding.what) for finding in findings]
    assert [
        ("routing.default_channel", Status.FAIL, "Slack shows this app no channel C0NOWHERE"),
        ("routing.routes[1]", Status.FAIL, "#old is archived"),
        ("routing.routes[1]", Status.FAIL, "the app is not in #closed"),
        ("routing.routes[1].service", Status.FAIL, "PagerDuty has no service 'PNONE', so this route takes nothing"),
        ("routing.routes[2].service", Status.PASS, "as it should be"),
        ("routing.routes[2].team", Status.FAIL, "PagerDuty has no team 'Nobody', so this route takes nothing"),
    ] == told


async def test_a_channel_that_takes_no_posts(office: Office) -> None:
    """Only posting shows that, so it is done when asked for."""
    office.slack.fail(SlackFault("chat.postMessage", error="restricted_action"))
    async with slack_door(office.slack) as door:
        routing = load_bridge_config(office.directory / "bridge.toml").routing
        (finding,) = await look_at_all(routes.posting(door, routing))
    says(finding, Status.FAIL, "restricted_action", "let the app post")


def test_a_verdict_needs_no_mend() -> None:
    """What is right leaves nothing to do."""
    assert "" == passed("right").mend
