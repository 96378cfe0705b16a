"""What the health pages of both processes say of every problem, and what a process says that cannot start."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fakeredis import FakeAsyncRedis

import bolt_app.__main__ as worker
import webhook_receiver.__main__ as receiver
from bolt_app.admin_server import AdminServer
from bolt_app.resync import subscription_watchdog
from bolt_app.slack_transport.http import UNFITTING, HttpMode, off, refusal
from bolt_app.slack_transport.socket_mode import SocketMode
from bolt_app.vitals import Vitals, default_channel_problem, next_token_problem, route_channels_problem
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured, Problem
from shared.config.settings import Settings, load
from shared.diagnostics import credential_checks, pagerduty_access
from shared.errors import BadCredentials, CallError, Refused, StoreDown, Uncertain
from shared.model.resync_state import GLOBAL
from shared.pagerduty.api.auth import NoToken
from shared.pagerduty.api.client import EU_URL
from shared.pagerduty.models.webhook_subscription import NEEDED, WebhookSubscription, wrong_with
from shared.store import document_kinds
from shared.store.durability import Durability
from shared.store.redis import Redis
from tests.shared.test_settings import GOOD, Environ, environ  # noqa: F401 - a fixture
from tests.words.page import Page
from webhook_receiver.app import admin_app
from webhook_receiver.event_stream import EventStream, Limits

SUBSCRIPTION = WebhookSubscription(
    id="PSUB001",
    url="https://bridge.example.com/webhooks/pagerduty",
    active=True,
    disabled=False,
    events=NEEDED,
    scope="account",
    scope_id="",
    description="",
)
DENIED = Refused("PagerDuty answered: Access Denied", 2010, 403)
WRONG_SETTINGS: tuple[Mapping[str, str | None], ...] = (
    dict.fromkeys(GOOD),
    {"SLACK_BOT_TOKEN": "xoxp-1", "SLACK_APP_TOKEN": "xapp 1", "REDIS_URL": "http://x", "SLACK_COMMAND": "PD"},
    {"SLACK_APP_TOKEN": "xapp-1 2", "PAGERDUTY_WEBHOOK_SECRETS": "one,,two", "RECEIVER_PORT": "many"},
    {"SLACK_API_URL": "slack.com", "PAGERDUTY_API_URL": "http://example.com", "SLACK_TRANSPORT": "http"},
    {"PAGERDUTY_CLIENT_ID": "c1", "PAGERDUTY_SUBDOMAIN": "acme.pagerduty.com"},
    {"PAGERDUTY_API_TOKEN": None, "PAGERDUTY_CLIENT_SECRET": "s", "PAGERDUTY_LINK_CLIENT_ID": "c2"},
    {"LOG_LEVEL": "loud"},
    {"WORKER_PORT": "80800", "RECEIVER_PORT": "-1", "RECEIVER_ADMIN_PORT": "3000", "SLACK_TRANSPORT": "http"},
    {"RECEIVER_PORT": "8081"},
    {"REDIS_URL": "redis+sentinel://s1,s2"},
    {"REDIS_URL": "redis+cluster://c1/name"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318", "RECEIVER_HOST": "[::]"},
)
GROUP = '[[oncall_groups]]\ntell = "C0DUTY"\n'
WRONG_CONFIG = (
    "[routing",
    '[routing]\nchanel = "C0INCIDENTS"\ndefault_channel = "incidents"',
    '[[routing.routes]]\nservice = ""\n\n[[routing.routes]]\nchannels = ["C0INCIDENTS", "C0INCIDENTS"]',
    '[[routing.routes]]\nteam = "PTEAM01"',
    "[routing]\ndefault_chanel = true",
    '[identity]\nemail_domains = ["@example.com"]\ncontact = ""\n[identity.users]\nalice = "Alice"',
    '[[handovers]]\nchannel = "C0INCIDENTS"\npolicy = "Payments"\n' * 2,
    '[[handovers]]\nchannel = "C0INCIDENTS"\npolicy = "PPAYMENTS"\n' * 2,
    f'{GROUP}\n{GROUP}group = "oncall"\nlevels = [0]\ntopic = "a | b"\nschedules = ["Days"]\npolicies = "PP01"\n',
    f'{GROUP}group = "@oncall"',
    f'{GROUP}group = "@oncall"\npolicies = ["PP01"]\n' * 2,
    'routing = 3\nidentity.users = 1\n[authorization]\neverywhere = "PALICE1"',
    '[routing]\ndigest_above = 1001\ndigest_priorities = "P4"',
    '[routing]\ndefault_channel = 1\nbroadcast = "escalated"\n[[routing.routes]]\nchannels = "C0INCIDENTS"',
)


async def test_every_problem_of_a_process_can_be_read_in_one_file(
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environ: Environ,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """Each `problems` entry of `/readyz`, and each mistake in the settings and in `bridge.toml`."""
    page = Page(
        "health", "Health and start-up", "Operators read these in `/readyz`, and when a process does not start."
    )
    page.chapter("`/readyz` of the worker: `problems`")
    page.case("Redis can't be used", await _worker(monkeypatch, down=True))
    page.case("Socket Mode is not connected", await _worker(monkeypatch, lost=SocketMode.lost))
    page.case("The port for Slack is closed", await _worker(monkeypatch, lost=HttpMode.lost))
    for situation, refused in (("Slack signs with another secret", UNFITTING), ("A clock is off", off(-420))):
        page.case(situation, await _worker(monkeypatch, refused=refusal(refused)))
    for situation, problem in _subscription_problems().items():
        page.case(situation, await _worker(monkeypatch, problem=problem))
    for situation, (what, found) in (await _vitals()).items():
        page.case(situation, await _worker(monkeypatch, found={what: found}))
    page.chapter("`/readyz` of the receiver")
    for situation, stream in _streams().items():
        page.terminal(situation, await _receiver(stream))
    page.chapter("Settings that are wrong", "The worker and the receiver end with exit code 2.")
    for at, wrong in enumerate(WRONG_SETTINGS, 1):
        with monkeypatch.context() as scope:
            environ(**wrong)
            for name in GOOD.keys() & {name for name, value in wrong.items() if value is None}:
                scope.delenv(name, raising=False)
            page.terminal(f"Example {at}", _refused(load, Settings))
        for name in wrong:
            monkeypatch.delenv(name, raising=False)
    environ()
    with monkeypatch.context() as scope:
        scope.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
        scope.setattr("shared.config.setting_types.find_spec", lambda _name: None)
        page.terminal("Traces without their packages", _refused(load, Settings))
    monkeypatch.setenv("SECRETS_DIR", "/run/nothing")
    page.terminal("A folder of secrets that is not there", _refused(load, Settings))
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    (tmp_path / ".env").write_bytes(b"\xff")
    page.terminal("A `.env` that is not UTF-8", _refused(load, Settings))
    (tmp_path / ".env").unlink()
    monkeypatch.delenv("SECRETS_DIR")
    page.chapter("`bridge.toml` that is wrong")
    path = tmp_path / "bridge.toml"
    for at, text in enumerate(WRONG_CONFIG, 1):
        path.write_text(text)
        page.terminal(f"Example {at}", _refused(load_bridge_config, path).replace(str(path), "bridge.toml"))
    path.write_bytes(b"\xff")
    page.terminal("Not readable", _refused(load_bridge_config, path).replace(str(path), "bridge.toml"))
    page.chapter("A process that can't start")
    monkeypatch.delenv("REDIS_URL")
    for name, process in (("The worker", worker), ("The receiver", receiver)):
        assert process.main() == 2
        page.terminal(name, capsys.readouterr().err)
    page.check(pytestconfig)


def _refused(read: Callable[[Any], object], what: object) -> str:
    with pytest.raises(Misconfigured) as raised:
        read(what)
    return str(raised.value)


def _subscription_problems() -> dict[str, str]:
    lacking = replace(SUBSCRIPTION, events=NEEDED - {"incident.resolved", "incident.reopened"})
    return {
        "There is no webhook subscription": str(wrong_with(())),
        "It does not send all events": str(wrong_with((lacking,))),
        "It is only for one service": str(wrong_with((replace(SUBSCRIPTION, scope="service"),))),
        "PagerDuty disabled it": subscription_watchdog.OFF,
        "PagerDuty does not let it be switched on": subscription_watchdog.LOCKED.format(DENIED),
        "It can't be read": subscription_watchdog.UNREAD.format(DENIED),
        "Its pings do not arrive": subscription_watchdog.SILENT,
    }


async def _vitals() -> dict[str, tuple[str, str]]:
    """Let each look fail in each way, and give what it then says."""
    slack = SimpleNamespace(server_clock=SimpleNamespace(now_ms=lambda: 90_000))
    clock = SimpleNamespace(estimate_ms=lambda: 0)
    none: Any = None
    vitals = Vitals(
        cast("Any", slack),
        cast("Any", SimpleNamespace(has_key=True)),
        none,
        none,
        cast("Any", clock),
        none,
        lambda: 420.0,
    )
    away, refused = Uncertain("no answer within 6 s"), DENIED
    revoked = BadCredentials("Slack refused auth.test: token_revoked", "token_revoked", 200)
    archived = Problem("#incidents is archived", "unarchive it, or name another channel")
    failing: dict[str, tuple[str, CallError]] = {
        "Slack revoked the bot token": ("slack", revoked),
        "Slack does not answer": ("slack", away),
        "PagerDuty does not answer": ("pagerduty", away),
        "Teams can't be read": ("teams", refused),
        "The default channel can't be read": ("default_channel", away),
        "The channel of a route can't be read": ("channels", away),
    }
    said = {situation: (what, vitals.worded(what, error)) for situation, (what, error) in failing.items()}
    no_token, unknown = NoToken("invalid_scope", 400), BadCredentials("PagerDuty answered: HTTP status 401", 2006, 401)
    rejected: dict[str, Problem | None] = {
        "PagerDuty does not know the key": pagerduty_access.key(unknown),
        "The key may do too little": pagerduty_access.key(refused),
        "The account is in the other region": pagerduty_access.wrong_region(EU_URL),
        "The secret of the app is wrong": pagerduty_access.unknown_app(NoToken("invalid_client", 401)),
        "The app lacks scopes": credential_checks.pagerduty_scopes(["incidents.write", "users.read"]),
        "The app is for another account": pagerduty_access.wrong_account(no_token),
        "The app is not accepted": pagerduty_access.app(no_token),
        "The app may do too little": pagerduty_access.app(refused),
    }
    said |= {situation: ("pagerduty", f"{why}.") for situation, why in rejected.items()}
    next_token = f"{pagerduty_access.unknown_app(NoToken('invalid_client', 401))}."
    said["PagerDuty refuses the next token"] = "token", next_token_problem(next_token)
    said["The default channel is archived"] = "default_channel", default_channel_problem(archived)
    said["The channel of a route is archived"] = "channels", route_channels_problem([archived])
    said["Those of seven routes are"] = "channels", route_channels_problem([archived] * 7)
    said["Clocks are wrong"] = "clock", await vitals.clocks()
    return said


async def _worker(
    monkeypatch: pytest.MonkeyPatch,
    *,
    down: bool = False,
    lost: str = "",
    refused: str = "",
    problem: str = "",
    found: Mapping[str, str] = MappingProxyType({}),
) -> str:
    redis = cast("Redis", FakeAsyncRedis())
    if problem:
        await document_kinds.progress(redis).change(GLOBAL, lambda kept: replace(kept, problem=problem))

    async def connected() -> int:
        return 0 if lost else 2

    async def details() -> dict[str, object]:
        return {}

    async def refuse(*_: object, **__: object) -> None:
        raise StoreDown("Redis: Connection refused")

    if down:
        monkeypatch.setattr(redis, "execute_command", refuse)
    transport = SimpleNamespace(connected=connected, details=details, lost=lost, refused=refused, standby=False)
    told = await AdminServer(redis, cast("Any", transport), durability="fsync", found=lambda: found).details()
    return "\n".join(cast("list[str]", told["problems"]))


def _streams() -> dict[str, EventStream]:
    def stream(down: str = "", durability: Durability | None = None) -> EventStream:
        made = EventStream(cast("Redis", FakeAsyncRedis()), "fsync", Limits())
        made.down, made.durability = down, durability
        return made

    return {
        "All is well": stream(durability=Durability(fsync=True, eviction="noeviction")),
        "Redis can't be used": stream("Redis: Connection refused"),
        "Redis is not durable": stream(durability=Durability(fsync=False, why_not="appendonly is off")),
        "Redis evicts": stream(durability=Durability(fsync=True, eviction="allkeys-lru")),
        "Not known yet": EventStream(cast("Redis", FakeAsyncRedis()), "fsync", Limits()),
    }


async def _receiver(stream: EventStream) -> str:
    async with TestClient(TestServer(admin_app(stream))) as client:
        answer = await client.get("/readyz")
        told = await answer.json()
    return "\n".join([f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in told.items())])
