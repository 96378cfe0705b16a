"""Thousands of bad days end well; without any one of its guards the bridge does not get through them."""

import pytest

from tests.proof.fault_mixes import MIXES
from tests.proof.negative_controls import CONTROLS, Control
from tests.proof.oracle import judge
from tests.proof.reply_classifier import Said
from tests.proof.runner import Day
from tests.proof.schedule import Click, Delivered, InPagerDuty, Opened, Schedule, Slept
from tests.proof.simulation import play

CHUNKS = 2
DAYS = 2
"""Days of each mix in a chunk: 48 in all. `make prove` plays 50,000."""
NOTICED = 3
"""Days on which the oracle has to notice that a guard is missing."""
AT_MOST = 200
"""Days that it is given for that."""


@pytest.mark.timeout(600)  # half a minute, unless others want the machine too
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_invariant_holds_on_every_day(chunk: int) -> None:
    """Whatever is reordered, doubled, late, lost, crashes or sleeps: what is claimed of such a day holds."""
    seeds = range(chunk * DAYS, (chunk + 1) * DAYS)

    failed = next((day for mix in MIXES for day in (Day(seed, mix) for seed in seeds) if day.violations()), None)

    assert failed is None, failed.report()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("control", CONTROLS.values(), ids=lambda control: control.name)
def test_the_oracle_notices_a_missing_guard(control: Control) -> None:
    """With one guard taken out, enough of the days go wrong, so what the oracle says about the others counts."""
    noticed = played = 0
    while noticed < NOTICED and played < AT_MOST:
        noticed += bool(Day(played, control.mix, control.name).violations())
        played += 1

    assert noticed == NOTICED
    assert noticed / played >= control.share / 2


SLEEPERS = {
    "two of them, one while the other's is unclear": Schedule(
        174,
        "held",
        (
            Opened(0.0, 0),
            Click(1.546, 0, "Bob", "acknowledge", worker=1),
            Slept(0, 0, 11.66, "slack post"),
            Slept(1, 1, 25.61, "slack post"),
        ),
    ),
    "one that sends it when it wakes, and looks at once": Schedule(
        232,
        "held",
        (
            Opened(0.0, 0),
            Click(1.894, 0, "Bob", "acknowledge"),
            InPagerDuty(23.019, 0, "", "unacknowledge"),
            InPagerDuty(24.759, 0, "Bob", "acknowledge"),
            InPagerDuty(25.204, 0, "", "unacknowledge"),
            Slept(0, 1, 14.91, "slack post"),
        ),
        ahead=-2.6,
    ),
}


@pytest.mark.parametrize("day", SLEEPERS.values(), ids=SLEEPERS)
def test_a_line_that_a_sleeper_posted_stays_once(day: Schedule) -> None:
    """A worker was stopped with its post of a line not sent: whoever posts it, in the end it is there once."""
    assert [] == judge(play(day))


TOLD_LATE = Schedule(
    1,
    "held",
    (
        Opened(0.0, 0),
        InPagerDuty(8.0, 0, "Carol", "resolve"),
        Click(8.05, 0, "Bob", "acknowledge"),
        InPagerDuty(10.0, 0, "Carol", "reopen"),
        Slept(1, 0, 26.0, "slack tell"),
    ),
)


def test_a_click_is_told_one_end() -> None:
    """A worker was stopped with its answer not sent, and the incident reopened: the next owner tells the same."""
    evidence = play(TOLD_LATE)

    assert [] == judge(evidence)
    assert {Said.STALE} == {whisper.said for whisper in evidence.workspace.whispers}


@pytest.mark.parametrize("delays", [(0.4,), ()], ids=["late", "never"])
def test_a_reopening_just_after_a_second_does_not_take_the_card_back(delays: tuple[float, ...]) -> None:
    """A read has shown its acknowledge already, cut to the second before, and the webhook of that is late, or lost."""
    clicked = Click(0.113, 0, "Alice", "acknowledge")
    reopened = InPagerDuty(0.412, 0, "Carol", "resolve"), InPagerDuty(0.617, 0, "Bob", "acknowledge")
    late = Delivered(0, (0.231, 0.295)), Delivered(1, (0.436,)), Delivered(3, delays)
    day = Schedule(3172, "ties", (Opened(0.0, 0), clicked, *reopened, *late), ahead=-2.6, quick=True)

    assert [] == judge(play(day))


def test_a_day_is_the_same_each_time() -> None:
    """A seed is enough to see a failure again."""
    day = Day(5, "everything")

    first, second = (play(day.schedule) for _ in range(2))

    assert first.workspace.messages == second.workspace.messages
    assert first.account.writes == second.account.writes
    assert first.workspace.whispers == second.workspace.whispers
