"""The queue of an incident's commands, and what becomes known of one after its end."""

from dataclasses import replace

import pytest

from shared.model.actions import Action
from shared.model.command import KEPT, Command, CommandQueue, CommandRecord, SlackActor
from shared.model.event_types import ACKNOWLEDGED
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.incident import Incident, fold
from shared.model.outcome import Kind, Outcome
from tests.builders import INCIDENT, NOON, expectation, webhook

ALICE = SlackActor(SlackUserId("U0ALICE"), "T0ACME")


def accepted(command: str, ended_ms: int | None = None) -> CommandRecord:
    """Make the record of a command, with its end if it has ended."""
    asked = Command(CommandId(command), Action.RESOLVE, INCIDENT, ALICE, ChannelId("C0"), None, "")
    record = CommandRecord(asked, NOON)
    return record if ended_ms is None else replace(record, outcome=Outcome(Kind.DONE), ended_ms=ended_ms)


def queued(*records: CommandRecord) -> CommandQueue:
    """Queue commands one after the other."""
    queue = CommandQueue(INCIDENT)
    for record in records:
        queue = queue.appended(record)
    return queue


def test_a_command_is_queued_once() -> None:
    """Its envelope may come again, also after its end."""
    ended = queued(accepted("c1")).replaced(accepted("c1", NOON))

    assert ended == ended.appended(accepted("c1"))
    assert () == ended.open()


def test_a_command_whose_clicker_was_not_told_is_still_open() -> None:
    """How it ended is decided; a later end of another command does not drop it."""
    decided = replace(accepted("c1"), outcome=Outcome(Kind.STALE))
    queue = queued(accepted("c1"), accepted("c2")).replaced(decided).replaced(accepted("c2", NOON + 2 * KEPT))

    assert (decided,) == queue.open()


def test_ended_commands_are_dropped_when_nothing_can_refer_to_them() -> None:
    """That is seen when another one ends; one that is still open is never dropped."""
    old, young, waiting = accepted("old", NOON), accepted("young", NOON + 1), accepted("waiting")
    queue = queued(old, young, waiting, accepted("last"))

    after = queue.replaced(accepted("last", NOON + KEPT))

    assert ["young", "waiting", "last"] == [record.command.id for record in after.records]
    assert len(queue.records) == len(queue.replaced(waiting).records)


@pytest.mark.parametrize("kind", list(Kind))
def test_only_an_unknown_outcome_is_settled_by_an_echo(kind: Kind) -> None:
    """Of any other the echo is no news; while the command runs there is nothing to correct."""
    expecting = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))
    echoed = fold(expecting, webhook(ACKNOWLEDGED, NOON + 10), NOON).incident
    decided = replace(accepted("c1"), outcome=Outcome(kind))
    ended = replace(decided, ended_ms=NOON)

    assert (Outcome(Kind.DONE) if kind is Kind.UNKNOWN else None) == echoed.late_outcome(ended)
    assert None is expecting.late_outcome(ended)
    assert None is echoed.late_outcome(accepted("c1"))
    assert None is echoed.late_outcome(decided)
