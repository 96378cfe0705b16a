"""What is not believed after a loss of writes."""

from dataclasses import replace

import pytest

from shared.errors import FencedOff
from shared.model.actions import Action
from shared.model.command import Command, CommandQueue, CommandRecord, SlackActor
from shared.model.doubt import command_in_doubt, message_in_doubt, with_end
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId
from shared.model.message_state import Look, MessageState, Post, Wait, next_step
from shared.model.outcome import Kind, Outcome

LOSS = 100_000
CALL_MAX = 12.0
ADDED = Command(
    CommandId("c1"), Action.NOTE, IncidentId("Q1"), SlackActor(SlackUserId("U1"), "T1"), ChannelId("C1"), None, ""
)
ACCEPTED = CommandRecord(ADDED, accepted_ms=90_000)


def test_a_command_of_before_the_loss_may_have_been_sent() -> None:
    """It is looked for as after a sender that died: what adds is not sent again."""
    doubted = command_in_doubt(ACCEPTED, LOSS, CALL_MAX)

    assert (True, False) == (doubted.uncertain, doubted.reported)
    assert (1, 90_000, 112_000) == (doubted.calls, doubted.begun_ms, doubted.until_ms)


def test_a_call_that_was_reported_may_not_have_been_the_last_one() -> None:
    """That its sender saw it end is not believed: another call may have followed."""
    reported = replace(ACCEPTED, calls=1, begun_ms=91_000, until_ms=103_000, uncertain=True, reported=True)

    doubted = command_in_doubt(reported, LOSS, CALL_MAX)

    assert (1, 91_000, 112_000, False) == (doubted.calls, doubted.begun_ms, doubted.until_ms, doubted.reported)


@pytest.mark.parametrize(
    "record", [replace(ACCEPTED, accepted_ms=LOSS + 1), replace(ACCEPTED, calls=1, begun_ms=LOSS + 1)]
)
def test_what_came_after_the_loss_is_believed(record: CommandRecord) -> None:
    """A command of after it, and one that was sent since, are as recorded; and so is all if nothing was lost."""
    assert record == command_in_doubt(record, LOSS, CALL_MAX)
    assert ACCEPTED == command_in_doubt(ACCEPTED, 0, CALL_MAX)


def test_a_message_without_a_record_is_looked_for_once() -> None:
    """After every call of before the loss has landed; if it is not there it is posted, and not looked for again."""
    doubted = message_in_doubt(MessageState(), LOSS, 80_000, CALL_MAX)

    assert isinstance(next_step(doubted, "digest", 12.0), Wait)
    assert Look() == next_step(doubted, "digest", 0.0)
    gone = doubted.found(None, 0.0)
    assert Post() == next_step(gone, "digest", 0.0)
    assert gone == message_in_doubt(gone, LOSS, 80_000, CALL_MAX)
    assert Look() == next_step(message_in_doubt(gone, LOSS + 1, 80_000, CALL_MAX), "digest", 0.0)


def test_a_message_that_is_there_is_not_doubted() -> None:
    """What it says is compared by the sweep."""
    there = MessageState(ts=MessageTs("1.0"), content_digest="digest")

    assert there == message_in_doubt(there, LOSS, 80_000, CALL_MAX)


def test_a_record_that_has_ended_is_not_begun_again() -> None:
    """A worker that still has a lost click in hand finds that its person was told of it, and sends nothing."""
    queue = CommandQueue(IncidentId("Q1"), (replace(ACCEPTED, ended_ms=LOSS),))

    with pytest.raises(FencedOff):
        queue.replaced(replace(ACCEPTED, calls=1), FencedOff("gone"))


def test_an_end_that_is_known_is_believed_where_the_queue_has_none() -> None:
    """What is gone is put back as ended; what waits there is decided, and only to be told; another end stays."""
    done, other = Outcome(Kind.DONE), Outcome(Kind.UNKNOWN)
    ended = replace(ACCEPTED, calls=1, outcome=done, ended_ms=LOSS)
    empty = CommandQueue(IncidentId("Q1"))

    assert (ended,) == with_end(ended, empty).records
    assert (replace(ended, ended_ms=0),) == with_end(ended, empty.appended(ACCEPTED)).open()
    told = empty.appended(replace(ACCEPTED, outcome=other, ended_ms=LOSS))
    assert told == with_end(ended, told)
