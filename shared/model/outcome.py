"""How a command ended, as far as PagerDuty confirmed it. Its wording is in `bolt_app.replies.outcome_text`."""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import BridgeError
from shared.model.event_types import Status


class Kind(StrEnum):
    """The ways a command can end. Only DONE claims that PagerDuty confirmed the act as this person's."""

    DONE = "done"
    REOPENED = "reopened"
    """Acknowledged, but the incident was resolved at the same moment, so the acknowledge reopened it."""
    ALREADY = "already"
    """The incident was in that state before; nothing was sent."""
    STALE = "stale"
    """It would have undone a later state; nothing was sent."""
    CHOOSE = "choose"
    """It could not be told what exactly was meant; nothing was sent, and the person may choose."""
    NOT_LINKED = "not_linked"
    NOT_ALLOWED = "not_allowed"
    REFUSED = "refused"
    """PagerDuty said no."""
    EXPIRED = "expired"
    """PagerDuty did not answer while the command lived; surely not done."""
    UNKNOWN = "unknown"
    """The last call may or may not have taken effect, and no read could tell."""
    NOT_STORED = "not_stored"
    """The click could not be kept; nothing was sent."""


@dataclass(frozen=True)
class Choice:
    """One of the escalation levels to choose from, with the names of the people on call there."""

    level: int
    people: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """
    The end of a command, with what its clicker needs to know.

    `why` is a plain sentence (on success: what came of it), `next_step` what to do about it. `actor`, `at_ms` and
    `status` tell of the state that was found. `reference` can be quoted to an operator, who finds it in the log. A
    refusal `is_failure` if it is about PagerDuty, Slack or the bridge, and not about the person or the incident. A
    person who is not linked, and `can_link` by themselves, is offered that.
    """

    kind: Kind
    why: str = ""
    next_step: str = ""
    actor: str = ""
    at_ms: int | None = None
    status: Status | None = None
    reference: str = ""
    choices: tuple[Choice, ...] = ()
    is_failure: bool = False
    can_link: bool = False

    @property
    def was_sent(self) -> bool:
        """True if the incident is in the requested state."""
        return self.kind in {Kind.DONE, Kind.ALREADY, Kind.REOPENED}

    @property
    def is_certain(self) -> bool:
        """True if more calls could not change the outcome, even if an earlier one was uncertain."""
        return self.kind in {Kind.EXPIRED, Kind.UNKNOWN}


class Declined(BridgeError):
    """Raised when a command is not carried out for a reason that its clicker must hear: `outcome`. Surely not done."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.kind}: {outcome.why}")
        self.outcome = outcome

    @property
    def text(self) -> str:
        """The reason and the next step, as sentences that have not been escaped."""
        return f"{self.outcome.why} {self.outcome.next_step}."
