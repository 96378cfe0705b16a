"""The documents of incidents: each changes by a pure rule and one compare-and-set."""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.errors import FencedOff
from shared.model.ids import IncidentId
from shared.model.journal import Facts, dumped, fact
from shared.store import keys
from shared.store.coordination import FENCED_OFF, STORED, Lease, WorkQueue, new_mark
from shared.store.journal import Journal
from shared.store.redis import Argument, Redis, run_script
from shared.store.unreadable import REVISION, count_anew, lay_aside

Value = TypeVar("Value")


@dataclass(frozen=True)
class Stored(Generic[Value]):
    """A document as it was when it was read; `revision` grows by one with each change."""

    value: Value
    revision: int


Put = tuple[list[str], list[Argument]]
"""The keys and arguments of the script put_document."""


@dataclass(frozen=True)
class Step(Generic[Value]):
    """The change that a stream's entry makes to a document, its facts, and the queues to mark if it changes."""

    after: Value
    facts: Facts
    marks: Sequence[WorkQueue]


class Documents(Generic[Value]):
    """
    All documents of one kind. `empty` is the class of their values, and `told` the facts that follow from a change.

    `change` is the only way to write. With a `lease` it also checks, in the same atomic step, that the lease is still
    held, and raises `FencedOff` if not. In that step the incident's journal gets the facts that follow from the change,
    and those that the writer adds.

    One that cannot be read is begun `anew`, at a time in milliseconds, and never stops what is done for others.

    A change under a lease begins with what was last read or written under it: one that comes to another revision is
    made anew on that. One that is `held` is mostly written under the lease, so that `load` does not read it again.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        empty: Callable[[IncidentId], Value],
        told: Callable[[Value, Value], Facts],
        index: Callable[[IncidentId, Value, Value], Awaitable[None]] | None = None,
        *,
        held: bool = False,
        anew: Callable[[IncidentId, int], Value] | None = None,
    ) -> None:
        self._redis = redis
        self.name = name
        self._empty = empty
        self.told = told
        self._index = index
        self._kept_for = math.inf if held else 0.0
        self._anew = anew or (lambda incident, _ms: empty(incident))
        self._json = json_of(empty)

    async def load(
        self, incident: IncidentId, lease: Lease | None = None, kept_for: float | None = None
    ) -> Stored[Value]:
        """
        Return the document with what is not stored yet under `lease`. One that is not there is empty, at revision 0.

        What is known under the lease is taken for `kept_for` seconds; by default to its end if it is held, else never.
        """
        held = self.held(incident, lease)
        if held.now() - held.at >= (self._kept_for if kept_for is None else kept_for):
            held.stored = None
        while held.stored is None:
            # The first time it was read with the lease.
            read = lease.read.pop(self.name, None) if lease is not None and lease.incident == incident else None
            held.at = lease.asked if lease is not None and read else held.now()
            found, text = read or await self._redis.hmget(keys.of_incident(incident, self.name), "rev", "doc")
            if found is not None and not (isinstance(found, bytes) and REVISION.fullmatch(found)):
                await count_anew(self._redis, incident, self.name, found)
                continue
            try:
                value = self._json.validate_json(text) if text else self._empty(incident)
                held.stored = Stored(value, int(found or 0))
            except ValidationError as error:
                await self._begin_anew(incident, int(found or 0), text, error)
        value = held.stored.value
        for rule in held.rules:
            value = rule(value)
        return Stored(value, held.stored.revision)

    async def _begin_anew(
        self, incident: IncidentId, revision: int, text: bytes | str | None, error: ValidationError
    ) -> None:
        """Put a document that knows nothing in the place of one that cannot be read, which is kept beside it."""
        known_ms = await lay_aside(self._redis, incident, self.name, text, error)
        before, after = Stored(self._empty(incident), revision), self._anew(incident, known_ms)
        await self.swap(incident, before, after, facts=(fact("document.unreadable", document=self.name),))

    async def change(
        self,
        incident: IncidentId,
        rule: Callable[[Value], Value],
        lease: Lease | None = None,
        facts: Callable[[], Facts] = tuple,
        load: Callable[[IncidentId], Awaitable[Stored[Value]]] | None = None,
        *,
        marks: Sequence[WorkQueue] = (),
        fenced: bool = True,
    ) -> Stored[Value]:
        """
        Apply `rule` until it is stored, and return what was stored. `rule` may run several times.

        `facts` is asked after each run of it. They are noted also when there is nothing to store. `load` reads more.
        If there is something to store, the incident is marked in `marks`. Only if not `fenced` may the lease be lost.
        """
        held = self.held(incident, lease)
        while True:
            wanted = await (load(incident) if load else self.load(incident, lease, math.inf))
            before, begun = held.stored or wanted, held.now()
            after = rule(wanted.value)
            held.stored = None
            if after == before.value:
                if more := facts():
                    await Journal(self._redis).append(incident, *more)
                return held.keep(before, held.at)
            if await self.swap(incident, before, after, lease if fenced else None, facts(), marks=marks):
                return held.keep(Stored(after, before.revision + 1), begun)

    async def note(self, incident: IncidentId, rule: Callable[[Value], Value], lease: Lease) -> Stored[Value]:
        """Apply `rule`, and store it with the next change under the lease, at the latest with the lease's end."""
        held = lease.unsaved = self.held(incident, lease)
        held.rules.append(rule)
        return await self.load(incident, lease)

    async def commit(
        self,
        incident: IncidentId,
        rule: Callable[[Value], Step[Value]],
        entry: tuple[str, str] | None,
        make: Callable[[], Awaitable[object]] | None = None,
        load: Callable[[IncidentId], Awaitable[Stored[Value]]] | None = None,
        lease: Lease | None = None,
    ) -> None:
        """
        Apply `rule`, mark the incident if that changed anything, and take the entry off its stream: in one step.

        `entry` is the stream and its id, None for what came over no stream. `make` is awaited before a document is
        made. `load` may return more, or what was held under `lease`; but only what was just read is left as it is.
        """
        held, is_read = self.held(incident, lease), lease is None
        while True:
            before, begun = await (load or self.load)(incident), held.now()
            if make and not before.revision:
                await make()
            step, held.stored = rule(before.value), None
            changed = step.after != before.value
            if not changed and not is_read:
                is_read = True
                continue
            names, put = self.put(incident, before, step.after, None, step.facts)
            queues = step.marks if changed else ()
            if not changed:
                put[0] = ""
            elif self._index:
                await self._index(incident, before.value, step.after)
            stream, taken = (entry[0], [keys.GROUP, entry[1]]) if entry else (names[0], [])
            names += [stream, *(key for queue in queues for key in queue.keys)]
            if await run_script(self._redis, "commit_fold", names, [*put, incident, new_mark(), *taken]) == STORED:
                held.stored, held.at = (Stored(step.after, before.revision + 1), begun) if changed else (None, begun)
                for queue in queues:
                    queue.wake(incident)
                return
            is_read = True

    async def swap(
        self,
        incident: IncidentId,
        before: Stored[Value],
        after: Value,
        lease: Lease | None = None,
        facts: Facts = (),
        fields: Sequence[Argument] = (),
        marks: Sequence[WorkQueue] = (),
    ) -> bool:
        """
        Store `after` if the document is still as it was `before`; return whether it was.

        In the same step the hash beside it gets `fields`, and the incident is marked. Raises `FencedOff` if the lease
        is lost.
        """
        if self._index:
            await self._index(incident, before.value, after)
        names, put = self.put(incident, before, after, lease, facts)
        names += [key for queue in marks for key in queue.keys]
        put += [incident, new_mark(), *fields]
        stored = await run_script(self._redis, "store_document", names, put, copied=True)
        if stored == FENCED_OFF:
            raise FencedOff(f"{incident} was taken over while its {self.name} was being written")
        if stored == STORED:
            self._redis.stored = names[0], before.revision + 1
            for queue in marks:
                queue.wake(incident)
        return stored == STORED

    def put(
        self,
        incident: IncidentId,
        before: Stored[Value],
        after: Value,
        lease: Lease | None,
        facts: Facts = (),
        beside: str = "",
    ) -> Put:
        """
        Return the keys and arguments of the script put_document that store `after` in the place of `before`.

        `beside` is the part of the incident's keys that names the hash that lives as long, if there is one.
        """
        epoch, fence = 0, keys.of_incident(incident, "epoch:none")
        if lease is not None:
            epoch, fence = lease.epoch, keys.of_incident(lease.incident, f"epoch:{lease.leases.work}")
        told = dumped((*facts, *self.told(before.value, after)))
        own = [keys.of_incident(incident, part) for part in (self.name, "journal", beside or self.name)]
        return [own[0], fence, *own[1:]], [
            before.revision,
            self._json.dump_json(after, exclude_defaults=True),
            keys.INCIDENT_KEPT,
            epoch,
            told,
            keys.JOURNAL_STEPS,
            keys.JOURNAL_KEPT,
        ]

    def held(self, incident: IncidentId, lease: Lease | None) -> "Held[Value]":
        """Return what is known of the document under the lease."""
        if lease is None:
            return Held(self, incident, None, time.monotonic)
        name, unread = keys.of_incident(incident, self.name), Held(self, incident, lease, lease.leases.now)
        held: Held[Value] = lease.held.setdefault(name, unread)
        return held


@dataclass
class Held(Generic[Value]):
    """
    A document under a lease, as it was at `at`: None if it has to be read, and the rules that are not stored yet.

    `now` is the clock of the lease.
    """

    documents: Documents[Value]
    incident: IncidentId
    lease: Lease | None
    now: Callable[[], float]
    stored: Stored[Value] | None = None
    rules: list[Callable[[Value], Value]] = field(default_factory=list)
    at: float = -math.inf

    async def put(self) -> Put:
        """Return the keys and arguments of the script put_document that store the rules."""
        wanted = await self.documents.load(self.incident, self.lease)
        return self.documents.put(self.incident, self.stored or wanted, wanted.value, self.lease)

    def keep(self, stored: Stored[Value], at: float) -> Stored[Value]:
        """Note what is `stored` with all rules, as of `at`, and return it."""
        self.stored, self.at = stored, at
        self.rules.clear()
        if self.lease and self.lease.unsaved is self:
            self.lease.unsaved = None
        return stored

    def outdated(self) -> None:
        """Note that another revision is stored."""
        self.stored = None


@cache
def json_of(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 -- any type that pydantic knows
    """Make what reads and writes one kind of document; making it takes long."""
    return TypeAdapter(kind)
