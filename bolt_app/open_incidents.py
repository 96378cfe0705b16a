"""Which incidents are open now: the index, checked against the projections."""

from collections.abc import Iterable
from dataclasses import dataclass

from bolt_app.services import Services
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId, IncidentId


@dataclass(frozen=True)
class OpenIncident:
    """An open incident, as it is known now."""

    id: IncidentId
    snapshot: Snapshot


class OpenIncidentReader:
    """Reads the index. An entry that is not true any more is passed over, and looked after by the reconciler."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def shown_in(self, channel: ChannelId) -> list[OpenIncident]:
        """List the open incidents with a card in `channel`, the newest first. Raises `StoreDown`."""
        return await self._still_open(await self._services.open_incidents.shown_in(channel))

    async def all(self) -> list[OpenIncident]:
        """List every open incident, the newest first. Raises `StoreDown`."""
        return await self._still_open(await self._services.open_incidents.all())

    async def _still_open(self, incidents: Iterable[IncidentId]) -> list[OpenIncident]:
        found = []
        for incident in incidents:
            snapshot = (await self._services.incidents.load(incident)).value.snapshot
            if snapshot is not None and snapshot.status is not Status.RESOLVED:
                found.append(OpenIncident(incident, snapshot))
            else:
                # Not dropped here: it may be opened again at this moment, and only its own pass can tell.
                await self._services.dirty_queue.mark(incident)
        return found
