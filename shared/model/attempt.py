"""A command under way or failed, as the card shows it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.command import Action, Command
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

    def superseded_by(self, command: Command) -> bool:
        """True if the same person has tried the same again since."""
        same = (self.by, self.action) == (command.by.id, command.action)
        return same and self.state is not AttemptState.TRYING
