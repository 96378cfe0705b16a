"""What begins afresh in a browser: a scenario from a link, and the pictures of the documents."""

import base64
import json

import pytest
from playwright.sync_api import Browser, Page

from tests.pagebridge_sandbox.page.browser import Desk, see
from tests.pictures.play import THEMES, picture_of, pictures

PRESS = {"card": 1, "label": "Acknowledge"}
LONG = 120_000
"""Milliseconds for a fresh play, on a busy machine."""
CELLS = [48, 28]
"""Columns and rows of what is compared: a letter is less than a cell, so that its font matters little."""
COMPARE = """async ([one, other, columns, rows]) => {
  const shades = async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const context = new OffscreenCanvas(columns, rows).getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, columns, rows);
    return context.getImageData(0, 0, columns, rows).data;
  };
  const [a, b] = [await shades(one), await shades(other)];
  return Array.from(a, (value, at) => Math.abs(value - b[at]) > 20).filter(Boolean).length / a.length;
}"""
"""Shrinks both, and returns the share of colours that differ by more than 20 shades of 255."""
HAS_LATO = """() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  const width = (font) => { context.font = `20px ${font}`; return context.measureText("Acknowledged").width; };
  return width("Lato, monospace") !== width("monospace");
}"""
ALIKE = 0.01
"""The largest share in two pictures that show the same. Without the buttons of two cards it is twice that."""


def difference(page: Page, one: bytes, other: bytes) -> float:
    """Return how large a part of two pictures differs."""
    coded = [base64.b64encode(each).decode() for each in (one, other)]
    return float(page.evaluate(COMPARE, [*coded, *CELLS]))


def test_the_page_looks_as_in_the_documents(browser: Browser, url: str, desk: Desk) -> None:
    """The same incident in a fresh play makes the same pictures, in both themes, but for times."""
    if not desk.page.evaluate(HAS_LATO):
        pytest.skip("The font of the pictures is not installed (apt-get install fonts-lato fonts-noto-color-emoji)")
    if desk.acts():
        desk.post("reset", {})
    taken = pictures(browser, url)
    off = {theme: difference(desk.page, taken[theme], picture_of(theme).read_bytes()) for theme in THEMES}
    assert max(off.values()) < ALIKE, off
    assert difference(desk.page, taken["light"], taken["dark"]) > 50 * ALIKE


def test_a_link_plays_what_another_did(desk: Desk) -> None:
    """A scenario in a link is played after a question, from a fresh beginning, and what it did is on the page."""
    acts = [
        {"after_ms": 0, "path": "pagerduty/trigger", "body": {"alert": "low", "title": "From a link"}},
        {"after_ms": 300, "path": "slack/click", "body": {"user": "U0BOB", "channel": "C0INCIDENTS"} | PRESS},
    ]
    text = base64.urlsafe_b64encode(json.dumps({"acts": acts}).encode()).decode().rstrip("=")
    desk.page.goto("about:blank")
    desk.page.goto(f"{desk.url}#scenario={text}")
    desk.page.get_by_role("button", name="Play it").click()
    see(desk.card(1), "Acknowledged by Bob Ray in Slack", timeout=LONG)
    see(desk.card(1), "From a link")
