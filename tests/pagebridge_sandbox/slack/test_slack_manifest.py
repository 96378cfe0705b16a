"""The manifest decides what the app is granted and told of."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import App, modal

OURS: dict[str, Any] = {
    "display_information": {"name": "PagerDuty Bridge"},
    "features": {
        "bot_user": {"display_name": "pd-bridge"},
        "slash_commands": [{"command": "/pd", "description": "x", "should_escape": True}],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "channels:read"], "bot_optional": ["im:write"]}},
    "settings": {
        "interactivity": {"is_enabled": True},
        "event_subscriptions": {"bot_events": ["user_change"]},
        "socket_mode_enabled": True,
    },
}
SHORTCUTS = [
    {"name": "Declare", "callback_id": "declare", "type": "global", "description": "x"},
    {"name": "Add to timeline", "callback_id": "to_timeline", "type": "message", "description": "x"},
]


def manifest(**features: object) -> dict[str, Any]:
    """Make a manifest with other features."""
    return {**OURS, "features": {**OURS["features"], **features}}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack with an app that has shortcuts and a command whose text stays as it is."""
    commands = [{"command": "/raw", "description": "x"}, {"command": "/pd", "description": "x", "should_escape": True}]
    given = manifest(shortcuts=SHORTCUTS, slash_commands=commands)
    async with SlackSandbox(enforce_rate_limits=False, manifest=given) as sandbox:
        yield sandbox


async def test_manifest_configures_app(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """Scopes, events, commands, shortcuts and names come from it; optional scopes are not granted."""
    assert set(OURS["oauth_config"]["scopes"]["bot"]) == slack.bot_scopes
    assert set(OURS["settings"]["event_subscriptions"]["bot_events"]) == slack.bot_events
    assert {"/raw", "/pd"} == slack.commands
    assert ["Declare", "Add to timeline"] == [each.name for each in slack.shortcuts]
    assert OURS["features"]["bot_user"]["display_name"] == (await client.auth_test())["user"]
    assert (True, False) == (slack.interactive, slack.home_tab)


async def test_a_global_shortcut(slack: SlackSandbox, client: AsyncWebClient, app: App, alice: User) -> None:
    """The payload has the fields that Bolt's types name, no channel, and a trigger; its ack carries nothing."""
    used = await slack.person(alice.id).shortcut("Declare")

    common = {"type", "user", "api_app_id", "token", "team", "enterprise", "is_enterprise_install"}
    assert common | {"action_ts", "callback_id", "trigger_id"} == used.payload.keys()
    assert ("shortcut", "declare") == (used.payload["type"], used.payload["callback_id"])
    assert used.acked
    assert app.seen[0]["accepts_response_payload"] is False
    await client.views_open(trigger_id=used.payload["trigger_id"], view=modal())
    assert "Note" == slack.person(alice.id).modal.title


async def test_a_message_shortcut(
    slack: SlackSandbox, client: AsyncWebClient, app: App, channel: Channel, alice: User
) -> None:
    """The payload shows the message, whoever wrote it, and where it can be answered."""
    message = slack.person(alice.id).post("the disk is full", channel.id)

    used = await slack.person(alice.id).shortcut("Add to timeline", message)

    assert ("message_action", "to_timeline") == (used.payload["type"], used.payload["callback_id"])
    assert ("the disk is full", message.ts) == (used.payload["message"]["text"], used.payload["message_ts"])
    assert {"id": channel.id, "name": "incidents"} == used.payload["channel"]
    assert used.response_url == used.payload["response_url"] == app.seen[0]["payload"]["response_url"]
    assert client.token == slack.bot_token


async def test_unavailable_shortcuts(slack: SlackSandbox, channel: Channel, alice: User) -> None:
    """Each stands in its own menu, and not in that of another organisation."""
    message = slack.person(alice.id).post("hi", channel.id)
    olga = slack.add_user("Olga", team_id="T0OTHER")

    with pytest.raises(AssertionError, match=r"there is no message shortcut 'Declare', only \['Add to timeline'\]"):
        await slack.person(alice.id).shortcut("Declare", message)
    with pytest.raises(AssertionError, match="there is no global shortcut 'Add to timeline'"):
        await slack.person(alice.id).shortcut("Add to timeline")
    with pytest.raises(AssertionError, match="of another organisation"):
        await slack.person(olga.id).shortcut("Declare")


async def test_should_escape_per_command(slack: SlackSandbox, app: App, channel: Channel, alice: User) -> None:
    """Only where the manifest says so do names become ids."""
    for command in ("/raw", "/pd"):
        await slack.person(alice.id).type_command(f"{command} @Alice Ng", channel.id)

    assert ["@Alice Ng", "<@U0ALICE|alice>"] == [frame["payload"]["text"] for frame in app.seen]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "no name"),
        ({"display_information": {"name": "x"}, "features": []}, "features in the manifest is not a table"),
        (manifest(slash_commands=[{"command": "/x"}]) | {"oauth_config": {}}, "slash commands need the scope"),
        (manifest(slash_commands=[], shortcuts=SHORTCUTS) | {"oauth_config": {}}, "shortcuts need the scope"),
        (manifest(shortcuts=[{"name": "x", "callback_id": "x", "type": "space"}]), "is of no kind that Slack knows"),
    ],
)
def test_invalid_manifest_is_rejected(given: dict[str, Any], words: str) -> None:
    """What is wrong is said when the simulator is made."""
    with pytest.raises(ValueError, match=words):
        SlackSandbox(manifest=given)


def test_bridge_manifest_is_valid() -> None:
    """The file that people create their app from is one that the simulator takes."""
    path = Path(__file__).parents[3] / "manifest.yaml"

    slack = SlackSandbox(manifest=yaml.safe_load(path.read_text(encoding="utf-8")))

    assert "chat:write" in slack.bot_scopes
    assert slack.interactive


async def test_disabled_socket_mode_closes_connection() -> None:
    """The manifest must switch it on."""
    off = {**OURS, "settings": {**OURS["settings"], "socket_mode_enabled": False}}

    assert SlackSandbox(manifest=OURS).socket.enabled
    assert not SlackSandbox(manifest=off).socket.enabled
