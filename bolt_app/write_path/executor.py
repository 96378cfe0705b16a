"""
The write path: turns a command into one change in PagerDuty, in the name of the person who clicked.

One command at a time per incident, settled before the next begins. Each try reads identity and incident, decides,
records the expectation, and only then writes. Retries live here and nowhere else.
"""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, replace

import structlog
from prometheus_client import Counter, Histogram

from bolt_app.replies.outcome_text import Part
from bolt_app.write_path.actions.base import expired
from bolt_app.write_path.actions.trigger import TriggerIncident
from bolt_app.write_path.actor_check import Trail, audit_entry
from bolt_app.write_path.attempt import AttemptRunner, Execution, RecordedCalls
from bolt_app.write_path.progress_replies import ProgressReplies, ProgressTracker
from shared.durations import Durations
from shared.errors import BridgeError, FencedOff, Malformed, Refused, Stopping, StoreDown, Unavailable, Uncertain
from shared.model.actions import Action
from shared.model.command import AttemptState, CommandQueue, CommandRecord
from shared.model.event import SECOND
from shared.model.ids import IncidentId
from shared.model.journal import failure
from shared.model.outcome import Declined, Kind, Outcome
from shared.observability.log import reference
from shared.observability.tracing import tracing
from shared.pagerduty.api.error_messages import refusal
from shared.pagerduty.api.lanes import Lane, Lanes, Turn
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Lease
from shared.store.documents import Documents
from shared.store.incidents import Incidents
from shared.store.streams import Audit
from shared.vendor_calls import Presses

log = structlog.get_logger()

RECORDS_LOST = (
    "The bridge's database lost its data after you asked for this: unless the card shows it, nothing was sent. "
    "Try again if it is still needed."
)
DATA_LOST = "The bridge's database lost its data before it could be sent, so nothing was sent."
KINDS_WITH_REFERENCE = frozenset({Kind.REFUSED, Kind.EXPIRED, Kind.UNKNOWN})
COMMANDS = Counter("pagebridge_commands", "Commands ended, by action and outcome", ["action", "outcome"])
for _action in Action:
    for _outcome in (Kind.EXPIRED, Kind.UNKNOWN):
        COMMANDS.labels(_action, _outcome)  # A series that begins with its first failure shows no increase.
COMMAND_SECONDS = Histogram(
    "pagebridge_command_seconds",
    "Seconds from a click until its command ended, by action",
    ["action"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 600),
)
RETRIES = Counter("pagebridge_command_retries", "Further tries, by why the last one did not settle it", ["why"])


