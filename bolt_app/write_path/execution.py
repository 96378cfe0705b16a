"""A command in hand, while it is tried."""

import asyncio
from dataclasses import dataclass, field

from shared.access.identity import Linked
from shared.errors import FencedOff
from shared.model.command import Command
from shared.model.command_queue import CommandRecord
from shared.store.leases import Lease


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
