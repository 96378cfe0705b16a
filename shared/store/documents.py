"""An incident's documents: load one, apply a pure rule to it, store it with one compare-and-set, again on conflict."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

import structlog
from prometheus_client import Counter
from pydantic import TypeAdapter

from shared.errors import FencedOff, StoreDown
from shared.model import journal
from shared.model.command import CommandQueue
from shared.model.ids import IncidentId
from shared.model.incident import Incident
from shared.model.journal import Fact, Facts
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.store import keys
from shared.store.leases import Lease
from shared.store.redis import Argument, Redis, Script

Value = TypeVar("Value")


@dataclass(frozen=True)
class Stored(Generic[Value]):
    """A document as it was when it was read; `revision` grows by one with each change."""

    value: Value
    revision: int


class Documents(Generic[Value]):
    """
    All documents of one kind.

    `change` is the only way to write. With a `lease` it also checks, in the same atomic step, that the lease is still
    held, and raises `FencedOff` if not. In that step the incident's journal gets the facts that follow from the change,
    and those that the writer adds.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        json: TypeAdapter[Value],
        empty: Callable[[IncidentId], Value],
        told: Callable[[Value, Value], Facts],
    ) -> None:
        self._redis = redis
        self._told = told
        self._name = name
        self._json = json
        self._empty = empty
        self._store = Script(redis, "store_document")

    async def load(self, incident: IncidentId) -> Stored[Value]:
        """Read the document; an incident that is not known yet has an empty one at revision 0."""
        revision, text = await self._redis.hmget(keys.document(incident, self._name), "rev", "doc")
        if text is None:
            return Stored(self._empty(incident), 0)
        return Stored(self._json.validate_json(text), int(revision or 0))

    async def change(
        self,
        incident: IncidentId,
        rule: Callable[[Value], Value],
        lease: Lease | None = None,
        facts: Callable[[], Facts] = tuple,
    ) -> Stored[Value]:
        """
        Apply `rule` until it is stored, and return what was stored. `rule` may run several times.

        `facts` is asked after each run of it. They are noted also when there is nothing to store.
        """
        while True:
            before = await self.load(incident)
            after = rule(before.value)
            if after == before.value:
                if more := facts():
                    await Journal(self._redis).append(incident, *more)
                return before
            if await self.swap(incident, before, after, lease, facts()):
                return Stored(after, before.revision + 1)

    async def swap(
        self,
        incident: IncidentId,
        before: Stored[Value],
        after: Value,
        lease: Lease | None = None,
        facts: Facts = (),
    ) -> bool:
        """Store `after` if the document is still as it was `before`; tell whether it was."""
        key = keys.document(incident, self._name)
        fence = lease.fence if lease else keys.epoch(incident, "none")
        text = self._json.dump_json(after)
        epoch = lease.epoch if lease else 0
        told = dumped((*facts, *self._told(before.value, after)))
        stored = await self._store(
            [key, fence, keys.journal(incident)],
            [before.revision, text, keys.INCIDENT_KEPT, epoch, told, keys.JOURNAL_STEPS, keys.JOURNAL_KEPT],
        )
        if stored == -1:
            raise FencedOff(f"{incident} was taken over while its {self._name} was being written")
        return stored == 1


@cache
def _json(kind: type[Any]) -> TypeAdapter[Any]:
    """Make what reads and writes one kind of document; making it takes long."""
    return TypeAdapter(kind)


def incidents(redis: Redis) -> Documents[Incident]:
    """Open the projections."""
    return Documents(redis, "incident", _json(Incident), Incident, journal.incident_facts)


def command_queues(redis: Redis) -> Documents[CommandQueue]:
    """Open the command queues."""
    return Documents(redis, "commands", _json(CommandQueue), CommandQueue, journal.queue_facts)


def surfaces(redis: Redis) -> Documents[SlackState]:
    """Open what is known of Slack's messages."""
    return Documents(redis, "slack", _json(SlackState), SlackState, journal.slack_facts)


def progress(redis: Redis) -> Documents[ResyncState]:
    """Open what is known of the upkeep; there is one, of `GLOBAL`."""
    return Documents(redis, "progress", _json(ResyncState), ResyncState, lambda _before, _after: ())


log = structlog.get_logger()

LOST = Counter("pagebridge_journal_steps_lost", "Steps of journals that could not be written")


@dataclass(frozen=True)
class JournalEntry:
    """A fact, and when it was written, in milliseconds by the store's clock."""

    at_ms: int
    fact: Fact


class Journal:
    """The journals of one store."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._note = Script(redis, "journal_append")

    async def append(self, incident: IncidentId, *facts: Fact) -> None:
        """Write facts that no document shows. When the store is down they are lost."""
        limits: list[Argument] = [keys.JOURNAL_STEPS, keys.JOURNAL_KEPT]
        try:
            await self._note([keys.journal(incident)], [dumped(facts), *limits])
        except StoreDown as error:
            LOST.inc()
            log.warning("journal.lost", incident=incident, why=str(error))

    async def read(self, incident: IncidentId) -> list[JournalEntry]:
        """Give everything that is in the journal of an incident, the oldest first. Raises `StoreDown`."""
        steps: Any = await self._redis.xrange(keys.journal(incident))
        return [noted for entry_id, fields in steps for noted in _parsed(entry_id.decode(), fields.get(b"facts", b""))]


def dumped(facts: Facts) -> bytes:
    """Write the facts of one step; nothing for none."""
    return json.dumps([{"what": fact.name, **dict(fact.fields)} for fact in facts]).encode() if facts else b""


def _parsed(entry_id: str, text: bytes) -> list[JournalEntry]:
    at_ms = int(entry_id.partition("-")[0])
    found = []
    for about in json.loads(text):
        what = about.pop("what")
        found.append(JournalEntry(at_ms, Fact(what, tuple(about.items()))))
    return found
