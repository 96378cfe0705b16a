"""Pure: an ended command as an entry of the audit."""

from bolt_app.acts import REQUEST
from bolt_app.attempting import Try
from shared.model.audit import AuditEntry
from shared.model.outcome import Outcome


def audited(attempt: Try, outcome: Outcome, now_ms: int) -> AuditEntry:
    """Say who asked for what, why it was allowed, what was sent, and what came of it."""
    command, linked = attempt.command, attempt.linked
    sent = REQUEST[command.action].replace("{id}", command.incident) if attempt.answered else ""
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
        answer=attempt.answered,
        outcome=outcome.kind,
        reference=outcome.reference,
    )
