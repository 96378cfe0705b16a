"""The journals of incidents: what became of each, step by step, for `pagebridge incident`."""

import json
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter

from shared.errors import StoreDown
from shared.model.ids import IncidentId
from shared.model.journal import Fact, dumped
from shared.store import keys
from shared.store.redis import Argument, Redis, run_script

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

    async def append(self, incident: IncidentId, *facts: Fact) -> None:
        """Write facts that no document shows. When the store is down they are lost."""
        arguments: list[Argument] = [dumped(facts), keys.JOURNAL_STEPS, keys.JOURNAL_KEPT]
        try:
            await run_script(self._redis, "journal_append", [keys.of_incident(incident, "journal")], arguments)
        except StoreDown as error:
            LOST.inc()
            log.warning("journal.lost", incident=incident, why=str(error))

    async def read(self, incident: IncidentId) -> list[JournalEntry]:
        """Give everything that is in the journal of an incident, the oldest first. Raises `StoreDown`."""
        steps: Any = await self._redis.xrange(keys.of_incident(incident, "journal"))
        return [
            JournalEntry(int(entry_id.partition(b"-")[0]), Fact(about.pop("what"), tuple(about.items())))
            for entry_id, fields in steps
            for about in _facts(fields.get(b"facts", b""))
        ]


def _facts(text: bytes) -> list[dict[str, str]]:
    """Read the facts of one step. One that cannot be read costs no other, and says so."""
    try:
        return [
            {name: str(value) for name, value in about.items()} | {"what": about["what"]} for about in json.loads(text)
        ]
    except (ValueError, KeyError, AttributeError, TypeError):
        return [{"what": "journal.unreadable"}]
