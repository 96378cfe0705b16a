"""Upkeep of an account that is too large for one pass."""

from shared.durations import Durations
from tests.proof.upkeep_simulation import upkeep

INTERVAL = Durations().resync
INCIDENTS, CHANNELS = 400, 130


def test_a_pass_ends_before_the_next_one_is_due_and_all_have_their_turn() -> None:
    """Where nothing changes no incident is read by itself, and a few passes have read all notes and channels."""
    passes = upkeep(INCIDENTS, CHANNELS, passes=3)

    assert all(one.seconds < INTERVAL for one in passes), [one.seconds for one in passes]
    assert all("incidents" not in one.pagerduty for one in passes)
    assert all(len(one.notes) < INCIDENTS and len(one.channels) < CHANNELS for one in passes)
    assert INCIDENTS == len(frozenset().union(*(one.notes for one in passes)))
    assert CHANNELS == len(frozenset().union(*(one.channels for one in passes)))
