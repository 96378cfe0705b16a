"""Pure: a person's incidents that came in a storm: one message counts those that have no message of their own."""

from dataclasses import dataclass, field, replace

from shared.model.event import SECOND
from shared.model.ids import IncidentId
from shared.model.message_state import MessageState

MOST = 500
"""Incidents that are counted; with more, the latest do not count."""
ANEW_MS = 3600 * SECOND
"""Milliseconds after which another incident posts the message anew: so long ago it was read, or overlooked."""


@dataclass(frozen=True)
class DirectSummary:
    """The incidents summed up in one conversation since `since_ms`; `id` is that of the conversation."""

    id: IncidentId
    incidents: tuple[IncidentId, ...] = ()
    since_ms: int = 0
    message: MessageState = field(default_factory=MessageState)

    def with_incident(self, incident: IncidentId, now_ms: int) -> "DirectSummary":
        """Count one more, unless it is counted already."""
        if incident in self.incidents or len(self.incidents) >= MOST:
            return self
        ts = self.message.ts
        old = ts is not None and float(ts) * SECOND < now_ms - ANEW_MS
        message = self.message.update_refused(deleted=False) if old else self.message
        return replace(self, incidents=(*self.incidents, incident), since_ms=self.since_ms or now_ms, message=message)

    def without(self, done: frozenset[IncidentId]) -> "DirectSummary":
        """Count these no more; with none left, the next one begins another message."""
        left = tuple(incident for incident in self.incidents if incident not in done)
        settled = not self.message.uncertain and self.message.doubled_from_ms is None
        return replace(self, incidents=left) if left or not settled else DirectSummary(self.id)

    def with_message(self, state: MessageState) -> "DirectSummary":
        """Note what is known of the message."""
        return replace(self, message=state)
