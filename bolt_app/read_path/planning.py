"""Which channels an incident is shown in: decided once, by the first route that matches, and only ever added to."""

from dataclasses import replace

from prometheus_client import Counter

from bolt_app.read_path.seeing import Seeing
from bolt_app.wiring import Wiring
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.journal import Fact, fact
from shared.model.surface import Surface
from shared.routing import Route, passed_over, route
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
        wanted = await self._channels(surface.id, snapshot, known=surface.channels)
        added = tuple(channel for channel in wanted if channel not in surface.channels)
        if not added or (surface.channels and snapshot.status is Status.RESOLVED):
            return surface

        def rule(current: Surface) -> Surface:
            more = tuple(channel for channel in added if channel not in current.channels)
            generation = current.generation or birth.name
            return replace(current, channels=(*current.channels, *more), generation=generation)

        return (
            await self._wiring.surfaces.change(surface.id, rule, lease, lambda: (self._routed(snapshot, added),))
        ).value

    def _routed(self, snapshot: Snapshot, channels: tuple[ChannelId, ...]) -> Fact:
        """Tell the journal which route took it, by its place in `bridge.toml` from 1, and what kept the others."""
        over = passed_over(snapshot, self._wiring.config.routing)
        taken = len(over) + 1 if self.route(snapshot).named else "default"
        why = ",".join(f"{number}:{field}" for number, field in enumerate(over, 1))
        return fact("incident.routed", channels=",".join(channels), route=taken, passed_over=why)

    async def _unshown(self, incident: IncidentId, why: str) -> None:
        UNSHOWN.labels(why).inc()
        await self._wiring.journal.note(incident, fact("incident.unshown", why=why.replace(" ", "_")))

    async def _channels(
        self, incident: IncidentId, snapshot: Snapshot, known: tuple[ChannelId, ...]
    ) -> tuple[ChannelId, ...]:
        chosen = self.route(snapshot)
        if not chosen.named and known:
            # The default channel is for incidents that no route takes; one that has a home needs no other.
            return ()
        if not chosen.channels and not known:
            await self._unshown(incident, "ignored" if chosen.named else "no route")
        elif not chosen.named and await self._seeing.private(snapshot.team_ids):
            await self._unshown(incident, "private team")
            return ()
        return chosen.channels
