"""
The official Bolt for JavaScript works with the simulator unchanged.

It is installed for the occasion, so this runs only where node and npm are and PAGEBRIDGE_JS=1 allows it.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.sandbox.slack import Channel, SlackSandbox, User
from pagebridge.sandbox.slack.manifests import Shortcut

HERE = Path(__file__).parent / "bolt_js"
NPM = shutil.which("npm")
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(os.environ.get("PAGEBRIDGE_JS") != "1", reason="PAGEBRIDGE_JS=1 allows it"),
    pytest.mark.skipif(not (NPM and NODE), reason="node and npm are not here"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install Bolt for JavaScript beside a copy of the app."""
    place = tmp_path_factory.mktemp("bolt_js")
    shutil.copytree(HERE, place, dirs_exist_ok=True)
    asyncio.run(_install(place))
    return place


async def _install(place: Path) -> None:
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
    process = await asyncio.create_subprocess_exec(str(NPM), "install", *quiet, cwd=place)
    assert 0 == await process.wait()


@pytest.fixture
async def running(slack: SlackSandbox, installed: Path) -> AsyncIterator[SlackSandbox]:
    """Run the app until it is connected."""
    slack.shortcuts = [Shortcut("Declare", "declare", "global")]
    slack.bot_events.add("app_mention")
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    about = {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
    }
    environment = {name: value for name, value in os.environ.items() if name not in proxies} | about
    process = await asyncio.create_subprocess_exec(str(NODE), "app.mjs", cwd=installed, env=environment)
    try:
        await slack.socket.wait_connected(timeout=30)
        yield slack
    finally:
        process.terminate()
        await process.wait()


async def test_an_app_in_javascript(running: SlackSandbox, channel: Channel, alice: User) -> None:
    """Commands, clicks, shortcuts, modals and events go both ways, and every call of it is carried out."""
    person = running.person(alice.id)
    assert (await person.type("/pd help", channel.id)).acked
    (card,) = await channel.wait(lambda c: c.messages)
    assert (await person.click("Acknowledge", card)).acked
    await person.wait(lambda p: [each.plain for each in p.private_messages] == ["You said: help", "On its way"])
    assert "Acknowledged" == card.plain

    assert (await person.shortcut("Declare")).acked
    modal = await person.wait(lambda p: p.modals and p.modal)
    assert modal
    modal.fill("Note", "hi")
    await modal.submit()
    assert {"Note": "Too short"} == modal.errors
    modal.fill("Note", "the disk is full")
    await modal.submit()
    await channel.wait(lambda c: any(each.text == f"{alice.id}: the disk is full" for each in c.messages))
    assert not person.modals

    assert (await person.shortcut("Declare")).acked
    again = await person.wait(lambda p: p.modals and p.modal)
    assert again
    await again.close()
    await channel.wait(lambda c: any(each.text == "closed" for each in c.messages))

    mention = person.post(f"<@{running.bot_user_id}> hello", channel.id)
    await channel.wait(lambda _: [reply.plain for reply in mention.replies] == ["Hello @Alice Ng"])
    assert not [call for call in running.calls if not call.ok]
