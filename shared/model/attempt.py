"""A command under way or failed, as everybody sees it on the card."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.command import Action
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
