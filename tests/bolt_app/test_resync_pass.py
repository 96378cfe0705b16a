"""The turns of a resync: each incident and channel has one, for as long as there is time."""

from hypothesis import given
from hypothesis import strategies as st

from bolt_app.resync.resync_pass import for_a_time, in_turn
from shared.model.ids import IncidentId
from tests.proof.engine.virtual_loop import VirtualLoop

IDS = st.sets(st.text("ABC", min_size=1, max_size=3).map(IncidentId), max_size=12)


@given(IDS, st.none() | st.text("ABC", min_size=1, max_size=3).map(IncidentId))
def test_everything_has_a_place_and_the_next_one_is_first(ids: set[IncidentId], last: IncidentId | None) -> None:
    """After the last one comes the next greater, also when the last one is gone; then all others, each once."""
    turns = in_turn(ids, last)

    assert sorted(ids) == sorted(turns)
    later = sorted(one for one in ids if last is not None and one > last)
    assert (later or sorted(ids))[:1] == turns[:1]


@given(IDS, st.integers(1, 5), st.data())
def test_none_waits_forever(ids: set[IncidentId], at_once: int, data: st.DataObject) -> None:
    """Others come and go between two passes: one that stays has its turn after as many passes as there are others."""
    waiting, last = IncidentId("BBB"), None
    for _ in range(len(ids) + 1):
        turns = in_turn(ids | {waiting}, last)[:at_once]
        last = turns[-1]
        if waiting in turns:
            return
        ids = ids - set(turns) | {one for one in data.draw(IDS) if one <= last}
    raise AssertionError(waiting)


def test_one_is_done_however_little_time_there_is() -> None:
    """A pass that is always late gets on all the same, one by one; with time it goes on to the end."""
    loop, done = VirtualLoop(), list[list[str]]()

    async def main() -> None:
        done.extend(list(for_a_time(["a", "b", "c"], seconds, "notes")) for seconds in (0.0, 1.0))

    loop.run(main, until=10.0)

    assert [["a"], ["a", "b", "c"]] == done
