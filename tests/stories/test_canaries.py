"""Secrets stay secret: canaries go through the whole bridge, failures included, and are looked for in all it says."""

import asyncio
import hashlib
import hmac
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import structlog
from prometheus_client import generate_latest

from pagebridge.cli import main
from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.observability.log import configure
from shared.store import keys
from shared.store.redis import connect
from tests.stories.harness import SECRET, Bridge, receiving, running, settled, until

NOTE = "canary-of-a-note"
PASSWORD = "canary-of-a-password"
ELSEWHERE = f"redis://:{PASSWORD}@127.0.0.1:1"
COMMANDS = (
    "why 1",
    "why 1 --json",
    "incidents",
    "audit",
    "audit --json",
    "deadletters list",
    "deadletters list --json",
)


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run Acme's bridge."""
    async with running() as acme:
        yield acme


@pytest.fixture
def written(bridge: Bridge) -> Iterator[io.StringIO]:
    """Log as the processes do, everything there is, into memory; leave logging as it was."""
    handlers, level, hook = logging.root.handlers, logging.root.level, sys.excepthook
    stream = io.StringIO()
    known = (bridge.slack.bot_token, bridge.slack.app_token, bridge.pagerduty.token, SECRET, PASSWORD)
    configure("debug", "json", known, stream)
    yield stream
    logging.root.handlers, sys.excepthook = handlers, hook
    logging.root.setLevel(level)
    structlog.reset_defaults()


def signed(body: bytes) -> dict[str, str]:
    """Sign a delivery as PagerDuty does."""
    return {"X-PagerDuty-Signature": "v1=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


async def bad_day(bridge: Bridge) -> None:
    """Let clicks and notes go through while PagerDuty, Slack and the answers in private fail now and then."""
    incident = bridge.trigger()
    await bridge.card()
    path = f"/incidents/{incident.id}"
    bridge.pagerduty.add_fault(Fault(method="PUT", path=path, status=503, times=1))
    bridge.pagerduty.add_fault(Fault(method="POST", path=f"{path}/notes", status=500, after_effect=True, times=1))
    bridge.slack.add_fault(SlackFault(method="chat.update", http_status=500, times=1))
    bridge.slack.add_fault(SlackFault(method="response_url", http_status=500, times=1))
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")
    modal = await bridge.dialog("Alice", "Add note")
    modal.fill("Note", NOTE)
    await modal.submit()
    bridge.pagerduty.add_fault(Fault(method="PUT", path=path, status=400, code=2001, times=1))
    await bridge.resolve("Alice")
    await until(lambda: any("PagerDuty" in message for message in bridge.private("Alice")), "the refusal")
    await settled(bridge)


async def strange_deliveries(bridge: Bridge) -> None:
    """Deliver what is signed and makes no sense, with canaries in it, and what nobody signed."""
    body = json.dumps(
        {"event": {"id": "01X", "title": NOTE, "token": bridge.slack.bot_token, "secret": SECRET}}
    ).encode()
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(receiving(bridge.valkey))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"http://127.0.0.1:{port}/webhooks/pagerduty"
        for headers, status in ((signed(body), 202), ({"X-PagerDuty-Signature": f"v1={SECRET}"}, 401)):
            async with session.post(url, data=body, headers=headers) as answer:
                assert status == answer.status
    await settled(bridge)


async def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command line, and return all it prints."""
    capsys.readouterr()
    await asyncio.to_thread(main, list(arguments))
    printed = capsys.readouterr()
    return printed.out + printed.err


def secrets_of(bridge: Bridge) -> list[str]:
    """List what must be nowhere: the tokens, and what Slack has sent that lets whoever has it act."""
    sent = [envelope.payload for envelope in bridge.slack.envelopes]
    ways = [str(payload[name]) for payload in sent for name in ("response_url", "trigger_id") if payload.get(name)]
    views = [way["response_url"] for payload in sent for way in payload.get("response_urls", ())]
    assert ways
    return [bridge.slack.bot_token, bridge.slack.app_token, bridge.pagerduty.token, SECRET, PASSWORD, *ways, *views]


async def test_no_canary_gets_out(
    bridge: Bridge, written: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in log, metrics, what commands print, journals or audit; a note only where people read it."""
    await bad_day(bridge)
    await strange_deliveries(bridge)
    redis = connect(bridge.valkey.url)
    letters = [entry.decode() for entry, _ in await redis.execute_command("XRANGE", keys.DEAD_LETTERS, "-", "+")]
    kept = [key async for key in redis.scan_iter(match="pb:*:journal")]
    stored = repr([await redis.execute_command("XRANGE", key, "-", "+") for key in (*kept, keys.AUDIT.encode())])
    await redis.aclose()

    monkeypatch.setenv("REDIS_URL", bridge.valkey.url)
    commands = [command.split() for command in COMMANDS] + [["deadletters", "show", letter] for letter in letters]
    printed = "".join([await said(capsys, *command) for command in commands])
    monkeypatch.setenv("REDIS_URL", ELSEWHERE)
    printed += await said(capsys, "why", "1")

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    usual = "\n".join(json.dumps(line) for line in lines if line["level"] != "debug")
    places = {
        "log": written.getvalue(),
        "metrics": generate_latest().decode(),
        "commands": printed,
        "journals and audit": stored,
    }
    assert {"event.folded", "command.failed", "delivery.refused", "entry.dead_lettered"} <= {
        line["event"] for line in lines
    }
    assert letters
    assert kept
    assert "Can't read the store" in printed
    assert [] == [(place, s) for place, text in places.items() for s in secrets_of(bridge) if s in text]
    assert [] == [place for place, text in {**places, "log": usual}.items() if NOTE in text]
