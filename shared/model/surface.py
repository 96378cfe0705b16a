"""What Slack shows of an incident, as far as the bridge knows: which messages there are, and what each one says."""

from dataclasses import dataclass, field, replace

from shared.model.ids import ChannelId, IncidentId, LineKey, MessageTs


@dataclass(frozen=True)
class Placed:
    """
    One message that is to exist once.

    `ts` is its name once it is known to exist. `begun_ms` and `until_ms` (the store's time) belong to a post whose
    outcome is not known: before `until_ms` nothing is looked up or repeated. `shown` is the digest of what the message
    says, None while that is unknown.
    """

    ts: MessageTs | None = None
    begun_ms: int | None = None
    until_ms: int | None = None
    shown: str | None = None

    @property
    def unclear(self) -> bool:
        """Tell whether a post was begun whose outcome nobody has seen."""
        return self.ts is None and self.until_ms is not None


@dataclass(frozen=True)
class Surface:
    """
    An incident's messages. The first of `channels` is home: only there is the thread the timeline.

    `generation` is that of the store when the first message was planned. `displaced` names the channel that could not
    be posted to when the incident is shown in the default channel for that reason.
    """

    id: IncidentId
    generation: str = ""
    channels: tuple[ChannelId, ...] = ()
    displaced: ChannelId | None = None
    cards: dict[ChannelId, Placed] = field(default_factory=dict)
    lines: dict[LineKey, Placed] = field(default_factory=dict)

    def with_card(self, channel: ChannelId, placed: Placed) -> "Surface":
        """Record what is known of the card in `channel`."""
        return replace(self, cards={**self.cards, channel: placed})

    def with_line(self, key: LineKey, placed: Placed) -> "Surface":
        """Record what is known of one timeline line."""
        return replace(self, lines={**self.lines, key: placed})

    def forgotten(self) -> "Surface":
        """Forget what the cards say, because a call may have landed that nobody waited for."""
        cards = {channel: replace(placed, shown=None) for channel, placed in self.cards.items()}
        return replace(self, cards=cards)
