"""Which incidents are open now: the index, checked against the projections."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bolt_app.replies.builder import as_code
from shared.model.event import Instant, Snapshot, ids_of_teams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, incident_id
from shared.model.slack_state import SlackState
from shared.store.channel_index import OpenIncidents
from shared.store.coordination import WorkQueue
from shared.store.documents import Documents
from shared.store.incidents import Incidents

MOST_NAMED = 10
"""Incidents without more than an id that are named."""
NEWEST = 50
"""Incidents that are read, all together, however many are open."""
OLDER = f"Only the newest {NEWEST} are looked at here; PagerDuty has them all."


@dataclass(frozen=True)
class OpenIncident:
    """An open incident, as it is known now; `updated` is when it last changed, if that was read from PagerDuty."""

    id: IncidentId
    snapshot: Snapshot
    updated: Instant | None = None


@dataclass(frozen=True)
class OpenList:
    """Open incidents, the newest first, whether there are `older` ones, and those that are being found out anew."""

    incidents: Sequence[OpenIncident]
    older: bool = False
    unread: Sequence[IncidentId] = ()

    @property
    def rest(self) -> str:
        """A sentence on what the list leaves out; empty if it is complete."""
        named = ", ".join(map(as_code, self.unread[:MOST_NAMED]))
        begun = f"Not listed, because they are being read from PagerDuty again: {named}." if self.unread else ""
        return " ".join(filter(None, (begun, OLDER if self.older else "")))


def most_urgent(incidents: Iterable[OpenIncident]) -> list[OpenIncident]:
    """Sort open incidents: unacknowledged ones first, of these high urgency, of these the newest."""

    def rank(shown: Snapshot) -> tuple[bool, bool, int, int]:
        # Two of one second are told apart by their numbers.
        age, number = -(shown.created_ms or 0), -(shown.number or 0)
        return shown.status is not Status.TRIGGERED, shown.urgency != "high", age, number

    return sorted(incidents, key=lambda incident: rank(incident.snapshot))


@dataclass(frozen=True)
class OpenIncidentReader:
    """Reads the index. An entry that is not true any more is passed over, and looked after by the reconciler."""

    index: OpenIncidents
    incidents: Incidents
    slack_states: Documents[SlackState]
    dirty_queue: WorkQueue

    async def shown_in(self, channel: ChannelId) -> OpenList:
        """Read the newest open incidents that `channel` shows as they are now. Raises `StoreDown`."""
        found = await self._newest(await self.index.shown_in(channel, NEWEST + 1))
        return replace(found, incidents=await self._shown(found.incidents, channel))

    async def all(self) -> OpenList:
        """Read the newest open incidents. Raises `StoreDown`."""
        return await self._newest(await self.index.all(NEWEST + 1))

    async def named(self, name: str, channel: ChannelId) -> tuple[OpenIncident, ...]:
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

    async def _shown(self, known: Sequence[OpenIncident], channel: ChannelId) -> tuple[OpenIncident, ...]:
        states = await asyncio.gather(*(self.slack_states.load(incident.id) for incident in known))
        return tuple(
            incident
            for incident, state in zip(known, states, strict=True)
            if state.value.shows(ids_of_teams(incident.snapshot.teams), channel)
        )

    async def _newest(self, incidents: Sequence[IncidentId]) -> OpenList:
        found, unread = [], []
        newest = incidents[:NEWEST]
        read = await asyncio.gather(*map(self.incidents.load, newest))
        for incident, known in zip(newest, read, strict=True):
            snapshot = known.value.snapshot
            if snapshot is not None and snapshot.status is not Status.RESOLVED:
                found.append(OpenIncident(incident, snapshot))
            else:
                # Not dropped here: it may be opened again at this moment, and only its own pass can tell.
                await self.dirty_queue.mark(incident)
                unread += [incident] if snapshot is None and known.value.anew_ms else []
        return OpenList(tuple(found), len(incidents) > NEWEST, unread)
