"""Faults of webhooks on their way, by a seeded random plan."""

from dataclasses import dataclass
from random import Random
from typing import Literal

WebhookFault = Literal["none", "lost", "duplicated", "reordered", "held"]


@dataclass(frozen=True)
class WebhookFaultPlan:
    """
    How likely each mishap is for one webhook, from 0 to 1 and together at most 1; the same `seed` decides the same way.

    `lose` it, send it twice (`duplicate`, half of them under another delivery id), `reorder` it behind the next one
    that is sent, or `hold` it. What waits is sent after `held_for` seconds at the latest.
    """

    seed: int
    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    hold: float = 0.0
    held_for: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what is no chance."""
        chances = (self.lose, self.duplicate, self.reorder, self.hold)
        if min(chances) < 0 or sum(chances) > 1 or self.held_for < 0:
            raise ValueError("chances are from 0 to 1, and together at most 1")


class WebhookFaultSampler:
    """Decides as a plan will have it, webhook after webhook."""

    def __init__(self, plan: WebhookFaultPlan) -> None:
        self.plan = plan
        self._random = Random(plan.seed)  # noqa: S311 - a plan is to be repeated, not to be secret

    def next_fault(self) -> WebhookFault:
        """Decide about the next webhook."""
        plan, left = self.plan, self._random.random()
        chances: dict[WebhookFault, float] = {
            "lost": plan.lose,
            "duplicated": plan.duplicate,
            "reordered": plan.reorder,
            "held": plan.hold,
        }
        for mishap, chance in chances.items():
            if left < chance:
                return mishap
            left -= chance
        return "none"

    def keeps_delivery_id(self) -> bool:
        """Decide whether a duplicate has the same delivery id."""
        return self._random.random() < 1 / 2
