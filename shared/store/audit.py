"""
The audit: what people did, in the order in which it ended. Entries are only ever appended, and age out.

An entry is written at least once: a worker that dies between it and the end of its command lets the next one write it
again. A command whose end turned out to be another has one entry for each.
"""

from collections.abc import AsyncIterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.errors import Malformed
from shared.model.audit import AuditEntry
from shared.store import keys
from shared.store.redis import Redis

BATCH = 500

_JSON = TypeAdapter(AuditEntry)


class Audit:
    """The audit of one store."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def record(self, entry: AuditEntry) -> None:
        """Append `entry`, and let go of what is older than `AUDIT_KEPT`. Raises `StoreDown`."""
        oldest = max(0, entry.at_ms - keys.AUDIT_KEPT * 1000)
        await self._redis.xadd(keys.AUDIT, {"entry": dump_entry(entry)}, minid=oldest, approximate=False)

    async def read(self, since_ms: int = 0) -> AsyncIterator[AuditEntry | Malformed]:
        """
        Give every entry from `since_ms` on, the oldest first, each once.

        In place of one that this version cannot read stands what is wrong with it: an audit never leaves out silently.
        """
        seen = set()
        # The store's id of an entry has the time of its writing, which is never before that of the end.
        async for entry_id, fields in self._stored(since_ms):
            entry = _parsed(entry_id, fields.get(b"entry", b""))
            if isinstance(entry, Malformed):
                yield entry
            elif entry.at_ms >= since_ms and (told := (entry.command, entry.outcome)) not in seen:
                seen.add(told)
                yield entry

    async def _stored(self, since_ms: int) -> AsyncIterator[tuple[str, dict[bytes, bytes]]]:
        start = str(since_ms)
        while True:
            batch: Any = await self._redis.xrange(keys.AUDIT, min=start, count=BATCH)
            for entry_id, fields in batch:
                yield entry_id.decode(), fields
            if len(batch) < BATCH:
                return
            start = f"({batch[-1][0].decode()}"


def dump_entry(entry: AuditEntry) -> bytes:
    """Write an entry as JSON."""
    return _JSON.dump_json(entry)


def parse_entry(text: bytes | str) -> AuditEntry:
    """Read it back; raises `Malformed` for anything else."""
    try:
        return _JSON.validate_json(text)
    except ValidationError as error:
        raise Malformed(f"not an entry of the audit: {error.error_count()} errors") from None


def _parsed(entry_id: str, text: bytes) -> AuditEntry | Malformed:
    try:
        return parse_entry(text)
    except Malformed as error:
        return Malformed(f"entry {entry_id} cannot be read: {error}")
