"""A command under way or failed, as everybody sees it on the card."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.command import Action, Command
from shared.model.ids import CommandId, SlackUserId


class AttemptState(StrEnum):
    """What everybody may know of a command that has not simply succeeded."""

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
        """Tell whether it failed at what the same person has tried again since."""
        same = (self.by, self.action) == (command.by.id, command.action)
        return same and self.state is not AttemptState.TRYING
