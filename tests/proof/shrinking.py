"""A failing day made small: one thing after another is left out while the same invariant still does not hold."""

from collections.abc import Callable

from tests.proof.invariants import Invariant
from tests.proof.schedule import Schedule

Fails = Callable[[Schedule], frozenset[Invariant]]
"""Plays a schedule, and names the invariants that do not hold."""


def shrink(schedule: Schedule, fails: Fails) -> Schedule:
    """
    Leave out as much as possible, in ever smaller pieces (delta debugging).

    The result still breaks one of the invariants that the schedule broke.
    """
    broken = fails(schedule)
    piece = max(1, len(schedule.items) // 2)
    while True:
        smaller = _without_pieces(schedule, piece, lambda candidate: bool(fails(candidate) & broken))
        if smaller is schedule and piece == 1:
            return schedule
        piece = max(1, piece // 2) if smaller is schedule else min(piece, max(1, len(smaller.items) // 2))
        schedule = smaller


def _without_pieces(schedule: Schedule, piece: int, still_fails: Callable[[Schedule], bool]) -> Schedule:
    """Try to leave out each run of so many items, from the last to the first."""
    for start in range(len(schedule.items) - piece, -piece, -piece):
        places = range(max(0, start), start + piece)
        candidate = schedule.without(frozenset(places))
        if places and still_fails(candidate):
            schedule = candidate
    return schedule
