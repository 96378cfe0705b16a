"""When a shift is handed over: by the instants that PagerDuty gives, once for each change of people."""

from datetime import datetime

import pytest

from bolt_app.handover.shifts import LOOK, Shifts, shift_changes, shift_words
from shared.model.event import Instant, Ref
from shared.model.handover_posts import ShiftChange, ShiftPosts
from shared.pagerduty.models.account import OnCall, parse_on_calls
from tests.builders import NOON

HOUR = 3_600_000
POLICY = Ref("PPOL001", "Payments on-call")
START, END = NOON - 10 * HOUR, NOON + 10 * HOUR


def shift(name: str, since: int | None, until: int | None, level: int = 1) -> OnCall:
    """Make a shift, by its hours from noon."""
    end, begin = (None if hour is None else Instant(NOON + hour * HOUR) for hour in (until, since))
    return OnCall(level, Ref(f"P{name.upper()}", name), POLICY, end, begin)


@pytest.mark.parametrize(
    ("shifts", "changes"),
    [
        ([shift("Alice", -9, 1), shift("Bob", 1, 9)], [(1, ("Alice",), ("Bob",))]),
        ([shift("Alice", -9, 1), shift("Alice", 1, 9)], []),
        ([shift("Alice", -9, 1), shift("Bob", 2, 9)], [(1, ("Alice",), ()), (2, (), ("Bob",))]),
        ([shift("Alice", -9, 1), shift("Carol", -9, 9), shift("Bob", 1, 9)], [(1, ("Alice",), ("Bob",))]),
        ([shift("Alice", -9, 9), shift("Alice", -9, 1), shift("Bob", 1, 2)], [(1, (), ("Bob",)), (2, ("Bob",), ())]),
        ([shift("Alice", None, None), shift("Bob", -9, 1, level=2), shift("Carol", 1, 9, level=2)], []),
    ],
    ids=["one after the other", "the same person", "a gap", "one stays", "two schedules", "not at the first level"],
)
def test_a_change_is_one_of_people(
    shifts: list[OnCall], changes: list[tuple[int, tuple[str, ...], tuple[str, ...]]]
) -> None:
    """Who stays is not named, and shifts of one person without a break are one; other levels do not matter."""
    inside = shift_changes(shifts, NOON - 9 * HOUR, NOON + 9 * HOUR)

    assert [ShiftChange(NOON + at * HOUR, going, coming) for at, going, coming in changes] == inside


def test_what_is_cut_off_at_the_edge_is_no_change() -> None:
    """A shift that began before what was asked for, or ends after it, may be given with the edge as its end."""
    cut = [shift("Alice", -10, 1), shift("Bob", 1, 10)]

    assert [NOON + HOUR] == [change.at_ms for change in shift_changes(cut, START, END)]


def of_the_night(*shifts: tuple[str, str, str]) -> tuple[OnCall, ...]:
    """Read shifts as PagerDuty gives them: who, from when and until when."""
    common = {"escalation_level": 1, "escalation_policy": {"id": "PPOL001"}}
    entries = [
        {**common, "user": {"id": f"P{name.upper()}1", "summary": name}, "start": begin, "end": end}
        for name, begin, end in shifts
    ]
    return parse_on_calls({"oncalls": entries}, None).members


def ms(at: str) -> int:
    """Return a time as milliseconds since 1970."""
    return int(datetime.fromisoformat(at).timestamp()) * 1000


FORWARD = (
    ("Alice", "2026-03-28T22:00:00+01:00", "2026-03-29T07:00:00+02:00"),
    ("Bob", "2026-03-29T05:00:00Z", "2026-03-29T22:00:00+02:00"),
)
BACK = (
    ("Alice", "2026-10-24T22:00:00+02:00", "2026-10-25T02:30:00+02:00"),
    ("Bob", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
    ("Carol", "2026-10-25T01:30:00Z", "2026-10-25T22:00:00+01:00"),
)


@pytest.mark.parametrize(
    ("shifts", "changes"),
    [
        (FORWARD, [("2026-03-29T05:00Z", "Alice hands over to Bob")]),
        (BACK, [("2026-10-25T00:30Z", "Alice hands over to Bob"), ("2026-10-25T01:30Z", "Bob hands over to Carol")]),
    ],
    ids=["forward", "back"],
)
def test_a_change_of_clocks_makes_no_shift_longer_or_shorter(
    shifts: tuple[tuple[str, str, str], ...], changes: list[tuple[str, str]]
) -> None:
    """Times with other offsets are the same instants: no gap, and an hour that comes twice has a shift of its own."""
    day = shifts[-1][2][:10]

    found = shift_changes(of_the_night(*shifts), ms(f"{day}T00:00Z") - HOUR, ms(f"{day}T12:00Z"))

    assert [(ms(at), words) for at, words in changes] == [(each.at_ms, shift_words(each)) for each in found]


def test_each_shift_of_the_hour_that_comes_twice_is_handed_over_once() -> None:
    """By the wall's clock both begin at half past two; looked at every ten minutes, each is due until it is told."""
    found = shift_changes(of_the_night(*BACK), ms("2026-10-24T22:00Z"), ms("2026-10-25T12:00Z"))
    posts, posted = ShiftPosts("PPOL001", ms("2026-10-24T22:00Z")), []
    for now_ms in range(ms("2026-10-24T22:00Z"), ms("2026-10-25T04:00Z"), HOUR // 6):
        if change := posts.due(found, now_ms):
            posted.append((now_ms, shift_words(change)))
            posts = posts.told(change)

    assert [
        (ms("2026-10-25T00:30Z"), "Alice hands over to Bob"),
        (ms("2026-10-25T01:30Z"), "Bob hands over to Carol"),
    ] == posted


def test_shifts_are_read_again_right_after_the_next_change() -> None:
    """Or after a while, since an override may have been made."""
    soon = Shifts([ShiftChange(NOON - HOUR, (), ()), ShiftChange(NOON + 60_000, (), ())], NOON)

    assert 61 == soon.look_in
    assert LOOK == Shifts([ShiftChange(NOON + HOUR, (), ())], NOON).look_in == Shifts([], NOON).look_in
