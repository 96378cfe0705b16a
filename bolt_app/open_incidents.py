"""Which incidents are open now: the index, checked against the projections."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.model.event import Snapshot, Status, ids_of_teams
from shared.model.ids import ChannelId, IncidentId, incident_id
from shared.model.slack_state import SlackState
from shared.store.channel_index import OpenIncidents
from shared.store.coordination import WorkQueue
from shared.store.documents import Documents
from shared.store.incidents import Incidents


@dataclass(frozen=True)
class OpenIncident:
    """An open incident, as it is known now."""

    id: IncidentId
    snapshot: Snapshot


@dataclass(frozen=True)
class OpenIncidentReader:
    """Reads the index. An entry that is not true any more is passed over, and looked after by the reconciler."""

    index: OpenIncidents
    incidents: Incidents
    slack_states: Documents[SlackState]
    dirty_queue: WorkQueue

    async def shown_in(self, channel: ChannelId) -> list[OpenIncident]:
        """List the open incidents that `channel` shows as they are now, the newest first. Raises `StoreDown`."""
        return await self._shown(await self._still_open(await self.index.shown_in(channel)), channel)

    async def named(self, name: str, channel: ChannelId) -> list[OpenIncident]:
        """Find the open incidents of a number or an id that `channel` shows. Raises `Malformed` for neither."""
        incident = incident_id(name)
        known = (
            await self.incidents.numbered(int(name))
            if name.isdecimal()
            else [(await self.incidents.load(incident)).value]
        )
        found = [OpenIncident(one.id, one.snapshot) for one in known if one.snapshot is not None]
        opened = [one for one in found if one.snapshot.status is not Status.RESOLVED]
        return await self._shown(opened, channel)

    async def _shown(self, known: list[OpenIncident], channel: ChannelId) -> list[OpenIncident]:
        shown = [(await self.slack_states.load(incident.id)).value for incident in known]
        return [
            incident
            for incident, messages in zip(known, shown, strict=True)
            if messages.shows(ids_of_teams(incident.snapshot.teams), channel)
        ]

    async def all(self) -> list[OpenIncident]:
        """List every open incident, the newest first. Raises `StoreDown`."""
        return await self._still_open(await self.index.all())

    async def _still_open(self, incidents: Iterable[IncidentId]) -> list[OpenIncident]:
        found = []
        for incident in incidents:
            snapshot = (await self.incidents.load(incident)).value.snapshot
            if snapshot is not None and snapshot.status is not Status.RESOLVED:
                found.append(OpenIncident(incident, snapshot))
            else:
                # Not dropped here: it may be opened again at this moment, and only its own pass can tell.
                await self.dirty_queue.mark(incident)
        return found
