"""The guided tour: seven steps that the reader takes, each of which looks by itself whether it is done."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from pagebridge_sandbox.play import happenings, sights
from pagebridge_sandbox.play.facts import Facts
from pagebridge_sandbox.play.happenings import Happening
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.sights import Sight

Json = dict[str, Any]


@dataclass(frozen=True)
class TourStep:
    """One step: what to do, how, and `look`, which says whether it is done. `during` is broken while it is taken."""

    id: str
    title: str
    task: str
    hint: str
    look: Callable[[Facts], Sight]
    during: Happening | None = None


STEPS = (
    TourStep(
        "echo",
        "In your own name",
        "Trigger “Checkout is slow”. Then press Acknowledge on its card, as Alice.",
        "The buttons for alerts are on PagerDuty's side. You choose who you are at the top of Slack.",
        sights.acknowledged_with_echo,
    ),
    TourStep(
        "colleague",
        "A colleague in PagerDuty",
        "Resolve the incident in PagerDuty, as Bob.",
        "Open the incident on PagerDuty's side, and choose Bob as the one who acts.",
        sights.resolved_in_pagerduty,
    ),
    TourStep(
        "twice_and_late",
        "Twice, and late",
        "Let webhooks come twice and late, trigger “Checkout is slow” again, and acknowledge it as Alice.",
        "Both switches are under Deliveries. Switch them off when you have seen enough.",
        sights.doubled_and_late,
    ),
    TourStep(
        "refused",
        "Not everyone may",
        "Press Acknowledge as Carol, who is on another team, or as Dave, who isn't linked yet.",
        "It needs a card with this button: trigger an alert if there is none.",
        sights.refused_in_private,
    ),
    TourStep(
        "outage",
        "An outage, told as it is",
        "Let PagerDuty go down, press Acknowledge as Alice, wait until you read that it has NOT happened yet, and let "
        "PagerDuty come back.",
        "Trigger an alert first if no card has the button. The words come after five seconds, to Alice only.",
        sights.outage_told,
    ),
    TourStep(
        "partial",
        "Half of it failed",
        "As Alice, choose Add responders in the card's menu (⋯), and ask Bob and Carol for help. PagerDuty will refuse "
        "the first of them.",
        "Any open incident will do. The answer names each person.",
        sights.partly_refused,
        happenings.first_responder_refused,
    ),
    TourStep(
        "storm",
        "A storm",
        f"Let the storm of {happenings.STORM} incidents come, and press Acknowledge as Alice while it passes.",
        "It is under Processes; its cards come to #storm. It takes about a minute.",
        sights.storm_passed,
    ),
)


UNSEEN = Sight(done=False, text="")


@dataclass(frozen=True)
class _Stand:
    """How one step stands: since when it is taken, and what was seen."""

    since: float = 0.0
    seen: Sight = UNSEEN


class Tour:
    """Which step is taken, and how all of them stand."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._number = 0
        self._stands = [_Stand() for _ in STEPS]
        self._during = AsyncExitStack()

    async def start(self) -> None:
        """Begin with the first step."""
        await self.reset()
        await self._take(1)

    async def next(self) -> None:
        """Go on to the next step, whether this one is done or not."""
        await self._take(min(self._number + 1, len(STEPS)))

    async def reset(self) -> None:
        """End the tour."""
        await self._during.aclose()
        self._number = 0
        self._stands = [_Stand() for _ in STEPS]

    def as_json(self) -> Json:
        """Show it, having looked whether the present step is done. What is done stays so."""
        if self._number:
            at = self._number - 1
            stand = self._stands[at]
            if not stand.seen.done:
                self._stands[at] = replace(stand, seen=STEPS[at].look(Facts(self._playground, stand.since)))
        return {"step": self._number, "steps": [_step(*pair) for pair in zip(STEPS, self._stands, strict=True)]}

    async def _take(self, number: int) -> None:
        if number == self._number:
            return
        await self._during.aclose()
        self._number = number
        self._stands[number - 1] = _Stand(time.time())
        if during := STEPS[number - 1].during:
            await self._during.enter_async_context(during(self._playground))


def _step(step: TourStep, stand: _Stand) -> Json:
    return {
        "id": step.id,
        "title": step.title,
        "task": step.task,
        "hint": step.hint,
        "done": stand.seen.done,
        "check": stand.seen.text,
    }
