"""Whether what ought to happen after something was broken did happen."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pagebridge_sandbox.demo.summary import count_with_noun
from pagebridge_sandbox.play.breaks import BREAKS, Break, OpenBreaks
from pagebridge_sandbox.play.facts import Facts
from pagebridge_sandbox.play.invariants import INVARIANTS, Finding
from pagebridge_sandbox.play.playground import Playground

Json = dict[str, Any]


@dataclass
class Watched:
    """A break that happened: from when on it counts, and the last word on it once that is spoken."""

    since: float
    last_word: Json | None = None


class Breaker:
    """Breaks things, and says what came of it."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._open = OpenBreaks(playground)
        self._watched: dict[str, Watched] = {}

    async def set(self, break_id: str, *, on: bool) -> None:
        """Break something, or mend it. Raises `LookupError` for what there is not, or what can't be broken now."""
        wanted = next((each for each in self.available if each.id == break_id), None)
        if wanted is None:
            raise LookupError(f"There is nothing to break that is called {break_id}.")
        if on and wanted.id not in self._open:
            self._watched[wanted.id] = Watched(time.time())
            try:
                await self._open.begin(wanted)
            except BaseException:
                del self._watched[wanted.id]
                raise
        elif not on:
            await self._open.end(wanted)

    async def mend_all(self) -> None:
        """Mend everything, and forget what came of it."""
        await self._open.end_all()
        self._watched.clear()

    @property
    def available(self) -> list[Break]:
        """The faults that are possible on this machine."""
        return [each for each in BREAKS if each.id != "store_clock" or self._playground.store_clock]

    def as_json(self, findings: Mapping[str, Finding]) -> list[Json]:
        """Show everything that can be broken, with what came of it."""
        return [
            {
                "id": each.id,
                "group": each.group,
                "label": each.label,
                "expect": each.expect,
                "kind": each.kind,
                "on": each.id in self._open,
                "verdict": self._verdict(each, findings),
            }
            for each in self.available
        ]

    def _verdict(self, about: Break, findings: Mapping[str, Finding]) -> Json | None:
        watched = self._watched.get(about.id)
        if watched is None:
            return None
        if watched.last_word:
            return watched.last_word
        broken = _broken(findings)
        if broken:
            return {"state": "broken", "text": broken}
        facts = Facts(self._playground, watched.since)
        unsettled = facts.restless or next((each.detail for each in findings.values() if each.moving), "")
        if about.id in self._open or unsettled:
            why = f" ({unsettled})" if unsettled else ""
            return {"state": "waiting", "text": f"So far: {_came_to(facts)}{why}."}
        watched.last_word = {"state": "held", "text": f"{_came_to(facts)}. {findings[about.promise].detail}."}
        return watched.last_word


def _broken(findings: Mapping[str, Finding]) -> str:
    """Return which promise is broken, empty when none is."""
    found = ((each.text, findings[each.id]) for each in INVARIANTS)
    return next((f"{text}: {finding.detail}" for text, finding in found if finding.state == "broken"), "")


def _came_to(facts: Facts) -> str:
    """Count what has happened since."""
    presses, effective = len(facts.presses), sum(write.effective for write in facts.writes)
    lines = sum(float(reply.ts) >= facts.since for card in facts.cards for reply in card.message.replies)
    cards = sum(float(card.message.ts) >= facts.since for card in facts.cards)
    counts = [
        count_with_noun(presses, "press", "es"),
        f"{count_with_noun(effective, 'write')}" + (" in the presser's name" if effective else ""),
        count_with_noun(lines, "line"),
    ]
    return ", ".join([*counts, *([count_with_noun(cards, "new card")] if cards else [])])
