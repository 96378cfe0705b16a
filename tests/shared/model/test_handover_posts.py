"""What is recorded of the handovers that people ask to be posted: one for each press, and nothing for ever."""

from shared.model.handover_posts import KEPT_MS, LATE_MS, HandoverPosts, ShiftChange
from shared.model.ids import CommandId, IncidentId, MessageTs
from shared.model.message_state import MessageState
from tests.builders import NOON

EMPTY = HandoverPosts(IncidentId("C0INCIDENTS"))
FIRST, SECOND = CommandId("first"), CommandId("second")
HOUR = 3_600_000
POSTED = MessageState(ts=MessageTs("1.1"))


def test_a_press_that_comes_again_asks_for_nothing_more() -> None:
    """What is known of its post stays, also when it was posted already."""
    posted = EMPTY.with_asked(FIRST, "", NOON).with_message(FIRST, POSTED, over=True)

    assert posted == posted.with_asked(FIRST, "", NOON + 1)
    assert [FIRST, SECOND] == sorted(posted.with_asked(SECOND, "", NOON + 1).asked)


def test_what_is_over_is_forgotten_after_a_day() -> None:
    """What is still to be posted is kept, however old."""
    posted = EMPTY.with_asked(FIRST, "", NOON).with_message(FIRST, POSTED, over=True)
    waiting = EMPTY.with_asked(FIRST, "", NOON)

    assert [SECOND] == list(posted.with_asked(SECOND, "", NOON + KEPT_MS).asked)
    assert [FIRST, SECOND] == sorted(waiting.with_asked(SECOND, "", NOON + KEPT_MS).asked)


def change(hours: float) -> ShiftChange:
    """Make a change of shift so many hours from noon."""
    return ShiftChange(NOON + int(hours * HOUR), ("Alice",), ("Bob",))


def test_a_change_of_shift_is_due_once() -> None:
    """From its time on; what was before the first look is not told, and of several that were missed only the last."""
    shifts = EMPTY.shifts_of("PPOL001", NOON)

    assert shifts.due([change(-1), change(1)], NOON) is None
    assert change(1) == shifts.due([change(0.5), change(1), change(2)], NOON + HOUR)
    told = shifts.told(change(1))
    assert told.due([change(0.5), change(1)], NOON + HOUR) is None
    assert change(2) == told.due([change(1), change(2)], NOON + 2 * HOUR)


def test_a_handover_that_was_begun_is_brought_to_its_end() -> None:
    """Whatever the schedule says by then; one that could not begin for hours is not told any more."""
    shifts = EMPTY.shifts_of("PPOL001", NOON)
    begun = shifts.with_message(change(1), MessageState(until_ms=NOON + HOUR))

    assert change(1) == begun.due([change(2)], NOON + 9 * HOUR)
    assert shifts.due([change(1)], NOON + HOUR + LATE_MS) is None


def test_another_policy_begins_anew() -> None:
    """What is known of one policy says nothing of another."""
    known = EMPTY.with_shifts(EMPTY.shifts_of("PPOL001", NOON))

    assert known.shifts == known.shifts_of("PPOL001", NOON + HOUR)
    assert NOON + HOUR == known.shifts_of("PPOL002", NOON + HOUR).told_ms
