"""The pictures of the README show what the product posts today, in both themes, and need nothing from elsewhere."""

import re
from xml.etree import ElementTree as ET

import pytest

from pagebridge_sandbox.demo.markup import Span
from tests.pictures import FOLDER
from tests.pictures.drawing import PALETTES, WIDTH, text_width, wrap
from tests.pictures.scene import draw
from tests.words.page import UPDATE

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("palette", PALETTES)
def test_the_picture_is_what_the_product_posts(palette: str, request: pytest.FixtureRequest) -> None:
    """A picture that is not drawn again after a change of the card or of a line is noticed."""
    picture = FOLDER / f"channel-{palette}.svg"
    if request.config.getoption(UPDATE):
        picture.write_text(draw(palette), encoding="utf-8")

    assert picture.read_text(encoding="utf-8") == draw(palette), "run: make words"


def test_it_shows_a_card_with_its_thread() -> None:
    """State, title, assignee and buttons, each line of the thread, and what one person alone reads."""
    picture = ET.fromstring(draw("light"))  # noqa: S314 - our own picture
    words = " ".join("".join(text.itertext()).strip() for text in picture.iter(f"{SVG}text"))

    for shown in (
        "Acknowledged  #4711 Checkout latency over 2 s",
        "Assigned to @Carol Diaz",
        "Acknowledged by Alice Ng in Slack",
        "Resolve",
        "3 replies",
        "Alice Ng acknowledged it in Slack",
        "Bob Ray escalated it to Carol Diaz in PagerDuty",
        "Only visible to you",
        "The assignees changed: it is now assigned to Carol Diaz.",
    ):
        assert shown in words


@pytest.mark.parametrize("palette", PALETTES)
def test_everything_can_be_read_on_its_paper(palette: str) -> None:
    """Each colour of text has at least the contrast of 4.5 that accessibility guidelines ask for."""
    colours = PALETTES[palette]

    for ink in ("text", "small", "link"):
        for paper in ("paper", "private"):
            assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


def test_the_readme_shows_one_picture_in_either_theme() -> None:
    """The dark one for those who prefer it, the light one for everybody else, with words for those who see neither."""
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")

    dark = r'<source media="\(prefers-color-scheme: dark\)" srcset="docs/pictures/channel-dark.svg">'
    assert re.search(rf'{dark}\s*<img alt="[^"]+" src="docs/pictures/channel-light.svg"', readme)


def test_nothing_is_loaded_from_elsewhere() -> None:
    """A code host shows no picture that wants a font, a style sheet or another picture."""
    assert not re.search(r"href|url\(|@import|<script|<style", draw("light"))


def test_lines_stay_within_the_picture() -> None:
    """A text that is too wide goes on in the next line, and loses no word."""
    line = [Span("Connection pool of checkout-db is exhausted. ", "bold"), Span("Failing over now. " * 8)]

    parts = list(wrap(line, WIDTH / 2, 15))

    assert len(parts) > 2
    assert all(sum(text_width(span.text, 15) for span in part) <= WIDTH / 2 for part in parts)
    assert "".join(span.text for span in line) == "".join(span.text for part in parts for span in part)


def contrast(first: str, second: str) -> float:
    """Compare two colours as the Web Content Accessibility Guidelines do."""
    dark, light = sorted(map(luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as `#1d1c1d`."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
