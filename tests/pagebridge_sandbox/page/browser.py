"""A browser in front of the page of `pagebridge play`."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

Json = dict[str, Any]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--enable-features=NetworkServiceInProcess2",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=SpareRendererForSitePerProcess",
    "--js-flags=--no-opt --no-maglev",
)
"""
Chromium's flags: it sends no requests, and has no optimizing compilers and fewer processes, which cost more than they
gain.
"""
AXE = Path(__file__).parent / "axe/axe.min.js"
DESKTOP = ViewportSize(width=1400, height=900)
PATIENCE = 15_000
"""Milliseconds to wait for what the page will show."""
expect.set_options(timeout=PATIENCE)
AT_ONCE = 1_000
"""Milliseconds for what the page shows already."""
LOOK_AGAIN = 500
"""Milliseconds after which is looked again although nothing of the page has changed: a style may have, or a value."""
DIRECTLY = build_opener(ProxyHandler({}))
CHANGES = """async ([seen, patience]) => {
  const changes = window.changes ??= (() => {
    const begun = { count: 0, wake: () => {} };
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(() => { begun.count += 1; begun.wake(); }).observe(document, all);
    return begun;
  })();
  if (changes.count === seen) {
    await new Promise((resolve) => { changes.wake = resolve; setTimeout(resolve, patience); });
  }
  return changes.count;
}"""
"""Counts the changes of the page, and returns when there is one more than `seen`, or `patience` is over."""
BEGIN_ANEW = """(number) => import(`${document.querySelector("script[src$='/main.js']").src}?${number}`)"""
"""Lets a new program take the place of the page's, and all that is drawn with it."""
PAINT = """(painted) => {
  document.documentElement.style.opacity = painted ? "" : "0";
}"""
"""Has Chromium paint the page, or leave that out: all else, also what is hit by a press, stays as it is."""


def see(part: Locator, words: str | re.Pattern[str] = "", timeout: float = PATIENCE) -> None:
    """
    Wait until a part of the page is visible and has these words in it.

    Raises `AssertionError` when it has not. `expect` alone describes the page to the last detail whenever a look fails,
    which takes the processor longer than the page itself: it looks once, at the end.
    """
    looked_for = re.compile(r"\s+".join(map(re.escape, words.split()))) if isinstance(words, str) else words
    is_seen = _becomes_visible(part.filter(has_text=looked_for) if words else part, timeout)
    if words:
        expect(part).to_contain_text(words, timeout=AT_ONCE)
    assert is_seen, f"{part} is not visible"


def _becomes_visible(part: Locator, timeout: float) -> bool:
    """
    Return whether a part of the page is visible within `timeout` milliseconds.

    It is looked for whenever the page has changed. Playwright itself would look twice a second.
    """
    deadline, changes = time.monotonic() + timeout / 1000, -1
    while not part.is_visible():
        if time.monotonic() > deadline:
            return False
        changes = part.page.evaluate(CHANGES, [changes, LOOK_AGAIN])
    return True


