"""Acks whose payload is not what Slack can use."""

import asyncio
from typing import Any

import aiohttp
import pytest

from pagebridge_sandbox.slack import Channel, SlackSandbox
from tests.pagebridge_sandbox.slack.test_slack_control import Control
from tests.pagebridge_sandbox.slack.test_slack_socket_mode import SOON, command, connection


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("said", [None, 5, True, "x", [None], []])
async def test_non_object_ack_payload_is_ignored(
    slack: SlackSandbox,
    http: aiohttp.ClientSession,
    channel: Channel,
    said: Any,  # noqa: ANN401 - JSON
) -> None:
    """It is a bare ack."""
    async with connection(http, slack) as ws, asyncio.TaskGroup() as group:
        typing = group.create_task(command(slack, channel))
        frame = await ws.receive_json(timeout=SOON)
        await ws.send_json({"envelope_id": frame["envelope_id"], "payload": said})

    assert typing.result().acked
    assert [] == slack.ephemerals


@pytest.mark.usefixtures("alice")
async def test_invalid_command_response_raises_slack_error(
    slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel
) -> None:
    """Over the control endpoints too: 400, with Slack's code."""
    control = Control(http, slack.base_url)
    async with connection(http, slack) as ws, asyncio.TaskGroup() as group:
        typing = group.create_task(control.wrong("type", user="U0ALICE", channel=channel.id, text="/pd help"))
        frame = await ws.receive_json(timeout=SOON)
        await ws.send_json({"envelope_id": frame["envelope_id"], "payload": {"blocks": [{"type": "poem"}]}})

    assert "SlackError: invalid_blocks" == typing.result()
