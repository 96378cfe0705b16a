"""Servers in PagerDuty's place, and the door to each."""

from collections.abc import AsyncIterator

import pytest

from shared.pagerduty.api.client import PagerDuty
from tests.shared.local_server import LocalServer, local_server
from tests.shared.pagerduty.account import Account, running_account


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    """Serve in PagerDuty's place."""
    async with local_server() as running:
        yield running


@pytest.fixture
async def door(server: LocalServer) -> AsyncIterator[PagerDuty]:
    """Open the door to the server, with a time-out that tests can wait for."""
    opened = PagerDuty("k3y-for-tests", server.url, timeout=1.5)
    yield opened
    await opened.aclose()


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    """Run a PagerDuty in which one incident is open."""
    async with running_account() as running:
        yield running
