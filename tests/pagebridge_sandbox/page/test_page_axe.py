"""The page with a screen reader, or for poor sight: axe looks at every part of it."""

from typing import Literal

import pytest
from playwright.sync_api import ViewportSize

from tests.pagebridge_sandbox.page.browser import Desk, see

COLOUR_RULES = ("color-contrast", "link-in-text-block")
THEMES: dict[Literal["dark", "light"], tuple[str, ...]] = {"dark": (), "light": COLOUR_RULES}
"""Each theme, and the rules of axe to look by; none stands for all. Names and roles are the same in both."""
PHONE = ViewportSize(width=390, height=844)
NARROW_PARTS = {
    ("PagerDuty",): ".side-slot",
    ("Hops",): ".below-slot",
    ("Break it",): ".side-slot",
    ("Tour",): ".tour-slot",
}
WIDE_PARTS = {("Break it", "What holds"): ".side-slot, .below-slot", ("Why?",): ".below-slot"}
"""Parts that aren't seen from the start, and where they are shown once they are chosen."""


@pytest.mark.parametrize("narrow", [False, True])
def test_nothing_serious_for_axe(desk: Desk, narrow: bool) -> None:  # noqa: FBT001 - a case
    """Every part, a dialog and a thread: no serious fault in contrast, names or roles; nothing sticks out sideways."""
    if narrow:
        desk.page.set_viewport_size(PHONE)
    number = desk.trigger()
    found = find_violations(desk)
    desk.press("Reassign", number)
    see(desk.dialog.get_by_role("combobox", name="Another person"))
    found += find_violations(desk, ".slack-dialog")
    desk.page.keyboard.press("Escape")
    desk.open_thread(number)
    found += find_violations(desk, ".thread")
    tabs = desk.page.locator(".narrow-tabs button") if narrow else desk.page.get_by_role("tab")
    for parts, places in (NARROW_PARTS if narrow else WIDE_PARTS).items():
        for part in parts:
            tabs.filter(has_text=part).click()
        for place in places.split(", "):
            see(desk.page.locator(place))
        found += find_violations(desk, places)
        assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [] == found


def find_violations(desk: Desk, part: str = "body") -> list[str]:
    """Return what axe finds in a part of the page, in each theme."""
    found = list[str]()
    for theme, rules in THEMES.items():
        desk.page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {each}" for each in desk.find_axe_violations(part, rules)]
    return found
