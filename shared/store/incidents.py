"""The projections of incidents, with what their commands are expected to cause; see also `shared.model.archive`."""

from collections.abc import Callable
from dataclasses import replace

import structlog
from pydantic import ValidationError

from shared.errors import FencedOff
from shared.model import journal
from shared.model.archive import (
    Moved,
    concerns_moved,
    has_late_line,
    name_of_id,
    name_of_line,
    names_of_event,
    names_of_line,
    put_back,
    recall,
)
from shared.model.command import CommandQueue, Expectation
from shared.model.event import SECOND, Event
from shared.model.event_types import Status
from shared.model.ids import CommandId, EventId, IncidentId
from shared.model.incident import Incident
from shared.model.journal import Facts
from shared.model.timeline import Line
from shared.store import keys
from shared.store.coordination import FENCED_OFF, STORED, Lease
from shared.store.documents import Documents, Put, Stored, json_of
from shared.store.redis import Argument, Redis, run_script
from shared.store.unreadable import UNREADABLE, read_member

log = structlog.get_logger()

YOUNG_MS = 24 * 3600 * SECOND
"""Milliseconds after its opening for which an incident's number needs not be noted again: see `keys.NUMBER_KEPT`."""
JUST_NOW = 0.5
"""Seconds for which what the holder of a lease has read of a projection need not be read again: others fold into it."""


class Incidents(Documents[Incident]):
    """
    The projections. What is told for good is moved out of them, into a hash beside each; see `shared.model.archive`.

    A projection that was read with it may be stored like any other.
    """

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, "incident", Incident, journal.incident_facts, self._index_number, anew=Incident.anew)
        self._line = json_of(Line)

    async def _index_number(self, incident: IncidentId, before: Incident, after: Incident) -> None:
        """
        Let it be found by its number, before it is stored.

        That is done once the number is known, for a day longer than the documents live, and again at the end of an
        incident that was open for longer.
        """
        known, number = (one.snapshot.number if one.snapshot else None for one in (before, after))
        over = before.status is not after.status and after.status is Status.RESOLVED
        if number is not None and (known != number or (over and not _is_young(after))):
            await run_script(self._redis, "index_number", [keys.of_number(number)], [incident, keys.NUMBER_KEPT])

    def put(
        self,
        incident: IncidentId,
        before: Stored[Incident],
        after: Incident,
        lease: Lease | None,
        facts: Facts = (),
        beside: str = "",
    ) -> Put:
        """Return what stores `after` without what is moved out."""
        if after.moved_until_ms is not None:
            after, beside = put_back(after), "lines"
        return super().put(incident, before, after, lease, facts, beside)

    async def numbered(self, number: int) -> list[Incident]:
        """Find the projections with a number; more than one only if a delivery claimed what PagerDuty did not give."""
        members: list[bytes] = await self._redis.zrange(keys.of_number(number), 0, -1)  # type: ignore[assignment]  # redis-py's union of all replies
        named = [await read_member(self._redis, keys.of_number(number), member) for member in members]
        found = [(await self.load(incident)).value for incident in named if incident]
        return [known for known in found if known.snapshot is not None and known.snapshot.number == number]

    async def whole(self, incident: IncidentId) -> Stored[Incident]:
        """Read a projection with everything that was moved out of it."""
        return await self._recalled(await self.load(incident))

    async def to_tell(self, incident: IncidentId, lease: Lease) -> Stored[Incident]:
        """Read a projection with all that is needed to tell its lines: a late one may belong to one moved out."""
        before = await self.load(incident, lease)
        late = before.value.moved_until_ms is not None and has_late_line(before.value)
        return await self._recalled(before) if late else before

    async def to_fold(self, event: Event, lease: Lease | None = None) -> Stored[Incident]:
        """
        Read a projection with what was moved out of it, as far as that matters to `event`.

        With a `lease` it may be as it was just now.
        """
        before = await self.load(event.incident, lease, JUST_NOW)
        if before.value.moved_until_ms is None:
            return before
        known, *others = await self._redis.hmget(keys.of_incident(event.incident, "lines"), list(names_of_event(event)))
        if known is not None:
            return replace(before, value=recall(before.value, (), [event.id]))
        late = concerns_moved(before.value, event) or any(other is not None for other in others)
        return await self._recalled(before) if late else before

    async def move_out(self, incident: IncidentId, rule: Callable[[Incident], Moved]) -> Incident | None:
        """Move out what `rule` says, and return what is left then, None if that changes nothing."""
        while True:
            before = await self.load(incident)
            after, lines, ids = rule(before.value)
            if after == before.value:
                return None
            names = {*map(name_of_id, ids), *(name for line in lines for name in names_of_line(line))}
            fields: list[Argument] = [part for name in sorted(names) for part in (name, "")]
            fields += [part for line in lines for part in (name_of_line(line.key), self._line.dump_json(line))]
            if await self.swap(incident, before, after, fields=fields):
                return after

    async def _recalled(self, before: Stored[Incident]) -> Stored[Incident]:
        known = before.value
        if known.moved_until_ms is None:
            return before
        fields: dict[bytes, bytes] = await self._redis.hgetall(keys.of_incident(known.id, "lines"))  # type: ignore[assignment]  # redis-py's union of all replies
        lines = [line for name, text in fields.items() if text and (line := self._read_line(known.id, name, text))]
        ids = [EventId(name.decode().removeprefix("id:")) for name in fields if name.startswith(b"id:")]
        return replace(before, value=recall(known, lines, ids))

    def _read_line(self, incident: IncidentId, name: bytes, text: bytes) -> Line | None:
        """Read a line that was moved out. One that cannot be read is told all the same; its events are still known."""
        try:
            line: Line = self._line.validate_json(text)
        except ValidationError as error:
            UNREADABLE.labels("line").inc()
            key = keys.of_incident(incident, "lines")
            log.error("line.unreadable", incident=incident, key=key, field=name.decode(), errors=error.error_count())
            return None
        return line


