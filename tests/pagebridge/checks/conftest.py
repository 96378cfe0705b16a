"""What the checks of `pagebridge doctor` look at, to be broken by each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from shared.store.redis import Redis, connect
from tests.pagebridge.cli_session import Office, opened


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is right."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


@pytest.fixture
async def workspace() -> AsyncIterator[SlackSandbox]:
    """Run a Slack."""
    async with SlackSandbox(enforce_rate_limits=False) as running:
        yield running


@pytest.fixture
async def account() -> AsyncIterator[PagerDutySandbox]:
    """Run a PagerDuty."""
    async with PagerDutySandbox(retry_delay=0.05) as running:
        yield running


@pytest.fixture
async def store(office: Office) -> AsyncIterator[Redis]:
    """Look into the Valkey of the office."""
    client = connect(office.valkey.url)
    yield client
    await client.aclose()
