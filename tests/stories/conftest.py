"""The bridge of the stories, ready and running, and the server that it runs on."""

from collections.abc import AsyncIterator

import pytest

from tests.servers import BOTH, VARIABLE
from tests.stories.harness import Bridge, running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked story once on each server."""
    if metafunc.definition.get_closest_marker("both_servers"):
        metafunc.parametrize("server", BOTH, indirect=True)


@pytest.fixture(autouse=True)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the story on the server that it is given, or else on the one of the whole run."""
    if name := getattr(request, "param", ""):
        monkeypatch.setenv(VARIABLE, name)


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run Acme's bridge with one worker."""
    async with running() as acme:
        yield acme
