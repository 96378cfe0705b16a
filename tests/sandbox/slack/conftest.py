"""A small workspace, an official client, and Slack's own samples where they are at hand."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge.sandbox.slack import Channel, SlackSandbox, User

SAMPLES = Path(__file__).parents[3].parent / "shared" / "reference" / "slack"

Sample = Callable[[str], Any]


@pytest.fixture
def sample() -> Sample:
    """Read one of Slack's samples; the test is skipped where they are not."""

    def read(name: str) -> Any:  # noqa: ANN401 - JSON
        path = SAMPLES / name
        if not path.exists():
            pytest.skip("Slack's samples are not here")
        return json.loads(path.read_text(encoding="utf-8"))

    return read


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the official client from asking a proxy for this machine's own address."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack that does not limit rates, and sends an event again at once."""
    async with SlackSandbox(paced=False, event_retries=(0.0,)) as sandbox:
        yield sandbox


@pytest.fixture
def alice(slack: SlackSandbox) -> User:
    """Hire Alice."""
    return slack.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")


@pytest.fixture
def channel(slack: SlackSandbox, alice: User) -> Channel:
    """Open #incidents, with Alice and the bot in it."""
    return slack.add_channel("incidents", id="C0INCIDENTS", members=[alice.id])


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Make requests that no official client would make."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        yield session


@pytest.fixture
def client(slack: SlackSandbox, http: aiohttp.ClientSession) -> AsyncWebClient:
    """Make the official client, repeating nothing by itself."""
    return AsyncWebClient(slack.bot_token, slack.api_url, session=http, retry_handlers=[])


def button(label: str = "Acknowledge", **more: object) -> dict[str, Any]:
    """Make a button."""
    return {"type": "button", "action_id": label.lower(), "text": {"type": "plain_text", "text": label}, **more}


def section(text: str) -> dict[str, Any]:
    """Make a section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def actions(*buttons: dict[str, Any]) -> dict[str, Any]:
    """Make a row of buttons."""
    return {"type": "actions", "block_id": "row", "elements": list(buttons)}


@pytest.fixture
def card() -> list[dict[str, Any]]:
    """Make the blocks of a card with a button, one with a dialog, and one that opens a page."""
    confirm = {
        "title": {"type": "plain_text", "text": "Resolve?"},
        "text": {"type": "mrkdwn", "text": "It is over for everyone."},
        "confirm": {"type": "plain_text", "text": "Resolve"},
        "deny": {"type": "plain_text", "text": "Keep open"},
    }
    row = actions(
        button(value="Q1"), button("Resolve", confirm=confirm), button("View", url="https://acme.pagerduty.com/i/Q1")
    )
    return [section("*Triggered* <https://acme.pagerduty.com/i/Q1|#12 slow &amp; sad>"), row]
