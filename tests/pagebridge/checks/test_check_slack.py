"""The checks of Slack, each against something broken: what it sees, and what it says to do."""

from collections.abc import Collection

import pytest
from aiohttp import web

from pagebridge.cli.checks import slack
from pagebridge.cli.checks.findings import Finding, Status
from pagebridge.cli.clients import Worker
from pagebridge_sandbox.slack import Fault as SlackFault
from pagebridge_sandbox.slack import SlackSandbox
from shared.http.server import serving
from tests.pagebridge.cli_session import found, says, slack_door

NO_WORKER = Worker(1)


async def of_slack(
    workspace: SlackSandbox, name: str, command: str = "/pd", app_token: str = "", optional: Collection[str] = ()
) -> Finding:
    """Make one of the checks of Slack."""
    async with slack_door(workspace) as door:
        return await found(slack.checks(door, app_token or workspace.app_token, command, NO_WORKER, optional), name)


async def test_a_bot_token_that_slack_does_not_take(workspace: SlackSandbox) -> None:
    """It is named, with Slack's own word."""
    workspace.add_fault(SlackFault("auth.test", error="token_revoked"))
    says(await of_slack(workspace, "Slack bot token"), Status.FAIL, "SLACK_BOT_TOKEN (token_revoked)", "install")


async def test_a_slack_that_is_not_there(workspace: SlackSandbox) -> None:
    """That is no fault of the token."""
    workspace.add_fault(SlackFault("auth.test", http_status=503))
    says(await of_slack(workspace, "Slack"), Status.FAIL, "Slack can't be reached", "SLACK_API_URL")
    says(await of_slack(workspace, "Slack bot token"), Status.SKIPPED, "not checked, because Slack failed")


async def test_a_scope_too_few_and_one_too_many(workspace: SlackSandbox) -> None:
    """What is missing has to be added; what is more does no harm, and is told."""
    workspace.bot_scopes.add("files:write")
    says(await of_slack(workspace, "Slack scopes"), Status.PASS, "files:write, which the bridge doesn't use")
    says(await of_slack(workspace, "Slack scopes", optional=["files:write"]), Status.PASS, "all 9 required scopes")
    lacking = await of_slack(workspace, "Slack scopes", optional=["usergroups:write"])
    says(lacking, Status.FAIL, "lacks the scopes usergroups:write", "pagebridge manifest", "reinstall")
    workspace.bot_scopes.remove("groups:history")
    says(await of_slack(workspace, "Slack scopes"), Status.FAIL, "groups:history", "reinstall")


async def test_what_is_switched_on_may_need_more_scopes(workspace: SlackSandbox) -> None:
    """They are missing until the app has them, and then none is too many."""
    async with slack_door(workspace) as door:
        every = slack.checks(door, workspace.app_token, "/pd", NO_WORKER, ("im:history", "im:write"))
        says(await found(every, "Slack scopes"), Status.FAIL, "im:history, im:write", "pagebridge manifest")
    workspace.bot_scopes |= {"im:write", "im:history"}
    async with slack_door(workspace) as door:
        every = slack.checks(door, workspace.app_token, "/pd", NO_WORKER, ("im:history", "im:write"))
        says(await found(every, "Slack scopes"), Status.PASS, "all 10 required scopes, no others")


async def test_an_app_token_that_slack_does_not_take(workspace: SlackSandbox) -> None:
    """It is named, and what makes a good one."""
    wrong = await of_slack(workspace, "Slack app token", app_token="xapp-wrong")
    says(wrong, Status.FAIL, "SLACK_APP_TOKEN (invalid_auth)", "connections:write")
    says(
        await of_slack(workspace, "Slack Socket Mode", app_token="xapp-wrong"),
        Status.SKIPPED,
        "because Slack app token failed",
    )


async def test_tokens_of_two_apps(workspace: SlackSandbox) -> None:
    """Each works by itself, and together they do not."""
    other = workspace.app_token.replace(workspace.app_id, "A0OTHER")
    says(await of_slack(workspace, "Slack tokens of one app", app_token=other), Status.FAIL, "A0OTHER", "same app")
    says(await of_slack(workspace, "Slack tokens of one app"), Status.PASS, workspace.app_id)
    says(await of_slack(workspace, "Slack tokens of one app", app_token="xapp-x"), Status.SKIPPED, "compare")


async def test_socket_mode_that_is_off(workspace: SlackSandbox) -> None:
    """Slack gives an address all the same; only connecting shows it."""
    workspace.socket.enabled = False
    says(await of_slack(workspace, "Slack Socket Mode"), Status.FAIL, "link_disabled", "enable Socket Mode")


async def test_a_socket_that_cannot_be_opened(workspace: SlackSandbox) -> None:
    """A proxy that lets no WebSocket through looks like this."""
    workspace.socket.refuse_handshakes(1)
    says(await of_slack(workspace, "Slack Socket Mode"), Status.FAIL, "broke during Socket Mode", "WebSockets")


@pytest.mark.parametrize(
    ("connections", "words"), [(2, "has 2 connections"), (0, "stands by: other workers have the connections")]
)
async def test_a_worker_that_has_the_socket(workspace: SlackSandbox, connections: int, words: str) -> None:
    """Its word is taken: a connection beside its own, or beside another worker's, could catch somebody's click."""

    async def readyz(_: web.Request) -> web.Response:
        found = {"ready": True, "slack_connections": connections, "slack_standby": not connections}
        return web.json_response(found)

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    async with serving(app, 0) as port, slack_door(workspace) as door:
        verdict = await slack.socket(door, workspace.app_token, Worker(port))
    says(Finding(**vars(verdict)), Status.PASS, words)
    assert [] == workspace.calls


async def test_a_command_without_its_scope(workspace: SlackSandbox) -> None:
    """An app that was installed without commands has none, which is told once."""
    workspace.bot_scopes.remove("commands")
    says(await of_slack(workspace, "Slack scopes"), Status.FAIL, "lacks the scopes commands")
    says(await of_slack(workspace, "Slack command"), Status.SKIPPED, "because Slack scopes failed")


async def test_what_slack_does_not_show_is_for_a_person(workspace: SlackSandbox) -> None:
    """Whether the command and the buttons lead here is honestly not known; it is said how to see it."""
    says(await of_slack(workspace, "Slack command", "/bridge"), Status.SKIPPED, "Slack has no API", "`/bridge help`")


async def test_pagerdutys_own_app_beside_ours(workspace: SlackSandbox) -> None:
    """It is in the way of `/pd` alone, and only while it is installed."""
    name = "PagerDuty's own Slack app"
    says(await of_slack(workspace, name), Status.PASS, "not installed")
    theirs = workspace.add_user("PagerDuty", bot=True, id="U0THEIRS")
    says(await of_slack(workspace, name), Status.WARNING, "U0THEIRS", "/pd", "SLACK_COMMAND")
    says(await of_slack(workspace, name, "/bridge"), Status.PASS, "/bridge")
    theirs.deleted = True
    says(await of_slack(workspace, name), Status.PASS, "not installed")
