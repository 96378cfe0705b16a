"""Stored data that cannot be read: counted, logged, and kept."""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from prometheus_client import Counter
from pydantic import ValidationError
from redis.asyncio import Redis

from shared.errors import Malformed
from shared.model.ids import IncidentId, incident_id
from shared.store import keys

log = structlog.get_logger()

UNREADABLE = Counter("pagebridge_documents_unreadable", "Stored records that could not be read, by kind", ["kind"])
for _kind in ("incident", "slack", "commands", "progress", "line", "index", "key"):
    UNREADABLE.labels(_kind)  # A series that begins with its first failure shows no increase.
LONGEST_ENTRY = 100
"""Characters of something unreadable that the log has."""
REVISIONS = 10**14
"""Among how many a revision is drawn."""
REVISION = re.compile(rb"0|[1-9][0-9]{0,14}")
"""The revisions that scripts write: to them, another text for the same number is another revision."""
RunScript = Callable[[str, Sequence[str], Sequence[str | int]], Awaitable[object]]
"""Runs a script, with its keys and arguments."""
MOST_NAMED = 3
"""How many faults of a record the log names."""


async def read_member(redis: Redis, key: str, member: bytes) -> IncidentId | None:
    """Read an entry of an index; one that names no incident is taken out, so that it costs no other."""
    try:
        return incident_id(member.decode(errors="replace"))
    except Malformed as error:
        UNREADABLE.labels("index").inc()
        log.error("index.unreadable", key=key, entry=repr(member)[:LONGEST_ENTRY], why=str(error))
        await redis.zrem(key, member)
        return None


async def lay_aside_wrong_types(run: RunScript, command: Sequence[object]) -> bool:
    """Lay aside each key that a command names and that has another type than ours; return whether there was one."""
    found = False
    for key in (part for part in command if isinstance(part, str) and part.startswith(keys.PREFIX)):
        kept, wanted = f"{key}:unreadable", keys.type_of(key)
        kind = await run("lay_aside", [key, kept], [wanted, keys.INCIDENT_KEPT])
        if isinstance(kind, bytes) and kind:
            UNREADABLE.labels("key").inc()
            log.error("key.unreadable", key=key, why=f"a {kind.decode()}, not a {wanted}", kept=kept)
            found = True
    return found


async def count_anew(redis: Redis, incident: IncidentId, document: str, revision: bytes | str) -> None:
    """Give a document whose revision is no number one that was never read. Its content is not touched."""
    key = keys.of_incident(incident, document)
    UNREADABLE.labels(document).inc()
    log.error("document.unreadable", incident=incident, key=key, what=["rev"], rev=repr(revision)[:LONGEST_ENTRY])
    await redis.hset(key, "rev", secrets.randbelow(REVISIONS) + 1)


async def lay_aside(
    redis: Redis, incident: IncidentId, document: str, text: bytes | str | None, error: ValidationError
) -> int:
    """Keep a document that cannot be read beside the next one; return when what it said was known, in milliseconds."""
    key = keys.of_incident(incident, document)
    UNREADABLE.labels(document).inc()
    faults = error.errors(include_input=False)[:MOST_NAMED]
    what = [".".join(map(str, fault["loc"])) or fault["type"] for fault in faults]
    log.error("document.unreadable", incident=incident, key=key, what=what, kept="in its field `unreadable`")
    await redis.hset(key, "unreadable", text or b"")
    # Its content is not newer than the last step in the journal.
    last: Any = await redis.xrevrange(keys.of_incident(incident, "journal"), count=1)
    return int(last[0][0].partition(b"-")[0]) if last else int((await redis.time())[0]) * 1000
