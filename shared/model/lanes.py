"""
Who goes first to PagerDuty: the order in the line of a lane, and what PagerDuty's own limit leaves each lane.

A lane has seats of its own, so that nothing waits behind a lower one. Within a lane people take turns: who has the
fewest seats goes first, so that one person's flood is before nobody else's first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple


class Lane(IntEnum):
    """What a call is for; the lowest number goes first."""

    ACT = 0
    """What a person does: everything from the first read to the write."""
    READ = 1
    """What people read: answers, dialogs and cards; and whether webhooks still come."""
    UPKEEP = 2
    """What nobody waits for."""


@dataclass(frozen=True)
class Seats:
    """How much goes on in a lane of one worker at the same time, at most, in all and for one person."""

    all: int
    each: int


SEATS: Mapping[Lane, Seats] = MappingProxyType(
    {Lane.ACT: Seats(all=32, each=16), Lane.READ: Seats(all=16, each=8), Lane.UPKEEP: Seats(all=4, each=4)}
)
"""A seat of the first lane is for a whole command, which makes few calls at once; others are for one call."""
CALLS: Mapping[Lane, int] = MappingProxyType({Lane.ACT: 3, Lane.READ: 1, Lane.UPKEEP: 1})
"""The calls that are paid for with a seat: a command reads the person and the incident, and writes."""

LIMIT = 960
"""Requests a minute that PagerDuty takes with one key or app (PagerDuty: "REST API rate limits")."""
RATE = 700
"""Calls a minute that all workers make in the long run."""
BURST = 170
"""Calls that they may make at once besides. Whenever a minute begins, both together stay below `LIMIT`."""
BLOCK = 6
"""Calls that a worker takes out of the shared budget at once, so that Redis is asked for few; it keeps some of them."""
SHARE: Mapping[Lane, float] = MappingProxyType({Lane.ACT: 1.0, Lane.READ: 0.75, Lane.UPKEEP: 0.5})
"""How much of the burst a lane may use: what is left of it stays for the lanes above."""


class Place(NamedTuple):
    """A place in the line of a lane: whose it is, and the how many-th that was taken."""

    person: str
    number: int


def in_order(waiting: Sequence[Place], seated: Mapping[str, int]) -> list[Place]:
    """Sort the places of one lane, given how many seats each person has: who has fewer goes first, then by age."""
    nth, ranked = Counter(seated), []
    for place in sorted(waiting, key=lambda place: place.number):
        ranked.append((nth[place.person], place.number, place))
        nth[place.person] += 1
    return [place for _, _, place in sorted(ranked)]


def next_place(waiting: Sequence[Place], seated: Mapping[str, int], seats: Seats) -> Place | None:
    """Return the place that gets a seat now; None if there is none for anybody who waits."""
    first = next(iter(in_order(waiting, seated)), None)
    if first is None or sum(seated.values()) >= seats.all or seated.get(first.person, 0) >= seats.each:
        return None
    return first


def ahead_of(place: Place, waiting: Sequence[Place], seated: Mapping[str, int]) -> int:
    """Count those who go before `place`, which waits, if nobody else comes."""
    return in_order(waiting, seated).index(place)
