"""A command while it is carried out, and the entry that it leaves in the audit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from shared.access.identity import Linked
from shared.errors import CallError, FencedOff, Refused
from shared.model.actions import SPECS
from shared.model.audit import AuditEntry
from shared.model.command import Command, CommandRecord
from shared.model.outcome import Outcome
from shared.store.coordination import Lease


@dataclass
class Execution:
    """
    A command being carried out: its stored record, and the lease it runs under.

    `replies_sent` counts the private replies so far, `url` is the incident's page. For the audit: `linked` is the
    person's PagerDuty user, `rule` what allowed it, `response` the kind of PagerDuty's last response.
    """

    record: CommandRecord
    lease: Lease
    replies_sent: int = 0
    url: str = ""
    linked: Linked | None = None
    rule: str = ""
    response: str = ""
    shown_on_card: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the attempt is written to the card: a call on its way cannot be cancelled."""

    @property
    def command(self) -> Command:
        """The command."""
        return self.record.command

    @property
    def log_context(self) -> dict[str, str]:
        """Log keys that identify the command."""
        return {"command": self.command.id, "incident": self.command.incident}

    @property
    def incident_url(self) -> str:
        """The incident's page, as PagerDuty gave it or else as the card had it."""
        return self.url or self.command.url


class CommandRecordMissing(FencedOff):
    """Raised when the record of a command is gone with the store's data, and with it the right to carry it out."""


class AuditSource(Protocol):
    """An execution as the audit sees it: linked user, deciding rule, and PagerDuty's last response."""

    linked: Linked | None
    url: str
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
    """Record the kind of PagerDuty's response to the call inside."""
    try:
        yield
    except CallError as error:
        attempt.response = _response_name(error)
        raise
    attempt.response = "2xx"


def _response_name(error: CallError) -> str:
    """Return the kind of PagerDuty's response, without its text."""
    if isinstance(error, Refused):
        return f"refused {error.status or ''} {error.code or ''}".strip()
    return type(error).__name__.lower()
