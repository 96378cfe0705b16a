"""An audit entry: what a person did or tried to do, and its outcome, in names and numbers that no secret fits."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from shared.model.actions import Action
from shared.model.ids import CommandId, IncidentId, SlackUserId, UserId
from shared.model.outcome import Kind
from shared.model.permissions import VERDICTS

UNFIT = "?"
"""Stands for a text that has not the shape of its field, so that no oddity of an id keeps a command from ending."""


class Decision(StrEnum):
    """Whether they might."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    """It ended before a decision, for example because PagerDuty did not answer."""


@dataclass(frozen=True)
class AuditEntry:
    """
    One command, or one step of one that is done in several calls, with its end at `at_ms` by the store's clock.

    `mapped` says how the Slack user was recognised: `table` or `e-mail`. `rule` is what decided, as
    `shared.access.authorization` names it. `sent` is the last request: method, path and names of fields. `answer` is
    PagerDuty's: `2xx`, or the kind of error with the HTTP status and PagerDuty's code where it gave them. A text is
    empty where there is nothing to record.
    """

    at_ms: int
    command: CommandId
    action: Action
    incident: IncidentId
    slack_user: SlackUserId
    pagerduty_user: UserId | None
    outcome: Kind
    label: str = ""
    mapped: str = ""
    rule: str = ""
    sent: str = ""
    answer: str = ""
    reference: str = ""
    decision: Decision = field(init=False)

    @property
    def step(self) -> int | None:
        """Which step of its command it is, from 1; None when that has but one."""
        _, _, part = self.command.partition(".")
        return int(part) + 1 if part else None

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            if not shape.fullmatch(getattr(self, name) or ""):
                object.__setattr__(self, name, UNFIT)
        decision = Decision.ALLOWED if self.rule else Decision.UNDECIDED
        if self.outcome in {Kind.NOT_LINKED, Kind.NOT_ALLOWED}:
            decision = Decision.REFUSED
        object.__setattr__(self, "decision", decision)


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern}|{re.escape(UNFIT)})?", re.ASCII)


_NAMES = r"[a-z_]{1,30}(?:(?:, | or )[a-z_]{1,30}){0,5}"
_SHAPES = {
    "command": _shape(r"[a-z0-9]{1,24}(?:\.\d{1,3})?"),
    "incident": _shape(r"[A-Z0-9]{1,32}"),
    "slack_user": _shape(r"[UW][A-Z0-9]{1,20}"),
    "pagerduty_user": _shape(r"[A-Z0-9]{1,20}"),
    "label": _shape(r"#\d{1,12}"),
    "mapped": _shape("table|e-mail"),
    "rule": _shape("|".join(sorted(VERDICTS))),
    "sent": _shape(rf"(?:POST|PUT|DELETE) (?:/(?:[a-z_]{{1,30}}|[A-Z0-9]{{1,32}})){{1,4}}(?: {_NAMES})?"),
    "answer": _shape(r"2xx|(?:refused|unavailable|uncertain)(?: +\d{3,5}){0,2}"),
    "reference": _shape(r"[A-Z2-7]{8}"),
}
