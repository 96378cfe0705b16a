"""Actions in the page's PagerDuty, and their effect in Slack."""

import pytest
from playwright.sync_api import expect

from tests.pagebridge_sandbox.page.browser import Desk, see


def open_incident(desk: Desk, number: int) -> None:
    """Show an incident's details."""
    desk.page.locator(".pd-as select").select_option(label="Bob Ray")
    row = desk.page.locator(f"[data-incident='{number}']")
    if row.get_attribute("aria-expanded") != "true":
        row.click()


def test_an_alert_opens_an_incident(desk: Desk) -> None:
    """Each prepared alert is in the menu, and its incident is shown at once with its log."""
    desk.page.locator(".pd-new").click()
    expect(desk.page.get_by_role("menuitem")).to_have_count(6)
    desk.page.get_by_role("menuitem", name="Low urgency").click()
    see(desk.page.locator(".pd-details .pd-log"), "Triggered through the API")
    expect(desk.page.locator("[aria-expanded=true] .pd-urgency")).to_have_text("Low")


@pytest.mark.parametrize(
    ("button", "entry", "on_card"),
    [
        ("Acknowledge", None, "Acknowledged by Bob Ray in PagerDuty"),
        ("Resolve", None, "Resolved by Bob Ray in PagerDuty"),
        ("Reassign", "Carol Diaz", "Assigned to Alice Ng @Carol Diaz"),
        ("More actions", "Escalate to level 2", "Assigned to Alice Ng @Bob Ray"),
        ("More actions", "Urgency: low", "Low urgency"),
        ("More actions", "Priority: P3", "P3"),
    ],
)
def test_what_people_do_there_comes_to_slack(desk: Desk, button: str, entry: str | None, on_card: str) -> None:
    """An act of one of PagerDuty's people is on the card, in their name."""
    number = desk.trigger()
    open_incident(desk, number)
    details = desk.page.locator(".pd-incident.open")
    desk.wait_for_next_second(number)
    details.get_by_role("button", name=button, exact=True).click()
    if entry:
        desk.page.get_by_role("menuitem", name=entry).or_(desk.page.get_by_role("menuitemradio", name=entry)).click()
    # There is no webhook for an urgency: the bridge compares, within half a minute here.
    see(desk.card(number), on_card, timeout=60_000)


def test_a_note_is_written_there(desk: Desk) -> None:
    """A note is in the incident's notes, and in the thread."""
    number = desk.trigger()
    open_incident(desk, number)
    details = desk.page.locator(".pd-incident.open")
    details.get_by_role("button", name="Add note").click()
    details.get_by_label("Note", exact=True).fill("The disk is full")
    desk.page.keyboard.press("Enter")
    details.get_by_role("button", name="Notes (1)").click()
    see(details.locator(".pd-log"), "Bob Ray: The disk is full")
    desk.open_thread(number)
    see(desk.page.get_by_role("complementary", name="Thread"), "The disk is full")


def test_who_is_on_call_and_what_was_sent(desk: Desk) -> None:
    """The policies with their levels, and the subscription with its deliveries, have a page each."""
    desk.trigger()
    desk.page.get_by_role("button", name="On call").click()
    policy = desk.page.locator(".pd-policy").filter(has_text="checkout-api on-call")
    see(policy, "Level 1Alice Ng")
    desk.page.get_by_role("button", name="Webhooks").click()
    see(desk.page.locator(".pd-subscription"), "Active")
    see(desk.page.locator(".pd-deliveries li").first, "incident.triggered")
    see(desk.page.locator(".pd-deliveries li").first, "202")
