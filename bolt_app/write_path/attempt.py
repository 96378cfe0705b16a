"""One try of one command: check the actor and the incident, record the expectation, write."""

from dataclasses import dataclass, replace

from bolt_app.write_path.actions.base import ActionContext, ActionResult
from bolt_app.write_path.actions.registry import HANDLERS
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.execution import Execution, RecordedCalls
from shared.model.command import Command, Expectation
from shared.model.event import Agent, Event, Source
from shared.model.ids import EventId
from shared.model.incident import Incident, fold_read
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import line_of
from shared.pagerduty.api.client import PagerDuty, Read
from shared.pagerduty.models.incident import RestIncident
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.incidents import ExpectationStore, Incidents
from shared.store.redis import Append
from shared.store.streams import EVENT_JSON


@dataclass(frozen=True)
class AttemptRunner:
    """Makes one try at a command. Everything it rests on is read for this try."""

    actor_check: ActorCheck
    calls: RecordedCalls
    pagerduty: PagerDuty
    incidents: Incidents
    dirty_queue: WorkQueue
    expectations: ExpectationStore
    append_answer: Append
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
        known = await fold_into(self.incidents, self.dirty_queue, asked, read)
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
        command = await handler.completed(self.pagerduty, context)
        attempt.record = replace(attempt.record, command=command)
        return await self._write(attempt, replace(context, command=command))

    async def _find_earlier_effect(self, attempt: Execution, context: ActionContext) -> ActionResult | None:
        """Settle an unclear call: its echo has come, or PagerDuty shows its effect."""
        command = context.command
        # What other commands did is not its effect, however long ago.
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
        if handler.echoed:
            expectation = Expectation(
                command=command.id,
                type=handler.event_type(command),
                agent=context.user.id,
                detail=handler.expected_detail(command),
                read_ms=context.read_at.ms,
                opens_ms=context.read_at.ms,
                noted_ms=await self.clock.now_ms(),
            )
            await self.expectations.expect(command.incident, expectation, attempt.lease)
        effect = await self.calls.send(attempt, lambda: handler.send(self.pagerduty, context))
        if effect.level is not None:
            await self.incidents.change(command.incident, lambda known: replace(known, level=effect.level))
        await self._publish_result(attempt, context, effect)
        if effect.futile is not None and attempt.record.calls == 1:
            # It certainly changed nothing, so nothing that comes can be its echo: not even that of the next click.
            await self.expectations.forget(command.incident, command.id)
        return effect.futile or handler.outcome(context, effect)

    async def _publish_result(self, attempt: Execution, context: ActionContext, effect: ActionResult) -> None:
        """Put PagerDuty's answer on the answers stream, and narrow the window in which its webhook is looked for."""
        command, handler = context.command, HANDLERS[context.command.action]
        updated = effect.incident.updated if effect.incident else None
        at = effect.at or updated
        if at is None:
            return
        # A call that changed nothing also succeeds.
        if effect.proven or (updated is not None and not updated.surely_before(context.read_at)):
            await self.expectations.amend(command.incident, command.id, lambda e: e.narrowed(at, effect.subject))
        event = Event(
            EventId(f"answer:{command.id}:{attempt.record.calls}"),
            handler.event_type(command),
            command.incident,
            Source.ANSWER,
            at,
            Agent(context.user.id, context.user.name),
            effect.incident.snapshot if effect.incident else None,
            detail=handler.expected_detail(command) or "",
            subject=effect.subject,
            details=effect.said,
            command=command.id,
            proven=effect.proven,
        )
        await self.append_answer({"body": EVENT_JSON.dump_json(event)})


async def fold_into(
    incidents: Incidents, dirty_queue: WorkQueue, command: Command, read: Read[RestIncident]
) -> Incident:
    """Fold what was read for a command into the projection, and return the projection. Raises `StoreDown`."""
    if read.value.updated is None:
        return (await incidents.load(command.incident)).value
    event = Event(
        EventId(f"read:{command.id}"),
        "read",
        command.incident,
        Source.READ,
        read.value.updated,
        snapshot=read.value.snapshot,
    )
    folded = await incidents.change(
        command.incident,
        lambda incident: fold_read(incident.overruled_by(read.value.snapshot, read.date.end), event),
    )
    await dirty_queue.mark(command.incident)
    return folded.value
