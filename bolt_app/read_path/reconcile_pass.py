"""The state that all steps of one reconcile pass share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from shared.config.bridge_config import Route
from shared.model.event import Snapshot
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.model.thread_layout import ThreadEntry
from shared.store.coordination import Lease
from shared.store.documents import Documents

SlackUsers = Mapping[UserId, SlackUserId]
"""The Slack user to mention for each PagerDuty user."""
Rule = Callable[[SlackState], SlackState]
"""How what is known of an incident's messages changes."""


@dataclass
class ReconcilePass:
    """One pass over one incident: what is known, which route holds, and under which lease its messages are stored."""

    incident: Incident
    snapshot: Snapshot
    lease: Lease
    slack_state: SlackState
    route: Route
    slack_states: Documents[SlackState]
    own_channel: ChannelId | None = None
    """The channel that was opened for the incident, if it can be used."""
    clears: bool = False
    """Whether lines are deleted where the incident is withheld."""
    silent: bool = False
    """Whether it was open before the bridge's first start, and nothing has happened to it since."""
    told: tuple[ThreadEntry, ...] = ()
    """The thread's first messages, as far as they are there, or not wanted."""

    again: float | None = None
    """The seconds until a card is to be rendered again, though nothing happens."""

    @property
    def home(self) -> ChannelId:
        """The channel with the thread."""
        return self.slack_state.channels[0]

    @cached_property
    def as_of_ms(self) -> int:
        """
        The time of the newest event that its messages can show, by PagerDuty's clock.

        Its lines count as well: a read may have made the second that is known begin earlier than its last event.
        """
        known = self.incident.as_of.ms if self.incident.as_of else 0
        return max([known, *(line.at.ms for line in self.incident.lines)])

    def card(self, channel: ChannelId) -> MessageState:
        """Return the stored state of the card in a channel."""
        return self.slack_state.cards.get(channel, MessageState())

    def has_news(self, state: MessageState) -> bool:
        """True if something happened since the state that the message shows."""
        return state.ts is None or state.state_ms < self.as_of_ms

    def is_urgent(self, state: MessageState) -> bool:
        """
        True if the message must change before those of other incidents: a person waits for what became of a press.

        One of high urgency has news as well. What only adds to a state already shown must not delay another's news.
        """
        last = self.incident.last_change()
        is_pressed = last is not None and last.command is not None
        is_high = self.snapshot.urgency == "high"
        return bool(self.incident.attempts) or (self.has_news(state) and (is_high or is_pressed))

    def render_again(self, seconds: float) -> None:
        """Ask for a pass in so many seconds."""
        self.again = seconds if self.again is None else min(self.again, seconds)

    async def save(self, rule: Rule) -> None:
        """Change what is stored of the incident's messages. Raises `FencedOff` if the lease is lost."""
        self.slack_state = (await self.slack_states.change(self.incident.id, rule, self.lease)).value

    async def note(self, rule: Rule) -> None:
        """Change it, and let it be stored with the next change, at the latest with the end of the pass."""
        self.slack_state = (await self.slack_states.note(self.incident.id, rule, self.lease)).value
