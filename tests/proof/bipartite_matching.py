"""How many of some things can be given a partner of their own among others."""

from collections.abc import Callable, Sequence
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")


def matched(ones: Sequence[One], others: Sequence[Other], fits: Callable[[One, Other], bool]) -> int:
    """Count the most of `ones` that can each have one of `others` that fits, none of which is given twice."""
    partner: dict[int, int] = {}

    def place(one: int, tried: set[int]) -> bool:
        for other in range(len(others)):
            if other in tried or not fits(ones[one], others[other]):
                continue
            tried.add(other)
            if other not in partner or place(partner[other], tried):
                partner[other] = one
                return True
        return False

    return sum(place(one, set()) for one in range(len(ones)))
