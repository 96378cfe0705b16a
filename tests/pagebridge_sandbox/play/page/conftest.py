"""A playground that the tests of the page share, each with an incident of its own, and a browser for each module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.pagebridge_sandbox.play.page.browser import (
    DESKTOP,
    Desk,
    installed_chromium,
    open_desk,
    run_chromium,
    run_play,
)


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    """Run nothing of this where there is no browser."""
    if installed_chromium() is None:
        pytest.skip("Chromium is not installed (apt-get install chromium-headless-shell)")


@pytest.fixture(scope="package")
def url() -> Iterator[str]:
    """Play, and return the address of the page."""
    with run_play() as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Chromium, for the tests of the page only: its loop may not run where asynchronous tests do."""
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def window(browser: Browser, url: str) -> Iterator[Desk]:
    """Open a window for the tests of one module, because a window of its own takes each a second of the processor."""
    with open_desk(browser, url) as opened:
        yield opened


@pytest.fixture
def desk(window: Desk) -> Iterator[Desk]:
    """Open the page as for the first time: wide, and light, with nothing kept from another test."""
    window.page.set_viewport_size(DESKTOP)
    window.page.emulate_media(color_scheme="light")
    window.page.evaluate("localStorage.clear()")
    window.visit()
    yield window
    assert [] == window.wrong
    window.wrong.clear()
