"""The bridge of the stories, ready and running."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stories.harness import Bridge, running


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    """Run Acme's bridge with one worker."""
    async with running(tmp_path / "valkey") as acme:
        yield acme
