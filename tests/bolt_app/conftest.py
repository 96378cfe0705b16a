"""Fixtures that several tests of the worker share."""

from collections.abc import AsyncIterator

import pytest

from tests.bolt_app.channel_stage import Stage, staged
from tests.bolt_app.direct_duty import Duty, on_duty


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Open it for one test."""
    async with staged() as opened:
        yield opened


@pytest.fixture
async def duty() -> AsyncIterator[Duty]:
    """Let Alice and Bob work at both platforms, with a worker between them, for one test."""
    async with on_duty() as opened:
        yield opened
