"""Bad days by chance, and yet the same ones for the same seed."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import get_args

from pagebridge_sandbox.slack.calls import Call
from pagebridge_sandbox.slack.deliveries import DeliveryFault, DeliveryFaultKind, EnvelopeType
from pagebridge_sandbox.slack.faults import Fault

RANDOM_FAULTS: dict[str, Fault] = {
    "delayed": Fault(),
    "internal_error": Fault(error="internal_error"),
    "rate_limited": Fault(retry_after=1),
    "unavailable": Fault(http_status=503),
    "unavailable_after_effect": Fault(http_status=502, after_effect=True),
    "dropped": Fault(drop=True),
    "dropped_after_effect": Fault(drop=True, after_effect=True),
    "dropped_before_effect": Fault(drop=True, effect_after=0.1),
    "hung": Fault(hang=True),
    "hung_after_effect": Fault(hang=True, after_effect=True),
}
"""The ways in which calls go wrong by chance."""


@dataclass(frozen=True)
class FaultPlan:
    """
    The share of calls and of deliveries that fail, each in one of so many ways.

    The fault of a call depends on the seed, on its method and channel and on how many such calls came before, not
    on what else goes on at the same time; the same holds for deliveries of one kind. `slowest` is the longest delay in
    seconds. Raises `ValueError` for a way that there is not.
    """

    seed: int
    calls: float = 0.1
    deliveries: float = 0.0
    method: str = "*"
    ways: tuple[str, ...] = tuple(way for way in RANDOM_FAULTS if not way.startswith("hung"))
    hows: tuple[DeliveryFaultKind, ...] = get_args(DeliveryFaultKind)
    slowest: float = 0.2

    def __post_init__(self) -> None:
        if unknown := {*self.ways} - RANDOM_FAULTS.keys() | {*self.hows} - {*get_args(DeliveryFaultKind)}:
            raise ValueError(f"nothing can go wrong like this: {', '.join(sorted(unknown))}")


class RandomFaults:
    """Carries out a plan; None means that nothing goes wrong by chance."""

    def __init__(self) -> None:
        self._plan: FaultPlan | None = None
        self._counts: Counter[str] = Counter()

    @property
    def plan(self) -> FaultPlan | None:
        """The plan in force. Setting one begins it anew."""
        return self._plan

    @plan.setter
    def plan(self, plan: FaultPlan | None) -> None:
        self._plan, self._counts = plan, Counter()

    def for_call(self, call: Call) -> Fault | None:
        """Return what happens to the next such call."""
        plan = self._plan
        if plan is None or plan.method not in ("*", call.method):
            return None
        dice = self._random(plan, f"{call.method} {call.channel}")
        if dice.random() >= plan.calls:
            return None
        way = dice.choice(plan.ways)
        return Fault(delay=dice.uniform(0, plan.slowest)) if way == "delayed" else RANDOM_FAULTS[way]

    def for_delivery(self, kind: EnvelopeType) -> DeliveryFault | None:
        """Return what happens to the next delivery of this kind."""
        plan = self._plan
        if plan is None:
            return None
        dice = self._random(plan, kind)
        if dice.random() >= plan.deliveries:
            return None
        return DeliveryFault(dice.choice(plan.hows), delay=dice.uniform(0, plan.slowest))

    def _random(self, plan: FaultPlan, name: str) -> random.Random:
        self._counts[name] += 1
        return random.Random(f"{plan.seed} {name} {self._counts[name]}")  # noqa: S311 - must come out the same again
