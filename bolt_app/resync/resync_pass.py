"""
One resync pass, and the work of which a pass does only a part.

How long that takes grows with the account and not with what has changed: reading all notes and all channels would
outlast the interval of a large one. It is done in turn instead, for a part of the interval, and the next pass goes on.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from shared.model.ids import IncidentId
from shared.model.resync_state import Positions
from shared.pagerduty.models.incident_parts import LogEntry
from shared.store.clock import Birth
from shared.store.coordination import Lease

log = structlog.get_logger()

Id = TypeVar("Id", bound=str)


@dataclass
class ResyncPass:
    """
    One pass over all incidents. `birth` is that of the data set.

    `recent` holds the latest entries of PagerDuty's log until they are compared, None when there are too many to read:
    then every incident is read in full. So are those of `unread`, the incidents of entries that could not be read.
    `moved` are the incidents that have such entries, `noted` those whose notes are still to be compared.

    Results: the incidents to check `again`, those repaired `late`, whether to check again `soon`, because something
    young is missing or a call failed, the incident that was `reached`, and the `positions` of what is done in turn.
    """

    lease: Lease
    birth: Birth
    since_ms: int = 0
    recent: dict[IncidentId, list[LogEntry]] | None = None
    unread: frozenset[IncidentId] = frozenset()
    positions: Positions = field(default_factory=Positions)
    moved: frozenset[IncidentId] = frozenset()
    noted: list[IncidentId] = field(default_factory=list)
    again: list[IncidentId] = field(default_factory=list)
    late: list[IncidentId] = field(default_factory=list)
    soon: bool = False
    reached: IncidentId | None = None


def in_turn(ids: Iterable[Id], last: Id | None) -> list[Id]:
    """Sort, and begin after the `last` one that had its turn, which may be gone."""
    ordered = sorted(set(ids))
    at = bisect_right(ordered, last) if last else 0
    return ordered[at:] + ordered[:at]


def for_a_time(ids: Sequence[Id], seconds: float, what: str) -> Iterator[Id]:
    """Yield the first, and others as long as `seconds` have not passed; then log how many of `what` are left."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    for count, each in enumerate(ids):
        if count and loop.time() >= until:
            log.info("resync.left", what=what, count=len(ids) - count, hint="the next pass goes on from there")
            return
        yield each
