"""What is known of a place that follows who is on call, and what is told about it."""

from shared.model.ids import IncidentId
from shared.model.message_state import MessageState
from shared.model.oncall_state import AGAIN_MS, CHANGED, PASSING_MS, Cause, OncallState, Written
from tests.builders import NOON

ENTRY = OncallState(IncidentId("SENTRY"))


def test_what_the_bridge_wrote_is_known_for_its_own() -> None:
    """Also while the ends of its calls are unknown, whichever of them landed; and as Slack shows it."""
    written = Written().begun("Alice", "Zed").begun("Bob", "Alice").begun("Carol", "Bob")

    for found in ("Zed", "Alice", "Bob", "Carol"):
        assert written.is_ours(found, found)
    assert not written.is_ours("Dave", "Dave")
    done = written.done("<Carol>")
    assert done.is_ours("?", "<Carol>")
    assert not done.is_ours("Zed", "Zed")


def test_what_slack_made_of_it_is_right() -> None:
    """Only once it is written, and as long as Slack shows that; else what is wanted has to be there."""
    begun = Written().begun("Bob", "Zed")

    assert not begun.is_right("Bob", "Zed", "Zed")
    assert begun.done("B.").is_right("Bob", "?", "B.")
    assert not begun.done("B.").is_right("Bob", "?", "C.")
    assert not begun.done("B.").is_right("Alice", "?", "B.")
    assert Written().is_right("Bob", "Bob", "Bob")


def test_a_cause_is_told_once_until_it_comes_again() -> None:
    """It is forgotten when it is gone, but not by a look that was broken off."""
    lasting = {"empty": Cause("No one")}
    known = ENTRY.with_causes(lasting, NOON, whole=True)
    assert ["empty"] == known.due(NOON, ())
    told = known.with_message("empty", MessageState(), told=True)

    assert told == told.with_causes(lasting, NOON + 1, whole=True)
    assert told == told.with_causes({}, NOON + 1, whole=False)
    assert [] == told.due(NOON + 1, ())
    again = told.with_causes({}, NOON + 1, whole=True).with_causes(lasting, NOON + 2, whole=True)
    assert ["empty"] == again.due(NOON + 2, ())


def test_what_may_pass_by_itself_is_told_late() -> None:
    """Once it has lasted for its time."""
    known = ENTRY.with_causes({"unreached": Cause("Slack", PASSING_MS)}, NOON, whole=False)

    assert [] == known.due(NOON + PASSING_MS - 1, ())
    assert ["unreached"] == known.due(NOON + PASSING_MS, ())


def test_what_was_put_right_is_told_when_it_is() -> None:
    """It is kept until then, also by looks that do not see it any more, and told once an hour at most."""
    name = f"{CHANGED}group"
    known = ENTRY.with_causes({name: Cause("By hand")}, NOON, whole=False).with_causes({}, NOON, whole=True)

    assert [] == known.due(NOON, {"topic"})
    assert [name] == known.due(NOON, {"group"})
    told = known.with_message(name, MessageState(), told=True)
    assert [] == told.due(NOON, {"group"})
    again = told.with_causes({name: Cause("By hand again")}, NOON + AGAIN_MS - 1, whole=False)
    assert [] == again.due(NOON + AGAIN_MS, {"group"})
    assert ENTRY == again.with_causes({}, NOON + AGAIN_MS, whole=True)
