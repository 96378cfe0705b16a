"""Dialogs on the page: the details dialog, keyboard focus, and confirmation dialogs."""

from playwright.sync_api import expect

from tests.pagebridge_sandbox.page.browser import Desk, see


def test_details_are_read(desk: Desk) -> None:
    """The menu's Details show the alert and the activity, and there is nothing to send."""
    number = desk.trigger()
    desk.choose("Details", number)
    see(desk.dialog, "1 alert")
    see(desk.dialog, "p99: 2.3 s")
    assert ["Close", "Close"] == [
        each.get_attribute("aria-label") or each.inner_text() for each in desk.dialog.get_by_role("button").all()
    ]


def test_the_focus_stays_in_a_dialog_and_comes_back(desk: Desk) -> None:
    """Tab goes round in it, Escape closes it, and the button that opened it has the focus again."""
    number = desk.trigger()
    desk.press("Add note", number)
    see(desk.dialog)
    expect(desk.dialog.get_by_label("Note")).to_be_focused()
    for _ in range(7):
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate("document.querySelector('[role=dialog]').contains(document.activeElement)")
    desk.page.keyboard.press("Escape")
    expect(desk.dialog).to_have_count(0)
    expect(desk.card(number).get_by_role("button", name="Add note")).to_be_focused()


def test_a_confirmation_comes_first(desk: Desk) -> None:
    """Nothing is sent when it is declined; when it is confirmed the next level has it."""
    number = desk.trigger()
    desk.press("Escalate", number)
    see(desk.dialog, "Pages the next level of the incident's escalation policy")
    desk.dialog.get_by_role("button", name="Not now").click()
    expect(desk.dialog).to_have_count(0)
    assert 1 == desk.incident(number)["level"]
    desk.wait_for_next_second(number)
    desk.press("Escalate", number)
    desk.dialog.get_by_role("button", name="Escalate").click()
    see(desk.card(number), "Assigned to Alice Ng @Bob Ray")
    expect(desk.card(number).locator("s")).to_have_text("Alice Ng")
