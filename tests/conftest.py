"""What holds for all tests."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from tests.servers import end_lent_valkeys


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import all tests without looking for garbage again and again: what they define stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_sessionfinish() -> None:
    """End the servers that tests have shared."""
    asyncio.run(end_lent_valkeys())
