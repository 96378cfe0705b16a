"""The control endpoints: the whole simulator for anything that speaks HTTP."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.__main__ import read_manifest


class Control:
    """Speaks to the control endpoints."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self._http = http
        self._base = f"{base_url}/_sandbox/"

    async def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Read something."""
        async with self._http.get(self._base + path, params=query) as response:
            assert 200 == response.status, await response.text()
            return await response.json()

    async def post(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        """Do something."""
        async with self._http.post(self._base + path, json=body) as response:
            assert 200 == response.status, await response.text()
            return await response.json()

    async def wrong(self, path: str, **body: object) -> str:
        """Do something that cannot be done, and return why."""
        async with self._http.post(self._base + path, json=body) as response:
            assert 400 == response.status
            return str((await response.json())["error"])


@pytest.fixture
def control(http: aiohttp.ClientSession, slack: SlackSandbox) -> Control:
    """Speak to the simulator of this test."""
    return Control(http, slack.base_url)


async def test_describe_workspace(control: Control, slack: SlackSandbox, channel: Channel) -> None:
    """Address, tokens, people and channels."""
    about = await control.get("")

    assert (slack.api_url, slack.bot_token, slack.app_token) == (
        about["api_url"], about["bot_token"], about["app_token"],
    )  # fmt: skip
    assert {"id": channel.id, "name": "incidents"} in about["channels"]


async def test_read_channel(
    control: Control, client: AsyncWebClient, channel: Channel, alice: User, card: list[dict[str, Any]]
) -> None:
    """What people see, each message, its thread, and what only one person sees."""
    ts = (await client.chat_postMessage(channel=channel.id, text="x", blocks=card))["ts"]
    await client.chat_postMessage(channel=channel.id, text="line", thread_ts=ts)
    await client.chat_postEphemeral(channel=channel.id, user=alice.id, text="psst")

    seen = await control.get("channel", channel=channel.id)
    private = await control.get("private", user=alice.id)

    assert seen["shown"].startswith("#incidents\n")
    assert ["Acknowledge", "Resolve", "View"] == seen["messages"][0]["buttons"]
    assert "line" == seen["messages"][0]["replies"][0]["plain"]
    assert [("psst", channel.id)] == [(shown["plain"], shown["channel"]) for shown in private]


async def test_click_and_type(
    control: Control, client: AsyncWebClient, channel: Channel, alice: User, card: list[dict[str, Any]]
) -> None:
    """People act; without an app the failure is told."""
    ts = (await client.chat_postMessage(channel=channel.id, text="x", blocks=card))["ts"]
    await client.chat_postEphemeral(channel=channel.id, user=alice.id, text="x", blocks=card)
    (private,) = await control.get("private", user=alice.id)
    who = {"user": alice.id, "channel": channel.id}

    click = await control.post("click", **who, ts=ts, label="Acknowledge")
    dialog = await control.post("click", **who, ts=private["ts"], label="Resolve")
    typed = await control.post("type", **who, text="/pd help")
    again = await control.post("redeliver", envelope_id=click["envelope_id"])

    assert (False, "dispatch_failed", None) == (click["acked"], click["failure"], click["dialog"])
    assert "Resolve?" == dialog["dialog"]["title"]
    assert "dispatch_failed" == typed["failure"] == again["failure"]
    assert 3 == len(await control.get("envelopes"))


async def test_post_and_reload(control: Control, channel: Channel, alice: User) -> None:
    """A message is written, and private ones go with a reload."""
    ts = (await control.post("post", user=alice.id, channel=channel.id, text="hi"))["ts"]
    await control.post("type", user=alice.id, channel=channel.id, text="/pd help")
    await control.post("reload", user=alice.id)

    assert ts == channel.messages[0].ts
    assert [] == await control.get("private", user=alice.id)


async def test_add_and_change_users_and_channels(control: Control, slack: SlackSandbox) -> None:
    """People and channels are added and changed."""
    olga = await control.post("users", name="Olga", email="olga@example.net", guest="multi")
    made = await control.post("channels", name="checkout", members=[olga["id"]], private=True)
    await control.post("users/change", user=olga["id"], guest=None, email="olga@example.com")
    await control.post("channels/change", channel=made["id"], archived=True)

    assert (None, "olga@example.com") == (slack.users[olga["id"]].guest, slack.users[olga["id"]].email)
    assert (True, True) == (slack.channels[made["id"]].private, slack.channels[made["id"]].archived)
    assert "user_change" == slack.envelopes[0].payload["event"]["type"]


async def test_add_list_and_remove_faults(control: Control, slack: SlackSandbox, client: AsyncWebClient) -> None:
    """They are put in force, listed, counted and removed; the log of calls can be read."""
    made = await control.post("faults", method="auth.test", delay=0.001)
    await client.auth_test()

    assert [(made["id"], "auth.test", 1)] == [
        (fault["id"], fault["method"], fault["match_count"]) for fault in await control.get("faults")
    ]
    await control.post("faults/remove", id=made["id"])
    assert [] == slack.faults
    assert ["auth.test"] == [call["method"] for call in await control.get("calls", method="auth.test")]
    assert [] == await control.get("calls", method="api.test")


@pytest.mark.parametrize("verb", ["refresh", "cut", "half_open", "disconnect", "refuse_handshakes"])
async def test_socket_verbs(control: Control, verb: str) -> None:
    """Every verb of the socket answers with how many connections are left."""
    arguments: dict[str, dict[str, object]] = {"disconnect": {"reason": "warning"}, "refuse_handshakes": {"n": 1}}

    assert {"connections": 0} == await control.post(f"socket/{verb}", **arguments.get(verb, {}))


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("click", {"user": "U0ALICE", "channel": "C0INCIDENTS", "ts": "1.0", "label": "Go"}, "there is no message 1.0"),
        ("click", {"user": "U0ALICE"}, "channel"),
        ("click", {"user": "U0NOBODY", "channel": "C0INCIDENTS", "ts": "1.0", "label": "Go"}, "U0NOBODY"),
        ("type", {"user": "U0ALICE", "channel": "C0INCIDENTS", "text": "/x"}, "/x is not a valid command"),
        ("users", {"nickname": "Al"}, "nickname"),
        ("users/change", {"user": "U0ALICE", "nickname": "Al"}, "there is no nickname"),
        ("faults", {"methode": "auth.test"}, "methode"),
        ("redeliver", {"envelope_id": "made-up"}, "made-up"),
    ],
)
async def test_invalid_request_returns_error(
    control: Control, channel: Channel, path: str, body: dict[str, object], words: str
) -> None:
    """They are answered with what is wrong."""
    assert channel.id == "C0INCIDENTS"
    assert words in await control.wrong(path, **body)


@asynccontextmanager
async def standalone(*arguments: str) -> AsyncIterator[dict[str, str]]:
    """Run the simulator by itself, and give what an app needs to reach it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pagebridge_sandbox.slack", "--port", "0", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            lines = [(await process.stdout.readline()).decode().strip() for _ in range(4)]
        yield dict(line.split("=", 1) for line in lines[1:])
    finally:
        process.terminate()
        await process.communicate()


