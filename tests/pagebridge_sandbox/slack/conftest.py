"""A small workspace, an official client, and what Slack documents."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Call, Channel, SlackSandbox, User
from tests.pagebridge_sandbox.documented import documented, read_table

Sample = Callable[[str], Any]


@pytest.fixture
def sample() -> Sample:
    """Read what Slack documents under a name; the test is skipped where only the reference has it and is not there."""
    return partial(documented, "slack")


COMMON = {
    "not_authed", "invalid_auth", "not_allowed_token_type", "missing_scope", "ratelimited", "unknown_method",
    "invalid_arguments", "invalid_json", "json_not_object", "invalid_post_type", "missing_post_type", "dropped",
}  # fmt: skip
"""Errors of all methods, which their pages do not repeat."""
OF_PAGES = {
    "bookmarks.list": ("t3", {"bookmarks:read"}),
    "canvases.create": ("t2", {"canvases:write"}),
    "canvases.access.set": ("t3", {"canvases:write"}),
    "usergroups.users.update": ("t2", {"usergroups:write"}),
    "conversations.unarchive": ("t2", {"channels:manage", "channels:write", "groups:write", "im:write", "mpim:write"}),
}
"""Tier and scopes of the methods whose pages are not in our table."""


def undocumented_errors(sandbox: SlackSandbox) -> list[str]:
    """Return the errors that were answered although the page of their method does not list them."""
    return [f"{call.method}: {call.error}" for call in sandbox.calls if call.error and not _is_documented(call)]


def _is_documented(call: Call) -> bool:
    page = read_table("slack").get(f"api-ref/{call.method}.json")
    return call.error in COMMON or call.injected or page is None or not page["errors"] or call.error in page["errors"]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the official client from asking a proxy for this machine's own address."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack that does not limit rates, and sends an event again at once."""
    async with SlackSandbox(enforce_rate_limits=False, event_retries=(0.0,)) as sandbox:
        yield sandbox
    assert [] == undocumented_errors(sandbox)


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


class App:
    """An app on the socket that acks everything, with `answers[type]` as the payload where there is one."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.silent: set[str] = set()

    async def serve(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Answer until the socket closes."""
        async for message in ws:
            frame = message.json()
            if "envelope_id" not in frame:
                continue
            kind = frame["payload"].get("type", "command")
            self.seen.append(frame)
            if kind not in self.silent:
                await ws.send_json({"envelope_id": frame["envelope_id"], "payload": self.answers.get(kind, {})})

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of one type."""
        return [frame["payload"] for frame in self.seen if frame["payload"].get("type") == kind]


@pytest.fixture
async def app(slack: SlackSandbox, http: aiohttp.ClientSession) -> AsyncIterator[App]:
    """Connect an app that acks everything."""
    made = App()
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    async with http.post(slack.api_url + "apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    async with http.ws_connect(url) as ws, asyncio.TaskGroup() as group:
        serving = group.create_task(made.serve(ws))
        await slack.socket.wait_connected()
        yield made
        serving.cancel()


def keys(value: object) -> object:
    """Return the keys of nested objects, without those of free-form parts."""
    if isinstance(value, dict):
        return {key: None if key in ("blocks", "metadata", "state") else keys(item) for key, item in value.items()}
    return [keys(item) for item in value] if isinstance(value, list) else None


def text_input(label: str, **more: object) -> dict[str, Any]:
    """Make an input block for words; its ids come from its label."""
    element = {"type": "plain_text_input", "action_id": "text", **more.pop("element", {})}  # type: ignore[dict-item] # a test says what it gives
    return input_block(label, element, **more)


def input_block(label: str, element: dict[str, Any], **more: object) -> dict[str, Any]:
    """Make an input block; its id comes from its label."""
    words = {"type": "plain_text", "text": label}
    return {"type": "input", "block_id": label.lower(), "label": words, "element": element, **more}


def modal(*blocks: dict[str, Any], **more: object) -> dict[str, Any]:
    """Make a modal with a button to submit it."""
    words = {name: {"type": "plain_text", "text": text} for name, text in (("title", "Note"), ("submit", "Save"))}
    return {"type": "modal", "callback_id": "note", **words, "blocks": list(blocks) or [text_input("Note")], **more}


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
