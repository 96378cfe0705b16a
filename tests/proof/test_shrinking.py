"""A failing day is made small, and told so that somebody can follow it."""

from tests.proof.invariants import Invariant
from tests.proof.runner import Day
from tests.proof.schedule import Click, InPagerDuty, Opened, Schedule
from tests.proof.schedule_generator import generate
from tests.proof.shrinking import shrink


def test_only_what_matters_is_left() -> None:
    """Everything that the failure does not need is left out, whatever its place."""
    schedule = generate(3, "everything")
    needed = {schedule.items[1], schedule.items[-1]}

    def fails(candidate: Schedule) -> frozenset[Invariant]:
        return frozenset({Invariant.EQUAL}) if needed <= set(candidate.items) else frozenset()

    assert needed == set(shrink(schedule, fails).items)


def test_the_report_names_the_invariant_tells_the_story_and_how_to_play_it_again() -> None:
    """Somebody who reads nothing but the report can act on it."""
    report = Day(0, "disorder", "naive bridge").report()

    assert "  invariant " in report
    assert "monitoring opens incident 0" in report
    assert """make prove ARGS="--seed 0 --mix disorder --control 'naive bridge'\"""" in report


def test_a_story_is_told_in_the_order_of_time() -> None:
    """Acts stand in their order, with who did them and where."""
    acts = (Click(2.0, 0, "Alice", "acknowledge"), InPagerDuty(1.5, 0, "", "unacknowledge"), Opened(0.0, 0))

    story = Schedule(1, "calm", acts).story()

    assert [
        "  0.000  monitoring opens incident 0",
        "  1.500  a timer in PagerDuty: unacknowledge incident 0",
        "  2.000  Alice in Slack: presses acknowledge on incident 0",
    ] == story.splitlines()
