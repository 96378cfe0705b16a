"""The findings of the doctor on both sides of the bridge, each against something that is so."""

import re
import time
from collections.abc import Collection, Iterable
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from pydantic import SecretStr

from pagebridge.cli.checks import clocks, pagerduty, people, slack, worker
from pagebridge.cli.checks.findings import Check, Status, Verdict, look_at_all, passed
from pagebridge.cli.clients import Worker
from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from pagebridge_sandbox.slack import Fault as SlackFault
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.config.settings import SlackSettings
from shared.diagnostics import credential_checks, pagerduty_access
from shared.http.server import serving
from shared.pagerduty.api.auth import NoToken
from tests.pagebridge.cli_session import Office, pagerduty_door, slack_door, with_needed
from tests.words.page import Page
from tests.words.terminal import Terminal

NO_WORKER = Worker(1)


class Findings:
    """Adds findings to the page, without what differs from run to run."""

    def __init__(self, page: Page, terminal: Terminal) -> None:
        self._page = page
        self._terminal = terminal

    def chapter(self, heading: str) -> None:
        """Begin the checks of one thing."""
        self._page.chapter(heading)

    async def of(self, situation: str, checks: Iterable[Check], *names: str) -> None:
        """Make the checks, and show those that are called so, or else all that are not passed."""
        found = await look_at_all(with_needed(checks, *names) if names else checks)
        shown = [each for each in found if (each.check in names if names else each.status is not Status.PASS)]
        self._page.case(situation, *(self._worded(f"{finding.check}: ", finding) for finding in shown))

    def verdict(self, situation: str, *verdicts: Verdict) -> None:
        """Add what is known without a check."""
        self._page.case(situation, *(self._worded("", verdict) for verdict in verdicts))

    def _worded(self, name: str, verdict: Verdict) -> str:
        text = f"**{verdict.status}** {name}{verdict.what}" + (f"\n→ {verdict.fix}" if verdict.fix else "")
        return re.sub(r"\{\".*\}", "(the last line of its log)", self._terminal.still(text))


async def add_slack(found: Findings, workspace: SlackSandbox) -> None:
    """Add the findings about Slack."""

    async def look(
        situation: str, *names: str, command: str = "/pd", app_token: str = "", optional: Collection[str] = ()
    ) -> None:
        async with slack_door(workspace) as door:
            token = app_token or workspace.app_token
            await found.of(situation, slack.checks(door, token, command, NO_WORKER, optional), *names)

    for situation, fault in (
        ("The bot token is not accepted", SlackFault("auth.test", error="token_revoked")),
        ("Slack can't be reached", SlackFault("auth.test", http_status=503)),
    ):
        rule = workspace.add_fault(fault)
        await look(situation, "Slack" if fault.http_status else "Slack bot token")
        rule.remove()
    workspace.bot_scopes.add("files:write")
    await look("More scopes than are used", "Slack scopes")
    workspace.bot_scopes -= {"groups:history", "files:write"}
    await look("A scope is missing", "Slack scopes")
    workspace.bot_scopes.add("groups:history")
    optional = ("channels:write.topic", "usergroups:write")
    await look("Scopes for what `bridge.toml` switches on are missing", "Slack scopes", optional=optional)
    await look("The app token is not accepted", "Slack app token", app_token="xapp-wrong")
    await look("The same, for Socket Mode", "Slack Socket Mode", app_token="xapp-wrong")
    rule = workspace.add_fault(SlackFault("apps.connections.open", http_status=503))
    await look("Slack does not say whether it is", "Slack app token")
    rule.remove()
    other = workspace.app_token.replace(workspace.app_id, "A0OTHER")
    await look("The tokens are of two apps", "Slack tokens of one app", app_token=other)
    await look("The tokens do not tell", "Slack tokens of one app", app_token="xapp-x")
    workspace.socket.enabled = False
    await look("Socket Mode is off", "Slack Socket Mode")
    workspace.socket.enabled = True
    workspace.socket.refuse_handshakes(1)
    await look("WebSockets do not get through", "Slack Socket Mode")
    here = cast("Worker", SimpleNamespace(socket_mode=_has_two))
    async with slack_door(workspace) as door:
        found.verdict("A worker runs here", await slack.socket(door, workspace.app_token, here))
        here = cast("Worker", SimpleNamespace(socket_mode=_stands_by))
        found.verdict("A worker stands by here", await slack.socket(door, workspace.app_token, here))
        hello = SimpleNamespace(hello=_hello)
        found.verdict("Others are connected", await slack.socket(cast("Any", hello), "xapp-1", NO_WORKER))
    await look("Whether the command leads here", "Slack command", command="/bridge")
    workspace.bot_scopes.discard("commands")
    await look("There is no command", "Slack scopes", "Slack command")
    workspace.bot_scopes.add("commands")
    workspace.add_user("PagerDuty", bot=True, id="U0THEIRS")
    await look("PagerDuty's own app has the same command", "PagerDuty's own Slack app")
    await look("PagerDuty's own app has another", "PagerDuty's own Slack app", command="/bridge")


