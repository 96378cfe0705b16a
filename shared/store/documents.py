"""The documents of incidents: each changes by a pure rule and one compare-and-set."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from shared.errors import FencedOff
from shared.model import journal
from shared.model.command import CommandQueue
from shared.model.ids import IncidentId
from shared.model.journal import Facts
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.store import keys
from shared.store.coordination import FENCED_OFF, STORED, Lease, WorkQueue, new_mark
from shared.store.redis import Argument, Redis, run_script
from shared.store.streams import Journal, dumped

Value = TypeVar("Value")


@dataclass(frozen=True)
class Stored(Generic[Value]):
    """A document as it was when it was read; `revision` grows by one with each change."""

    value: Value
    revision: int


Put = tuple[list[str], list[Argument]]
"""The keys and arguments of the script put_document."""


@dataclass(frozen=True)
class Entries:
    """Entries of a stream that are done with a change, and the queues in which its incident is marked."""

    stream: str
    ids: Sequence[str]
    marks: Callable[[], Sequence[WorkQueue]]


class Documents(Generic[Value]):
    """
    All documents of one kind. `empty` is the class of their values, and `told` the facts that follow from a change.

    `change` is the only way to write. With a `lease` it also checks, in the same atomic step, that the lease is still
    held, and raises `FencedOff` if not. In that step the incident's journal gets the facts that follow from the change,
    and those that the writer adds.

    One that is `held` is mostly written under the lease. What was read or written under it is not read again
    under it: a change that comes to another revision is then made anew on that.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        empty: Callable[[IncidentId], Value],
        told: Callable[[Value, Value], Facts],
        *,
        held: bool = False,
    ) -> None:
        self._redis = redis
        self.name = name
        self._empty = empty
        self._told = told
        self._is_held = held
        self._json = json_of(empty)

    async def load(self, incident: IncidentId, lease: Lease | None = None) -> Stored[Value]:
        """Read the document, unless it is known under `lease`. One that is not there yet is empty, at revision 0."""
        if lease is not None and self._is_held:
            return await self._held(incident, lease).current()
        if lease is not None and (read := lease.read.pop(self.name, None)):
            return self.parsed(incident, *read)
        revision, text = await self._redis.hmget(keys.of_incident(incident, self.name), "rev", "doc")
        return self.parsed(incident, int(revision or 0), text)

    def parsed(self, incident: IncidentId, revision: int, text: bytes | str | None) -> Stored[Value]:
        """Understand what was read."""
        return Stored(self._json.validate_json(text) if text else self._empty(incident), revision)

    async def change(
        self,
        incident: IncidentId,
        rule: Callable[[Value], Value],
        lease: Lease | None = None,
        facts: Callable[[], Facts] = tuple,
        load: Callable[[IncidentId], Awaitable[Stored[Value]]] | None = None,
    ) -> Stored[Value]:
        """
        Apply `rule` until it is stored, and return what was stored. `rule` may run several times.

        `facts` is asked after each run of it. They are noted also when there is nothing to store. `load` reads more.
        """
        held = self._held(incident, lease) if lease is not None and self._is_held else None
        while True:
            before = await (held.stored() if held else (load or self.load)(incident))
            after = rule(held.applied(before.value) if held else before.value)
            stored = after == before.value
            if stored and (more := facts()):
                await Journal(self._redis).append(incident, *more)
            if not stored:
                stored = await self.swap(incident, before, after, lease, facts())
                before = Stored(after, before.revision + 1)
            if held:
                held.settle(before if stored else None)
            if stored:
                return before

    async def note(self, incident: IncidentId, rule: Callable[[Value], Value], lease: Lease) -> Stored[Value]:
        """Apply `rule`, and store it with the next change under the lease, at the latest with the lease's end."""
        held = lease.unsaved = self._held(incident, lease)
        held.rules.append(rule)
        return await held.current()

    async def commit(
        self,
        incident: IncidentId,
        rule: Callable[[Value], Value],
        facts: Callable[[], Facts],
        entries: Entries,
        make: Callable[[], Awaitable[object]] | None = None,
        load: Callable[[IncidentId], Awaitable[Stored[Value]]] | None = None,
    ) -> None:
        """
        Apply `rule`, mark the incident if that changed anything, and take the entries off their stream: in one step.

        `make` is awaited before a document is made. `load` reads more.
        """
        while True:
            before = await (load or self.load)(incident)
            if make and not before.revision:
                await make()
            after = rule(before.value)
            changed = after != before.value
            queues = entries.marks() if changed else ()
            if changed:
                await self.index(incident, before.value, after)
            names, put = self.put(incident, before, after, None, facts())
            if not changed:
                put[0] = ""
            names += [entries.stream, *(key for queue in queues for key in queue.keys)]
            done = [incident, new_mark(), keys.GROUP, *entries.ids]
            if await run_script(self._redis, "commit_fold", names, [*put, *done]) == STORED:
                for queue in queues:
                    queue.wake()
                return

    async def swap(
        self, incident: IncidentId, before: Stored[Value], after: Value, lease: Lease | None = None, facts: Facts = ()
    ) -> bool:
        """Store `after` if the document is still as it was `before`; tell whether it was."""
        await self.index(incident, before.value, after)
        return await self.store(incident, before, after, lease, facts)

    async def index(self, incident: IncidentId, before: Value, after: Value) -> None:
        """Write what has to be found by another name before it is stored."""

    async def store(
        self,
        incident: IncidentId,
        before: Stored[Value],
        after: Value,
        lease: Lease | None,
        facts: Facts,
        fields: Sequence[Argument] = (),
    ) -> bool:
        """Store `after`, and in the same step the `fields` of the hash beside it, if there is one."""
        names, put = self.put(incident, before, after, lease, facts)
        stored = await run_script(self._redis, "store_document", names, [*put, *fields])
        if stored == FENCED_OFF:
            raise FencedOff(f"{incident} was taken over while its {self.name} was being written")
        return stored == STORED

    def beside(self, incident: IncidentId, value: Value) -> str:
        """Name the hash beside a document that lives as long, or else the document itself."""
        del value
        return keys.of_incident(incident, self.name)

    def put(
        self, incident: IncidentId, before: Stored[Value], after: Value, lease: Lease | None, facts: Facts = ()
    ) -> Put:
        """Return the keys and arguments of the script put_document that store `after` in the place of `before`."""
        epoch, fence = 0, keys.of_incident(incident, "epoch:none")
        if lease is not None:
            epoch, fence = lease.epoch, keys.of_incident(lease.incident, f"epoch:{lease.leases.work}")
        told = dumped((*facts, *self._told(before.value, after)))
        own = [keys.of_incident(incident, part) for part in (self.name, "journal")]
        return [own[0], fence, own[1], self.beside(incident, after)], [
            before.revision,
            self._json.dump_json(after),
            keys.INCIDENT_KEPT,
            epoch,
            told,
            keys.JOURNAL_STEPS,
            keys.JOURNAL_KEPT,
        ]

    def _held(self, incident: IncidentId, lease: Lease) -> "Held[Value]":
        name = keys.of_incident(incident, self.name)
        if name not in lease.held:
            read = lease.read.get(self.name) if incident == lease.incident else None
            lease.held[name] = Held(self, incident, lease, self.parsed(incident, *read) if read else None)
        held: Held[Value] = lease.held[name]
        return held


