"""Slack on the page: cards, threads, private answers, commands, and who may see what."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.pagebridge_sandbox.page.browser import Desk, open_desk, see


def test_a_card_reads_as_in_slack(browser: Browser, url: str) -> None:
    """State, link, mention, symbols, buttons and what a route chooses are there, and times are in the reader's zone."""
    with open_desk(browser, url, timezone_id="Asia/Tokyo") as desk:
        number = desk.trigger()
        card = desk.card(number)
        see(card, re.compile(r"Triggered\s+#\d+ Checkout latency over 2 s"))
        expect(card.locator(".mention")).to_have_text("@Alice Ng")
        expect(card.locator(".emoji").first).to_have_text("🚨")
        expect(card.get_by_role("link", name="Runbook")).to_have_attribute(
            "href", "https://runbooks.example.com/checkout"
        )
        posted = datetime.fromtimestamp(float(card.get_attribute("data-ts") or 0), ZoneInfo("Asia/Tokyo"))
        assert f"{posted:%I:%M %p}".lstrip("0") == card.locator("time").first.inner_text()
        names = [each.inner_text() for each in card.locator(".actions button").all()]
        assert ["Acknowledge", "Add note", "Reassign", "Escalate", "Resolve", "…"] == names
        chosen = desk.card(desk.trigger("database"))
        expect(chosen.locator(".fields")).to_have_text("severitycriticalAge of the index26 h")
        see(chosen.get_by_role("button", name="Runbook"))


def test_an_acknowledge_is_seen_on_both_sides(desk: Desk) -> None:
    """The card says who did it, the thread has its line, and PagerDuty shows it as well."""
    number = desk.trigger()
    desk.press("Acknowledge", number)
    see(desk.card(number), "Acknowledged by Alice Ng in Slack")
    see(desk.page.locator(f"[data-incident='{number}']"), "Acknowledged")
    desk.open_thread(number)
    thread = desk.page.get_by_role("complementary", name="Thread")
    see(thread, "Alice Ng acknowledged it in Slack")
    thread.get_by_label("Reply…").fill("I look at it, @Bob Ray")
    desk.page.keyboard.press("Enter")
    expect(thread.locator(".message").last.locator(".mention")).to_have_text("@Bob Ray")
    thread.get_by_role("button", name="Close thread").click()
    expect(thread).to_have_count(0)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("Carol", "This incident belongs to Payments, and you are not on that team."),
        ("Dave", "No PagerDuty user has your Slack e-mail address dave@acme.example."),
        ("Gina", "guest"),
    ],
)
def test_who_may_not_is_told_why_alone(desk: Desk, first: str, words: str) -> None:
    """Those who may not act read why, with what to do, and nobody else reads it."""
    number = desk.trigger()
    desk.be(first)
    desk.press("Acknowledge", number)
    see(desk.private(words), "Only visible to you")
    desk.be("Bob")
    expect(desk.page.locator(".message.private").filter(has_text=words)).to_have_count(0)
    assert "triggered" == desk.incident(number)["status"]


def test_each_sees_only_their_channels(desk: Desk) -> None:
    """A private channel is there for its members, and a person of another organisation sees the shared one only."""
    channels = desk.page.get_by_role("navigation", name="Channels").locator("li")
    for first, expected in {
        "Alice": ["incidents", "search-northwind", "security-incidents", "storm"],
        "Carol": ["incidents", "search-northwind", "storm"],
        "Olga": ["search-northwind"],
        "Erin": ["incidents", "search-northwind", "security-incidents", "storm"],
    }.items():
        desk.be(first)
        expect(channels).to_have_count(len(expected))
        assert expected == [each.locator(".grow").inner_text() for each in channels.all()]


