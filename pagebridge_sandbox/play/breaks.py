"""The faults of the playground: each lasts while its switch is on or, if it passes by itself, happens once."""

import asyncio
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Literal

from pagebridge_sandbox.play import happenings
from pagebridge_sandbox.play.happenings import LATE, SLOW, STORM, Happening
from pagebridge_sandbox.play.playground import RESTART, Playground

Kind = Literal["switch", "once"]


@dataclass(frozen=True)
class Break:
    """One thing to break: what it is called, and what ought to happen then. `promise` is what it puts to the test."""

    id: str
    group: Literal["PagerDuty", "Slack", "Deliveries", "Processes"]
    label: str
    expect: str
    kind: Kind
    happen: Happening
    promise: str = "equal"


BREAKS = (
    Break(
        "pagerduty_down",
        "PagerDuty",
        "PagerDuty is down",
        "A press is kept and its person told that it has NOT happened yet. No card claims it. Back within a minute, it "
        "happens once; later, nothing is sent and the person is told to press again.",
        "switch",
        happenings.pagerduty_down,
    ),
    Break(
        "pagerduty_slow",
        "PagerDuty",
        f"PagerDuty takes {SLOW:.0f} s for a write",
        "Slack is answered at once. The card shows who is trying, and changes when PagerDuty has confirmed it.",
        "switch",
        happenings.pagerduty_faults(delay=SLOW),
    ),
    Break(
        "pagerduty_lost",
        "PagerDuty",
        "Answers of writes are lost",
        "The write took effect, but nobody said so. The bridge looks before it would repeat: one effect, one line.",
        "switch",
        happenings.pagerduty_faults(drop=True, after_effect=True),
    ),
    Break(
        "pagerduty_429",
        "PagerDuty",
        "PagerDuty says: too many calls (429)",
        "The bridge waits as long as it is told to. The person reads that it has NOT happened yet.",
        "switch",
        happenings.pagerduty_faults(status=429, ratelimit_reset=3),
    ),
    Break(
        "deliveries_lost",
        "Deliveries",
        "Webhooks are lost",
        "A press is on its card at once, by PagerDuty's answer. What people do in PagerDuty is found by comparing, "
        "within half a minute here.",
        "switch",
        happenings.deliveries("lose"),
    ),
    Break(
        "deliveries_doubled",
        "Deliveries",
        "Webhooks come twice",
        "The second one is counted as a duplicate. No line stands twice.",
        "switch",
        happenings.deliveries("duplicate"),
    ),
    Break(
        "deliveries_late",
        "Deliveries",
        f"Webhooks are {LATE:.0f} s late",
        "A press is on its card at once. A late webhook never sets a card back.",
        "switch",
        happenings.deliveries("hold"),
    ),
    Break(
        "deliveries_reordered",
        "Deliveries",
        "Webhooks overtake each other",
        "The card shows the newest state, whatever comes last.",
        "switch",
        happenings.deliveries("reorder"),
    ),
    Break(
        "deliveries_forged",
        "Deliveries",
        "Send a forged webhook",
        "The receiver refuses it with 401 and stores nothing.",
        "once",
        happenings.forged,
        "forged",
    ),
    Break(
        "slack_429",
        "Slack",
        "Slack says: too many calls (429)",
        "Cards wait as long as Slack says, and then show the newest state. No message is lost or doubled.",
        "switch",
        happenings.slack_faults("chat.postMessage", "chat.update", retry_after=2),
    ),
    Break(
        "slack_5xx",
        "Slack",
        "Slack posts, and answers with 502",
        "The bridge looks for its message before it would post it again: one card, one line.",
        "switch",
        happenings.slack_faults("chat.postMessage", http_status=502, after_effect=True),
    ),
    Break(
        "slack_cut",
        "Slack",
        "Cut the WebSockets",
        "The bridge connects again by itself. A press in that moment fails visibly in Slack, and may be repeated.",
        "once",
        happenings.slack_cut,
    ),
    Break(
        "worker_killed",
        "Processes",
        "Kill the worker (kill -9)",
        f"It is started again after {RESTART:.0f} s and goes on where it was: nothing accepted is lost, and nothing "
        "happens twice.",
        "once",
        happenings.worker_killed,
    ),
    Break(
        "store_stopped",
        "Processes",
        "Stop Redis",
        "The receiver refuses deliveries, which PagerDuty repeats. An Acknowledge goes straight to PagerDuty, so that "
        "its line will say so. Everything else is refused in plain words.",
        "switch",
        happenings.store_stopped,
    ),
    Break(
        "store_emptied",
        "Processes",
        "Empty Redis",
        "Cards and lines are found again by what they carry, and open incidents are read from PagerDuty: "
        "there is no second card.",
        "once",
        happenings.store_emptied,
    ),
    Break(
        "store_clock",
        "Processes",
        "Put Redis' clock an hour ahead",
        "Everything goes on: no card is set back, nothing is told twice.",
        "switch",
        happenings.store_clock_jumped,
    ),
    Break(
        "storm",
        "Processes",
        f"A storm of {STORM} incidents",
        "One card each, and one that the less important ones share; a press goes before all of them.",
        "once",
        happenings.storm,
    ),
)


class OpenBreaks:
    """Those that are on. One is mended only after it was broken, however soon it is switched off again."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._open: dict[str, AsyncExitStack] = {}
        self._changing = defaultdict[str, asyncio.Lock](asyncio.Lock)

    def __contains__(self, break_id: object) -> bool:
        return break_id in self._open

    async def begin(self, wanted: Break) -> None:
        """Break it; what passes by itself is over when this returns. Raises what kept it from being broken."""
        async with self._changing[wanted.id]:
            if wanted.id in self._open:
                return
            self._open[wanted.id] = stack = AsyncExitStack()
            self._playground.breaks_open += 1
            try:
                await stack.enter_async_context(wanted.happen(self._playground))
            except BaseException:
                await self._close(wanted)
                raise
            if wanted.kind == "once":
                await self._close(wanted)

    async def end(self, wanted: Break) -> None:
        """Mend it, if it is broken."""
        async with self._changing[wanted.id]:
            if wanted.id in self._open:
                await self._close(wanted)

    async def end_all(self) -> None:
        """Mend everything."""
        for each in BREAKS:
            await self.end(each)

    async def _close(self, wanted: Break) -> None:
        await self._open.pop(wanted.id).aclose()
        self._playground.breaks_open -= 1
        self._playground.disturbed_until = time.time()
