"""What Slack shows of an incident, as far as the bridge knows: which messages there are, and what each one says."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.model.ids import ChannelId, IncidentId, LineKey, MessageTs, UserId
from shared.model.secrecy import Secrecy
from shared.model.timeline import Line


@dataclass(frozen=True)
class Placed:
    """
    One message that is to exist once.

    `ts` is its name once it is known to exist. `begun_ms` and `until_ms` (the store's time) belong to a call whose
    outcome is not known: before `until_ms` nothing is looked up or repeated. `shown` is the digest of what the message
    says, None while that is unknown. `said` is the digest of an update that an earlier one may overwrite until
    `until_ms`: before then, writing the same again is no use. `instead_of` is a message that cannot be edited any more,
    to be deleted once this one is there. `of_ms` is the time of the newest event it tells of, by PagerDuty's clock.
    """

    ts: MessageTs | None = None
    begun_ms: int | None = None
    until_ms: int | None = None
    shown: str | None = None
    said: str | None = None
    instead_of: MessageTs | None = None
    of_ms: int = 0

    @property
    def unclear(self) -> bool:
        """Tell whether a post was begun whose outcome nobody has seen."""
        return self.ts is None and self.until_ms is not None

    @property
    def may_stand(self) -> bool:
        """Tell whether people may see a message of this in the channel, whatever it is called."""
        return self.ts is not None or self.unclear or self.instead_of is not None

    def forgotten(self) -> "Placed":
        """Forget what it says."""
        return replace(self, shown=None, said=None)

    def with_news(self, of_ms: int) -> "Placed":
        """Note the newest event that it tells of, once it is known to say what it should."""
        return self if self.shown is None else replace(self, of_ms=of_ms)


@dataclass(frozen=True)
class Surface:
    """
    An incident's messages. The first of `channels` is home: only there is the thread the timeline.

    `generation` is that of the store when the first message was planned. `displaced` names the channel that could not
    be posted to when the incident is shown in the default channel for that reason. `behind` are lines that stand in a
    thread which is home no more. `waiting` are channels that cannot be posted to: what they show is not looked after
    until they open. `called` are the people whom a message has mentioned when it was posted, so that none does again.
    `left_out` are lines that the thread has no message for because of its verbosity, whatever that becomes later.

    `secrecy` tells which of `channels` learn nothing more, because it has come to belong to a private team.

    For an incident that is older than the data set: lines up to `told_ms` count as told also without a message, because
    the thread was there before; with `quiet_ms` it gets a card only when something happens after that. Both are on
    PagerDuty's clock, 0 for an incident of this data set.
    """

    id: IncidentId
    generation: str = ""
    channels: tuple[ChannelId, ...] = ()
    displaced: ChannelId | None = None
    cards: dict[ChannelId, Placed] = field(default_factory=dict)
    lines: dict[LineKey, Placed] = field(default_factory=dict)
    behind: frozenset[LineKey] = frozenset()
    waiting: frozenset[ChannelId] = frozenset()
    called: frozenset[UserId] = frozenset()
    left_out: frozenset[LineKey] = frozenset()
    secrecy: Secrecy = field(default_factory=Secrecy)
    told_ms: int = 0
    quiet_ms: int = 0

    def counts_as_told(self, line: Line) -> bool:
        """Tell whether a line has no message and needs none: it is older than the data, or was left out on purpose."""
        return line.key not in self.lines and (line.key in self.left_out or line.at.end < self.told_ms)

    def with_card(self, channel: ChannelId, placed: Placed) -> "Surface":
        """Record what is known of the card in `channel`."""
        return replace(self, cards={**self.cards, channel: placed})

    def calling(self, people: Iterable[UserId]) -> "Surface":
        """Note that a message was posted that mentions these people."""
        return replace(self, called=self.called | frozenset(people))

    def leaving_out(self, lines: Iterable[LineKey]) -> "Surface":
        """Note that these lines are not told; those of which there is a message stay as they are."""
        return replace(self, left_out=self.left_out | (frozenset(lines) - self.lines.keys()))

    def with_line(self, key: LineKey, placed: Placed) -> "Surface":
        """Record what is known of one timeline line."""
        return replace(self, lines={**self.lines, key: placed})

    def displaced_from(self, channel: ChannelId) -> ChannelId | None:
        """Name the channel in whose place this one shows the incident."""
        return self.displaced if self.channels[:1] == (channel,) else None

    def moved(self, channel: ChannelId) -> "Surface":
        """Make another channel home, because home cannot be posted to. A card that is there, or may be, stays one."""
        home, *others = self.channels
        kept = [home] if self.cards.get(home, Placed()).may_stand else []
        channels = (channel, *(other for other in others if other != channel), *kept)
        return replace(self.left_behind().closed(home), channels=channels, displaced=home)

    def left_behind(self) -> "Surface":
        """Note that the thread is another one from now on: the lines told so far are not told again, nor edited."""
        told = frozenset(key for key, placed in self.lines.items() if placed.ts is not None)
        return replace(self, behind=self.behind | told)

    def shows(self, channel: ChannelId) -> bool:
        """Tell whether whoever reads a channel sees there how the incident stands."""
        return channel in self.channels and channel not in self.secrecy.shut

    def withheld(self, secrecy: Secrecy) -> "Surface":
        """Let the channels that `secrecy` shuts learn nothing more; home is one that is not, if there is any."""
        channels = tuple(sorted(self.channels, key=lambda channel: channel in secrecy.shut))
        if channels[:1] == self.channels[:1]:
            return replace(self, secrecy=secrecy)
        return replace(self.left_behind(), secrecy=secrecy, channels=channels, displaced=None)

    def closed(self, channel: ChannelId) -> "Surface":
        """Note that a channel cannot be posted to."""
        return replace(self, waiting=self.waiting | {channel})

    def opened(self, channel: ChannelId) -> "Surface":
        """Note that a channel can be posted to again."""
        return replace(self, waiting=self.waiting - {channel})

    def without(self, channel: ChannelId) -> "Surface":
        """Give up a channel that has no card."""
        return replace(self.opened(channel), channels=tuple(other for other in self.channels if other != channel))

    def without_card(self, channel: ChannelId) -> "Surface":
        """Note that the card at home is gone, and the thread with it."""
        return self.left_behind().with_card(channel, Placed())

    def forgotten(self) -> "Surface":
        """Forget what the messages say, because a call may have landed that nobody waited for."""
        cards = {channel: placed.forgotten() for channel, placed in self.cards.items()}
        lines = {key: placed.forgotten() for key, placed in self.lines.items()}
        return replace(self, cards=cards, lines=lines)
