"""What becomes of clicks when the store loses its data, told day by day."""

from tests.proof.evidence import Evidence
from tests.proof.fault_mixes import MIXES
from tests.proof.oracle import judge
from tests.proof.reply_classifier import Said
from tests.proof.schedule import Click, DataLost, InPagerDuty, Item, Opened, Schedule
from tests.proof.simulation import play


def played(*items: Item) -> Evidence:
    """Play a day with one incident; what is claimed of such days has to hold."""
    evidence = play(Schedule(1, "lost-data", (Opened(0.0, 0), *items)))
    assert [] == MIXES["lost-data"].claims(judge(evidence))
    return evidence


def test_a_click_from_before_the_data_is_not_carried_out() -> None:
    """Its envelope comes again after the loss, when its first effect has been undone: nobody does it twice."""
    evidence = played(
        Click(2.0, 0, "Alice", "acknowledge", again=(8.0,)),
        InPagerDuty(5.0, 0, "", "unacknowledge"),
        DataLost(6.0),
    )

    assert 1 == len(evidence.account.writes)
    assert Said.NOT_STORED is evidence.workspace.whispers[-1].said


def test_a_click_from_after_the_data_is_carried_out() -> None:
    """Whoever presses once the store has begun anew need not know that it did."""
    evidence = played(DataLost(2.0), Click(20.0, 0, "Alice", "acknowledge"))

    assert ["acknowledged"] == [write.status for write in evidence.account.writes]
    assert "acknowledged" == evidence.account.incidents["Q1INCIDENT"].status