@dataclass
class Held(Generic[Value]):
    """A document under a lease: as it is stored, if that is known, and the rules that are not stored yet."""

    documents: Documents[Value]
    incident: IncidentId
    lease: Lease
    known: Stored[Value] | None
    rules: list[Callable[[Value], Value]] = field(default_factory=list)

    async def stored(self) -> Stored[Value]:
        """Return what is stored, reading it if it is not known."""
        if self.known is None:
            self.known = await self.documents.load(self.incident)
        return self.known

    async def current(self) -> Stored[Value]:
        """Return it as it is to be."""
        known = await self.stored()
        return Stored(self.applied(known.value), known.revision)

    def applied(self, value: Value) -> Value:
        """Apply the rules."""
        for rule in self.rules:
            value = rule(value)
        return value

    async def put(self) -> Put:
        """Return the keys and arguments of the script put_document."""
        before = await self.stored()
        return self.documents.put(self.incident, before, self.applied(before.value), self.lease)

    def settle(self, stored: Stored[Value] | None = None) -> None:
        """Note what is stored now; None when that is not known: then the rules are to be applied anew."""
        self.known = stored
        if stored:
            self.rules.clear()
            self.lease.unsaved = None


@cache
def json_of(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 -- any type that pydantic knows
    """Make what reads and writes one kind of document; making it takes long."""
    return TypeAdapter(kind)


def command_queues(redis: Redis) -> Documents[CommandQueue]:
    """Open the command queues."""
    return Documents(redis, "commands", CommandQueue, journal.queue_facts, held=True)


def surfaces(redis: Redis) -> Documents[SlackState]:
    """Open what is known of Slack's messages."""
    return Documents(redis, "slack", SlackState, journal.slack_facts, held=True)


def progress(redis: Redis) -> Documents[ResyncState]:
    """Open what is known of the upkeep; there is one, of `GLOBAL`."""
    return Documents(redis, "progress", ResyncState, lambda _before, _after: ())
