"""
Marks records that are older than a loss of writes as uncertain: they may lack a call that was begun. Pure.

Its effect is then looked for before the call is made, as after one whose answer was lost.
"""

from dataclasses import replace

from shared.model.command import CommandQueue, CommandRecord
from shared.model.event import SECOND
from shared.model.message_state import MessageState


def command_in_doubt(record: CommandRecord, doubt_ms: int, call_max: float) -> CommandRecord:
    """Doubt that a command of before a loss at `doubt_ms` was not sent; a call lasts `call_max` seconds at most."""
    if record.accepted_ms > doubt_ms or record.begun_ms > doubt_ms:
        return record
    # Its answer then is the event that it was before.
    calls, begun_ms = max(1, record.calls), record.begun_ms or record.accepted_ms
    until_ms = max(record.until_ms, doubt_ms + int(call_max * SECOND))
    return replace(record, calls=calls, uncertain=True, reported=False, begun_ms=begun_ms, until_ms=until_ms)


def with_end(ended: CommandRecord, queue: CommandQueue) -> CommandQueue:
    """Add the end of a command that a queue may have lost; if it is open there, it gets this end, to be replied."""
    known = queue.get(ended.command.id)
    if known is None:
        return queue.appended(ended)
    return queue if known.outcome else queue.replaced(replace(ended, ended_ms=0))


def message_in_doubt(state: MessageState, doubt_ms: int, since_ms: int, call_max: float) -> MessageState:
    """Doubt, once for each loss, that a message without `ts` is not there: it may be, from `since_ms` on."""
    if state.ts is not None or state.doubted_ms >= doubt_ms:
        return state
    until_ms = max(state.until_ms or 0, doubt_ms + int(call_max * SECOND))
    return replace(state.post_begun(state.begun_ms or since_ms, until_ms), doubted_ms=doubt_ms)