@dataclass(frozen=True)
class Executor:
    """Carries out the commands of an incident in their order."""

    attempt_runner: AttemptRunner
    trigger_incident: TriggerIncident
    progress_replies: ProgressReplies
    calls: RecordedCalls
    command_queues: Documents[CommandQueue]
    incidents: Incidents
    audit: Audit
    clock: StoreClock
    generation: Generation
    durations: Durations
    stopping: asyncio.Event
    lanes: Lanes
    presses: Presses

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Send late news of ended commands, then run the open ones."""
        queue = (await self.command_queues.load(incident, lease)).value
        # Also if nothing has ended: what was read with the lease must not be taken for fresh later on.
        known = (await self.incidents.to_tell(incident, lease)).value
        for record in queue.records:
            if record.ended_ms and (outcome := known.late_outcome(record)) is not None:
                await self._reply_late(record, outcome, lease)
        if not queue.open():
            return None
        async with asyncio.TaskGroup() as group:
            tracker = ProgressTracker(group, self.progress_replies, lease)
            watching = group.create_task(self._watch_queue(incident, tracker))
            failed = await self._run_all(incident, tracker)
            watching.cancel()
            if isinstance(failed, FencedOff):
                await self._reply_lost(incident, tracker)
            for task in tracker.tasks.values():
                task.cancel()
        if failed is not None:
            raise failed
        return None

    async def _reply_lost(self, incident: IncidentId, tracker: ProgressTracker) -> None:
        """Reply to those whose commands were lost with the store's data: what was not sent by then never will be."""
        queue = (await self.command_queues.load(incident)).value
        for attempt in tracker.open():
            if queue.get(attempt.record.command.id) is None:
                unclear = attempt.record.uncertain
                outcome = Outcome(Kind.UNKNOWN) if unclear else Outcome(Kind.NOT_STORED, why=DATA_LOST)
                decided = attempt.record.outcome or _with_reference(attempt, outcome)
                await self.progress_replies.final(attempt, decided)

    async def _run_all(self, incident: IncidentId, tracker: ProgressTracker) -> BridgeError | None:
        """Carry out one command after the other; what goes wrong is returned, because a TaskGroup would wrap it."""
        try:
            queue = await self.command_queues.load(incident, tracker.lease)
            while waiting := queue.value.open():
                attempt, command = tracker.track(waiting[0]), waiting[0].command
                # A step of the click's trace, and not of the pass, which may be another's.
                step, trace = f"command {command.action}", attempt.record.trace
                with tracing.step(step, trace, command=command.id, incident=incident):
                    outcome = attempt.record.outcome or await self._run_until_settled(attempt)
                    # A progress reply that is being sent arrives first, so that none comes after the outcome.
                    async with attempt.showing_progress:
                        tracker.tasks[command.id].cancel()
                    await self._finish(attempt, outcome)
                # One that came meanwhile and is not known here has marked the incident: it has a pass of its own.
                kept_for = 0.0 if tracker.open() else None
                queue = await self.command_queues.load(incident, tracker.lease, kept_for)
        except Stopping as error:
            await self._hand_over(incident, tracker)
            return error
        except BridgeError as error:
            return error
        return None

    async def _hand_over(self, incident: IncidentId, tracker: ProgressTracker) -> None:
        """Record the number of private replies sent, so that the next worker does not repeat them."""

        def counted(queue: CommandQueue) -> CommandQueue:
            for record in queue.open():
                attempt = tracker.executions.get(record.command.id)
                sent = attempt.replies_sent if attempt else 0
                queue = queue.replaced(replace(record, replies_sent=max(record.replies_sent, sent)))
            return queue

        await self.command_queues.change(incident, counted)

    async def _watch_queue(self, incident: IncidentId, tracker: ProgressTracker) -> None:
        """Watch for new commands: a person who waits behind another's command is told so too."""
        while True:
            await asyncio.sleep(self.durations.ack_silence / 2)
            try:
                queue = (await self.command_queues.load(incident)).value
            except StoreDown as error:
                log.warning("store.down", during="looking for commands", why=str(error))
                continue
            for record in queue.open():
                tracker.track(record)

    async def _run_until_settled(self, attempt: Execution) -> Outcome:
        """Try until it is certain how the command ended, or its life is over."""
        pause = self.durations.retry_first
        while True:
            try:
                return await self._try_once(attempt)
            except BridgeError as error:
                ended = self._judge(attempt, error)
            except Exception as error:
                # It counts as unclear, so that it cannot repeat for ever.
                log.exception("command.broken", **attempt.log_context, reference=reference())
                ended = Uncertain(f"it failed unexpectedly: {type(error).__name__}")
            if isinstance(ended, Outcome):
                return ended
            asked = ended.retry_after if isinstance(ended, Unavailable) else None
            wait = max(asked or 0.0, pause)
            if (over := await self._expired_after(attempt, ended, wait)) is not None:
                return over
            pause = min(pause * 2, self.durations.retry_max)

    async def _try_once(self, attempt: Execution) -> Outcome:
        """
        Wait for the command's turn, and try. Returns the outcome if it is certain.

        Raises `Queued` if the turn does not come in the command's life, `Stopping` if this worker ends first, and
        `FencedOff` if the lease does not last for a call.
        """
        command = attempt.record.command
        runner = self.trigger_incident if command.action is Action.TRIGGER else self.attempt_runner
        # Also one whose life is over is looked up once: it may have been sent.
        left = max(*await self.calls.time_left(attempt.record), self.durations.call_max)
        attempt.turn = Turn(self.lanes, Lane.ACT, command.by.id)
        async with attempt.turn.taken(left, self.stopping):
            # The next try reads anew what was read before the one that failed.
            press = nullcontext() if attempt.tried or attempt.record.uncertain else self.presses.of(command)
            attempt.tried = True
            with press:
                await attempt.lease.check(self.durations.pagerduty_timeout)
                # An earlier delivery of a command older than the data may have been carried out; no record is left.
                if 0 < command.requested_ms < (await self.generation.current()).ms:
                    raise Declined(Outcome(Kind.NOT_STORED, why=RECORDS_LOST))
                return await runner.run(attempt)

    def _judge(self, attempt: Execution, error: BridgeError) -> Outcome | BridgeError:
        """
        Return how a failed try ended its command, or why to try again; raises what is no matter of this command alone.

        An earlier call may have gone through; then a refusal now is not the end of it: it is read back.
        """
        unclear = attempt.record.uncertain
        match error:
            case Declined() if not unclear or error.outcome.is_certain:
                return _with_reference(attempt, error.outcome)
            case Refused() if not unclear:
                refused = refusal(error, self.calls.identity.contact, written=attempt.trail.was_refused)
                return _with_reference(attempt, refused, code=error.code, error=str(error))
            case Declined() | Refused() | Unavailable() | Uncertain() | Malformed():
                return error
        raise error

    async def _expired_after(self, attempt: Execution, error: BridgeError, wait: float) -> Outcome | None:
        """Wait for the next try after `error`; return the end when the command's life, and any doubt, are over."""
        command, unclear = attempt.record.command, attempt.record.uncertain
        RETRIES.labels(type(error).__name__.lower()).inc()
        log.info("command.again", **attempt.log_context, why=str(error), wait=wait, unclear=unclear)
        facts = (failure("command.again", error, command=command.id, wait=wait),)
        await self.command_queues.change(command.incident, lambda queue: queue, facts=lambda: facts)
        if (left := max(await self.calls.time_left(attempt.record))) <= 0:
            why = "It couldn't be sent to PagerDuty in time, so nothing was changed."
            noted = "It couldn't be recorded in time, so nothing was changed."
            late = expired(command.action, sent=why, noted=noted)
            return _with_reference(attempt, Outcome(Kind.UNKNOWN) if attempt.record.uncertain else late)
        if await attempt.lease.kept_for(min(wait, left), self.stopping):
            raise Stopping("this worker is about to end")
        return None

    async def _finish(self, attempt: Execution, outcome: Outcome) -> None:
        """Record the outcome, then reply to the person, and show a failure on the card."""
        command = attempt.record.command
        # Of the last call if that may have taken effect, else of this try.
        warrant = attempt.record.warrant if attempt.record.uncertain else attempt.trail.warrant
        attempt.record = decided = replace(attempt.record, outcome=outcome, warrant=warrant)
        # First of all: should the store lose its data from now on, its clicker is told this.
        self.progress_replies.losses.end(decided)
        if attempt.record.calls and not attempt.answered:
            # Nothing later can be its doing.
            after = (await self.clock.now_ms() - attempt.record.accepted_ms) / SECOND + self.durations.call_max
            await self.calls.expectations.amend(command.incident, command.id, lambda e: e.closed(after), attempt.lease)
        # With a status, the incident has moved on to it; then the card needs no word of this any more.
        failed = outcome.kind in {Kind.EXPIRED, Kind.UNKNOWN} and outcome.status is None
        state = AttemptState.UNCLEAR if outcome.kind is Kind.UNKNOWN else AttemptState.FAILED
        await self.progress_replies.show_on_card(attempt, state if failed else None)
        silent = self.progress_replies.is_silent(attempt, outcome)
        if not silent:
            # Only the owner decides, and before the reply: one that comes late, or from the next owner, says the same.
            await self.command_queues.change(command.incident, lambda queue: queue.replaced(decided), attempt.lease)
        now_ms = await self.clock.now_ms()
        await self.audit.record(audit_entry(command, warrant, outcome, now_ms))
        if command.parts == 1:
            await self.progress_replies.final(attempt, outcome)
        else:
            await self._report_parts(attempt)
        attempt.record = ended = replace(attempt.record, ended_ms=now_ms, replies_sent=attempt.replies_sent)
        # Without a reply, losing this write is harmless: the next owner finds the same end.
        store = self.command_queues.note if silent else self.command_queues.change
        await store(command.incident, lambda queue: queue.replaced(ended), attempt.lease)
        COMMANDS.labels(command.action, outcome.kind).inc()
        tracing.note(outcome=outcome.kind)
        COMMAND_SECONDS.labels(command.action).observe(max(0, now_ms - ended.accepted_ms) / SECOND)
        log.info("command.ended", command=command.id, outcome=outcome.kind, incident=command.incident)

    async def _report_parts(self, attempt: Execution) -> None:
        """Answer a clicker whose wish was done in several calls: once, after the last of them."""
        command, is_last = attempt.record.command, True
        if command.together:
            ended = replace(attempt.record, ended_ms=await self.clock.now_ms())
            gathered = await self.command_queues.change(command.together, lambda queue: queue.appended(ended))
            # The one that completed them answers, also when it is looked at again after a crash.
            whole, is_last = gathered.value.records, gathered.value.records[-1].command.id == command.id
        else:
            whole = (await self.command_queues.load(command.incident)).value.replaced(attempt.record).parts_of(command)
        parts = [Part(record.command, record.outcome) for record in whole if record.outcome is not None]
        if is_last and len(parts) == command.parts:
            await self.progress_replies.report(attempt, parts)

    async def _reply_late(self, record: CommandRecord, outcome: Outcome, lease: Lease) -> None:
        """Reply with an outcome that only a later event showed: it succeeded, or reopened the incident."""
        attempt = Execution(record, lease, Trail(record.warrant), record.replies_sent)
        await self.audit.record(audit_entry(record.command, record.warrant, outcome, await self.clock.now_ms()))
        await self.progress_replies.late(attempt, outcome)
        ended = replace(record, outcome=outcome, replies_sent=attempt.replies_sent)
        await self.command_queues.change(record.command.incident, lambda queue: queue.replaced(ended), lease)


def _with_reference(attempt: Execution, outcome: Outcome, **details: object) -> Outcome:
    """Give a failure the reference under which the log tells more of it; a refusal that says it all needs none."""
    if outcome.kind not in KINDS_WITH_REFERENCE:
        return outcome
    quoted = reference()
    log.error("command.failed", **attempt.log_context, outcome=outcome.kind, reference=quoted, **details)
    return replace(outcome, reference=quoted)
