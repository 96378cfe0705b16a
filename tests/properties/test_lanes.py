"""Who goes first to PagerDuty: in whatever order people come, nobody is kept out by another's flood."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.pagerduty.api.lanes import (
    BLOCK,
    BURST,
    CALLS,
    LIMIT,
    RATE,
    SEATS,
    Lane,
    Line,
    Place,
    ahead_of,
    in_order,
)
from shared.vendor_calls import Limit, LocalTokenBuckets

PEOPLE = "ABCD"
WORKERS = 10
"""Workers for which PagerDuty's limit surely is kept; Slack gives no more than that a connection."""

lines = st.lists(st.sampled_from(PEOPLE), max_size=30).map(
    lambda people: [Place(person, number) for number, person in enumerate(people)]
)
seatings = st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 10))


@given(lines, seatings)
def test_everybody_who_waits_is_in_the_order_once(waiting: list[Place], seated: dict[str, int]) -> None:
    """Nobody is lost, and each person's own places stay in their order."""
    order = in_order(waiting, seated)

    assert sorted(order) == sorted(waiting)
    for person in PEOPLE:
        own = [place.number for place in order if place.person == person]
        assert own == sorted(own)


@given(lines, seatings)
def test_who_has_less_goes_first(waiting: list[Place], seated: dict[str, int]) -> None:
    """Nobody is given a seat while another waits who has fewer; of those with as many, who came first."""
    order = in_order(waiting, seated)
    held = Counter(seated)
    for at, place in enumerate(order):
        firsts = {later.person: later for later in reversed(order[at:])}
        assert (held[place.person], place.number) == min(
            (held[person], first.number) for person, first in firsts.items()
        )
        held[place.person] += 1


@given(lines, seatings, st.sampled_from(Lane))
def test_seats_are_given_as_long_as_there_are_some(waiting: list[Place], seated: dict[str, int], lane: Lane) -> None:
    """Neither a lane nor a person ever has too many; what stays empty is wanted by nobody who may have it."""
    line, seats, before = Line(lane), SEATS[lane], Counter(seated)
    line.waiting, line.seated = {place: asyncio.Event() for place in waiting}, Counter(seated)
    events = dict(line.waiting)

    line.give_seats()

    given = Counter(place.person for place in waiting if place not in line.waiting)
    assert line.seated == before + given
    assert all(events[place].is_set() is (place not in line.waiting) for place in waiting)
    assert not given or line.seated.total() <= seats.all
    assert all(line.seated[person] <= seats.each for person in given)
    assert line.seated.total() >= seats.all or all(line.seated[place.person] >= seats.each for place in line.waiting)


@given(lines, seatings, st.sampled_from(PEOPLE))
def test_ahead_of_somebody_are_those_who_go_first(waiting: list[Place], seated: dict[str, int], person: str) -> None:
    """The number that a person is told is that of the seats given before theirs, without a limit and newcomers."""
    mine = Place(person, len(waiting))
    everybody, held, before = [*waiting, mine], Counter(seated), 0
    told = ahead_of(mine, everybody, held)
    while (place := in_order(everybody, held)[0]) != mine:
        everybody.remove(place)
        held[place.person] += 1
        before += 1

    assert told == before


@given(lines, st.integers(1, 16))
def test_a_flood_is_before_nobodys_first(waiting: list[Place], flood: int) -> None:
    """However much one person has in hand and in line, another's first is behind the firsts of others only."""
    others = [place for place in waiting if place.person != "A"]
    newcomer = Place("Z", 1000)
    firsts = len({place.person for place in others})

    crowd = [*others, *(Place("A", 100 + number) for number in range(flood)), newcomer]

    assert ahead_of(newcomer, crowd, {"A": 1}) <= firsts


def test_every_lane_has_room_for_several_people() -> None:
    """One person alone cannot take all the seats of what people do and read."""
    for lane in (Lane.ACT, Lane.READ):
        assert SEATS[lane].each <= SEATS[lane].all // 2


@given(st.lists(st.floats(0, 30), max_size=200))
def test_no_minute_has_more_calls_than_pagerduty_takes(pauses: list[float]) -> None:
    """Whenever a minute begins, and however calls come: with those that workers keep for later it is not too many."""
    now, interval, granted = 0.0, 60 / RATE, list[float]()
    buckets = LocalTokenBuckets(lambda: now)
    for pause in pauses:
        now += pause
        blocks = [buckets.take([Limit("pagerduty", BLOCK * interval, (BURST - BLOCK) * interval)]) for _ in range(9)]
        granted += [now] * (BLOCK * sum(wait <= 0 for wait in blocks))

    kept = WORKERS * (BLOCK + max(CALLS.values()))
    for begin in granted:
        assert sum(begin <= at < begin + 60 for at in granted) + kept <= LIMIT
