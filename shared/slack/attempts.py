"""Pure: the card's notice of a command that is under way, failed, or has an unknown outcome."""

from shared.model.actions import SPECS
from shared.model.command import Attempt, AttemptState
from shared.slack.render.blocks import Block, context

NOTICES = 3
"""How many attempts are shown, the latest: Slack takes 50 blocks."""


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
    who, words = f"<@{attempt.by}>", SPECS[attempt.action].attempt
    if attempt.state is AttemptState.TRYING:
        return f":hourglass_flowing_sand: {who} is {words.doing}… PagerDuty has not confirmed it yet."
    if attempt.state is AttemptState.UNCLEAR:
        return f":warning: {who}'s {words.noun} may or may not have gone through."
    meaning = f"; {words.meaning}" if words.meaning else ""
    return f":warning: {who}'s {words.noun} {words.failed}{meaning}."
