"""The one-time tickets with which a Socket Mode connection is opened."""

import secrets
from collections.abc import Callable


class Tickets:
    """Each opens one connection, within `lifetime` seconds. Slack does not say how long; half a minute is assumed."""

    def __init__(self, now: Callable[[], float], lifetime: float = 30.0) -> None:
        self._now = now
        self.lifetime = lifetime
        self._valid: dict[str, float] = {}

    def issue(self) -> str:
        """Return a new ticket."""
        ticket = secrets.token_hex(16)
        self._valid[ticket] = self._now() + self.lifetime
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Spend a ticket, and say whether it was good."""
        return self._now() <= self._valid.pop(ticket, 0.0)
