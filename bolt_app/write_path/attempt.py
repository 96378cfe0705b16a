"""
A command while it is carried out: one try of it, and its call to PagerDuty, which is on record before it is made.

A try checks the actor and the incident, records what PagerDuty will report of the change, and writes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import structlog

from bolt_app.write_path.actions.base import ActionContext, ActionResult, FoldAnswer, PreparedAction, expired
from bolt_app.write_path.actions.registry import HANDLERS
from bolt_app.write_path.actor_check import ActorCheck, Trail, fold_into
from shared.access.identity import Identity
from shared.durations import Durations
from shared.errors import CallError, FencedOff, Uncertain
from shared.model.actions import SPECS
from shared.model.command import CommandQueue, CommandRecord, Expectation
from shared.model.event import SECOND, Agent, Event, Source
from shared.model.ids import EventId
from shared.model.journal import Facts, failure
from shared.model.outcome import Declined, Kind, Outcome
from shared.model.timeline import line_of
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.errors import sender_is_unknown, was_overtaken
from shared.pagerduty.api.lanes import Turn
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents
from shared.store.incidents import ExpectationStore, Incidents

log = structlog.get_logger()
Answer = TypeVar("Answer")


@dataclass
class Execution:
    """
    A command being carried out: its stored record, its lease, its trail for the audit, and the private replies so far.

    `turn` is the one that a try waits for or has; `tried` after the first try has begun here; `answered` after
    PagerDuty's answer has told when its change took effect.
    """

    record: CommandRecord
    lease: Lease
    trail: Trail
    replies_sent: int = 0
    turn: Turn | None = None
    tried: bool = False
    answered: bool = False
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
    identity: Identity
    clock: StoreClock
    durations: Durations

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
        noted = "It couldn't be recorded in time, and acting late is worse than not acting."
        raise Declined(expired(record.command.action, sent=why, noted=noted))

    async def time_left(self, record: CommandRecord) -> tuple[float, float]:
        """Return the seconds in which a call may begin, and those in which the last one may still take effect."""
        now, durations = await self.clock.now_ms(), self.durations
        life = durations.text_lifetime if SPECS[record.command.action].long_lived else durations.command_lifetime
        left = self.clock.remaining(record.accepted_ms + int(life * SECOND), now, life)
        return left, self.clock.remaining(record.until_ms, now, durations.call_max)

    async def send(
        self, attempt: Execution, call: Callable[[], Awaitable[Answer]], expected: Expectation | None = None
    ) -> Answer:
        """
        Put on record that the one call of a try is under way, then make it: a worker that dies leaves it unclear.

        With it goes on record what PagerDuty is `expected` to report. Raises what the call raises, after what it leaves
        behind is on record, and `FencedOff` without a call.
        """
        command, now = attempt.record.command, await self.clock.now_ms()
        until, calls = now + int(self.durations.call_max * 1000), attempt.record.calls + 1
        warrant = replace(attempt.trail.warrant, answer="uncertain")
        begun = replace(
            attempt.record, calls=calls, begun_ms=now, until_ms=until, uncertain=True, reported=False, warrant=warrant
        )
        try:
            await self._save(attempt, begun, expected=expected)
        except CommandRecordMissing:
            # Nothing will be sent, so nothing is expected.
            await self.expectations.forget(command.incident, command.id, attempt.lease)
            raise
        await attempt.lease.check(self.durations.pagerduty_timeout)
        try:
            answer = await call()
        except CallError as error:
            attempt.trail.failed(error)
            await self._record_failure(attempt, error)
            raise
        attempt.trail.response = "2xx"
        attempt.record = replace(attempt.record, warrant=attempt.trail.warrant)
        return answer

    async def _record_failure(self, attempt: Execution, error: CallError) -> None:
        """Put on record what a failed call leaves behind: doubt, or nothing."""
        log.warning("pagerduty.failed", **attempt.log_context, why=str(error), sure=error.surely_not_done)
        command, record = attempt.record.command, replace(attempt.record, warrant=attempt.trail.warrant)
        facts = (failure("pagerduty.failed", error, command=command.id, call=record.calls),)
        if error.surely_not_done and record.calls == 1:
            await self.expectations.forget(command.incident, command.id, attempt.lease)
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

    async def _save(
        self, attempt: Execution, record: CommandRecord, facts: Facts = (), expected: Expectation | None = None
    ) -> None:
        record = replace(record, replies_sent=attempt.replies_sent)
        missing = CommandRecordMissing(f"the store does not know the command {record.command.id} any more")
        saved = partial(CommandQueue.replaced, record=record, missing=missing)
        if expected:
            await self.expectations.expect(expected, saved, self.command_queues, attempt.lease)
        else:
            await self.command_queues.change(record.command.incident, saved, attempt.lease, lambda: facts)
        attempt.record = record


@dataclass(frozen=True)
class AttemptRunner:
    """Makes one try at a command. Everything it rests on is read for this try."""

    actor_check: ActorCheck
    calls: RecordedCalls
    pagerduty: PagerDuty
    incidents: Incidents
    dirty_queue: WorkQueue
    expectations: ExpectationStore
    fold_answer: FoldAnswer
    clock: StoreClock

    async def run(self, attempt: Execution) -> Outcome:
        """
        Try, and return the outcome if it is certain.

        Raises `Declined` for a refusal, `Unavailable` when the try surely did nothing and may be repeated, `Uncertain`
        when it may have had an effect, `Refused` when PagerDuty said no.
        """
        asked = attempt.record.command
        handler = HANDLERS[asked.action]
        linked, read = await self.actor_check.read(asked, attempt.trail)
        known = await fold_into(self.incidents, self.dirty_queue, asked, read, attempt.lease)
        context = ActionContext(asked, linked.user, read.value, read.date, known)
        if attempt.record.uncertain:
            effect = await self._find_earlier_effect(attempt, context)
            if effect is not None:
                return handler.outcome(context, effect)
            await self.calls.require_repeatable(attempt.record)
        found = await self.actor_check.check(asked, attempt.trail, linked, context.current, known)
        if found is not None:
            # The incident has moved on; whether our earlier call came before that, only its echo can show.
            doubtful = attempt.record.uncertain and found.kind is Kind.STALE
            return replace(found, kind=Kind.UNKNOWN) if doubtful else found
        await self.calls.require_not_expired(attempt.record)
        if isinstance(handler, PreparedAction):
            command = await handler.completed(self.pagerduty, context)
            attempt.record, context = replace(attempt.record, command=command), replace(context, command=command)
        return await self._write(attempt, context)

    async def _find_earlier_effect(self, attempt: Execution, context: ActionContext) -> ActionResult | None:
        """Settle an unclear call: its echo has come, or PagerDuty shows its effect."""
        command = context.command
        # The effects of other commands, also old ones that were moved out, must not count as its own.
        context = replace(context, known=(await self.incidents.whole(command.incident)).value)
        if line_of(context.known.lines, command.id) is not None:
            return ActionResult()
        expected = next((e for e in context.known.expectations if e.command == command.id), None)
        since_ms = expected.read_ms if expected else attempt.record.begun_ms
        effect = await HANDLERS[command.action].find_effect(self.pagerduty, context, since_ms)
        if effect is not None:
            await self._publish_result(attempt, context, effect)
        return effect

    async def _write(self, attempt: Execution, context: ActionContext) -> Outcome:
        """Record what the call will cause, make the call, and publish its answer."""
        command, handler = context.command, HANDLERS[context.command.action]
        expected = handler.expectation(context, await self.clock.now_ms())
        effect = await self.calls.send(attempt, lambda: handler.send(self.pagerduty, context), expected)
        if effect.level is not None:
            await self.incidents.change(
                command.incident, lambda known: replace(known, level=effect.level), attempt.lease, fenced=False
            )
        await self._publish_result(attempt, context, effect)
        if effect.futile is not None and attempt.record.calls == 1:
            # It certainly changed nothing, so nothing that comes can be its echo: not even that of the next click.
            await self.expectations.forget(command.incident, command.id, attempt.lease)
        return effect.futile or handler.outcome(context, effect)

    async def _publish_result(self, attempt: Execution, context: ActionContext, effect: ActionResult) -> None:
        """Fold PagerDuty's answer, and narrow the window in which its webhook is looked for."""
        command, reported = context.command, HANDLERS[context.command.action].reported_as(context.command)
        updated = effect.incident.updated if effect.incident else None
        at = effect.at or updated
        if at is None:
            return
        event = Event(
            EventId(f"answer:{command.id}:{attempt.record.calls}"),
            reported.type,
            command.incident,
            Source.ANSWER,
            at,
            Agent(context.user.id, context.user.name),
            effect.incident.snapshot if effect.incident else None,
            detail=reported.detail or "",
            subject=effect.subject,
            details=effect.said,
            command=command.id,
            proven=effect.proven,
            ends_ms=effect.incident.acknowledged_until_ms if effect.incident else None,
        )
        # A call that changed nothing also succeeds.
        narrows = effect.proven or (updated is not None and not updated.surely_before(context.read_at))
        await self.fold_answer(event, attempt.lease, narrows=narrows)
        attempt.answered = narrows
