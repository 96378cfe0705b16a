"""Has the open Home tabs read again when something on them has changed."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from bolt_app.consumers import repeat_until_stopped
from shared.durations import Durations
from shared.errors import StoreDown
from shared.model.event import Snapshot, ids_of_teams
from shared.model.ids import IncidentId
from shared.model.incident import Incident
from shared.slack.render.card import next_step_text
from shared.store.coordination import wait_at_most
from shared.store.open_homes import OpenHomes

SPREAD = 2.0
"""Seconds between two tabs that one worker asks for: in a storm people's clicks need Slack and PagerDuty more."""
MOST = 1000
"""Incidents whose last state is remembered: enough for those of a storm."""


@dataclass
class HomeWatch:
    """Collects the incidents that change, in memory alone, and asks now and then for the tabs concerned."""

    open_homes: OpenHomes
    durations: Durations
    stopping: asyncio.Event
    _changed: dict[IncidentId, Incident] = field(default_factory=dict, init=False)
    _known: dict[IncidentId, int] = field(default_factory=dict, init=False)
    _due: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)

    def changed(self, incident: Incident) -> None:
        """Note that an incident may have changed. The tabs concerned are asked for in a moment, when more may have."""
        self._changed[incident.id] = incident
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.durations.home_pause, self._due.set)

    async def run(self) -> None:
        """Ask for the tabs concerned, until the worker stops; then once more."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_wait())
            await repeat_until_stopped(self._step, self.stopping, self.durations.retry_first)
            if self._changed:
                with suppress(StoreDown):  # then each tab is read at its next look
                    await self._ask()

    async def _end_wait(self) -> None:
        await self.stopping.wait()
        self._due.set()

    async def _step(self) -> None:
        """Ask for the tabs concerned, once that is due. Raises `StoreDown`; then it still is."""
        await self._due.wait()
        self._due.clear()
        self._timer = None
        try:
            asked = await self._ask()
        except StoreDown:
            self._due.set()
            raise
        await wait_at_most(SPREAD * asked, self.stopping)

    async def _ask(self) -> int:
        """Ask for the tabs that show a changed incident; return how many they are. Raises `StoreDown`."""
        followed = await self.open_homes.followed()
        changed = dict(self._changed)
        looks = {one.id: _look(one.snapshot, one) for one in changed.values() if followed and one.snapshot is not None}
        about = frozenset().union(
            *(_ids_of(changed[one]) for one, look in looks.items() if self._known.get(one) != look)
        )
        concerned = [user for user, ids in followed.items() if about and (ids is None or ids & about)]
        for nth, user in enumerate(concerned):
            await self.open_homes.read_again(user, nth * SPREAD)
        # Not before all are asked for: after a failure the next step asks again.
        self._changed = {one: now for one, now in self._changed.items() if now is not changed.get(one)}
        self._known |= looks
        if len(self._known) > MOST:
            self._known.clear()
        return len(concerned)


def _look(shown: Snapshot, incident: Incident) -> int:
    """Return a number that changes when the incident looks different on a tab."""
    return hash((shown.facts, next_step_text(incident, shown)))


def _ids_of(incident: Incident) -> frozenset[str]:
    """Return the ids on which tabs with an incident depend: its own, its assignees' and its teams'."""
    shown = incident.snapshot
    return frozenset({incident.id, *shown.assignee_ids, *(ids_of_teams(shown.teams) or ())}) if shown else frozenset()
