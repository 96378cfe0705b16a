"""The state of an incident in Slack, as far as the bridge knows: its messages and the content of each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from shared.model.direct_card import DirectCard
from shared.model.ids import ChannelId, IncidentId, LineKey, TeamId, UserId
from shared.model.message_state import MessageState
from shared.model.privacy import Privacy
from shared.model.timeline import Line


@dataclass(frozen=True)
class SlackState:
    """
    An incident's messages. The first of `channels` is home: only there is the thread.

    `direct` are people's own cards, by their conversation with the app.
    `generation` is that of the store when the first message was planned. `displaced` names the channel that could not
    be posted to if the incident is shown in the default channel for that reason. `outdated_lines` are lines in a thread
    that is no longer home. `waiting` are channels that cannot be posted to: their content is not updated until they
    open. `mentioned` are the people mentioned in a posted message, so that none is mentioned again. `omitted_lines`
    have no message because of the thread's verbosity, even if that changes later. `privacy` names the channels that are
    no longer updated because the incident now belongs to a private team. `late` are channels whose card had to wait for
    Slack's limits. `digests` are channels whose digest card stands, or stood, in the place of its card, and when that
    was begun. `listed` is how it stands in the index of open incidents: when it was created, and the channels;
    empty when it is over, None when that is not known. `anew_ms` is when it was begun without what was known before,
    by the store's clock: messages may be there that it does not name.

    For an incident older than the data set: lines up to `announced_until_ms` count as announced without a message,
    because the thread existed before; with `silent_until_ms` it gets a card only after its next change. Both are on
    PagerDuty's clock, 0 for an incident of this data set.
    """

    id: IncidentId
    generation: str = ""
    channels: tuple[ChannelId, ...] = ()
    displaced: ChannelId | None = None
    cards: dict[ChannelId, MessageState] = field(default_factory=dict)
    direct: dict[ChannelId, DirectCard] = field(default_factory=dict)
    lines: dict[LineKey, MessageState] = field(default_factory=dict)
    outdated_lines: frozenset[LineKey] = frozenset()
    waiting: frozenset[ChannelId] = frozenset()
    mentioned: frozenset[UserId] = frozenset()
    omitted_lines: frozenset[LineKey] = frozenset()
    privacy: Privacy = field(default_factory=Privacy)
    announced_until_ms: int = 0
    silent_until_ms: int = 0
    late: frozenset[ChannelId] = frozenset()
    digests: dict[ChannelId, int] = field(default_factory=dict)
    listed: tuple[str, ...] | None = None
    anew_ms: int = 0

    @classmethod
    def anew(cls, incident: IncidentId, now_ms: int) -> "SlackState":
        """Begin without what was known; what is in Slack has to be found again."""
        return cls(incident, anew_ms=now_ms)

    def with_card(
        self, channel: ChannelId, state: MessageState, mentions: Iterable[UserId] = (), of_ms: int | None = None
    ) -> "SlackState":
        """
        Record what is known of the card in `channel`, and, once it is posted, whom it `mentions`.

        `of_ms` is the time of the newest event that it tells of, once it is known to say what it should.
        """
        if of_ms is not None and state.content_digest is not None:
            state = replace(state, state_ms=of_ms)
        posted = state.ts not in (None, self.cards.get(channel, MessageState()).ts)
        mentioned = self.mentioned.union(mentions if posted else ())
        return replace(self, cards={**self.cards, channel: state}, mentioned=mentioned)

    def with_direct(self, conversation: ChannelId, card: DirectCard) -> "SlackState":
        """Record what is known of a person's own card."""
        return replace(self, direct={**self.direct, conversation: card})

    def with_omitted(self, lines: Iterable[LineKey]) -> "SlackState":
        """Note that these lines are not told; those of which there is a message stay as they are."""
        return replace(self, omitted_lines=self.omitted_lines | (frozenset(lines) - self.lines.keys()))

    def is_silent(self, line: Line) -> bool:
        """True if a line needs no message, if it has none: it is older than the data, or was omitted on purpose."""
        return line.key in self.omitted_lines or line.at.end < self.announced_until_ms

    def with_only(self, lines: Collection[LineKey]) -> "SlackState":
        """Forget all lines but these: the others are told for good, and keep what their message is themselves."""
        return replace(
            self,
            lines={key: state for key, state in self.lines.items() if key in lines},
            omitted_lines=self.omitted_lines.intersection(lines),
            outdated_lines=self.outdated_lines.intersection(lines),
        )

    def moved(self, channel: ChannelId) -> "SlackState":
        """Make another channel home, because home cannot be posted to. A card that is there, or may be, stays one."""
        home, *others = self.channels
        card = self.cards.get(home, MessageState())
        kept = [] if card.is_gone else [home]
        channels = (channel, *(other for other in others if other != channel), *kept)
        return replace(self.thread_lost().closed(home), channels=channels, displaced=home)

    def thread_lost(self) -> "SlackState":
        """Note that the thread is another one from now on: the lines told so far are not told again, nor edited."""
        told = frozenset(key for key, state in self.lines.items() if state.ts is not None)
        return replace(self, outdated_lines=self.outdated_lines | told)

    def is_shown_in(self, channel: ChannelId) -> bool:
        """True if readers of a channel see the incident's state there."""
        return channel in self.channels and channel not in self.privacy.hidden_in

    def shows(self, teams: frozenset[TeamId] | None, channel: ChannelId) -> bool:
        """True if a channel shows the incident of `teams`: until that is decided for these, it does not."""
        return self.is_shown_in(channel) and self.privacy.teams == teams

    def withheld(self, privacy: Privacy) -> "SlackState":
        """Stop updating the channels that `privacy` hides it from; home becomes one that is not, if there is any."""
        channels = tuple(sorted(self.channels, key=lambda channel: channel in privacy.hidden_in))
        if channels[:1] == self.channels[:1]:
            return replace(self, privacy=privacy)
        return replace(self.thread_lost(), privacy=privacy, channels=channels, displaced=None)

    def closed(self, channel: ChannelId) -> "SlackState":
        """Note that a channel cannot be posted to."""
        return replace(self, waiting=self.waiting | {channel})

    def waits(self, channel: ChannelId, *, late: bool = True) -> "SlackState":
        """Note that the card of a channel has to wait, or does not any more."""
        return replace(self, late=self.late | {channel} if late else self.late - {channel})

    def shares(self, channel: ChannelId, begun_ms: int, lines: Iterable[LineKey] = ()) -> "SlackState":
        """Note that the digest begun then stands for the card in a channel, and that these lines are not told."""
        return replace(self.with_omitted(lines), digests={**self.digests, channel: begun_ms})

    def decided_card(self, channel: ChannelId, shown_ms: int = 0) -> "SlackState":
        """Note that the incident is to have a card of its own in a channel, where all up to `shown_ms` was shown."""
        others = {other: begun for other, begun in self.digests.items() if other != channel}
        return replace(self.with_card(channel, MessageState(state_ms=shown_ms)), digests=others)

    def opened(self, channel: ChannelId) -> "SlackState":
        """Note that a channel can be posted to again."""
        return replace(self, waiting=self.waiting - {channel})

    def without(self, channel: ChannelId) -> "SlackState":
        """Give up a channel that has no card."""
        return replace(self.opened(channel), channels=tuple(other for other in self.channels if other != channel))

    def without_card(self, channel: ChannelId) -> "SlackState":
        """Note that the card at home is gone, and the thread with it."""
        return self.thread_lost().with_card(channel, MessageState())

    def content_unknown(self) -> "SlackState":
        """Forget what the messages show, because a call with an unknown outcome may have changed them."""
        cards = {channel: state.content_unknown() for channel, state in self.cards.items()}
        lines = {key: state.content_unknown() for key, state in self.lines.items()}
        direct = {
            channel: replace(card, message=card.message.content_unknown()) for channel, card in self.direct.items()
        }
        return replace(self, cards=cards, lines=lines, direct=direct)
