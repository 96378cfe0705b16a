"""Reads the incidents of a handover from the store: no call is made for one."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bolt_app.open_incidents import OpenIncident
from bolt_app.visibility import Visibility
from shared.model.event import ids_of_teams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident import Incident
from shared.model.slack_state import SlackState
from shared.pagerduty.models.account import User
from shared.store.channel_index import OpenIncidents
from shared.store.documents import Documents
from shared.store.incidents import Incidents

MOST = 50
"""Incidents that are read of those that are open, and as many of those just over."""


@dataclass(frozen=True)
class Found:
    """Incidents that are open or just over; `older` is true if not all of them were read."""

    incidents: Sequence[Incident]
    older: bool = False


@dataclass(frozen=True)
class HandoverSource:
    """Reads them, the newest first."""

    index: OpenIncidents
    incidents: Incidents
    slack_states: Documents[SlackState]
    visibility: Visibility

    async def shown_in(self, channel: ChannelId) -> Found:
        """Read what a channel shows: everyone in it may see that. Raises `StoreDown`."""
        found = await self._read(await self.index.shown_in(channel, MOST + 1), channel)
        states = await asyncio.gather(*(self.slack_states.load(one.id) for one in found.incidents))
        shown = [
            one
            for one, state in zip(found.incidents, states, strict=True)
            if one.snapshot is not None and state.value.shows(ids_of_teams(one.snapshot.teams), channel)
        ]
        return replace(found, incidents=shown)

    async def of_teams(self, user: User) -> Found:
        """Read what is of a person's teams and PagerDuty shows them. Raises `StoreDown`, `CallError`."""
        found = await self._read(await self.index.all(MOST + 1), None)
        theirs = [
            OpenIncident(one.id, one.snapshot)
            for one in found.incidents
            if one.snapshot is not None and (ids_of_teams(one.snapshot.teams) or frozenset()) & user.team_ids
        ]
        seen = {one.id for one in await self.visibility.seen(user, theirs)}
        return replace(found, incidents=[one for one in found.incidents if one.id in seen])

    async def _read(self, opened: Sequence[IncidentId], channel: ChannelId | None) -> Found:
        over = await self.index.just_over(channel, MOST + 1)
        known = [*await self._whole(opened[:MOST], over=False), *await self._whole(over[:MOST], over=True)]
        # One that was opened again is in both.
        distinct = {one.id: one for one in known}
        return Found(list(distinct.values()), max(len(opened), len(over)) > MOST)

    async def _whole(self, named: Iterable[IncidentId], *, over: bool) -> list[Incident]:
        """Read them with the lines that were moved out; what the index does not know yet is passed over."""
        read = await asyncio.gather(*map(self.incidents.whole, named))
        known = (stored.value for stored in read if stored.value.snapshot is not None)
        return [one for one in known if (one.status is Status.RESOLVED) is over]
