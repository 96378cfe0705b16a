"""Which channels an incident is shown in: decided once, by the first route that matches, and only ever added to."""

from dataclasses import replace

from prometheus_client import Counter

from bolt_app.seeing import Seeing
from bolt_app.wiring import Wiring
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId
from shared.model.surface import Surface
from shared.routing import Route, route
from shared.store.generation import Birth
from shared.store.leases import Lease

UNSHOWN = Counter("pagebridge_incidents_unshown", "Incidents that are shown nowhere, by reason", ["why"])


class Planning:
    """Decides in which channels an incident is shown."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._seeing = Seeing(wiring)

    def route(self, snapshot: Snapshot) -> Route:
        """Find the route that holds for an incident as it is now."""
        return route(snapshot, self._wiring.config.routing)

    async def planned(self, surface: Surface, snapshot: Snapshot, birth: Birth, lease: Lease) -> Surface:
        """
        Return the surface with its channels, planning them if there are none yet. `birth` is that of the data it is in.

        An incident whose priority or service has changed may be shown in another channel as well; it never leaves one.
        """
        wanted = await self._channels(snapshot, known=surface.channels)
        added = tuple(channel for channel in wanted if channel not in surface.channels)
        if not added or (surface.channels and snapshot.status is Status.RESOLVED):
            return surface

        def rule(current: Surface) -> Surface:
            more = tuple(channel for channel in added if channel not in current.channels)
            generation = current.generation or birth.name
            return replace(current, channels=(*current.channels, *more), generation=generation)

        return (await self._wiring.surfaces.change(surface.id, rule, lease)).value

    async def _channels(self, snapshot: Snapshot, known: tuple[ChannelId, ...]) -> tuple[ChannelId, ...]:
        chosen = self.route(snapshot)
        if not chosen.named and known:
            # The default channel is for incidents that no route takes; one that has a home needs no other.
            return ()
        if not chosen.channels and not known:
            UNSHOWN.labels("ignored" if chosen.named else "no route").inc()
        elif not chosen.named and await self._seeing.private(snapshot.team_ids):
            UNSHOWN.labels("private team").inc()
            return ()
        return chosen.channels
