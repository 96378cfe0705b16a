"""`pagebridge why`: what an operator reads at 3 a.m. about an incident, after the whole bridge has worked on it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pagebridge.cli import main
from pagebridge_sandbox.pagerduty import Fault
from tests.servers import not_on
from tests.stories.harness import Bridge, running, settled

pytestmark = not_on("sentinel", "cluster", because="the command finds the server by its folder")

NOTE = "the database said hunter2"


@dataclass
class Asked:
    """What one command line printed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
async def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the directory of the bridge's store, with no other store set."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "valkey"


@pytest.fixture
async def bridge(data: Path) -> AsyncIterator[Bridge]:
    """Run Acme's bridge with a route that does not take the incidents of these stories."""
    routing = {"default_channel": "C0INCIDENTS", "routes": [{"urgency": "low", "channel": "C0INCIDENTS"}]}
    async with running(data=data, routing=routing) as acme:
        yield acme


async def why(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> Asked:
    """Run the command while the bridge runs."""
    capsys.readouterr()  # what the bridge has logged so far
    code = await asyncio.to_thread(main, ["why", "--data", str(data), *arguments])
    printed = capsys.readouterr()
    return Asked(code, printed.out, printed.err)


async def test_the_story_of_one_incident_is_told(
    bridge: Bridge, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came, which duplicate was ignored, which route took it, who clicked as whom, what was sent and shown."""
    bridge.pagerduty.webhooks.duplicate_next(1, same_id=True)
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(method="PUT", path=f"/incidents/{incident.id}", status=503, times=1))
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")
    modal = await bridge.dialog("Alice", "Add note")
    modal.fill("Note", NOTE)
    await modal.submit()
    await bridge.lines(2)
    await settled(bridge)

    asked = await why(capsys, data, f"#{incident.number}")

    assert 0 == asked.code
    for words in (
        "PagerDuty's webhook “triggered” by Events API V2: new to the bridge",
        "ignored: duplicate of an earlier event",
        "shown in C0INCIDENTS: no route matches, so the default channel is used; route 1 does not: another urgency",
        "the card was posted in C0INCIDENTS",
        "U0ALICE's acknowledgement was stored",
        "is about to cause “acknowledged”: waiting for PagerDuty to report it",
        "call 1 to PagerDuty for U0ALICE's acknowledgement failed: no clear answer",
        "may have gone through: will be looked up before a retry",
        "PagerDuty's webhook “acknowledged” by Alice Ng: the echo of what was done from Slack",
        "U0ALICE acknowledged #1 \\(assignee, linked by e-mail\\)",
        r"Now: acknowledged, by PagerDuty's data up to",
    ):
        assert re.search(words, asked.out), words
    for secret in (NOTE, "hunter2", "alice@example.com", "hooks.slack", bridge.slack.bot_token):
        assert secret not in asked.out


async def test_json_is_one_fact_a_line_in_order_of_time(
    bridge: Bridge, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine gets each fact with its time, its name and what it is about."""
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)

    asked = await why(capsys, data, incident.id, "--json")

    facts = [json.loads(line) for line in asked.out.splitlines()]
    assert sorted(fact["at"] for fact in facts) == [fact["at"] for fact in facts]
    first = facts[0]
    assert ("event.folded", "incident.triggered", "news") == (first["what"], first["type"], first["told"])


async def test_why_not_shown_is_answered(bridge: Bridge, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An incident that no route takes, without a default channel, says just that."""
    bridge.reroute(default_channel=None)
    incident = bridge.trigger()
    await settled(bridge)

    asked = await why(capsys, data, str(incident.number))

    assert "shown nowhere: no route of bridge.toml matches, and there is no default channel" in asked.out
    assert "No card" in asked.out


async def test_what_is_not_known_says_where_to_look(
    bridge: Bridge, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing has come of it: then the command says so, and what to look at next."""
    asked = await why(capsys, data, "4711")

    assert bridge.channel.messages == []
    assert 1 == asked.code
    assert "Nothing is known about 4711" in asked.err
    assert "Dead letters: 0" in asked.err
