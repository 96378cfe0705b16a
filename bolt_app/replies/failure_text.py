"""Pure: why something could not be looked up, by its cause, for the person who waits for it."""

from shared.errors import CallError, Malformed, Queued, Refused, StoreDown, Unavailable
from shared.pagerduty.api.error_messages import ADMIN, explain
from shared.slack.render.blocks import escape

AGAIN = "Try again in a moment"


def explain_failure(error: Exception, contact: str) -> tuple[str, str]:
    """
    Return in one sentence what failed, and the next step; `contact` is who can look after the bridge.

    The log has the error itself. Both are without markup, so escape them where that counts.
    """
    side, step = _side(error), AGAIN
    match error:
        case Refused():
            return explain(error, contact)
        case StoreDown():
            why = "The bridge can't reach its database."
        case Queued():
            why = "Other requests of this bridge come first."
        case Unavailable(limited=True):
            why, step = f"{side}'s rate limit is reached.", "Wait a minute, then try again"
        case Unavailable():
            why = f"{side} can't be reached."
        case CallError():
            why = f"{side} failed to answer."
        case Malformed():
            why, step = f"The bridge can't read {side}'s answer.", ADMIN.format(contact=contact)
        case _:
            why = "There was no answer in time."
    return why, step


def not_sent_text(error: Exception, contact: str) -> str:
    """Return that nothing was sent, why, and the next step, without markup: for a field of a dialog."""
    why, step = explain_failure(error, contact)
    return f"{why} Nothing was sent. {step}."


def brief_reason(error: Exception) -> str:
    """Return what failed as it stands within a sentence, escaped."""
    why = explain_failure(error, "")[0].removesuffix(".")
    is_name = why.startswith(("PagerDuty", "Slack"))
    return escape(why if is_name else f"{why[:1].lower()}{why[1:]}")


def next_step(error: Exception, contact: str) -> str:
    """Return the one next step that helps, as a sentence; empty if it may pass by itself."""
    step = explain_failure(error, contact)[1]
    return "" if step == AGAIN else f"{step}."


def _side(error: Exception) -> str:
    """Return which side a call went to: an error names it first."""
    words = str(error)
    named = [side for side in ("Slack", "PagerDuty") if side in words]
    return min(named, key=words.index, default="PagerDuty")
