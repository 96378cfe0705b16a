"""Take the pictures of `pagebridge play` for the documents: `python -m tests.pictures.play`. It needs Chromium."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect

from tests.pagebridge_sandbox.page.browser import Desk, open_desk, run_chromium
from tests.pagebridge_sandbox.page.playing import run_play
from tests.pictures import FOLDER

SIZE = {"width": 1280, "height": 760}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
EVENING = 18
"""The hour of every picture: times of day of other lengths would break lines elsewhere."""

MOST_AHEAD = 14
"""Hours by which a time zone is ahead of UTC at most."""


def main() -> None:
    """Let an incident be acknowledged and refused, and take both pictures of it."""
    with run_play() as url, run_chromium() as browser:
        for theme, picture in pictures(browser, url).items():
            picture_of(theme).write_bytes(picture)


def picture_of(theme: str) -> Path:
    """Return where the picture in a theme is kept."""
    return FOLDER / f"play-{theme}.png"


def zone() -> str:
    """Return a time zone in which it is evening now."""
    ahead = EVENING - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead if ahead <= MOST_AHEAD else 24 - ahead:+d}"


def pictures(browser: Browser, url: str) -> dict[str, bytes]:
    """Do in a fresh play what the pictures show, and return the picture in each theme."""
    with open_desk(browser, url, viewport=SIZE, timezone_id=zone()) as desk:
        number = perform(desk)
        return {theme: take(desk, theme, number) for theme in THEMES}


def perform(desk: Desk) -> int:
    """Do what the pictures show, and return the number of the incident."""
    number = desk.trigger()
    desk.be("Alice")
    desk.press("Acknowledge", number)
    expect(desk.card(number)).to_contain_text("Acknowledged by Alice Ng in Slack")
    desk.be("Carol")
    desk.press("Resolve", number)
    expect(desk.private("you are not on that team")).to_be_visible()
    desk.wait_for_incident(
        number, lambda it: "echo" in str(desk.state()["counters"]) and it["status"] == "acknowledged"
    )
    return number


def take(desk: Desk, theme: Theme, number: int) -> bytes:
    """Take one picture, as Carol sees it."""
    desk.page.emulate_media(color_scheme=theme)
    desk.visit()
    desk.be("Carol")
    desk.page.get_by_role("button", name="Close the tour").click()
    desk.page.locator(f"[data-incident='{number}']").click()
    desk.page.mouse.move(0, 0)
    return desk.page.screenshot()


if __name__ == "__main__":
    main()