def test_a_private_teams_incident_stays_in_its_channel(desk: Desk) -> None:
    """Its card is where a route names the channel, and nowhere else."""
    number = int(desk.post("pagerduty/trigger", {"alert": "private"})["incident"])
    desk.be("Erin")
    desk.page.get_by_role("button", name="security-incidents").click()
    see(desk.card(number), "Unusual access to the vault")
    desk.page.get_by_role("button", name="incidents").first.click()
    expect(desk.card(number)).to_have_count(0)


def test_hostile_contents_stay_words(desk: Desk) -> None:
    """Nothing of an alert is markup, a mention or a script, in Slack or in PagerDuty."""
    number = desk.trigger("hostile")
    card = desk.card(number)
    see(card, "<script>alert(1)</script>")
    see(card, "<!channel>")
    assert 0 == desk.page.locator("#app script, #app img:not([src$='/icon.svg']), [href^='javascript:']").count()
    assert ["@Alice Ng"] == [each.inner_text() for each in card.locator(".mention").all()]
    desk.choose("Details", number)
    see(desk.dialog, "&lt;b&gt;")
    see(desk.page.locator(f"[data-incident='{number}']"), "<script>alert(1)</script>")


def test_commands_are_suggested_and_answered(desk: Desk) -> None:
    """What is typed after a slash is completed by the arrow keys; the answer is private, and gone after a reload."""
    composer = desk.page.get_by_label("Message #incidents")
    composer.press_sequentially("/pd wh")
    expect(desk.page.locator(".suggestions").get_by_role("option")).to_have_text(
        "/pd whoamiShow your linked PagerDuty user"
    )
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Tab")
    expect(composer).to_have_value("/pd whoami ")
    desk.page.keyboard.press("Enter")
    see(desk.private("You are Alice Ng"), "Only visible to you")
    desk.page.get_by_role("button", name="Reload Slack").click()
    expect(desk.page.locator(".message.private")).to_have_count(0)
    composer.fill("/nothing")
    desk.page.keyboard.press("Enter")
    see(desk.page.locator(".notice"), "/nothing is not a valid command")
    expect(composer).to_have_value("/nothing")


def test_people_write_and_mention(desk: Desk) -> None:
    """People are suggested after an at sign; markup and what looks like it come out as in Slack."""
    composer = desk.page.get_by_label("Message #incidents")
    composer.press_sequentially("Hi @Bo")
    desk.page.get_by_role("option", name="@Bob Ray").click()
    composer.press_sequentially("see *this* <b> & `code` :tada:")
    desk.page.keyboard.press("Enter")
    message = desk.page.locator(".channel .message").last
    see(message, "Hi @Bob Ray see this <b> & code 🎉")
    expect(message.locator("strong").last).to_have_text("this")


def test_a_message_becomes_a_note(desk: Desk) -> None:
    """The shortcut on a message opens the dialog with its words, and the note is in PagerDuty."""
    number = desk.trigger(title="For a shortcut")
    desk.open_thread(number)
    thread = desk.page.get_by_role("complementary", name="Thread")
    thread.get_by_label("Reply…").fill("It was the cache")
    desk.page.keyboard.press("Enter")
    message = thread.locator(".message").filter(has_text="It was the cache")
    message.hover()
    message.get_by_role("button", name="More message actions").click()
    desk.page.get_by_role("menuitem", name="Add as PagerDuty note").click()
    see(desk.private(re.compile("note", re.IGNORECASE)).or_(desk.dialog).first)
    if desk.dialog.count():
        desk.dialog.get_by_role("button", name=re.compile("Add")).click()
    desk.wait_for_incident(number, lambda it: "It was the cache" in str(it["notes"]))


def test_links_to_an_incident_open_it_here(desk: Desk) -> None:
    """What leads to PagerDuty on a card leads to the PagerDuty of this page."""
    number = desk.trigger()
    desk.page.get_by_role("tab", name="Break it").click()
    desk.card(number).get_by_role("link", name=f"#{number} ").click()
    expect(desk.page.locator(f"[data-incident='{number}']")).to_have_attribute("aria-expanded", "true")
