"""An ended command as an entry of the audit, and what has to be noted for it on the way. No I/O."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from shared.access.authorization import NotAllowed
from shared.access.identity import Linked
from shared.errors import CallError, Refused
from shared.model.actions import SPECS
from shared.model.audit import AuditEntry
from shared.model.command import Command
from shared.model.outcome import Outcome


class AuditSource(Protocol):
    """What the audit needs of an execution: linked user, deciding rule, and PagerDuty's last response."""

    linked: Linked | None
    rule: str
    response: str

    @property
    def command(self) -> Command:
        """The command."""


def audit_entry(attempt: AuditSource, outcome: Outcome, now_ms: int) -> AuditEntry:
    """Return the audit entry: who asked for what, why it was allowed, what was sent, and the outcome."""
    command, linked = attempt.command, attempt.linked
    sent = SPECS[command.action].request.replace("{id}", command.incident) if attempt.response else ""
    return AuditEntry(
        at_ms=now_ms,
        command=command.id,
        action=command.action,
        incident=command.incident,
        label=command.label,
        slack_user=command.by.id,
        pagerduty_user=linked.user.id if linked else None,
        mapped=linked.how if linked else "",
        rule=attempt.rule,
        sent=sent,
        answer=attempt.response,
        outcome=outcome.kind,
        reference=outcome.reference,
    )


@contextmanager
def record_response(attempt: AuditSource) -> Iterator[None]:
    """Note how PagerDuty answers the call inside."""
    try:
        yield
    except CallError as error:
        attempt.response = _response_name(error)
        raise
    attempt.response = "2xx"


@contextmanager
def record_rule(attempt: AuditSource) -> Iterator[None]:
    """Record the rule of a refusal."""
    try:
        yield
    except NotAllowed as refused:
        attempt.rule = refused.rule
        raise


def _response_name(error: CallError) -> str:
    """Return the kind of PagerDuty's response, without its text."""
    if isinstance(error, Refused):
        return f"refused {error.status or ''} {error.code or ''}".strip()
    return type(error).__name__.lower()
