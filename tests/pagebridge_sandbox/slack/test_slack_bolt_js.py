"""
The official Bolt for JavaScript works with the simulator unchanged.

It runs where node and npm are and the packages can be had. They are installed once, exactly as the lock file says, into
a directory of the checkout that git ignores.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.manifests import Shortcut

HERE = Path(__file__).parent / "bolt_js"
CACHE = Path(__file__).parents[3] / ".cache" / "bolt_js"
NPM = shutil.which("npm")
NODE = shutil.which("node")
EXACTLY = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
HURRY = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
INSTALL = 60.0
"""Seconds that installing may take."""

pytestmark = [
    pytest.mark.skipif(not (NPM and NODE), reason="node and npm are not here"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def installed() -> Path:
    """Give the directory with the packages of the lock file, which are installed if they are not there yet."""
    lock = (HERE / "package-lock.json").read_bytes()
    place = CACHE / sha256(lock).hexdigest()[:16]
    if not (ready := place / "ready").exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        place.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        asyncio.run(_install(place))
        ready.touch()
    shutil.copy(HERE / "app.mjs", place)
    return place


async def _install(place: Path) -> None:
    """Fetch the packages; where that does not work in time, what needs them is skipped."""
    process = await asyncio.create_subprocess_exec(
        str(NPM), *EXACTLY, *HURRY, cwd=place, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(INSTALL):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.skip(f"npm could not fetch the packages within {INSTALL:.0f} s")
    if process.returncode != 0:
        why = said.decode(errors="replace").strip().splitlines() or ["without a word"]
        pytest.skip(f"npm could not fetch the packages: {why[0]}")


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


async def test_javascript_bolt_app(running: SlackSandbox, channel: Channel, alice: User) -> None:
    """Commands, clicks, shortcuts, modals and events go both ways, and every call of it is carried out."""
    person = running.person(alice.id)
    assert (await person.type_command("/pd help", channel.id)).acked
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
