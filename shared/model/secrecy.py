"""Which channels learn nothing more of an incident, because it has come to belong to a private team. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from shared.model.ids import ChannelId, TeamId


@dataclass(frozen=True)
class Privacy:
    """
    The privacy decision, for the `teams` that the incident belonged to at that time.

    `hidden_in` are the hidden channels.
    """

    teams: frozenset[TeamId] = frozenset()
    hidden_in: frozenset[ChannelId] = frozenset()

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
        return Privacy(now, shut - frozenset(named) if private else frozenset())
