"""The work that follows shift changes: one queue for handovers (by channel), user groups and topics."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from bolt_app.handover.poster import HandoverPoster
from bolt_app.handover.shifts import LOOK
from bolt_app.oncall_groups.follow import OncallGroups
from shared.config.bridge_config import LiveConfig
from shared.config.oncall_config import HandoverConfig, OncallGroupConfig
from shared.durations import Durations
from shared.model.ids import IncidentId
from shared.store.coordination import Lease, WorkQueue, wait_at_most


@dataclass(frozen=True)
class ShiftWork:
    """Works off that queue; an `[[oncall_groups]]` entry never has the id of a channel (`OncallGroupConfig.id`)."""

    handovers: HandoverPoster
    groups: OncallGroups

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass; return the seconds until the next one. Raises as the work itself does."""
        work = self.groups if incident.startswith("S") else self.handovers
        return await work.run(incident, lease)


@dataclass
class ShiftWatch:
    """Marks what `bridge.toml` names; the queue keeps when each is due, and gives it to one worker."""

    queue: WorkQueue
    config: LiveConfig
    durations: Durations
    stopping: asyncio.Event
    _known: Mapping[IncidentId, object] = field(default_factory=dict, init=False)

    async def step(self) -> None:
        """Mark what is new as due; the others stay due when they are, or after a while if they are not. `StoreDown`."""
        config = self.config.current
        named: dict[IncidentId, HandoverConfig | OncallGroupConfig] = {
            **{IncidentId(each.channel): each for each in config.handovers},
            **{each.id: each for each in config.oncall_groups},
        }
        for name, each in named.items():
            after = LOOK if isinstance(each, HandoverConfig) else self.durations.resync
            await self.queue.mark(name, after if each == self._known.get(name) else 0.0)
        self._known = named
        await wait_at_most(self.durations.watchdog_interval, self.stopping)
