"""What somebody said in a card's thread, made a note; with an app made from the manifest that people install."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bolt_app.listeners.message_shortcuts import ADD_NOTE
from pagebridge_sandbox.slack import Fault, Message
from shared.config.settings import WorkerSettings
from tests.stories.harness import Bridge, settled

ROOT = Path(__file__).parents[2]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8"))
SHORTCUT = MANIFEST["features"]["shortcuts"][0]["name"]


@pytest.fixture
async def card(bridge: Bridge) -> Message:
    """Have the app of the manifest, and an incident's card with its first line."""
    bridge.slack.install(MANIFEST)
    bridge.trigger()
    await bridge.card()
    return await bridge.card("Triggered")


def said(bridge: Bridge, name: str, text: str, card: Message | None) -> Message:
    """Let somebody write below the card, or in the channel."""
    person = bridge.slack.person(bridge.acme.people[name])
    return person.post(text, "C0INCIDENTS", card.ts if card else None)


async def file(bridge: Bridge, name: str, message: Message) -> None:
    """Let somebody use the shortcut on a message."""
    used = await bridge.slack.person(bridge.acme.people[name]).shortcut(SHORTCUT, message)
    assert used.acked


def test_the_manifest_names_what_the_worker_listens_to() -> None:
    """One shortcut, by the name that is listened to, and the command that the settings have unless told otherwise."""
    features = MANIFEST["features"]

    assert [ADD_NOTE] == [shortcut["callback_id"] for shortcut in features["shortcuts"]]
    default = WorkerSettings.model_fields["slack_command"].default
    assert [(default, True)] == [(each["command"], each["should_escape"]) for each in features["slash_commands"]]


async def test_a_message_becomes_a_note(bridge: Bridge, card: Message) -> None:
    """Alice files what Bob said: once, in her name, with his, in plain words; the thread shows it, she is told."""
    message = said(bridge, "Bob", "<@U0CAROL> it is the cache &amp; <https://grafana.example/d/1|this graph>", card)

    await file(bridge, "Alice", message)

    await bridge.told("Alice", "You added a note to incident #1")
    await settled(bridge)
    (note,) = bridge.pagerduty.incidents[0].notes
    words, link = note.splitlines()
    assert "Bob Ng in Slack: @Carol Ng it is the cache & this graph (https://grafana.example/d/1)" == words
    assert link.startswith("https://")
    assert message.ts.replace(".", "") in link
    assert ["alice@example.com"] == [call.from_email for call in bridge.effects()]


@pytest.mark.parametrize("where", ["channel", "another thread", "card"])
async def test_elsewhere_it_explains(bridge: Bridge, card: Message, where: str) -> None:
    """A message that belongs to no incident is not filed, and the person reads what to do."""
    message = said(bridge, "Bob", "lunch?", None)
    if where == "another thread":
        message = said(bridge, "Alice", "yes", message)

    await file(bridge, "Alice", card if where == "card" else message)

    await bridge.told("Alice", "so no note was added. Use it")
    assert [] == bridge.writes()


async def test_slack_down(bridge: Bridge, card: Message) -> None:
    """The thread's head cannot be read: nothing is filed, and the person knows."""
    message = said(bridge, "Bob", "it is the cache", card)
    bridge.slack.add_fault(Fault("conversations.replies", http_status=503))

    await file(bridge, "Alice", message)

    await bridge.told("Alice", "Try again in a moment")
    assert [] == bridge.writes()


async def test_redis_down(bridge: Bridge, card: Message) -> None:
    """Nothing can be kept: nothing is filed, and the person knows."""
    message = said(bridge, "Bob", "it is the cache", card)
    await bridge.valkey.kill()

    await file(bridge, "Alice", message)

    await bridge.told("Alice", "The bridge can't reach its database, so no note was added")
    await bridge.valkey.start()
    await settled(bridge)
    assert [] == bridge.writes()
