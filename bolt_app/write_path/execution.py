"""A command while it is carried out, and its calls to PagerDuty: each is on record before it is made."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from bolt_app.write_path.actor_check import Trail
from shared.access.identity import Identity
from shared.durations import Durations
from shared.errors import CallError, FencedOff, Uncertain
from shared.model.actions import SPECS
from shared.model.command import CommandQueue, CommandRecord
from shared.model.event import SECOND
from shared.model.journal import Facts, failure
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.api.errors import sender_is_unknown, was_overtaken
from shared.pagerduty.api.lanes import Turn
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Lease
from shared.store.documents import Documents
from shared.store.incidents import ExpectationStore

log = structlog.get_logger()

Answer = TypeVar("Answer")

DATA_LOST = (
    "The bridge's database lost its data after you asked for this: unless the card shows it, nothing was sent. "
    "Try again if it is still needed."
)


@dataclass
class Execution:
    """
    A command being carried out: its stored record, the lease it runs under, and the private replies sent so far.

    `turn` is the one that a try waits for or has; `tried` after the first try has begun here.
    """

    record: CommandRecord
    lease: Lease
    replies_sent: int = 0
    turn: Turn | None = None
    tried: bool = False
    trail: Trail = field(default_factory=Trail)
    showing_progress: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the card or a private reply is told of the progress: a call on its way cannot be cancelled."""

    @property
    def log_context(self) -> dict[str, str]:
        """Log keys that identify the command."""
        return {"command": self.record.command.id, "incident": self.record.command.incident}

    @property
    def ahead(self) -> int | None:
        """How many are ahead of the command in the line for PagerDuty; None if it does not wait there."""
        return self.turn.ahead if self.turn else None

    @property
    def incident_url(self) -> str:
        """The incident's page, as PagerDuty gave it or else as the card had it."""
        return self.trail.url or self.record.command.url


class CommandRecordMissing(FencedOff):
    """Raised when the record of a command is gone with the store's data, and with it the right to carry it out."""


@dataclass(frozen=True)
class RecordedCalls:
    """Decides by what is on record whether a call may be made, and makes it."""

    command_queues: Documents[CommandQueue]
    expectations: ExpectationStore
    generation: Generation
    identity: Identity
    clock: StoreClock
    durations: Durations

    async def begin_try(self, attempt: Execution) -> None:
        """
        Raise `FencedOff` if the lease does not last for a call, `Declined` if the command is older than the data.

        An earlier delivery of such a command may have been carried out, and no record of that is left.
        """
        await attempt.lease.check(self.durations.pagerduty_timeout)
        if 0 < attempt.record.command.requested_ms < (await self.generation.current()).ms:
            raise Declined(Outcome(Kind.NOT_STORED, why=DATA_LOST))

    async def require_repeatable(self, record: CommandRecord) -> None:
        """
        Raise unless an uncertain command, whose effect was not found, may be sent again without doing it twice.

        What notifies or adds is repeated only when the last call can have no effect any more: its deadline has passed,
        and its sender saw it end, so that a sleeping worker cannot still send it.
        """
        if SPECS[record.command.action].idempotent:
            return
        _, doubt = await self.time_left(record)
        if doubt:
            raise Uncertain("the last call may still take effect")
        if not record.reported:
            raise Declined(Outcome(Kind.UNKNOWN, why="The bridge stopped before PagerDuty answered."))

    async def require_not_expired(self, record: CommandRecord) -> None:
        """
        Raise `Declined` if the command has expired.

        The incident was just read and does not show its effect, so an expired command is surely not done, unless a call
        may still land: then raise `Uncertain`.
        """
        life, doubt = await self.time_left(record)
        if life:
            return
        if record.uncertain and doubt:
            raise Uncertain("the last call may still take effect")
        why = "It couldn't be sent to PagerDuty in time, and acting late is worse than not acting."
        raise Declined(Outcome(Kind.EXPIRED, why=why))

    async def time_left(self, record: CommandRecord) -> tuple[float, float]:
        """Return the seconds in which a call may begin, and those in which the last one may still take effect."""
        now, durations = await self.clock.now_ms(), self.durations
        life = durations.text_lifetime if SPECS[record.command.action].long_lived else durations.command_lifetime
        left = self.clock.remaining(record.accepted_ms + int(life * SECOND), now, life)
        return left, self.clock.remaining(record.until_ms, now, durations.call_max)

    async def send(self, attempt: Execution, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """
        Put on record that the one call of a try is under way, then make it: a worker that dies leaves it unclear.

        Raises what the call raises, after what it leaves behind is on record, and `FencedOff` without a call.
        """
        command, now = attempt.record.command, await self.clock.now_ms()
        until, calls = now + int(self.durations.call_max * 1000), attempt.record.calls + 1
        begun = replace(attempt.record, calls=calls, begun_ms=now, until_ms=until, uncertain=True, reported=False)
        try:
            await self._save(attempt, begun)
        except CommandRecordMissing:
            # Nothing will be sent, so nothing is expected.
            await self.expectations.forget(command.incident, command.id)
            raise
        await attempt.lease.check(self.durations.pagerduty_timeout)
        try:
            answer = await call()
        except CallError as error:
            attempt.trail.failed(error)
            await self._record_failure(attempt, error)
            raise
        attempt.trail.response = "2xx"
        return answer

    async def _record_failure(self, attempt: Execution, error: CallError) -> None:
        """Put on record what a failed call leaves behind: doubt, or nothing."""
        log.warning("pagerduty.failed", **attempt.log_context, why=str(error), sure=error.surely_not_done)
        command, record = attempt.record.command, attempt.record
        facts = (failure("pagerduty.failed", error, command=command.id, call=record.calls),)
        if error.surely_not_done and record.calls == 1:
            await self.expectations.forget(command.incident, command.id)
            undone = replace(record, calls=0, until_ms=0, uncertain=False, reported=True)
            await self._save(attempt, undone, facts)
        else:
            now = await self.clock.now_ms()
            until = self.durations.lands_by_ms(record.begun_ms, now, self.durations.pagerduty_timeout)
            await self._save(attempt, replace(record, reported=True, until_ms=until), facts)
        if was_overtaken(error):
            raise Uncertain(f"PagerDuty says that the incident has changed: {error}") from error
        if sender_is_unknown(error):
            await self.identity.forget(command.by.id)

    async def _save(self, attempt: Execution, record: CommandRecord, facts: Facts = ()) -> None:
        record = replace(record, replies_sent=attempt.replies_sent)
        missing = CommandRecordMissing(f"the store does not know the command {record.command.id} any more")
        await self.command_queues.change(
            record.command.incident, lambda queue: queue.replaced(record, missing), attempt.lease, lambda: facts
        )
        attempt.record = record
