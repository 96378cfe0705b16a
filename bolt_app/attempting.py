"""One try of one command: who, whether, how things stand, say what to expect, write."""

import asyncio
from dataclasses import dataclass, replace

import structlog

from bolt_app.guard import guard, took_effect
from bolt_app.wiring import Wiring
from shared.errors import CallError, Refused, Uncertain
from shared.identity import Linked
from shared.model.command import Command
from shared.model.event import Agent, Event, Source
from shared.model.expectation import Expectation
from shared.model.ids import EventId, UserId
from shared.model.incident import fold_read
from shared.model.outcome import Declined, Kind, Outcome
from shared.model.queue import CommandQueue, Record
from shared.pagerduty.client import Read
from shared.pagerduty.rest import RestIncident, User
from shared.store import keys
from shared.store.answers import answer_fields
from shared.store.leases import Lease
from shared.store.redis import append

log = structlog.get_logger()

ALREADY = frozenset({1001, 1002, 1005})
"""PagerDuty: already resolved, already acknowledged, changed since it was read. Read again, then decide again."""
UNKNOWN_PERSON = frozenset({1008, 2013})
"""PagerDuty does not know the person in `From` any more."""


@dataclass
class Try:
    """
    A command in hand: its record as last stored, and the lease it is worked on under.

    `told` counts the private answers so far, `url` is the incident's page at PagerDuty.
    """

    record: Record
    lease: Lease
    told: int = 0
    url: str = ""

    @property
    def command(self) -> Command:
        """What was asked."""
        return self.record.command

    @property
    def page(self) -> str:
        """The incident's page, as PagerDuty gave it or else as the card had it."""
        return self.url or self.command.url


