"""Which channels learn nothing more of an incident, because it has come to belong to a private team. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from shared.model.ids import ChannelId, TeamId


@dataclass(frozen=True)
class Privacy:
    """What was decided, for the `teams` that the incident belonged to at that time. `hidden_in` are those channels."""

    teams: frozenset[TeamId] = frozenset()
    hidden_in: frozenset[ChannelId] = frozenset()

    def decided(
        self, teams: Iterable[TeamId], channels: Iterable[ChannelId], named: Collection[ChannelId], *, private: bool
    ) -> "Privacy":
        """
        Decide for an incident that belongs to `teams` now, some of them `private` or not, and is shown in `channels`.

        A private team's incident goes on only where a route names the channel for it (`named`). Where it has gone on
        so far it does to the end, whatever route takes it later: only other teams make others of those who look on.
        """
        now = frozenset(teams)
        shut = self.hidden_in if now == self.teams else frozenset(channels)
        return Privacy(now, shut - frozenset(named) if private else frozenset())
