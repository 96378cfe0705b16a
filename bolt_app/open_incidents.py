"""Which incidents are open now: the index, checked against the projections."""

from collections.abc import Iterable
from dataclasses import dataclass

from bolt_app.services import Wiring
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId, IncidentId


@dataclass(frozen=True)
class Open:
    """An open incident, as it is known now."""

    id: IncidentId
    snapshot: Snapshot


class StillOpen:
    """Reads the index. An entry that is not true any more is passed over, and looked after by the reconciler."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    async def shown_in(self, channel: ChannelId) -> list[Open]:
        """List the open incidents with a card in `channel`, the newest first. Raises `StoreDown`."""
        return await self._checked(await self._wiring.open_incidents.shown_in(channel))

    async def all(self) -> list[Open]:
        """List every open incident, the newest first. Raises `StoreDown`."""
        return await self._checked(await self._wiring.open_incidents.all())

    async def _checked(self, incidents: Iterable[IncidentId]) -> list[Open]:
        found = []
        for incident in incidents:
            snapshot = (await self._wiring.incidents.load(incident)).value.snapshot
            if snapshot is not None and snapshot.status is not Status.RESOLVED:
                found.append(Open(incident, snapshot))
            else:
                # Not dropped here: it may be opened again at this moment, and only its own pass can tell.
                await self._wiring.dirty.mark(incident)
        return found
