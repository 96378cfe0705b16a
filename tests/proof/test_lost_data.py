"""What becomes of clicks when the store loses its data, told day by day."""

import pytest

from tests.proof.evidence import Evidence
from tests.proof.oracle import judge
from tests.proof.schedule import Click, DataLost, Delivered, InPagerDuty, Item, Opened, Schedule
from tests.proof.simulation import play


def played(*items: Item, seed: int = 1, ahead: float = 0.0) -> Evidence:
    """Play a day with one incident; what is claimed of such days has to hold."""
    evidence = play(Schedule(seed, "lost-data", (Opened(0.0, 0), *items), ahead))
    assert [] == judge(evidence)
    return evidence


def test_a_click_from_before_the_data_is_not_carried_out() -> None:
    """Its envelope comes again after the loss, when its first effect has been undone: it is on record again."""
    evidence = played(
        Click(2.0, 0, "Alice", "acknowledge", again=(8.0,)),
        InPagerDuty(5.0, 0, "", "unacknowledge"),
        DataLost(6.0),
    )

    assert 1 == len(evidence.account.writes)
    assert [] == evidence.workspace.whispers


def test_a_click_from_after_the_data_is_carried_out() -> None:
    """Whoever presses once the store has begun anew need not know that it did."""
    evidence = played(DataLost(2.0), Click(20.0, 0, "Alice", "acknowledge"))

    assert ["acknowledged"] == [write.status for write in evidence.account.writes]
    assert "acknowledged" == evidence.account.incidents["Q1INCIDENT"].status


@pytest.mark.parametrize("seed", range(393, 400))
def test_a_card_found_again_is_not_put_back_by_an_event_that_was_on_its_way(seed: int) -> None:
    """
    It says resolved, and only the webhook of its trigger is left: PagerDuty is read before the card is written.

    PagerDuty's clock is ahead, so that the incident seems to be younger than the data.
    """
    evidence = played(
        Delivered(1, (1.949, 0.102)),
        Opened(1.606, 1),
        InPagerDuty(1.610, 1, "Carol", "resolve"),
        Click(1.934, 0, "Mallory", "acknowledge"),
        DataLost(2.924),
        seed=seed,
        ahead=1.7,
    )

    assert {"resolved"} == {
        version.status for card in evidence.workspace.cards("Q2INCIDENT") for version in card.versions
    }