class Attempting:
    """Makes one try at a command. Everything it rests on is read for this try."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    async def once(self, attempt: Try) -> Outcome:
        """
        Try, and return the outcome if it is certain.

        Raises `Declined` for a refusal, `Unavailable` when the try surely did nothing and may be repeated, `Uncertain`
        when it may have had an effect, `Refused` when PagerDuty said no.
        """
        await attempt.lease.check(self._wiring.durations.pagerduty_timeout)
        linked, read = await self._read(attempt.command)
        attempt.url = read.value.snapshot.url
        await self._fold(attempt.command, read)
        if attempt.record.unclear and await self._went_through(attempt, linked.user, read):
            return Outcome(Kind.DONE)
        await self._wiring.authorization.require(linked.user, read.value)
        found = guard(attempt.command.action, read.value)
        if found is not None:
            # Somebody moved the incident on; whether a call of ours came before that, only its echo can tell.
            doubtful = attempt.record.unclear and found.kind is Kind.STALE
            return replace(found, kind=Kind.UNKNOWN) if doubtful else found
        await self._require_life(attempt.record)
        return await self._write(attempt, linked, read)

    async def _read(self, command: Command) -> tuple[Linked, Read[RestIncident]]:
        linked, read = await asyncio.gather(
            self._wiring.identity.link(command.by),
            self._wiring.pagerduty.incident(command.incident),
            return_exceptions=True,
        )
        # Who may not act hears that before anything about PagerDuty's health.
        if isinstance(linked, BaseException):
            raise linked
        if isinstance(read, BaseException):
            raise read
        return linked, read

    async def _fold(self, command: Command, read: Read[RestIncident]) -> None:
        """Let the projection know what was read."""
        if read.value.updated is None:
            return
        event = Event(
            EventId(f"read:{command.id}"),
            "read",
            command.incident,
            Source.READ,
            read.value.updated,
            snapshot=read.value.snapshot,
        )
        await self._wiring.incidents.change(command.incident, lambda incident: fold_read(incident, event))
        await self._wiring.dirty.mark(command.incident)

    async def _went_through(self, attempt: Try, user: User, read: Read[RestIncident]) -> bool:
        """Settle an unclear call: its echo has come, or the incident shows its effect."""
        command = attempt.command
        incident = (await self._wiring.incidents.load(command.incident)).value
        if incident.line_of(command.id) is not None:
            return True
        expected = next((e for e in incident.expectations if e.command == command.id), None)
        if expected is None or not took_effect(command.action, UserId(user.id), expected.read_ms, read.value):
            return False
        await self._publish(attempt, user, read.value, proven=True)
        return True

    async def _require_life(self, record: Record) -> None:
        """
        Let a command pass that may still be begun. The incident has just been read, and does not show its effect.

        So one whose time is over is surely not done, unless a call of it may yet land: then it is read again.
        """
        now = await self._wiring.clock.now_ms()
        if now < record.deadline_ms(self._wiring.durations.life):
            return
        if record.unclear and now < record.until_ms:
            raise Uncertain("the last call may still take effect")
        why = "It could not be sent to PagerDuty within a minute of the click, and a late act is worse than none."
        raise Declined(Outcome(Kind.EXPIRED, why=why))

    async def _write(self, attempt: Try, linked: Linked, read: Read[RestIncident]) -> Outcome:
        command = attempt.command
        await self._expect(command, linked, read)
        await self._begin(attempt)
        await attempt.lease.check(self._wiring.durations.pagerduty_timeout)
        try:
            answer = await self._wiring.pagerduty.set_status(command.incident, command.action.status, linked.user.email)
        except CallError as error:
            await self._failed(attempt, error)
            raise
        proven = took_effect(command.action, UserId(linked.user.id), read.date.ms, answer.value)
        await self._publish(attempt, linked.user, answer.value, proven=proven and _changed(read.value, answer.value))
        return _somebody_elses(command, linked.user, answer.value) or Outcome(Kind.DONE)

    async def _expect(self, command: Command, linked: Linked, read: Read[RestIncident]) -> None:
        expectation = Expectation(
            command=command.id,
            type=command.action.event_type,
            agent=UserId(linked.user.id),
            status=command.action.status,
            read_ms=read.date.ms,
            opens_ms=read.date.ms,
            noted_ms=await self._wiring.clock.now_ms(),
        )
        await self._wiring.echo.expect(command.incident, expectation)

    async def _begin(self, attempt: Try) -> None:
        """Put on record that a call is under way: a worker that dies now leaves it unclear."""
        until = await self._wiring.clock.now_ms() + int(self._wiring.durations.call_max * 1000)
        record = attempt.record
        await self._store(attempt, replace(record, calls=record.calls + 1, until_ms=until, unclear=True))

    async def _failed(self, attempt: Try, error: CallError) -> None:
        """Put on record what a failed call leaves behind: doubt, or nothing."""
        log.warning("pagerduty.failed", command=attempt.command.id, why=str(error), sure=error.surely_not_done)
        first = attempt.record.calls == 1
        if error.surely_not_done and first:
            await self._wiring.echo.forget(attempt.command.incident, attempt.command.id)
            await self._store(attempt, replace(attempt.record, calls=0, until_ms=0, unclear=False))
        if isinstance(error, Refused) and error.code in ALREADY:
            raise Uncertain(f"PagerDuty says that the incident has changed: {error}") from error
        if isinstance(error, Refused) and error.code in UNKNOWN_PERSON:
            await self._wiring.identity.forget(attempt.command.by.id)

    async def _publish(self, attempt: Try, user: User, incident: RestIncident, *, proven: bool) -> None:
        """Put PagerDuty's answer on the events stream, and narrow the window in which its webhook is looked for."""
        command = attempt.command
        if incident.status_change is not None and proven:
            await self._wiring.echo.answered(command.incident, command.id, incident.status_change.at)
        if incident.updated is None:
            return
        event = Event(
            EventId(f"answer:{command.id}:{attempt.record.calls}"),
            command.action.event_type,
            command.incident,
            Source.ANSWER,
            incident.updated,
            Agent(user.id, user.name),
            incident.snapshot,
            command=command.id,
            proven=proven,
        )
        await append(self._wiring.redis, keys.EVENTS, answer_fields(event), wait_for_disk=self._wiring.durable)

    async def _store(self, attempt: Try, record: Record) -> None:
        record = replace(record, told=attempt.told)

        def rule(queue: CommandQueue) -> CommandQueue:
            return queue.put(record)

        await self._wiring.command_queues.change(record.command.incident, rule, attempt.lease)
        attempt.record = record


def _changed(before: RestIncident, after: RestIncident) -> bool:
    """Tell whether the status changed since the guard's read; a PUT that did nothing answers 200 as well."""
    return before.status_change != after.status_change


def _somebody_elses(command: Command, user: User, after: RestIncident) -> Outcome | None:
    """Tell that the state was somebody else's doing a moment earlier; a PUT that did nothing answers 200 as well."""
    change = after.status_change
    if change is None or change.by is None or change.by.id == user.id:
        return None
    return guard(command.action, after)
