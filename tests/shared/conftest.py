"""What the tests of the shared parts have in common."""

from collections.abc import AsyncIterator

import pytest

from tests.shared.linked_people import Acme, linking


@pytest.fixture
async def acme() -> AsyncIterator[Acme]:
    """Run both sides of the identity."""
    async with linking() as running:
        yield running
