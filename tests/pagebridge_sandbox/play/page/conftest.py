"""A playground that the tests of the page share, each with an incident of its own, and a browser for each module."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.pagebridge_sandbox.play.page.browser import Desk, open_desk, run_chromium, run_play


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    """Run nothing of this where there is no browser."""
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")


@pytest.fixture(scope="package")
def url() -> Iterator[str]:
    """Play, and return the address of the page."""
    with run_play() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium, for the tests of one module: its loop may not run where asynchronous tests do."""
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture
def desk(browser: Browser, url: str) -> Iterator[Desk]:
    """Open the page."""
    with open_desk(browser, url) as opened:
        yield opened