class ExpectationStore:
    """
    Loop prevention on the write path: records the event that a call is about to cause, before the call.

    The expectations stand in the incident's projection, so that the fold, which is the read path's half, sees both at
    once and attributes a matching event to the command. One is forgotten only if the first and only attempt certainly
    failed; until its window closes, an uncertain call may still turn out to have succeeded.
    """

    def __init__(self, redis: Redis, incidents: Documents[Incident]) -> None:
        self._redis = redis
        self._incidents = incidents

    async def expect(
        self,
        expectation: Expectation,
        begun: Callable[[CommandQueue], CommandQueue],
        queues: Documents[CommandQueue],
        lease: Lease,
    ) -> None:
        """
        Note what a command is about to cause, in the step that stores in its queue that its call has `begun`.

        A further attempt of the same command keeps the first window. Raises `FencedOff` for a worker that slept over
        it, and what `begun` raises: then neither is stored.
        """
        incident = lease.incident
        while True:
            queue, known = await queues.load(incident, lease), await self._incidents.load(incident, lease, JUST_NOW)
            if any(earlier.command == expectation.command for earlier in known.value.expectations):
                await queues.change(incident, begun, lease)
                return
            after = replace(known.value, expectations=(*known.value.expectations, expectation))
            stored = queues.held(incident, lease).stored or queue
            if await self._store_both(queues, lease, (stored, begun(queue.value)), (known, after)):
                return

    async def _store_both(
        self,
        queues: Documents[CommandQueue],
        lease: Lease,
        queue: tuple[Stored[CommandQueue], CommandQueue],
        known: tuple[Stored[Incident], Incident],
    ) -> bool:
        """Store both documents, each as it was and as it is to be; return whether both were as they were."""
        incident, held = (
            lease.incident,
            (queues.held(lease.incident, lease), self._incidents.held(lease.incident, lease)),
        )
        begun = held[0].now()
        beside, more = self._incidents.put(incident, *known, lease)
        names, put = queues.put(incident, *queue, lease, self._incidents.told(known[0].value, known[1]))
        names += [beside[0], beside[3]]
        stored = await run_script(self._redis, "store_call", names, [*put, *more[:2]], copied=True)
        if stored == FENCED_OFF:
            raise FencedOff(f"{incident} was taken over before a call to PagerDuty")
        if stored != STORED:
            held[0].stored = held[1].stored = None
            return False
        self._redis.stored = names[0], queue[0].revision + 1
        held[0].keep(Stored(queue[1], queue[0].revision + 1), begun)
        held[1].keep(Stored(known[1], known[0].revision + 1), begun)
        return True

    async def forget(self, incident: IncidentId, command: CommandId, lease: Lease) -> None:
        """Take back an expectation whose only attempt certainly failed."""
        await self.amend(incident, command, lambda _: None, lease)

    async def amend(
        self,
        incident: IncidentId,
        command: CommandId,
        rule: Callable[[Expectation], Expectation | None],
        lease: Lease,
    ) -> None:
        """Change what a command is expected to cause, once more is known of it, also if the lease was lost since."""
        await self._incidents.change(
            incident,
            lambda known: replace(
                known,
                expectations=tuple(
                    amended
                    for earlier in known.expectations
                    if (amended := rule(earlier) if earlier.command == command else earlier)
                ),
            ),
            lease,
            fenced=False,
        )


def _is_young(incident: Incident) -> bool:
    """True if an incident's last change is known to be within `YOUNG_MS` of its opening."""
    opened_ms = incident.snapshot.created_ms if incident.snapshot else None
    return opened_ms is not None and incident.as_of is not None and incident.as_of.end - opened_ms <= YOUNG_MS
