"""The invariants of the design, by name, and what it looks like when one does not hold."""

from dataclasses import dataclass
from enum import Enum


class Invariant(Enum):
    """What must hold, by the numbers of the design."""

    EQUAL = "1: at rest every card equals its incident"
    ONE_CARD = "1: one card per incident and channel"
    LATE_CARD = "1: a card that a late call has spoiled is put right"
    BANNER = "1: at rest no card says that somebody is still at it"
    TOLD = "2: every real transition is announced"
    TOLD_TWICE = "2: nothing is announced twice, and nothing that did not happen"
    PLACE = "2: a line says where it was done, in Slack or in PagerDuty"
    REOPENED_PLACE = "2: a line says where an incident was reopened"
    NAME = "3: every write is in the name of somebody who asked for it and may"
    EFFECTS = "3: a click takes effect at most once"
    REPEATED = "3: what took effect and was undone is not done again, though nobody saw its answer"
    IN_TIME = "3: a write is begun within its click's life"
    NOT_LOST = "4: nothing accepted is lost"
    TRUE = "4: what a clicker is told is true"
    CONTRADICTED = "4: who was told that it is done is not told otherwise"
    ONE_END = "4: a click is told one end, and after it nothing of the way there"
    AFTER_ALL = "4: who was told that nobody knows is told when it is known"
    BOUNDED = "5: people's acts and real changes bound the writes"
    REAL = "6: no card shows a state that PagerDuty did not have"
    OLDER = "7: no card goes back, except by a late call"
    REST = "it comes to rest"
    FORESEEN = "every failure is one that somebody foresaw"


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and how that shows."""

    invariant: Invariant
    what: str

    def __str__(self) -> str:
        return f"invariant {self.invariant.value}: {self.what}"
