"""What is being tried for a person right now, for the card."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.actions import Action
from shared.model.command import Command
from shared.model.ids import CommandId, SlackUserId


class AttemptState(StrEnum):
    """The public states of a command that has not succeeded."""

    TRYING = "trying"
    UNCLEAR = "unclear"
    FAILED = "failed"


@dataclass(frozen=True)
class Attempt:
    """A command under way or failed, as the card shows it. `since_ms` is the store's time."""

    command: CommandId
    action: Action
    by: SlackUserId
    state: AttemptState
    since_ms: int


def attempts_with(
    shown: tuple[Attempt, ...], command: Command, state: AttemptState | None, since_ms: int
) -> tuple[Attempt, ...]:
    """
    Return the attempts to show when `command` has come to `state`, or has succeeded (None).

    Unless it is under way, it takes the place of what failed when the same person tried the same before.
    """
    ended, tried = state is not AttemptState.TRYING, (command.by.id, command.action)
    this = (Attempt(command.id, command.action, command.by.id, state, since_ms),) if state else ()
    others = (
        one for one in shown if not (ended and (one.by, one.action) == tried and one.state is not AttemptState.TRYING)
    )
    return (*(one for one in others if one.command != command.id), *this)
