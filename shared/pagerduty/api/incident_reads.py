"""Reading incidents, and what belongs to one: notes, log, alerts."""

from collections.abc import AsyncIterator, Sequence

from shared.model.ids import IncidentId
from shared.pagerduty.api import request_bodies
from shared.pagerduty.api.request_bodies import IncidentFilter
from shared.pagerduty.api.transport import PAGE, Params, Read, Transport, get
from shared.pagerduty.models import alert as alert_model
from shared.pagerduty.models import incident as incident_model
from shared.pagerduty.models import log_entry as log_entry_model
from shared.pagerduty.models import note as note_model
from shared.pagerduty.models.alert import Alert
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.log_entry import LogEntry
from shared.pagerduty.models.note import Note

IN_FULL = ("body", "conference_bridge")
"""What PagerDuty includes in an incident only on request."""


class IncidentReads(Transport):
    """The reads. An incident can be named by its number as well as by its id."""

    async def incident(self, incident: IncidentId) -> Read[RestIncident]:
        """Read an incident."""
        return await self._read("incident", get("incidents", incident), incident_model.parse_incident)

    async def incident_in_full(self, incident: IncidentId) -> Read[RestIncident]:
        """Read an incident with what it was created with, and with its conference bridge."""
        request = get("incidents", incident, params={"include[]": IN_FULL})
        return await self._read("incident_in_full", request, incident_model.parse_incident)

    async def incidents(self, wanted: IncidentFilter) -> AsyncIterator[RestIncident]:
        """
        Read incidents, oldest first, page by page.

        PagerDuty pages no further than 10,000 and answers `Refused` beyond: narrow `wanted` by service or age then. An
        incident that stops matching between two pages lets the next one be skipped; a caller that must see all reads
        again.
        """
        async for page in self._pages(
            "incidents", get("incidents", params=wanted.params), incident_model.parse_incidents
        ):
            for incident in page:
                yield incident

    async def notes(self, incident: IncidentId) -> Read[tuple[Note, ...]]:
        """Read all notes of an incident; one that was edited shows its new text."""
        return await self._read("notes", get("incidents", incident, "notes"), note_model.parse_notes)

    async def log_entries(self, incident: IncidentId, since_ms: int | None = None) -> tuple[LogEntry, ...]:
        """Read the whole log of an incident, the oldest entry first; with `since_ms` only from that second on."""
        params: Params = {"is_overview": "false"}
        if since_ms is not None:
            params = {**params, "since": request_bodies.moment(since_ms)}
        request = get("incidents", incident, "log_entries", params=params)
        return _oldest_first(await self._all("log_entries", request, log_entry_model.parse_log_entries))

    async def activity(self, since_ms: int) -> Read[tuple[LogEntry, ...]]:
        """
        Read what happened to any incident from that second on, the oldest entry first.

        `date` is when the reading began: what came later may be missing. `Refused` when it is more than 10,000.
        """
        request = get("log_entries", params={"is_overview": "false", "since": request_bodies.moment(since_ms)})
        parse = log_entry_model.parse_log_entries
        pages = [page async for page in self._dated_pages("activity", request, parse)]
        return Read(_oldest_first([entry for page in pages for entry in page.value]), pages[0].date)

    async def alerts(self, incident: IncidentId) -> tuple[Alert, ...]:
        """Read the alerts of an incident, the oldest first, one page at most: the incident tells how many it has."""
        params: Params = {"sort_by": "created_at:asc", "limit": PAGE}
        request = get("incidents", incident, "alerts", params=params)
        return (await self._read("alerts", request, alert_model.parse_alerts)).value


def _oldest_first(newest_first: Sequence[LogEntry]) -> tuple[LogEntry, ...]:
    """
    Turn PagerDuty's order round.

    An entry made between two pages shifts the others, so that one comes twice. Within one second, only PagerDuty's
    order tells which came first.
    """
    entries = {entry.id: entry for entry in reversed(newest_first)}
    return tuple(sorted(entries.values(), key=lambda entry: entry.at.ms))
