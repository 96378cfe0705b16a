"""The page still looks as the documents show it."""

import base64

from playwright.sync_api import Browser, Page

from tests.pagebridge_sandbox.play.page.browser import open_desk, run_play
from tests.pictures.play import THEMES, picture_of, pictures

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
ALIKE = 0.01
"""The largest share in two pictures that show the same. Without the buttons of two cards it is twice that."""


def difference(page: Page, one: bytes, other: bytes) -> float:
    """Return how large a part of two pictures differs."""
    coded = [base64.b64encode(each).decode() for each in (one, other)]
    return float(page.evaluate(COMPARE, [*coded, *CELLS]))


def test_the_page_looks_as_in_the_documents(browser: Browser) -> None:
    """The same incident in a fresh play makes the same pictures, in both themes, but for times and fonts."""
    with run_play() as own:
        taken = pictures(browser, own)
        with open_desk(browser, own) as desk:
            off = {theme: difference(desk.page, taken[theme], picture_of(theme).read_bytes()) for theme in THEMES}
            assert max(off.values()) < ALIKE, off
            assert difference(desk.page, taken["light"], taken["dark"]) > 50 * ALIKE
