"""Slack on the page: the Home tab, and a timeline as a canvas."""

from playwright.sync_api import expect

from tests.pagebridge_sandbox.page.browser import Desk, see


def test_the_home_tab(desk: Desk) -> None:
    """Alice finds what is hers there, and reads why her press came too late; Dave reads why he can't act."""
    other, number = desk.trigger(), desk.trigger()
    desk.page.get_by_role("button", name="Home", exact=False).click()
    tab = desk.page.get_by_role("region", name="Home tab")
    press = tab.get_by_role("button", name=f"Acknowledge: incident #{number}")
    see(press)
    desk.post("pagerduty/act", {"as": "PBOB1", "action": "resolve", "incident": number})
    press.click()
    see(tab, "You can't acknowledge")
    expect(press).to_have_count(0)
    # Not before: a few seconds after an incident came, the bridge makes the tab anew, without the reason.
    see(tab.get_by_role("button", name=f"Acknowledge: incident #{other}"))
    assert [] == desk.find_axe_violations(".home")
    desk.be("Dave")
    see(tab, "isn't linked to PagerDuty")


def test_a_timeline_as_a_canvas(desk: Desk) -> None:
    """The reply leads to it; it reads as a document, with what people wrote as words; no one else can open it."""
    number = desk.trigger(title="A *canvas* of it")
    note = "<b>It</b> was **the** cache"
    desk.post("pagerduty/act", {"as": "PBOB1", "action": "note", "incident": number, "text": note})
    desk.open_thread(number)
    see(desk.page.get_by_role("complementary", name="Thread"), "was")
    composer = desk.page.get_by_label("Message #incidents")
    composer.fill(f"/pd timeline {number}")
    composer.press("Enter")
    desk.private("As a canvas that only you can open").get_by_role("link", name=f"Timeline of #{number}").click()
    expect(desk.dialog).to_have_accessible_name(f"Timeline of #{number}")
    expect(desk.dialog.get_by_role("heading").nth(1)).to_have_text(f"#{number} A *canvas* of it")
    expect(desk.dialog.get_by_role("heading").nth(2)).to_have_text("What happened (UTC)")
    see(desk.dialog.get_by_role("listitem").filter(has_text="State: triggered"))
    expect(desk.dialog.locator("li li")).to_have_text(note)
    see(desk.dialog.get_by_role("link", name="The incident in PagerDuty"))
    assert [] == desk.find_axe_violations(".slack-dialog")
    desk.page.keyboard.press("Escape")
    expect(desk.dialog).to_have_count(0)
    [shown] = [each for each in desk.state()["slack"]["canvases"] if each["title"] == f"Timeline of #{number}"]
    assert ["U0ALICE"] == shown["readers"]
