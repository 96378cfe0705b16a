"""What is stored and cannot be read: counted, said in the log, and kept."""

from typing import Any

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from shared.model.ids import IncidentId
from shared.store import keys
from shared.store.redis import Redis

log = structlog.get_logger()

UNREADABLE = Counter("pagebridge_documents_unreadable", "Stored records that could not be read, by kind", ["kind"])
for _kind in ("incident", "slack", "commands", "progress", "line", "index"):
    UNREADABLE.labels(_kind)  # A series that begins with its first failure shows no increase.
MOST_NAMED = 3
"""How many faults of a record the log names."""


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
    # Whatever it knew, it knew by its last step.
    last: Any = await redis.xrevrange(keys.of_incident(incident, "journal"), count=1)
    return int(last[0][0].partition(b"-")[0]) if last else int((await redis.time())[0]) * 1000
