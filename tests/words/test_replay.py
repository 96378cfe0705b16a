"""What `pagebridge replay` prints."""

import json
from pathlib import Path

import pytest

from tests.words.page import Page
from tests.words.terminal import Terminal

ALICE = {"id": "PALICE1", "type": "user_reference", "summary": "Alice Ng"}
ROUTES = """
[routing]
default_channel = "C0INCIDENTS"
broadcast = ["escalated"]
verbosity = "state"
[[routing.routes]]
service = "batch"
ignore = true
"""


def delivery(number: int, kind: str, status: str, service: str = "checkout-api", second: int = 20) -> str:
    """Write one delivery as it could have been recorded."""
    data = {
        "id": f"QINCIDENT{number:05}",
        "type": "incident",
        "html_url": f"https://acme.pagerduty.com/incidents/QINCIDENT{number:05}",
        "number": number,
        "status": status,
        "created_at": "2026-11-14T22:13:20Z",
        "title": "Checkout latency over 2 s",
        "service": {"id": "PSERVIC", "type": "service_reference", "summary": service},
        "assignees": [] if status == "resolved" else [ALICE],
        "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference", "summary": "On call"},
        "teams": [],
        "priority": None,
        "urgency": "high",
    }
    event = {
        "id": f"01{kind}{number}{second}".upper(),
        "event_type": f"incident.{kind}",
        "resource_type": "incident",
        "occurred_at": f"2026-11-14T22:13:{second}.000Z",
        "agent": ALICE,
        "client": None,
        "data": data,
    }
    return json.dumps({"event": event})


def changed(recorded: str, **data: object) -> str:
    """Change the data of a delivery; what is None is left out."""
    event = json.loads(recorded)
    event["event"]["data"] |= data
    event["event"]["data"] = {name: value for name, value in event["event"]["data"].items() if value is not None}
    return json.dumps(event)


def noted(number: int, text: str, second: int) -> str:
    """Write the delivery of a note."""
    event = json.loads(delivery(number, "annotated", "resolved", second=second))
    incident = {"id": f"QINCIDENT{number:05}", "type": "incident_reference", "summary": f"[#{number}] Checkout"}
    event["event"]["data"] = {"id": f"PNOTE{number}", "type": "incident_note", "content": text, "incident": incident}
    return json.dumps(event)


async def test_a_replay_can_be_read_in_one_file(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Cards and lines with their channels, what is shown nowhere or twice, and what cannot be read."""
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(monkeypatch, capsys)
    (tmp_path / "bridge.toml").write_text(ROUTES)
    opened = delivery(37, "triggered", "triggered")
    lines = (
        opened,
        delivery(37, "acknowledged", "acknowledged", second=40),
        opened,
        delivery(37, "escalated", "acknowledged", second=30),
        delivery(38, "triggered", "triggered", service="batch"),
        delivery(37, "escalated", "acknowledged", second=45),
        delivery(37, "resolved", "resolved", second=50),
        noted(37, "Resolution Note: Restarted it", second=50),
        noted(39, "Looks like the index", second=51),
        changed(delivery(40, "triggered", "triggered"), teams=None),
        delivery(41, "triggered", "triggered"),
        delivery(41, "acknowledged", "acknowledged", second=52),
        delivery(41, "resolved", "resolved", second=52),
        delivery(41, "service_updated", "resolved", second=53),
        '{"event": {"id": "1", "event_type": "pagey.ping", "occurred_at": "2026-11-14T22:13:20Z", "data": {}}}',
        "not JSON",
    )
    (tmp_path / "hour.jsonl").write_text("\n".join(lines) + "\n")
    page = Page("command_line_replay", "A recording", "What `pagebridge replay` shows of recorded webhooks.")
    page.terminal("Everything that can be in one", await terminal.run("replay hour.jsonl", code=1))
    (tmp_path / "other.toml").write_text("[routing]\n")
    page.terminal("No route", await terminal.run("replay --config other.toml hour.jsonl", code=1))
    page.terminal("No file", await terminal.run("replay none.jsonl", code=1))
    page.check(pytestconfig)
