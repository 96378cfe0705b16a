"""Everything that the oracle looks at, read once from what the simulators saw."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from pagebridge_sandbox.slack import Message
from tests.proof.chaos import observed_calls
from tests.proof.chaos.observed_calls import Answer, Click, Line, Transition, Version, Write
from tests.proof.chaos.run_log import Journal
from tests.proof.chaos.scenario import Company

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Facts:
    """What happened so far. `cards` are by incident; `answers` end clicks without an effect; `lost` are such, too."""

    company: Company
    journal: Journal
    clicks: list[Click]
    writes: list[Write]
    transitions: list[Transition]
    lines: list[Line]
    answers: list[Answer]
    lost: list[Answer]
    versions: list[Version]
    cards: dict[str, list[Message]]

    @classmethod
    def of(cls, company: Company, journal: Journal) -> "Facts":
        """Read them."""
        return cls(
            company,
            journal,
            clicks=observed_calls.clicks(company),
            writes=observed_calls.writes(company),
            transitions=observed_calls.transitions(company),
            lines=observed_calls.lines(company),
            answers=observed_calls.answers(company),
            lost=observed_calls.answers_not_taken(company),
            versions=observed_calls.versions(company),
            cards=observed_calls.cards(company),
        )

    @property
    def effects(self) -> list[Write]:
        """The writes that changed something."""
        return [write for write in self.writes if write.effect]


def grouped(things: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Put things with the same key together, in their order."""
    groups: dict[K, list[T]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups
