"""
From the click to the incident's queue.

`CommandIntake` takes a click and acks Slack's envelope: after it was made durable, or else after it was handled
directly. `CommandDispatcher` moves it from the shared stream to its incident's queue. `LostClicks` finds those that the
store has lost after it had confirmed them: only the worker that accepted one knows of it.

One that had come to its end is put on record again by the worker that ended it, also where the store has it as open.
Whether another took effect can't be known, because its record is gone; so its person is told, and can press again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from operator import methodcaller

import structlog
from prometheus_client import Counter, Histogram
from pydantic import ValidationError

from bolt_app.consumers import repeat_until_stopped
from bolt_app.replies import outcome_text
from bolt_app.replies.sender import send_reply
from bolt_app.write_path.direct_acknowledge import MOST_REMEMBERED, DirectAcknowledge, DirectPress
from shared.durations import Durations
from shared.errors import Malformed, StoreDown
from shared.model.actions import Action
from shared.model.command import Command, CommandQueue, CommandRecord, split
from shared.model.doubt import with_end
from shared.model.ids import CommandId, IncidentId
from shared.model.outcome import Kind, Outcome
from shared.observability.log import reference
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue, wait_at_most
from shared.store.documents import Documents, Step
from shared.store.losses import Losses
from shared.store.redis import Redis
from shared.store.streams import COMMAND_JSON, AppendCommand, Entry, read_all
from shared.vendor_calls import BUCKETS

log = structlog.get_logger()

CLICK_LOST = "The bridge's database lost your click: if the card doesn't show it, press again."

CLICKS = Counter("pagebridge_clicks", "Clicks taken, by action and whether they could be stored", ["action", "stored"])
for _action in Action:
    CLICKS.labels(_action, "no")  # A series that begins with its first failure shows no increase.
STORED = Histogram(
    "pagebridge_click_store_seconds", "Time to put a click on disk, before Slack is acked", buckets=BUCKETS
)


@dataclass(frozen=True)
class CommandIntake:
    """Takes commands whose envelopes wait for an ack, and remembers what it has stored: a copy need not be taken."""

    append_command: AppendCommand
    direct: DirectAcknowledge
    clock: StoreClock
    durations: Durations
    losses: Losses
    stored: dict[CommandId, None] = field(default_factory=dict)

    async def accept(self, ack: Callable[[], Awaitable[object]], command: Command) -> None:
        """Store the command, then ack. What cannot be stored, or is a copy of such, is acked by the direct way."""
        if command.id in self.stored:
            await ack()
        elif command.id not in self.direct.presses and await self.store(command):
            self.stored[command.id] = None
            self.losses.clicks[command.id] = CommandRecord(command, self.clock.estimate_ms())
            if len(self.stored) > MOST_REMEMBERED:
                del self.stored[next(iter(self.stored))]
            await ack()
        else:
            await self.direct.handle(command, ack)

    async def catch_up(self, stopping: asyncio.Event) -> None:
        """Put on record what ends the direct way, once the store is back, until the worker stops."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_wait(stopping))
            await repeat_until_stopped(self._record_ended, stopping, self.durations.retry_first)

    async def _end_wait(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.direct.ended.set()

    async def _record_ended(self) -> None:
        """Wait for something, and put it on record. Raises `StoreDown` while the store is away."""
        await self.direct.ended.wait()
        self.direct.ended.clear()
        try:
            for press in list(self.direct.presses.values()):
                if press.outcome is not None and not press.recorded:
                    await self.direct.record(press, press.outcome)
        except StoreDown:
            self.direct.ended.set()
            raise

    async def store(self, command: Command) -> bool:
        """
        Put the command on the stream; return True if it is stored.

        An append that timed out may still be carried out, after the clicker was told that it was not. So each entry
        says by when it must be on the stream to count.
        """
        stored, patience = False, self.durations.store_timeout
        try:
            with STORED.time():
                # A second time if the store's clock has jumped, so that the first entry came too late by its own time.
                for _ in range(2):
                    void_ms = self.clock.estimate_ms() + int(patience * 1000)
                    async with asyncio.timeout(patience):
                        entry = await self.append_command(command, void_ms)
                    at_ms = int(entry.partition("-")[0])
                    self.clock.observe(at_ms)
                    stored = at_ms <= void_ms
                    if stored:
                        break
        except (StoreDown, TimeoutError) as error:
            log.error("click.not_stored", command=command.id, incident=command.incident, why=repr(error))
        CLICKS.labels(command.action, "yes" if stored else "no").inc()
        return stored


@dataclass(frozen=True)
class CommandDispatcher:
    """Moves commands to their incidents' queues, each in one step, so that none is lost in between."""

    command_queues: Documents[CommandQueue]
    command_queue: WorkQueue

    async def handle(self, entry: Entry) -> bool:
        """Move one entry; false if it is only to be taken off. Raises `Malformed` for what no such version wrote."""
        try:
            command, void_ms = (
                COMMAND_JSON.validate_json(entry.fields.get("body", b"")),
                int(entry.fields.get("void", b"")),
            )
        except (ValidationError, ValueError):
            raise Malformed("not a command that this version understands") from None
        if entry.at_ms > void_ms:
            log.warning("command.void", command=command.id, incident=command.incident, late_ms=entry.at_ms - void_ms)
            return False

        records: dict[IncidentId, list[CommandRecord]] = defaultdict(list)
        for part in split(command):
            records[part.incident].append(CommandRecord(part, accepted_ms=entry.at_ms, trace=entry.trace))
        *others, last = records
        # One press may be about several; a copy of what is there already changes nothing.
        for incident in others:
            await self.command_queues.change(incident, methodcaller("appended", *records[incident]))
            await self.command_queue.mark(incident)
        await self.command_queues.commit(
            last,
            lambda queue: Step(queue.appended(*records[last]), (), (self.command_queue,)),
            (keys.COMMANDS, entry.id),
        )
        return True


@dataclass(frozen=True)
class LostClicks:
    """Finds the clicks that a loss of writes took, and replies to the people who made them."""

    redis: Redis
    losses: Losses
    command_queues: Documents[CommandQueue]
    direct: DirectAcknowledge
    clock: StoreClock
    durations: Durations
    stopping: asyncio.Event

    async def reply(self) -> None:
        """Look for lost clicks after a loss, and reply to those who made them. Raises `StoreDown`."""
        await self._record_ended()
        # A worker that is running a command knows more of it: it notices by its lease, and replies itself.
        await wait_at_most(2 * self.durations.lease, self.stopping)
        await self._tell()

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
