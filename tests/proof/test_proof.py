"""Thousands of bad days end well; without any one of its guards the bridge does not get through them."""

import pytest

from tests.proof.controls import CONTROLS, Control
from tests.proof.mixes import MIXES
from tests.proof.oracle import judge
from tests.proof.proving import Day
from tests.proof.schedule import Click, Opened, Schedule, Slept
from tests.proof.world import play

CHUNKS = 14
DAYS = 2000 // CHUNKS // len(MIXES) + 1
"""Days of each mix in a chunk."""
NOTICED = 3
"""Days on which the oracle has to notice that a guard is missing."""
AT_MOST = 200
"""Days that it is given for that."""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_invariant_holds_on_every_day(chunk: int) -> None:
    """Whatever is reordered, doubled, late, lost, crashes or sleeps: what is claimed of such a day holds."""
    seeds = range(chunk * DAYS, (chunk + 1) * DAYS)

    failed = next((day for mix in MIXES for day in (Day(seed, mix) for seed in seeds) if day.violations()), None)

    assert failed is None, failed.report()


@pytest.mark.parametrize("control", CONTROLS.values(), ids=lambda control: control.name)
def test_the_oracle_notices_a_missing_guard(control: Control) -> None:
    """With one guard taken out, enough of the days go wrong, so what the oracle says about the others counts."""
    noticed = played = 0
    while noticed < NOTICED and played < AT_MOST:
        noticed += bool(Day(played, control.mix, control.name).violations())
        played += 1

    assert noticed == NOTICED
    assert noticed / played >= control.share / 2


def test_a_line_that_two_sleepers_posted_stays_once() -> None:
    """Each was stopped with its post of the same line not sent; one comes while the other is unclear."""
    items = (
        Opened(0.0, 0),
        Click(1.546, 0, "Bob", "acknowledge", worker=1),
        Slept(0, 0, 11.66, "slack post"),
        Slept(1, 1, 25.61, "slack post"),
    )

    assert [] == judge(play(Schedule(174, "held", items)))


def test_a_day_is_the_same_each_time() -> None:
    """A seed is enough to see a failure again."""
    day = Day(5, "everything")

    first, second = (play(day.schedule) for _ in range(2))

    assert first.workspace.messages == second.workspace.messages
    assert first.account.writes == second.account.writes
    assert first.workspace.whispers == second.workspace.whispers
