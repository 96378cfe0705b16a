"""Asks in an incident's thread whether it is still worked on, once its acknowledgement counts as forgotten."""

from dataclasses import dataclass

import structlog

from shared.config.bridge_config import LiveConfig
from shared.model.event import SECOND, Snapshot
from shared.model.ids import ChannelId
from shared.model.incident import Incident
from shared.model.reminder import reminder_due_ms, with_reminder
from shared.model.thread_layout import has_backlog
from shared.store.channel_index import OpenIncidents
from shared.store.clock import StoreClock
from shared.store.coordination import SharedTokenBuckets
from shared.store.incidents import Incidents

log = structlog.get_logger()

STORM, STORM_SECONDS = 10, 1800.0
"""With more incidents opened in a channel within these seconds nothing is asked there: it has enough to do."""
PACE, AT_ONCE = 60.0, 3
"""Seconds between two questions in a channel, and how many may come at once: many may be acknowledged by one press."""
LATER = 300.0
"""Seconds until it is looked again whether a storm is over."""


@dataclass(frozen=True)
class Reminders:
    """Decides by `[[reminders]]` when the thread is asked. The rule itself is in `shared.model.reminder`."""

    incidents: Incidents
    open_incidents: OpenIncidents
    budgets: SharedTokenBuckets
    config: LiveConfig
    clock: StoreClock

    async def ask_if_due(self, known: Incident, snapshot: Snapshot) -> float | None:
        """
        Put the line that asks into the projection if it is due; return 0 then.

        Else return the seconds until that is to be looked at again, None if nothing will be asked. Raises `StoreDown`.
        """
        after_ms = self.config.current.reminder_ms(snapshot)
        due_ms = None if after_ms is None else reminder_due_ms(known, after_ms)
        channel = next(iter(self.config.current.routing.route(snapshot).channels), None)
        if after_ms is None or due_ms is None or channel is None:
            return None
        now_ms = await self.clock.now_ms()
        if due_ms > now_ms:
            return (due_ms - now_ms) / SECOND
        wait = LATER if has_backlog(known.lines) else await self._wait(channel, now_ms)
        if wait > 0:
            log.info("reminder.later", incident=known.id, channel=channel, wait=wait)
            return wait
        await self.incidents.change(known.id, lambda now: with_reminder(now, after_ms))
        return 0.0

    async def _wait(self, channel: ChannelId, now_ms: int) -> float:
        """Return how many seconds a channel is left in peace; 0 takes one question out of what it may be asked."""
        since_ms = now_ms - int(STORM_SECONDS * SECOND)
        if await self.open_incidents.opened_since(channel, since_ms) > STORM:
            return LATER
        return await self.budgets.take([(f"reminders:{channel}", PACE, PACE * (AT_ONCE - 1))])
