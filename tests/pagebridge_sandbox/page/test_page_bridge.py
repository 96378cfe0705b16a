"""What goes on between the two, on the page: hops, why, what can be broken, and how the page itself behaves."""

import base64
import json
import re

import pytest
from playwright.sync_api import Request, expect

from tests.pagebridge_sandbox.page.browser import Desk, see

SWITCHES = (
    "pagerduty_down",
    "pagerduty_slow",
    "pagerduty_lost",
    "pagerduty_429",
    "deliveries_lost",
    "deliveries_doubled",
    "deliveries_late",
    "deliveries_reordered",
    "slack_429",
    "slack_5xx",
    "store_stopped",
)


def test_hops_are_drawn_and_tell_what_went_along(desk: Desk) -> None:
    """A press is followed from the person to PagerDuty and back; a hop shows its message without secrets."""
    number = desk.trigger()
    desk.press("Acknowledge", number)
    desk.page.locator(".hop-filter select").select_option(str(number))
    hops = desk.page.locator(".hop")
    write = hops.filter(has_text="PUT /incidents").first
    expect(write).to_have_attribute("aria-label", re.compile("PUT .*From: alice@acme.example .*worker to pagerduty"))
    expect(hops.filter(has_text="echo of our own write")).to_have_count(1)
    see(hops.filter(has_text="thread: Alice Ng acknowledged"))  # the diagram moves on until then, also under a mouse
    write.click()
    payload = desk.page.get_by_role("region", name="What went along")
    see(payload, '"From": "alice@acme.example"')
    see(payload, '"status": "acknowledged"')
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    # PagerDuty's answer or its webhook, whichever was quicker.
    see(payload, '"incident.acknowledged"')
    payload.get_by_role("button", name="Close").click()
    expect(payload).to_have_count(0)


def test_why_is_told_beside_it(desk: Desk) -> None:
    """The page shows the answer of `pagebridge why`, and a new one after each change, asking one question at a time."""
    under_way = {"now": 0, "most": 0}
    desk.page.on("request", lambda sent: count_question(under_way, sent, 1))
    desk.page.on("requestfinished", lambda sent: count_question(under_way, sent, -1))
    number = desk.trigger()
    desk.page.locator(f"[data-incident='{number}']").click()
    desk.page.get_by_role("tab", name="Why?").click()
    answer = desk.page.get_by_role("region", name="Answer")
    see(answer, "the card was posted in C0INCIDENTS", timeout=40_000)
    desk.press("Acknowledge", number)
    see(answer, "acknowledged #", timeout=40_000)
    assert under_way["most"] == 1


def count_question(under_way: dict[str, int], sent: Request, more: int) -> None:
    """Count the questions to `pagebridge why` that are not answered yet."""
    if sent.url.endswith("/api/why"):
        under_way["now"] += more
        under_way["most"] = max(under_way.values())


def test_what_holds_is_judged_all_the_time(desk: Desk) -> None:
    """Each promise has its verdict, and none is broken."""
    number = desk.trigger()
    desk.press("Acknowledge", number)
    desk.page.get_by_role("tab", name="What holds").click()
    once = desk.page.locator(".promises li").filter(has_text="A press takes effect once")
    expect(once).to_have_attribute("data-state", "held")
    expect(desk.page.locator(".promises [data-state=broken]")).to_have_count(0)
    assert len(desk.state()["invariants"]) == desk.page.locator(".promises li").count()


def test_each_switch_is_turned_on_and_off(desk: Desk) -> None:
    """It says what ought to happen, is on for the server as well, and gives a verdict that is not broken."""
    desk.page.get_by_role("tab", name="Break it").click()
    for name in SWITCHES:
        it = desk.page.locator(f"[data-break={name}]")
        expect(it.locator("small")).not_to_be_empty()
        switch = it.get_by_role("switch")
        switch.press("Space")
        expect(switch).to_be_checked()
        assert [name] == [each["id"] for each in desk.state()["breaks"] if each["on"]]
        switch.click()
        expect(switch).not_to_be_checked()
        expect(it.locator(".verdict.broken")).to_have_count(0)


