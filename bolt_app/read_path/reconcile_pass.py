"""State shared by all steps of one reconcile pass."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.model.event import Snapshot
from shared.model.ids import ChannelId
from shared.model.incident import Incident
from shared.model.slack_state import MessageState, SlackState
from shared.routing import Route
from shared.store.documents import Documents
from shared.store.leases import Lease


@dataclass
class ReconcilePass:
    """One pass over one incident: what is known, which route holds, and under which lease."""

    incident: Incident
    snapshot: Snapshot
    lease: Lease
    slack_state: SlackState
    route: Route

    @property
    def home(self) -> ChannelId:
        """The channel with the thread."""
        return self.slack_state.channels[0]

    @property
    def urgent(self) -> bool:
        """True if the incident's messages go before others."""
        return self.snapshot.urgency == "high"

    @property
    def as_of_ms(self) -> int:
        """
        The time of the newest event that its messages can tell of, by PagerDuty's clock.

        Its lines count as well: a read may have made the second that is known begin earlier than its last event.
        """
        known = self.incident.as_of.ms if self.incident.as_of else 0
        return max([known, *(line.at.ms for line in self.incident.lines)])

    def card(self, channel: ChannelId) -> MessageState:
        """Return the stored state of the card in a channel."""
        return self.slack_state.cards.get(channel, MessageState())

    def needs_card(self, channel: ChannelId) -> bool:
        """True if the channel has no card and none is being posted."""
        state = self.card(channel)
        return state.ts is None and not state.uncertain

    def has_news(self, state: MessageState) -> bool:
        """True if something happened since the state that the message shows."""
        return state.ts is None or state.state_ms < self.as_of_ms

    async def save(self, surfaces: Documents[SlackState], rule: Callable[[SlackState], SlackState]) -> None:
        """Store what is known now of the incident's messages."""
        self.slack_state = (await surfaces.change(self.incident.id, rule, self.lease)).value
