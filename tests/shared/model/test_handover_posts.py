"""What is recorded of the handovers that people ask to be posted: one for each press, and nothing for ever."""

from shared.model.handover_posts import KEPT_MS, HandoverPosts
from shared.model.ids import CommandId, IncidentId, MessageTs
from shared.model.slack_state import MessageState
from tests.builders import NOON

EMPTY = HandoverPosts(IncidentId("C0INCIDENTS"))
FIRST, SECOND = CommandId("first"), CommandId("second")
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
