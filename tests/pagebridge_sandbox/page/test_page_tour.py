"""The guided tour in a browser, by the page alone."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pagebridge_sandbox.page.browser import Desk, see

LONG = 120_000
"""Milliseconds for what waits for the clock: an outage, a storm."""


def alert(desk: Desk) -> int:
    """Let the checkout alert come, from its button."""
    desk.page.get_by_role("tab", name="PagerDuty").click()
    before = desk.page.locator("[data-incident]").first
    last = int(before.get_attribute("data-incident") or 0) if before.count() else 0
    desk.page.locator(".pd-new").click()
    desk.page.get_by_role("menuitem", name="Checkout is slow").click()
    see(desk.card(last + 1), "Escalates to")
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
    see(desk.private("NOT acknowledged yet"))
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
        see(tour.get_by_label(f"Step {place} of {len(STEPS)}"))
        perform(desk)
        see(tour.locator(".tour-check.held"), timeout=LONG)
        if place < len(STEPS):
            tour.get_by_role("button", name="Next").click()
    see(tour, "That was all.")
    expect(tour.locator(".tour-dots .done")).to_have_count(len(STEPS))
