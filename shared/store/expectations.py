"""
Loop prevention on the write path: records the event that a call is about to cause, before the call.

The read path's half is `fold`, which attributes a matching event to the command instead of another person. An
expectation is forgotten only if the first and only attempt certainly failed; until its window closes, an uncertain call
may still turn out to have succeeded.
"""

from collections.abc import Callable
from dataclasses import replace

from shared.model.event import SECOND, Instant
from shared.model.expectation import Expectation
from shared.model.ids import CommandId, IncidentId
from shared.model.incident import Incident
from shared.store.documents import Documents
from shared.store.leases import Lease

Amendment = Callable[[Expectation], Expectation | None]


class ExpectationStore:
    """Keeps the expectations of each incident in its projection, so that the fold sees both at once."""

    def __init__(self, incidents: Documents[Incident]) -> None:
        self._incidents = incidents

    async def expect(self, incident: IncidentId, expectation: Expectation, lease: Lease) -> None:
        """
        Note what a command is about to cause. A further attempt of the same command keeps the first window.

        Raises `FencedOff` for a worker that slept over it: what it would note may have come about without it.
        """

        def noted(known: Incident) -> Incident:
            if any(e.command == expectation.command for e in known.expectations):
                return known
            return replace(known, expectations=(*known.expectations, expectation))

        await self._incidents.change(incident, noted, lease)

    async def narrow(self, incident: IncidentId, command: CommandId, at: Instant, subject: str = "") -> None:
        """Narrow the window to the second that PagerDuty's answer gives, or to the id of what was made."""
        await self._amend(incident, command, lambda expectation: replace(expectation.narrowed(at), subject=subject))

    async def close(self, incident: IncidentId, command: CommandId, after: float) -> None:
        """Close the window of a command that ended without a clear answer, `after` so many seconds from its opening."""

        def closed(expectation: Expectation) -> Expectation:
            closes = expectation.opens_ms + SECOND + int(after * SECOND)
            return replace(expectation, closes_ms=expectation.closes_ms or closes)

        await self._amend(incident, command, closed)

    async def forget(self, incident: IncidentId, command: CommandId) -> None:
        """Take back an expectation whose only attempt certainly failed."""
        await self._amend(incident, command, lambda _: None)

    async def _amend(self, incident: IncidentId, command: CommandId, rule: Amendment) -> None:
        def amended(known: Incident) -> Incident:
            changed = (rule(e) if e.command == command else e for e in known.expectations)
            return replace(known, expectations=tuple(e for e in changed if e is not None))

        await self._incidents.change(incident, amended)