@dataclass
class Desk:
    """
    A person in front of the page. What its scripts may not do, an error and a call elsewhere, goes to `wrong`.

    A page that is not `painted` takes the processor a fifth less; there is nothing to see in pictures of it.
    """

    page: Page
    url: str
    painted: bool = True
    wrong: list[str] = field(default_factory=list)
    _beginnings: int = 0

    def visit(self) -> None:
        """See the page as for the first time. What another test has left open or broken is closed and mended."""
        self.tidy_up()
        if self.page.url == self.url:
            self._begin_anew()
        else:
            self.page.goto(self.url)
        self.page.evaluate(PAINT, self.painted)
        see(self.page.locator(".slack-window"))

    def _begin_anew(self) -> None:
        """Take down all that is drawn, and draw it anew as a reload would, which takes the processor twice as long."""
        self._beginnings += 1
        self.page.evaluate(BEGIN_ANEW, self._beginnings)

    def post(self, path: str, body: Json) -> Json:
        """Do something beside the page, and return the answer."""
        return dict(self._ask(path, body))

    def state(self) -> Json:
        """Read what the server tells the page."""
        return dict(self._ask("state"))

    def acts(self) -> list[Json]:
        """Read what was done in this play so far."""
        return list(self._ask("scenario")["acts"])

    def _ask(self, path: str, body: Json | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request to the play, past the browser. Raises `AssertionError` when it is refused."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}api/{path}", data, {"Content-Type": "application/json"})  # noqa: S310 - ours
        try:
            with DIRECTLY.open(request, timeout=8 * PATIENCE / 1000) as answer:  # a fresh play takes long
                return json.load(answer)
        except HTTPError as refusal:
            with refusal:
                raise AssertionError(refusal.read().decode()) from None

    def incident(self, number: int) -> Json:
        """Read one incident as PagerDuty has it, with what was `sent` to it."""
        state = self.state()
        sent = " ".join(hop["label"] for hop in state["hops"] if hop["incident"] == number and hop["to"] == "pagerduty")
        [found] = [each for each in state["pagerduty"]["incidents"] if each["number"] == number]
        return {**found, "sent": sent}

    def wait_for_incident(self, number: int, condition: Callable[[Json], object]) -> None:
        """Wait until PagerDuty has an incident as wanted."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not self._is(condition, number):
            assert time.monotonic() < deadline, self.incident(number)
            self.page.wait_for_timeout(50)

    def wait_for_next_second(self, number: int) -> None:
        """
        Wait until a second has begun in which an incident was not opened yet.

        PagerDuty's answers have whole seconds. The card strikes an old value through if its change surely came later.
        """
        opened = datetime.fromisoformat(self.incident(number)["created_at"])
        self.page.wait_for_function("(begins) => Date.now() >= begins", arg=(int(opened.timestamp()) + 1) * 1000)

    def _is(self, condition: Callable[[Json], object], number: int) -> bool:
        try:
            return bool(condition(self.incident(number)))
        except (LookupError, ValueError):  # not there yet
            return False

    def tidy_up(self) -> None:
        """Close what is open, and mend what is broken."""
        state = self.state()
        for user, stack in state["slack"]["modals"].items():
            if stack:
                self.post("slack/modal/close", {"user": user, "all": True})
        for each in state["breaks"]:
            if each["on"]:
                self.post("breaks", {"id": each["id"], "on": False})

    def trigger(self, alert: str = "checkout", title: str = "") -> int:
        """Let monitoring open an incident, wait for its card, and return its number."""
        number = int(self.post("pagerduty/trigger", {"alert": alert, "title": title})["incident"])
        see(self.card(number), "Open since" if alert == "low" else "Escalates to")
        return number

    def card(self, number: int) -> Locator:
        """Return the card of an incident in the channel."""
        return self.page.locator(".channel .message:not(.private)").filter(
            has=self.page.locator("a", has_text=re.compile(rf"^#{number} "))
        )

    def press(self, label: str, number: int) -> None:
        """Press a button on a card."""
        self.card(number).get_by_role("button", name=f"{label}: incident #{number}").click()

    def choose(self, entry: str, number: int) -> None:
        """Choose in the menu of a card."""
        self.card(number).get_by_role("button", name="More actions", exact=True).click()
        self.page.get_by_role("menuitem", name=entry).click()

    def open_thread(self, number: int) -> None:
        """Show the thread of a card."""
        card = self.card(number)
        card.hover()
        card.get_by_role("button", name="Reply in thread").click()

    def be(self, first: str) -> None:
        """Look with the eyes of another person."""
        self.page.get_by_role("radio", name=first).click()

    @property
    def dialog(self) -> Locator:
        """Return the dialog that is open."""
        return self.page.get_by_role("dialog")

    def private(self, words: str | re.Pattern[str]) -> Locator:
        """Return what only this person sees."""
        return self.page.locator(".message.private").filter(has_text=words).last

    def find_axe_violations(self, part: str = "body", rules: Sequence[str] = ()) -> list[str]:
        """Return what axe finds serious or critical about a part of the page as it is now, by all rules or by some."""
        self.page.evaluate(PAINT, arg=True)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8") + "; null")
        # Style sheets are read for a rule about the whole document only.
        options = {"resultTypes": ["violations"], "preload": part == "body"}
        options |= {"runOnly": list(rules)} if rules else {}
        found = self.page.evaluate("([part, options]) => axe.run(part, options)", [part, options])
        self.page.evaluate(PAINT, self.painted)
        return [
            f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]


def installed_chromium() -> str | None:
    """Return where Chromium is: the one without windows, if there is, because it starts faster."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """Start the Chromium that is installed, until left."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed_chromium(), args=QUIET)
        yield chromium
        chromium.close()


@contextmanager
def open_desk(
    browser: Browser,
    url: str,
    *,
    painted: bool = True,
    **options: Any,  # noqa: ANN401 - of a browser's context
) -> Iterator[Desk]:
    """Open the page in a window of its own; what its scripts may not do fails the test."""
    context = browser.new_context(**{"viewport": DESKTOP, **options})
    context.set_default_timeout(PATIENCE)
    desk = Desk(context.new_page(), url, painted)
    desk.page.on("pageerror", lambda error: desk.wrong.append(str(error)))
    desk.page.on("dialog", lambda dialog: desk.wrong.append(f"a script said {dialog.message}"))
    desk.page.on("request", lambda sent: None if _is_ours(sent.url, url) else desk.wrong.append(sent.url))
    desk.visit()
    yield desk
    context.close()
    assert [] == desk.wrong


def _is_ours(address: str, url: str) -> bool:
    return address.startswith((url, "data:", "blob:"))
