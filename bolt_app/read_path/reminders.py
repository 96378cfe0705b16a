"""Asks in an incident's thread whether it is still worked on; without an answer takes the acknowledgement back."""

from dataclasses import dataclass

import structlog

from shared.access.identity import Identity
from shared.config.bridge_config import LiveConfig
from shared.model.actions import Action
from shared.model.command import BY_RULE, Command, command_id
from shared.model.event import SECOND, Snapshot
from shared.model.event_types import REMINDED
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.incident import Incident
from shared.model.reminder import reminder_due_ms, unanswered_due_ms, with_reminder
from shared.model.thread_layout import has_backlog
from shared.model.timeline import line_time
from shared.slack.render.blocks import number
from shared.store.channel_index import OpenIncidents
from shared.store.clock import StoreClock
from shared.store.coordination import SharedTokenBuckets
from shared.store.incidents import Incidents
from shared.store.streams import AppendCommand

log = structlog.get_logger()

PACE, AT_ONCE = 60.0, 3
"""Seconds between two questions in a channel, and how many may come at once: many may be acknowledged by one press."""
VALID_MS = 60 * SECOND
"""Milliseconds within which a command must be on the stream to count."""
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
    identity: Identity
    append_command: AppendCommand

    async def ask_if_due(self, known: Incident, snapshot: Snapshot) -> float | None:
        """
        Put the line that asks into the projection if it is due; return 0 then.

        Else return the seconds until that is to be looked at again, None if nothing will be asked. Raises `StoreDown`.
        """
        chosen = self.config.current.reminder(snapshot)
        channel = next(iter(self.config.current.routing.route(snapshot).channels), None)
        if chosen is None or chosen.after_ms is None or channel is None:
            return None
        after_ms, unanswered_ms = chosen.after_ms, chosen.unacknowledge_ms
        asking_ms = reminder_due_ms(known, after_ms)
        taking_ms = None if unanswered_ms is None else unanswered_due_ms(known, unanswered_ms)
        due_ms = taking_ms if asking_ms is None else asking_ms
        if due_ms is None:
            return None
        now_ms = await self.clock.now_ms()
        if due_ms > now_ms:
            return (due_ms - now_ms) / SECOND
        wait = LATER if has_backlog(known.lines) else await self._wait(channel, now_ms)
        if wait > 0:
            log.info("reminder.later", incident=known.id, channel=channel, wait=wait)
            return wait
        if asking_ms is None:
            await self._take_back(known, snapshot, SlackUserId(chosen.in_name_of or ""), channel, now_ms)
            return LATER
        await self.incidents.change(known.id, lambda now: with_reminder(now, after_ms, now_ms))
        return 0.0

    async def _take_back(
        self, known: Incident, snapshot: Snapshot, who: SlackUserId, channel: ChannelId, now_ms: int
    ) -> None:
        """Ask for it as a person would: the same checks decide, and the same question asks for the same once."""
        asked = max((line for line in known.lines if line.type == REMINDED), key=line_time)
        command = Command(
            id=CommandId(BY_RULE + command_id(who, BY_RULE, asked.key, known.id)),
            action=Action.UNACKNOWLEDGE,
            incident=known.id,
            by=self.identity.own_member(who),
            channel=channel,
            message=None,
            response_url="",
            label=number(snapshot),
            url=snapshot.url,
        )
        log.info("reminder.unanswered", incident=known.id, command=command.id)
        await self.append_command(command, now_ms + VALID_MS)

    async def _wait(self, channel: ChannelId, now_ms: int) -> float:
        """Return how many seconds a channel is left in peace; 0 takes one question out of what it may be asked."""
        if await self.open_incidents.is_storm(channel, now_ms):
            return LATER
        return await self.budgets.take([(f"reminders:{channel}", PACE, PACE * (AT_ONCE - 1))])
