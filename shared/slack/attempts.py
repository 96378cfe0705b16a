"""Pure: the card's notice of a command that is under way, failed, or has an unknown outcome."""

from dataclasses import dataclass

from shared.model.attempt import Attempt, AttemptState
from shared.model.command import Action
from shared.slack.render.blocks import Block, context

NOTICES = 3
"""How many attempts are shown, the latest: Slack takes 50 blocks."""


@dataclass(frozen=True)
class AttemptWording:
    """How the card speaks of one action: `doing` follows "is", `noun` a name; `failed` is what became of the noun."""

    doing: str
    noun: str
    failed: str = "did *not* go through"
    meaning: str = ""


ATTEMPT_WORDING = {
    Action.ACKNOWLEDGE: AttemptWording("acknowledging", "acknowledge", meaning="this is not acknowledged by them"),
    Action.NOTE: AttemptWording("adding a note", "note", "did *not* reach PagerDuty"),
    Action.REASSIGN: AttemptWording("reassigning it", "reassignment", meaning="whoever had it still has it"),
    Action.ESCALATE: AttemptWording("escalating it", "escalation", meaning="nobody else has been paged"),
    Action.RESOLVE: AttemptWording("resolving", "resolve", meaning="this is not resolved by them"),
    Action.ADD_RESPONDERS: AttemptWording(
        "asking for help", "request for responders", meaning="not everybody has been asked"
    ),
    Action.SNOOZE: AttemptWording("snoozing it", "snooze", meaning="its acknowledgement runs out as before"),
    Action.PRIORITY: AttemptWording("changing its priority", "change of priority"),
    Action.STATUS_UPDATE: AttemptWording("sending a status update", "status update", "did *not* reach PagerDuty"),
    Action.TRIGGER: AttemptWording("opening it", "new incident"),
}


def notices(attempts: tuple[Attempt, ...]) -> list[Block]:
    """Return the notices of the latest attempts, one paragraph each; the parts of a command share one."""
    return [context(words) for words in _latest(attempts)]


def attempt_summary(attempts: tuple[Attempt, ...]) -> str:
    """Return the same notices as running text, each sentence after a space."""
    return "".join(f" {words}" for words in _latest(attempts))


def _latest(attempts: tuple[Attempt, ...]) -> list[str]:
    return list(dict.fromkeys(notice(attempt) for attempt in attempts))[-NOTICES:]


def notice(attempt: Attempt) -> str:
    """Return the notice of an attempt; it claims nothing that PagerDuty has not confirmed."""
    # A mention here notifies no one: the card is only edited while an attempt is under way.
    who, words = f"<@{attempt.by}>", ATTEMPT_WORDING[attempt.action]
    if attempt.state is AttemptState.TRYING:
        return f":hourglass_flowing_sand: {who} is {words.doing}… PagerDuty has not confirmed it yet."
    if attempt.state is AttemptState.UNCLEAR:
        return f":warning: It is not known whether {who}'s {words.noun} went through."
    meaning = f": {words.meaning}" if words.meaning else ""
    return f":warning: {who}'s {words.noun} {words.failed}{meaning}."
