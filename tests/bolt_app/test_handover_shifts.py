"""When a shift is handed over: by the instants that PagerDuty gives, once for each change of people."""

from datetime import datetime

import pytest

from bolt_app.handover.shifts import LOOK, Shifts, shift_changes
from shared.model.event import Instant, Ref
from shared.model.handover_posts import ShiftChange
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


def test_a_change_of_clocks_makes_no_shift_longer_or_shorter() -> None:
    """On the night when clocks go forward, times with other offsets are the same instants: one change, no gap."""
    night, day = {"id": "PALICE1", "summary": "Alice"}, {"id": "PBOB1", "summary": "Bob"}
    common = {"escalation_level": 1, "escalation_policy": {"id": "PPOL001"}}
    turn = "2026-03-29T07:00:00+02:00"
    told = parse_on_calls(
        {
            "oncalls": [
                {**common, "user": night, "start": "2026-03-28T22:00:00+01:00", "end": turn},
                {**common, "user": day, "start": "2026-03-29T05:00:00Z", "end": "2026-03-29T22:00:00+02:00"},
            ]
        },
        None,
    ).members
    begin, end = (
        int(datetime.fromisoformat(at).timestamp()) * 1000 for at in ("2026-03-29T00:00Z", "2026-03-29T12:00Z")
    )

    [change] = shift_changes(told, begin, end)

    assert datetime.fromisoformat(turn).timestamp() * 1000 == change.at_ms
    assert (("Alice",), ("Bob",)) == (change.going, change.coming)


def test_shifts_are_read_again_right_after_the_next_change() -> None:
    """Or after a while, since an override may have been made."""
    soon = Shifts([ShiftChange(NOON - HOUR, (), ()), ShiftChange(NOON + 60_000, (), ())], NOON)

    assert 61 == soon.look_in
    assert LOOK == Shifts([ShiftChange(NOON + HOUR, (), ())], NOON).look_in == Shifts([], NOON).look_in
