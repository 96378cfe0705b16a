"""What begins afresh in a browser: the guided tour, a scenario from a link, and the pictures of the documents."""

import base64
import json
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.pagebridge_sandbox.play.page.browser import Desk
from tests.pictures.play import THEMES, picture_of, pictures

PRESS = {"card": 1, "label": "Acknowledge"}
LONG = 120_000
"""Milliseconds for what waits for the clock: an outage, a storm."""
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


def alert(desk: Desk) -> int:
    """Let the checkout alert come, from its button."""
    desk.page.get_by_role("tab", name="PagerDuty").click()
    before = desk.page.locator("[data-incident]").first
    last = int(before.get_attribute("data-incident") or 0) if before.count() else 0
    desk.page.locator(".pd-new").click()
    desk.page.get_by_role("menuitem", name="Checkout is slow").click()
    expect(desk.card(last + 1)).to_contain_text("Escalates to")
    return last + 1


def turn(desk: Desk, *names: str) -> None:
    """Turn switches."""
    desk.page.get_by_role("tab", name="Break it").click()
    for name in names:
        desk.page.locator(f"[data-break={name}] .switch").click()


def in_your_own_name(desk: Desk) -> None:
    """Acknowledge as Alice."""
    desk.be("Alice")
    desk.press("Acknowledge", alert(desk))


def a_colleague(desk: Desk) -> None:
    """Resolve as Bob, in PagerDuty, what Alice has acknowledged."""
    desk.page.locator(".pd-as select").select_option(label="Bob Ray")
    desk.page.locator(".pd-details").get_by_role("button", name="Resolve").click()


def twice_and_late(desk: Desk) -> None:
    """Let webhooks come twice and late, and acknowledge."""
    turn(desk, "deliveries_doubled", "deliveries_late")
    desk.press("Acknowledge", alert(desk))


def not_allowed(desk: Desk) -> None:
    """Press as Carol."""
    turn(desk, "deliveries_doubled", "deliveries_late")
    number = alert(desk)
    desk.be("Carol")
    desk.press("Acknowledge", number)


def outage(desk: Desk) -> None:
    """Press while PagerDuty is down, and let it come back when that was told."""
    desk.be("Alice")
    number = alert(desk)
    turn(desk, "pagerduty_down")
    desk.press("Acknowledge", number)
    expect(desk.private("NOT acknowledged yet")).to_be_visible()
    turn(desk, "pagerduty_down")


def half_of_it(desk: Desk) -> None:
    """Ask two people for help."""
    number = alert(desk)
    desk.choose("Add responders", number)
    for name in ("Bob Ray", "Carol Diaz"):
        desk.dialog.get_by_role("combobox", name="Who should help?").click()
        desk.page.locator(".options").get_by_role("option", name=name).click()
    desk.dialog.get_by_role("button", name="Request help").click()


def storm(desk: Desk) -> None:
    """Let the storm come, and acknowledge meanwhile."""
    number = alert(desk)
    desk.page.get_by_role("tab", name="Break it").click()
    desk.page.locator("[data-break=storm]").get_by_role("button", name="Do it").click()
    desk.press("Acknowledge", number)


STEPS: tuple[Callable[[Desk], None], ...] = (
    in_your_own_name,
    a_colleague,
    twice_and_late,
    not_allowed,
    outage,
    half_of_it,
    storm,
)


def test_the_tour_is_done_by_the_page_alone(desk: Desk) -> None:
    """Each step is done with what is on the page, checks itself, and leads to the next, until all seven are done."""
    desk.post("tour", {"do": "reset"})
    tour = desk.page.get_by_role("region", name="Guided tour")
    tour.get_by_role("button", name="Start the tour").click()
    for place, perform in enumerate(STEPS, 1):
        expect(tour.get_by_label(f"Step {place} of {len(STEPS)}")).to_be_visible()
        perform(desk)
        expect(tour.locator(".tour-check.held")).to_be_visible(timeout=LONG)
        if place < len(STEPS):
            tour.get_by_role("button", name="Next").click()
    expect(tour).to_contain_text("That was all.")
    expect(tour.locator(".tour-dots .done")).to_have_count(len(STEPS))


def test_a_link_plays_what_another_did(desk: Desk) -> None:
    """A scenario in a link is played after a question, from a fresh beginning, and what it did is on the page."""
    acts = [
        {"after_ms": 0, "path": "pagerduty/trigger", "body": {"alert": "low", "title": "From a link"}},
        {"after_ms": 3000, "path": "slack/click", "body": {"user": "U0BOB", "channel": "C0INCIDENTS"} | PRESS},
    ]
    text = base64.urlsafe_b64encode(json.dumps({"acts": acts}).encode()).decode().rstrip("=")
    desk.page.goto("about:blank")
    desk.page.goto(f"{desk.url}#scenario={text}")
    desk.page.get_by_role("button", name="Play it").click()
    expect(desk.card(1)).to_contain_text("Acknowledged by Bob Ray in Slack", timeout=LONG)
    expect(desk.card(1)).to_contain_text("From a link")


def difference(page: Page, one: bytes, other: bytes) -> float:
    """Return how large a part of two pictures differs."""
    coded = [base64.b64encode(each).decode() for each in (one, other)]
    return float(page.evaluate(COMPARE, [*coded, *CELLS]))


def test_the_page_looks_as_in_the_documents(browser: Browser, url: str, desk: Desk) -> None:
    """The same incident in a fresh play makes the same pictures, in both themes, but for times and fonts."""
    desk.post("reset", {})
    taken = pictures(browser, url)
    off = {theme: difference(desk.page, taken[theme], picture_of(theme).read_bytes()) for theme in THEMES}
    assert max(off.values()) < ALIKE, off
    assert difference(desk.page, taken["light"], taken["dark"]) > 50 * ALIKE
