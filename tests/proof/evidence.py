"""What a run leaves behind for the oracle: what the models recorded, and nothing of what the bridge believes."""

from collections import Counter
from dataclasses import dataclass, field

from tests.proof.pagerduty_model import Account, Transition, Write
from tests.proof.personas import Person
from tests.proof.slack_model import Whisper, Workspace

EPOCH = 1_700_000_000
"""When each day begins, in seconds since 1970 by the clocks of Slack and of the store."""
INTERRUPTIONS = ("Crashed", "Slept", "Outage", "DataLost")
"""The mishaps that take a worker away from what it is doing, or its store from it."""
NOTICING = 10.0
"""Seconds within which a worker notices that the store has lost its data, and begins anew."""
DIRECT = 2.0
"""Seconds within which a click that could not be stored is carried out."""


@dataclass
class Press:
    """
    One press on a button.

    `accepted` are the times at which its envelope was acked as stored, `direct` those at which it could not be stored,
    so that an acknowledge went straight to PagerDuty, `acked` those at which such an envelope was acked all the same.
    """

    id: str
    incident: str
    number: int
    by: Person
    status: str
    at: float
    accepted: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    acked: list[float] = field(default_factory=list)


@dataclass
class Evidence:
    """
    Everything that can be known from outside.

    `mishaps` counts what went wrong, by kind. `surprises` are the errors that the bridge logged as unforeseen.
    `unrest` says what was still going on when the run was given up, `losses` when the store lost its data,
    `born` when the data began that it has now.
    """

    account: Account
    workspace: Workspace
    presses: list[Press] = field(default_factory=list)
    mishaps: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    unrest: str = ""
    losses: list[float] = field(default_factory=list)
    born: float = 0.0

    def before_loss(self, transition: Transition) -> bool:
        """Tell whether it happened before a worker noticed that the data were lost, or PagerDuty's clock says so."""
        at = min(transition.at, transition.at_ms / 1000 - EPOCH)
        return any(at <= min(self.born, lost + NOTICING) for lost in self.losses)

    def accepted_before_loss(self, press: Press) -> bool:
        """Tell whether a press was stored before the data were lost."""
        return any(at <= lost for at in press.accepted for lost in self.losses)

    def whispers_to(self, press: Press, whispers: list[Whisper]) -> list[Whisper]:
        """List those of `whispers` that may be meant for this press: its own, and those to its clicker about it."""
        return [w for w in whispers if w.click == press.id or (not w.click and self._is_about(w, press))]

    @staticmethod
    def _is_about(whisper: Whisper, press: Press) -> bool:
        return whisper.user == press.by.slack and f"#{press.number}" in whisper.text and whisper.at >= press.at

    def went_direct(self, write: Write) -> bool:
        """Tell whether a write may be one of those that went straight to PagerDuty."""
        asked = (p for p in self.presses if (p.incident, p.by, p.status) == (write.incident, write.by, write.status))
        return any(at <= write.begun <= at + DIRECT for press in asked for at in press.direct)
