"""Each dialog of the page's Slack, filled in and sent with mouse and keyboard."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.pagebridge_sandbox.page.browser import Desk, Json, see

Fill = Callable[[Desk], object]


def pick(desk: Desk, label: str, *options: str) -> None:
    """Choose in a list that can be searched."""
    field = desk.dialog.get_by_role("combobox", name=label)
    for option in options:
        field.click()
        field.press_sequentially(option[:3])
        desk.page.locator(".options").get_by_role("option", name=option).click()


def fill_text(label: str, words: str) -> Fill:
    """Write into a field."""
    return lambda desk: desk.dialog.get_by_label(label).fill(words)


def snooze_until(desk: Desk) -> None:
    """Choose a moment of one's own."""
    desk.dialog.get_by_label("Until the time below").check()
    until = datetime.now().astimezone() + timedelta(hours=3)
    desk.dialog.get_by_label("Until (at most").fill(until.strftime("%Y-%m-%dT%H:%M"))


DIALOGS: dict[str, tuple[bool, Fill, str, Callable[[Json], object]]] = {
    "Add note": (True, fill_text("Note", "Looking"), "Add note", lambda it: it["notes"][0]["text"] == "Looking"),
    "Resolve": (True, fill_text("What fixed it?", "Cache"), "Resolve", lambda it: it["status"] == "resolved"),
    "Reassign": (
        True,
        lambda desk: pick(desk, "Another person", "Bob Ray"),
        "Reassign",
        lambda it: it["assignees"] == ["Bob Ray"],
    ),
    "Add responders": (
        False,
        lambda desk: pick(desk, "Who should help?", "Bob Ray", "Carol Diaz"),
        "Request help",
        lambda it: "responder_requests" in it["sent"],
    ),
    "Change priority": (
        False,
        lambda desk: pick(desk, "Priority", "P2"),
        "Change",
        lambda it: it["priority"] == "P2",
    ),
    "Status update": (
        False,
        fill_text("What should people know?", "We know more soon"),
        "Send",
        lambda it: "status_updates" in it["sent"],
    ),
    "Snooze": (False, snooze_until, "Snooze", lambda it: it["snoozed_until"]),
}
"""Each: whether it is a button, what is filled in, what sends it, and what PagerDuty has then."""


@pytest.mark.parametrize("entry", DIALOGS)
def test_each_dialog_is_filled_in_and_sent(desk: Desk, entry: str) -> None:
    """It opens with its title, takes what is filled in, closes when it is sent, and PagerDuty has it."""
    is_button, fill, submit, has_happened = DIALOGS[entry]
    number = desk.trigger()
    if entry == "Snooze":
        desk.press("Acknowledge", number)
        see(desk.card(number), "Acknowledged")
    (desk.press if is_button else desk.choose)(entry, number)
    see(desk.dialog)
    expect(desk.dialog.get_by_role("heading")).to_have_text(f"{entry} #{number}")
    fill(desk)
    desk.dialog.get_by_role("button", name=submit).click()
    expect(desk.dialog).to_have_count(0)
    desk.wait_for_incident(number, has_happened)


def test_a_new_incident_is_opened_by_a_command(desk: Desk) -> None:
    """`/pd trigger` opens the dialog with the title in it, and the incident that it makes has its card."""
    desk.page.get_by_label("Message #incidents").fill("/pd trigger Printer on fire")
    desk.page.keyboard.press("Enter")
    see(desk.dialog)
    expect(desk.dialog.get_by_label("What is wrong?")).to_have_value("Printer on fire")
    pick(desk, "Service", "checkout-api")
    desk.dialog.get_by_label("Low: it can wait").check()
    desk.dialog.get_by_role("button", name="Create incident").click()
    card = desk.page.locator(".channel .message").filter(has=desk.page.get_by_role("link", name="Printer on fire"))
    see(card.last, "Low urgency")


def test_what_is_wrong_stands_at_its_field(desk: Desk) -> None:
    """A refused field says why, to the screen reader too, and what was filled in stays."""
    number = desk.trigger()
    desk.press("Reassign", number)
    pick(desk, "Another person", "Dave Poe")
    desk.dialog.get_by_role("button", name="Reassign").click()
    field = desk.dialog.get_by_role("combobox", name="Another person")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("Dave Poe isn't linked to a PagerDuty account"))
    expect(field).to_have_value("Dave Poe")
    desk.page.keyboard.press("Escape")
    expect(desk.dialog).to_have_count(0)
