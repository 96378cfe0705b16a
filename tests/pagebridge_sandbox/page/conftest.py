"""A playground, a browser and a window that the tests of the page share, each with an incident of its own."""

from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from pagebridge_sandbox import play
from tests.pagebridge_sandbox.page.browser import (
    DESKTOP,
    PATIENCE,
    Desk,
    installed_chromium,
    open_desk,
    run_chromium,
)
from tests.pagebridge_sandbox.page.playing import Playing, begin_play

PAGE = files(play) / "page"
ADDRESS = "http://page.test/"
FORGET = """() => {
  localStorage.clear();
  return matchMedia("(prefers-color-scheme: dark)").matches;
}"""
"""Forgets what the page has kept, and returns whether it is dark."""


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    """Run nothing of this where there is no browser."""
    if installed_chromium() is None:
        pytest.skip("Chromium is not installed (apt-get install chromium-headless-shell)")


@pytest.fixture(scope="package")
def playing() -> Iterator[Playing]:
    """Begin to play, which takes longer than it takes Chromium to start."""
    with begin_play() as begun:
        yield begun


@pytest.fixture(scope="package")
def browser(playing: Playing) -> Iterator[Browser]:  # noqa: ARG001 - both start, and both end, at the same time
    """Start Chromium, for the tests of the page only: its loop may not run where asynchronous tests do."""
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="package")
def url(playing: Playing, browser: Browser) -> Iterator[str]:  # noqa: ARG001 - it is started meanwhile
    """Wait until one can play, and return the address of the page."""
    yield playing.wait_for_url()
    playing.stop()


@pytest.fixture(scope="package")
def window(browser: Browser, url: str) -> Iterator[Desk]:
    """Open a window for all of these tests, because each window takes a second of the processor."""
    with open_desk(browser, url, painted=False) as opened:
        yield opened


@pytest.fixture
def desk(window: Desk) -> Iterator[Desk]:
    """Open the page as for the first time: wide, and light, with nothing kept from another test."""
    if window.page.viewport_size != DESKTOP:
        window.page.set_viewport_size(DESKTOP)
    if window.page.evaluate(FORGET):
        window.page.emulate_media(color_scheme="light")
    window.visit()
    yield window
    assert [] == window.wrong
    window.wrong.clear()


@pytest.fixture(scope="package")
def canvas(browser: Browser) -> Iterator[Page]:
    """Open the page without a play behind it; single blocks are drawn in its place."""
    page, wrong = browser.new_page(), list[str]()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.route(f"{ADDRESS}**", serve)
    page.goto(ADDRESS)
    yield page
    page.close()
    assert [] == wrong


def serve(route: Route) -> None:
    """Give the page a file of its own; it finds no server."""
    name = urlsplit(route.request.url).path.removeprefix("/page").lstrip("/") or "index.html"
    if name.startswith("api/"):
        route.fulfill(status=404)
    else:
        route.fulfill(path=str(PAGE / name))