async def test_runs_standalone(http: aiohttp.ClientSession) -> None:
    """`python -m pagebridge_sandbox.slack` says where it is, and has a workspace to play with."""
    async with standalone() as values:
        client = AsyncWebClient(values["SLACK_BOT_TOKEN"], values["SLACK_API_URL"], session=http)
        assert "U0ALICE" == (await client.users_lookupByEmail(email="alice@example.com"))["user"]["id"]
        assert (await client.apps_connections_open(app_token=values["SLACK_APP_TOKEN"]))["ok"]


MANIFEST = """\
display_information: {name: Small}
features: {bot_user: {display_name: small}}
oauth_config: {scopes: {bot: [users:read]}}
settings: {socket_mode_enabled: true}
"""


async def test_runs_standalone_with_a_manifest(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    """With `--manifest` the app has the scopes that the file asks for, and no others."""
    (tmp_path / "manifest.yaml").write_text(MANIFEST)

    async with standalone("--manifest", str(tmp_path / "manifest.yaml")) as values:
        client = AsyncWebClient(values["SLACK_BOT_TOKEN"], values["SLACK_API_URL"], session=http)
        assert (await client.users_info(user="U0ALICE"))["ok"]
        with pytest.raises(SlackApiError, match="missing_scope"):
            await client.users_lookupByEmail(email="alice@example.com")


@pytest.mark.parametrize(
    ("text", "problem"), [("a: [", "while parsing"), ("{}", "gives the app no name"), (None, "No such file")]
)
def test_a_manifest_that_slack_would_refuse(tmp_path: Path, text: str | None, problem: str) -> None:
    """A file that is missing, is no YAML or JSON, or is no manifest is refused with the reason."""
    path = tmp_path / "manifest.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(argparse.ArgumentTypeError, match=problem):
        read_manifest(str(path))