@pytest.mark.parametrize("name", ["deliveries_forged", "slack_cut", "worker_killed", "store_emptied"])
def test_what_is_done_once(desk: Desk, name: str) -> None:
    """It has a button, and a verdict after it."""
    desk.page.get_by_role("tab", name="Break it").click()
    it = desk.page.locator(f"[data-break={name}]")
    it.get_by_role("button", name="Do it").click()
    see(it.locator(".verdict.held"), timeout=60_000)


def test_an_outage_is_told_and_ends(desk: Desk) -> None:
    """A press while PagerDuty is down is told as not done yet, then it is done, and the switch says that all held."""
    number = desk.trigger()
    desk.page.get_by_role("tab", name="Break it").click()
    it = desk.page.locator("[data-break=pagerduty_down]")
    it.get_by_role("switch").click()
    desk.press("Acknowledge", number)
    see(desk.private("on its way to PagerDuty"))
    it.get_by_role("switch").click()
    see(desk.card(number), "Acknowledged by Alice Ng in Slack")
    see(it.locator(".verdict.held"))


def test_a_scenario_is_a_link_and_a_test(desk: Desk) -> None:
    """What was done is copied as a link and shown as a test; a link asks before it plays."""
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.page.get_by_role("button", name="Scenario").click()
    desk.page.get_by_role("menuitem", name="Copy a link").click()
    see(desk.page.locator(".notice"), "copied")
    link = desk.page.evaluate("navigator.clipboard.readText()")
    [text] = re.findall(r"#scenario=([\w-]+)$", link)
    assert "acts" in json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    desk.page.get_by_role("button", name="Scenario").click()
    desk.page.get_by_role("menuitem", name="As a test").click()
    see(desk.dialog, "async def test_")
    desk.page.keyboard.press("Escape")
    desk.page.goto("about:blank")
    desk.page.goto(f"{desk.url}#scenario={text}")
    asked = desk.page.get_by_role("region", name="Scenario of this link")
    see(asked, "This link holds a scenario")
    asked.get_by_role("button", name="Ignore it").click()
    expect(asked).to_have_count(0)
    assert desk.url == desk.page.url
    desk.page.evaluate("(text) => { location.hash = `scenario=${text}` }", text)
    see(asked, "This link holds a scenario")
    asked.get_by_role("button", name="Ignore it").click()
    expect(asked).to_have_count(0)


def test_the_parts_fill_the_window_and_do_not_overlap(desk: Desk) -> None:
    """However wide the window is, each part that is shown has room, within it and beside the others."""
    for width in (390, 768, 1024, 1400, 1920):
        desk.page.set_viewport_size({"width": width, "height": 844})
        boxes = [each.bounding_box() for each in desk.page.locator(".slack-slot, .side-slot, .below-slot").all()]
        shown = [box for box in boxes if box]
        assert len(shown) == (1 if width <= 900 else 3), width
        for box in shown:
            assert box["width"] >= 380, width
            assert box["height"] >= 250, width
            assert box["x"] >= 0, width
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= 844, width
        if width > 900:
            slack, side, below = shown
            assert slack["x"] + slack["width"] <= side["x"], width
            assert side["y"] + side["height"] <= below["y"], width


def test_the_theme_and_the_phones_width_are_chosen(desk: Desk) -> None:
    """The switch goes from the system's theme to light and dark, and stays after a reload; Slack fits a phone."""
    theme = desk.page.get_by_role("button", name="Theme")
    theme.click()
    theme.click()
    desk.page.reload()
    expect(desk.page.locator("html")).to_have_attribute("data-theme", "dark")
    desk.page.get_by_role("button", name="Phone size").click()
    expect(desk.page.locator(".sidebar")).to_be_hidden()
    assert 390 == desk.page.evaluate("document.querySelector('.slack-window').offsetWidth")
