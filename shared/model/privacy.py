"""Pure: which channels stop showing an incident because of the teams that it belongs to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from shared.model.ids import ChannelId, TeamId


@dataclass(frozen=True)
class Privacy:
    """
    Which channels are not updated any more (`hidden_in`), as one of the `teams` it now belongs to is private.

    In those of `cleared_in` the lines of its thread are deleted as well.
    """

    teams: frozenset[TeamId] = frozenset()
    hidden_in: frozenset[ChannelId] = frozenset()
    cleared_in: frozenset[ChannelId] = frozenset()

    def decided(
        self, teams: Iterable[TeamId], channels: Iterable[ChannelId], named: Collection[ChannelId], *, private: bool
    ) -> "Privacy":
        """
        Decide for an incident of `teams`, some of them `private`, that is shown in `channels`.

        A private team's incident is shown only where a route names the channel for it (`named`). Where it has been
        shown so far it stays to the end, whichever route matches later: only a change of teams changes the audience.
        """
        now = frozenset(teams)
        shut = self.hidden_in if now == self.teams else frozenset(channels)
        hidden = shut - frozenset(named) if private else frozenset()
        return Privacy(now, hidden, self.cleared_in & hidden)

    def cleared(self, channel: ChannelId) -> "Privacy":
        """Note that no line is left in a channel."""
        return replace(self, cleared_in=self.cleared_in | {channel})
