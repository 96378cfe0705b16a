"""A server in Slack's place, the door to it, and a clock that stands still."""

from collections.abc import AsyncIterator

import pytest

from shared.slack.api.client import Slack
from tests.shared.local_server import LocalServer, local_server
from tests.shared.slack.calls import Clock


@pytest.fixture
def clock() -> Clock:
    """Stop time."""
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    """Serve in Slack's place."""
    async with local_server() as running:
        yield running


@pytest.fixture
async def slack(server: LocalServer, clock: Clock) -> AsyncIterator[Slack]:
    """Open the door to the server, with a time-out that tests can wait for."""
    opened = Slack("xoxb-s3cret", f"{server.url}/api/", timeout=1.0, now=clock)
    yield opened
    await opened.aclose()
