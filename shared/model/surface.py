"""What Slack shows of an incident, as far as the bridge knows: which messages there are, and what each one says."""

from dataclasses import dataclass, field, replace

from shared.model.ids import ChannelId, IncidentId, LineKey, MessageTs


@dataclass(frozen=True)
class Placed:
    """
    One message that is to exist once.

    `ts` is its name once it is known to exist. `begun_ms` and `until_ms` (the store's time) belong to a post whose
    outcome is not known: before `until_ms` nothing is looked up or repeated. `shown` is the digest of what the message
    says, None while that is unknown. `instead_of` is a message that cannot be edited any more, to be deleted once this
    one is there.
    """

    ts: MessageTs | None = None
    begun_ms: int | None = None
    until_ms: int | None = None
    shown: str | None = None
    instead_of: MessageTs | None = None

    @property
    def unclear(self) -> bool:
        """Tell whether a post was begun whose outcome nobody has seen."""
        return self.ts is None and self.until_ms is not None


@dataclass(frozen=True)
class Surface:
    """
    An incident's messages. The first of `channels` is home: only there is the thread the timeline.

    `generation` is that of the store when the first message was planned. `displaced` names the channel that could not
    be posted to when the incident is shown in the default channel for that reason. `behind` are lines that stand in a
    thread which is home no more.
    """

    id: IncidentId
    generation: str = ""
    channels: tuple[ChannelId, ...] = ()
    displaced: ChannelId | None = None
    cards: dict[ChannelId, Placed] = field(default_factory=dict)
    lines: dict[LineKey, Placed] = field(default_factory=dict)
    behind: frozenset[LineKey] = frozenset()

    def with_card(self, channel: ChannelId, placed: Placed) -> "Surface":
        """Record what is known of the card in `channel`."""
        return replace(self, cards={**self.cards, channel: placed})

    def with_line(self, key: LineKey, placed: Placed) -> "Surface":
        """Record what is known of one timeline line."""
        return replace(self, lines={**self.lines, key: placed})

    def displaced_from(self, channel: ChannelId) -> ChannelId | None:
        """Name the channel in whose place this one shows the incident."""
        return self.displaced if self.channels[:1] == (channel,) else None

    def moved(self, channel: ChannelId) -> "Surface":
        """Make another channel home, because home cannot be posted to. A card that is there already stays, as one."""
        home, *others = self.channels
        kept = [home] if self.cards.get(home, Placed()).ts is not None else []
        channels = (channel, *(other for other in others if other != channel), *kept)
        return replace(self.left_behind(), channels=channels, displaced=home)

    def left_behind(self) -> "Surface":
        """Note that the thread is another one from now on: the lines told so far are not told again, nor edited."""
        told = frozenset(key for key, placed in self.lines.items() if placed.ts is not None)
        return replace(self, behind=self.behind | told)

    def forgotten(self) -> "Surface":
        """Forget what the cards say, because a call may have landed that nobody waited for."""
        cards = {channel: replace(placed, shown=None) for channel, placed in self.cards.items()}
        return replace(self, cards=cards)
