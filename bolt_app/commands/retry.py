"""
Trying again what is not done, and only that.

The new command takes its terms from the record of the old one. One command can be tried again once: pressing twice, or
pressing the button of an older try, leads to the newest one and never does anything twice.
"""

from dataclasses import replace

from bolt_app.commands.interactive import RetryRequest
from shared.model.actions import Action
from shared.model.command import Command, CommandQueue, CommandRecord, SlackActor, command_id
from shared.model.event import Ref
from shared.model.ids import CommandId
from shared.model.outcome import Declined, Kind, Outcome

DONE_KINDS = frozenset({Kind.DONE, Kind.ALREADY, Kind.REOPENED})


def retry_command(queue: CommandQueue, again: RetryRequest) -> Command:
    """Make the new command from what is on record. Raises `Declined` when there is nothing to try again."""
    user = again.press.by
    records = _newest_attempt(queue, again.command, user)
    if not records or records[0].command.by.id != user.id:
        raise _declined("That request is no longer stored.", "Start again from the card")
    if any(record.outcome is None for record in records):
        raise _declined("It is still being sent to PagerDuty.", "Wait for the result")
    left = [record.command for record in records if record.outcome and record.outcome.kind not in DONE_KINDS]
    if not left:
        raise _declined("It is already done.", "The card shows the current state", Kind.ALREADY)
    first = left[0]
    return replace(
        first,
        id=_next_attempt(first.parent_id, user),
        by=user,
        response_url=again.press.response_url,
        always_reply=first.always_reply or again.press.on_answer,
        on_answer=again.press.on_answer,
        requested_ms=again.press.pressed_ms,
        params=replace(first.params, people=_unanswered_people(left)),
        part=0,
        parts=1,
    )


def _newest_attempt(queue: CommandQueue, command: CommandId, user: SlackActor) -> tuple[CommandRecord, ...]:
    """Follow from try to try to the last one on record."""
    records = _attempts_of(queue, command)
    while further := _attempts_of(queue, _next_attempt(command, user)):
        command, records = _next_attempt(command, user), further
    return records


def _attempts_of(queue: CommandQueue, command: CommandId) -> tuple[CommandRecord, ...]:
    return tuple(record for record in queue.records if record.command.parent_id == command)


def _next_attempt(command: CommandId, user: SlackActor) -> CommandId:
    return command_id(user.id, "retry", command, "")


def _unanswered_people(left: list[Command]) -> tuple[Ref, ...]:
    if left[0].action is not Action.ADD_RESPONDERS:
        return left[0].params.people
    return tuple(person for command in left for person in command.params.people)


def _declined(why: str, next_step: str, kind: Kind = Kind.REFUSED) -> Declined:
    return Declined(Outcome(kind, why=why, next_step=next_step))
