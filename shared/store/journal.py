"""
The journals: one small stream for each incident, in its slot, capped by count and by age.

What follows from a change of a document is written by the script that stores the document. The rest goes through
`append`, which never fails: a fact that is lost must cost nothing but itself.
"""

import json
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter

from shared.errors import StoreDown
from shared.model.ids import IncidentId
from shared.model.journal import Fact, Facts
from shared.store import keys
from shared.store.redis import Redis
from shared.store.scripts import Argument, Script

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
        self._note = Script(redis, "note")

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
