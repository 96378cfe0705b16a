"""One try of one command: check the actor and the incident, record the expectation, write."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

import structlog

from bolt_app.services import Services
from bolt_app.write_path.actions.base import ActionContext, ActionResult
from bolt_app.write_path.actions.registry import HANDLERS
from bolt_app.write_path.actor_check import check_actor, read_actor
from bolt_app.write_path.execution import CommandRecordMissing, Execution, record_response
from shared.errors import CallError, Uncertain
from shared.model.actions import SPECS, Action
from shared.model.command import Command, CommandQueue, CommandRecord
from shared.model.event import Agent, Event, Source
from shared.model.expectation import Expectation
from shared.model.ids import EventId
from shared.model.incident import Incident, Level, fold_read
from shared.model.journal import Facts, failure
from shared.model.outcome import Declined, Kind, Outcome
from shared.model.timeline import line_of
from shared.pagerduty.api.client import Read
from shared.pagerduty.api.errors import sender_is_unknown, was_overtaken
from shared.pagerduty.models.incident import RestIncident
from shared.store import keys
from shared.store.redis import append
from shared.store.streams import answer_fields

log = structlog.get_logger()

Answer = TypeVar("Answer")

DATA_LOST = (
    "The bridge's database lost its data after you asked for this: unless the card shows it, nothing was sent. "
    "Try again if it is still needed."
)


class AttemptRunner:
    """Makes one try at a command. Everything it rests on is read for this try."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, attempt: Execution) -> Outcome:
        """
        Try, and return the outcome if it is certain.

        Raises `Declined` for a refusal, `Unavailable` when the try surely did nothing and may be repeated, `Uncertain`
        when it may have had an effect, `Refused` when PagerDuty said no.
        """
        await attempt.lease.check(self._services.durations.pagerduty_timeout)
        await self.require_same_generation(attempt.command)
        linked, read = await read_actor(self._services, self._services.identity, attempt)
        known = await self._fold_read(attempt.command, read)
        context = ActionContext(attempt.command, linked.user, read.value, read.date, known)
        if attempt.record.uncertain:
            effect = await self._find_earlier_effect(attempt, context)
            if effect is not None:
                return HANDLERS[context.command.action].outcome(context, effect)
            await self._require_repeatable(attempt.record)
        found = await check_actor(self._services, attempt, linked, context.current, context.known)
        if found is not None:
            # The incident has moved on; whether our earlier call came before that, only its echo can show.
            doubtful = attempt.record.uncertain and found.kind is Kind.STALE
            return replace(found, kind=Kind.UNKNOWN) if doubtful else found
        await self.require_not_expired(attempt.record)
        command = await HANDLERS[context.command.action].completed(self._services.pagerduty, context)
        attempt.record = replace(attempt.record, command=command)
        return await self._write(attempt, replace(context, command=command))

    async def _fold_read(self, command: Command, read: Read[RestIncident]) -> Incident:
        """Fold what was read into the projection, and return the projection."""
        if read.value.updated is None:
            return (await self._services.incidents.load(command.incident)).value
        event = Event(
            EventId(f"read:{command.id}"),
            "read",
            command.incident,
            Source.READ,
            read.value.updated,
            snapshot=read.value.snapshot,
        )
        folded = await self._services.incidents.change(command.incident, lambda incident: fold_read(incident, event))
        await self._services.dirty_queue.mark(command.incident)
        return folded.value

    async def _find_earlier_effect(self, attempt: Execution, context: ActionContext) -> ActionResult | None:
        """Settle an unclear call: its echo has come, or PagerDuty shows its effect."""
        command = context.command
        if line_of(context.known.lines, command.id) is not None:
            return ActionResult()
        expected = next((e for e in context.known.expectations if e.command == command.id), None)
        since_ms = expected.read_ms if expected else attempt.record.begun_ms
        effect = await HANDLERS[command.action].find_effect(self._services.pagerduty, context, since_ms)
        if effect is not None:
            await self._publish_result(attempt, context, effect)
        return effect

    async def _require_repeatable(self, record: CommandRecord) -> None:
        """
        Raise unless an uncertain command, whose effect was not found, may be sent again without doing it twice.

        What notifies or adds is repeated only when the last call can have no effect any more: its deadline has passed,
        and its sender saw it end, so that a sleeping worker cannot still send it.
        """
        if SPECS[record.command.action].idempotent:
            return
        if self._may_land_late(record, await self._services.clock.now_ms()):
            raise Uncertain("the last call may still take effect")
        if not record.reported:
            raise Declined(Outcome(Kind.UNKNOWN, why="The worker that sent it died before the response."))

    async def require_same_generation(self, command: Command) -> None:
        """
        Raise `Declined` if the command is older than the store's data.

        An earlier delivery of it may have been carried out, and no record of that is left.
        """
        if 0 < command.requested_ms < (await self._services.generation.current()).ms:
            raise Declined(Outcome(Kind.NOT_STORED, why=DATA_LOST))

    async def require_not_expired(self, record: CommandRecord) -> None:
        """
        Raise `Declined` if the command has expired.

        The incident was just read and does not show its effect, so an expired command is surely not done, unless a call
        may still land: then raise `Uncertain`.
        """
        durations, clock = self._services.durations, self._services.clock
        now = await clock.now_ms()
        if clock.remaining(record.deadline_ms(durations), now, record.lifetime(durations)):
            return
        if record.uncertain and self._may_land_late(record, now):
            raise Uncertain("the last call may still take effect")
        why = "It couldn't be sent to PagerDuty in time, and acting late is worse than not acting."
        raise Declined(Outcome(Kind.EXPIRED, why=why))

    def _may_land_late(self, record: CommandRecord, now_ms: int) -> float:
        return self._services.clock.remaining(record.until_ms, now_ms, self._services.durations.call_max)

    async def _write(self, attempt: Execution, context: ActionContext) -> Outcome:
        await self._expect(attempt, context)
        try:
            await self.record_call_start(attempt)
        except CommandRecordMissing:
            # Nothing will be sent, so nothing is expected.
            await self._services.expectations.forget(context.command.incident, context.command.id)
            raise
        handler = HANDLERS[context.command.action]
        effect = await self.call_recorded(attempt, handler.send(self._services.pagerduty, context))
        await self._remember_level(context, effect)
        await self._publish_result(attempt, context, effect)
        futile = handler.done_by_other(context, effect)
        if futile is not None and attempt.record.calls == 1:
            # It certainly changed nothing, so nothing that comes can be its echo: not even that of the next click.
            await self._services.expectations.forget(context.command.incident, context.command.id)
        return futile or handler.outcome(context, effect)

    async def _expect(self, attempt: Execution, context: ActionContext) -> None:
        command = attempt.command
        if not HANDLERS[command.action].echoed:
            return
        expectation = Expectation(
            command=command.id,
            type=HANDLERS[command.action].event_type(command),
            agent=context.user.id,
            detail=HANDLERS[command.action].expected_detail(command),
            read_ms=context.read_at.ms,
            opens_ms=context.read_at.ms,
            noted_ms=await self._services.clock.now_ms(),
        )
        await self._services.expectations.expect(command.incident, expectation, attempt.lease)

    async def call_recorded(self, attempt: Execution, call: Awaitable[Answer]) -> Answer:
        """Await the one call of a try, and put on record what a failed one leaves behind."""
        try:
            with record_response(attempt):
                return await call
        except CallError as error:
            await self._record_failure(attempt, error)
            raise

    async def record_call_start(self, attempt: Execution) -> None:
        """
        Put on record that a call is under way: a worker that dies now leaves it unclear.

        Raises `FencedOff` when there is nothing to put it on any more.
        """
        now = await self._services.clock.now_ms()
        until = now + int(self._services.durations.call_max * 1000)
        record = attempt.record
        begun = replace(record, calls=record.calls + 1, begun_ms=now, until_ms=until, uncertain=True, reported=False)
        await self._save_record(attempt, begun)
        await attempt.lease.check(self._services.durations.pagerduty_timeout)

    async def _record_failure(self, attempt: Execution, error: CallError) -> None:
        """Put on record what a failed call leaves behind: doubt, or nothing."""
        log.warning("pagerduty.failed", **attempt.log_context, why=str(error), sure=error.surely_not_done)
        facts = (failure("pagerduty.failed", error, command=attempt.command.id, call=attempt.record.calls),)
        if error.surely_not_done and attempt.record.calls == 1:
            await self._services.expectations.forget(attempt.command.incident, attempt.command.id)
            await self._save_record(
                attempt, replace(attempt.record, calls=0, until_ms=0, uncertain=False, reported=True), facts
            )
        else:
            durations, begun_ms, now = (
                self._services.durations,
                attempt.record.begun_ms,
                await self._services.clock.now_ms(),
            )
            until = durations.lands_by_ms(begun_ms, now, durations.pagerduty_timeout)
            await self._save_record(attempt, replace(attempt.record, reported=True, until_ms=until), facts)
        if was_overtaken(error):
            raise Uncertain(f"PagerDuty says that the incident has changed: {error}") from error
        if sender_is_unknown(error):
            await self._services.identity.forget(attempt.command.by.id)

    async def _publish_result(self, attempt: Execution, context: ActionContext, effect: ActionResult) -> None:
        """Put PagerDuty's answer on the events stream, and narrow the window in which its webhook is looked for."""
        command, at = context.command, effect.changed_at
        if at is not None and (effect.proven or effect.changed_since(context.read_at)):
            await self._services.expectations.narrow(command.incident, command.id, at, effect.subject)
        if at is None:
            return
        event = Event(
            EventId(f"answer:{command.id}:{attempt.record.calls}"),
            HANDLERS[command.action].event_type(command),
            command.incident,
            Source.ANSWER,
            at,
            Agent(context.user.id, context.user.name),
            effect.incident.snapshot if effect.incident else None,
            detail=HANDLERS[command.action].expected_detail(command) or "",
            subject=effect.subject,
            details=effect.said,
            command=command.id,
            proven=effect.proven,
        )
        await append(self._services.redis, keys.EVENTS, answer_fields(event), wait_for_disk=self._services.durable)

    async def _remember_level(self, context: ActionContext, effect: ActionResult) -> None:
        level, after = context.terms.level, effect.incident
        if context.command.action is not Action.ESCALATE or level is None or after is None:
            return
        remembered = Level(level, after.snapshot.assignee_ids)
        await self._services.incidents.change(context.command.incident, lambda known: replace(known, level=remembered))

    async def _save_record(self, attempt: Execution, record: CommandRecord, facts: Facts = ()) -> None:
        record = replace(record, replies_sent=attempt.replies_sent)

        def rule(queue: CommandQueue) -> CommandQueue:
            if queue.get(record.command.id) is None:
                raise CommandRecordMissing(f"the store does not know the command {record.command.id} any more")
            return queue.replaced(record)

        await self._services.command_queues.change(record.command.incident, rule, attempt.lease, lambda: facts)
        attempt.record = record
