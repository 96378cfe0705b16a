"""Pure: PagerDuty's refusals in plain words, for the person who acted. Source: PagerDuty's page on errors."""

from shared.errors import BadCredentials, NotFound, Refused
from shared.model.outcome import Kind, Outcome

ADMIN = "Use PagerDuty and tell {contact}"
"""`{contact}` is whom `bridge.toml` names."""
LOOK = "Look at the incident in PagerDuty"
AGAIN = "Look at the card, then try again if it still applies"
PAYMENT_REQUIRED, FORBIDDEN = 402, 403

_UNKNOWN_USER = ("PagerDuty doesn't know the person this was sent for.", "Check your e-mail address in PagerDuty")
_NOT_ALLOWED = ("PagerDuty doesn't allow you to do this to this incident.", "Ask its team or a PagerDuty admin")
_NOT_READABLE = ("PagerDuty doesn't let this bridge read something that this depends on.", ADMIN)
_GONE = ("PagerDuty doesn't know the incident or something that belongs to it.", "Look for it in PagerDuty")
_NOT_IN_PLAN = (
    "This PagerDuty account doesn't have this feature.",
    "Do it another way, or ask a PagerDuty admin about the plan",
)
_CANNOT_ESCALATE = (
    "PagerDuty cannot escalate this incident: its urgency is low, it is assigned to people directly, or there is no "
    "such level."
)

WORDS: dict[int, tuple[str, str]] = {
    1001: ("The incident is already resolved.", AGAIN),
    1002: ("The incident is already acknowledged.", AGAIN),
    1005: ("The incident changed at the same moment.", AGAIN),
    1006: (_CANNOT_ESCALATE, "Reassign it, or add responders"),
    1007: ("PagerDuty doesn't know the person to assign.", "Choose another person"),
    1008: _UNKNOWN_USER,
    1011: (
        "PagerDuty cannot reassign this incident: it is resolved, or that person cannot be assigned.",
        "Choose another person, or look at the incident in PagerDuty",
    ),
    1012: ("Only an acknowledged incident can be snoozed, and this one is not.", "Acknowledge it first"),
    1013: ("PagerDuty doesn't accept that snooze time.", "Choose a time within the next 7 days"),
    1014: ("PagerDuty doesn't know that escalation policy.", "Choose another one"),
    1015: ("No one is on call at that level, so no one would be paged.", "Choose another level, or reassign it"),
    1018: _NOT_ALLOWED,
    1019: ("The incident was merged into another one.", "Continue with the other incident"),
    1020: ("PagerDuty doesn't know that priority.", "Choose another one"),
    1028: ("PagerDuty doesn't accept your e-mail address.", "Check your e-mail address in PagerDuty"),
    2006: ("PagerDuty rejects this bridge's credentials.", ADMIN),
    2010: _NOT_ALLOWED,
    2013: ("PagerDuty doesn't know that person.", "Choose another person, or check your e-mail address in PagerDuty"),
    2014: _NOT_IN_PLAN,
    2018: ("You can no longer see this incident in PagerDuty.", "Ask its team or a PagerDuty admin"),
    2019: ("A limit of this PagerDuty account is reached.", "Ask a PagerDuty admin"),
    2020: ("PagerDuty's rate limit is reached.", "Wait a minute, then try again"),
    2100: _GONE,
    5001: _GONE,
}
"""
The meaning of each code, and the next step.

Codes for arguments have none: there PagerDuty's own words say more. So they do with the codes 2000 and 2016: where the
status does not say that the fault is PagerDuty's own, they are about the request.
"""


FAILURES = frozenset({WORDS[2006], WORDS[2019], WORDS[2020], _NOT_READABLE})
"""The words about PagerDuty or the bridge, and not about the person or the incident."""


def explain(error: Refused, contact: str, *, written: bool = False) -> tuple[str, str]:
    """
    Return why a call was refused in one sentence, and the next step; `contact` is who can look after the bridge.

    What was `written` was in the person's name; a read is the bridge's own, and so are the rights that it lacks.
    """
    why, step = _explained(error, written=written)
    return why, step.replace("{contact}", contact)


def refusal(error: Refused, contact: str, *, written: bool) -> Outcome:
    """Return the outcome of a command, a call of which was refused. What no code explains is a failure."""
    explained = _explained(error, written=written)
    why, step = explain(error, contact, written=written)
    unexplained = explained[1] == LOOK or isinstance(error.code, str)
    return Outcome(Kind.REFUSED, why=why, next_step=step, is_failure=unexplained or explained in FAILURES)


def _explained(error: Refused, *, written: bool) -> tuple[str, str]:
    if isinstance(error.code, str):
        # Only Slack names its errors by words.
        rejected = "Slack rejects this bridge's credentials."
        return rejected if isinstance(error, BadCredentials) else "Slack refused a request of this bridge.", ADMIN
    if not written and (error.status == FORBIDDEN or WORDS.get(error.code or 0) == _NOT_ALLOWED):
        return _NOT_READABLE
    if error.code in WORDS:
        return WORDS[error.code]
    if isinstance(error, BadCredentials):
        return WORDS[2006]
    if isinstance(error, NotFound):
        return _GONE
    return _NOT_IN_PLAN if error.status == PAYMENT_REQUIRED else (f"{error}.", LOOK)