async def add_people(found: Findings, office: Office) -> None:
    """Add the findings about the people whom `bridge.toml` names."""
    office.slack.add_user("Alice Ng", id="U0ALICE")
    office.slack.add_user("Left", id="U0LEFT").deleted = True
    async with slack_door(office.slack) as door, pagerduty_door(office.pagerduty) as pager:
        for situation, slack_user, pagerduty_user, excluded in (
            ("Both sides know everyone", "U0ALICE", "PALICE1", "U0LEFT"),
            ("One is known to neither", "U0NOBODY", "PNOBODY", "U0NOONE"),
        ):
            config = BridgeConfig.model_validate(
                {
                    "identity": {"users": {slack_user: pagerduty_user}, "admins": [slack_user], "excluded": [excluded]},
                    "authorization": {"everywhere": [pagerduty_user]},
                    "reminders": [{"after": "1h", "unacknowledge_after": "1h", "in_name_of": slack_user}],
                }
            )
            checks = [*people.in_slack(door, config), *people.in_pagerduty(pager, config)]
            for check in checks:
                await found.of(situation, checks, check.name)


async def add_worker(found: Findings) -> None:
    """Add the findings about the worker on this machine."""
    told: dict[str, Any] = {}

    async def readyz(_: web.Request) -> web.Response:
        return web.json_response(told)

    async def events(_: web.Request) -> web.Response:
        return web.Response(status=told["status"], text=told["text"])

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    app.router.add_post("/slack/events", events)
    own = SimpleNamespace(
        socket_token=None, slack_signing_secret=SecretStr("5ecret"), slack_http_host="::", slack_http_port=1
    )
    settings = cast("SlackSettings", own)
    async with serving(app, 0) as port:
        for situation, said in (
            ("It is ready", {"ready": True}),
            ("It is not", {"ready": False}),
            ("It says why", {"ready": False, "problems": ["No connection to Slack: clicks don't arrive."]}),
        ):
            told |= said
            await found.of(situation, worker.checks(Worker(port), settings), "worker")
        await found.of("It listens elsewhere", worker.checks(NO_WORKER, settings), "Slack over HTTP")
        own.slack_http_port = port
        for situation, status in (("It has another secret", 401), ("Something else answers", 404)):
            told |= {"status": status, "text": ""}
            await found.of(situation, worker.checks(NO_WORKER, settings), "Slack over HTTP")
        told |= {"status": 401}
        by_slack = worker.checks(NO_WORKER, settings, slack_ms=lambda: 1)
        await found.of("The same, where Slack's time is known", by_slack, "Slack over HTTP")
    far = worker.checks(NO_WORKER, settings, "http://127.0.0.1:1/slack/events")
    await found.of("Slack's address leads nowhere", far, "Slack over HTTP")
    found.verdict("Another program has its port", worker.in_use(8081, "WORKER_PORT"))
    found.verdict("It is accepted", passed(worker.ACCEPTED))


async def _has_two() -> str:
    return "has 2 connections"


async def _stands_by() -> str:
    return "stands by: other workers have the connections"


async def _hello(_: str) -> int:
    return 3


async def add_pagerduty(found: Findings, account: PagerDutySandbox) -> None:
    """Add the findings about PagerDuty."""

    async def look(situation: str, name: str, mode: str = "team") -> None:
        async with pagerduty_door(account) as door:
            await found.of(situation, pagerduty.checks(door, cast("Any", mode)), name)

    for situation, status in (("The key is not accepted", 401), ("PagerDuty can't be reached", 503)):
        rule = account.add_fault(Fault(status=status))
        await look(situation, "PagerDuty token")
        rule.remove()
    error = NoToken("unauthorized_client", 400)
    problem = pagerduty_access.app(error)
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


async def add_clocks(found: Findings) -> None:
    """Add the findings about the clocks."""

    async def one(_: int = 0) -> int:
        return 0

    found.verdict("It agrees", await clocks.skew("Slack", one, 10**15))
    for situation, ahead in (("It is a little off", 10_000), ("It is far off", 3_600_000)):

        async def later(by: int = ahead) -> int:
            return time.time_ns() // 1_000_000 + by

        found.verdict(situation, await clocks.skew("Redis", later, 1))
