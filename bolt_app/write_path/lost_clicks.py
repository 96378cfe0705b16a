"""
Clicks that the store has lost after it had confirmed them: only the worker that accepted one knows of it.

One that had come to its end is put on record again by the worker that ended it, also where the store has it as open.
Whether another took effect can't be known, because its record is gone; so its person is told, and can press again.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog
from pydantic import ValidationError

from bolt_app.replies import outcome_text
from bolt_app.replies.sender import send_reply
from bolt_app.write_path.direct_acknowledge import DirectAcknowledge, DirectPress
from shared.durations import Durations
from shared.model.actions import SPECS
from shared.model.command import Command, CommandQueue, split
from shared.model.doubt import with_end
from shared.model.event import SECOND
from shared.model.ids import CommandId
from shared.model.outcome import Kind, Outcome
from shared.observability.log import reference
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.coordination import wait_at_most
from shared.store.documents import Documents
from shared.store.losses import Losses
from shared.store.redis import Redis
from shared.store.streams import COMMAND_JSON, read_all

log = structlog.get_logger()

CLICK_LOST = "The bridge's database lost your click: if the card doesn't show it, press again."


@dataclass
class LostClicks:
    """Finds the clicks that a loss of writes took, and replies to the people who made them."""

    redis: Redis
    losses: Losses
    command_queues: Documents[CommandQueue]
    direct: DirectAcknowledge
    clock: StoreClock
    durations: Durations
    stopping: asyncio.Event
    _data: str = field(default="", init=False)
    """The name of the data in which all clicks are, as far as is known."""

    async def step(self) -> None:
        """Look for lost clicks after a loss, then pause. Raises `StoreDown`."""
        data = await self.losses.refresh()
        if self._data not in {"", data}:
            await self._record_ended()
            # A worker that is running a command knows more of it: it notices by its lease, and replies itself.
            await wait_at_most(2 * self.durations.lease, self.stopping)
            await self._tell()
        self._data = data
        # Only once the store has answered: during an outage commands would expire by this clock alone.
        if self.losses.clicks or self.losses.ended:
            self._forget_old()
        await wait_at_most(self.durations.retry_max, self.stopping)

    def _forget_old(self) -> None:
        """Drop the commands whose lifetime is over: every one of them has ended."""
        now_ms = self.clock.estimate_ms()
        for records in (self.losses.clicks, self.losses.ended):
            for record in list(records.values()):
                long_lived = SPECS[record.command.action].long_lived
                life = self.durations.text_lifetime if long_lived else self.durations.command_lifetime
                if record.accepted_ms + life * SECOND < now_ms:
                    del records[record.command.id]

    async def _record_ended(self) -> None:
        """Store again the ends of the commands that this worker has finished, for the workers that accepted them."""
        now_ms = await self.clock.now_ms()
        for record in list(self.losses.ended.values()):
            ended = replace(record, ended_ms=now_ms)
            await self.command_queues.change(record.command.incident, partial(with_end, ended))

    async def _tell(self) -> None:
        # The stream first: a command that is moved meanwhile is then found in its queue.
        waiting = await self._waiting()
        for click in list(self.losses.clicks.values()):
            if click.command.id not in waiting and not await self._is_recorded(click.command):
                await self._tell_one(click.command, click.accepted_ms)

    async def _waiting(self) -> set[CommandId]:
        """Return the ids of the commands that wait on the stream."""
        found = set()
        async for entry in read_all(self.redis, keys.COMMANDS):
            with suppress(ValidationError):  # The dispatcher moves it to the dead letters.
                found.add(COMMAND_JSON.validate_json(entry.fields.get("body", b"")).id)
        return found

    async def _is_recorded(self, command: Command) -> bool:
        for part in split(command):
            if (await self.command_queues.load(part.incident)).value.get(part.id) is None:
                return False
        return True

    async def _tell_one(self, command: Command, accepted_ms: int) -> None:
        """Record that the command's outcome is unknown, then reply so to its person."""
        outcome = Outcome(Kind.UNKNOWN, next_step=CLICK_LOST, reference=reference())
        log.error("click.lost", command=command.id, incident=command.incident, reference=outcome.reference)
        await self.direct.record(DirectPress(command, accepted_ms), outcome)
        self.losses.clicks.pop(command.id, None)
        await send_reply(self.direct.slack, command, outcome_text.outcome_reply(command, outcome, command.url))
