"""The simulated account: its state, and the one way in which an incident changes."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.directory import Directory
from pagebridge_sandbox.pagerduty.events import Event, EventFactory
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, LogEntry, Status
from pagebridge_sandbox.pagerduty.options import Options
from pagebridge_sandbox.pagerduty.references import References
from pagebridge_sandbox.pagerduty.responses import not_found


class Account:
    """
    Everything that PagerDuty knows. `publish` is told every event, in the order in which things happened.

    `revision` counts the changes of incidents, so that a call can be seen to have taken effect.
    """

    def __init__(self, clock: Clock, publish: Callable[[Event], None]) -> None:
        self.clock = clock
        self.directory = Directory()
        self.options = Options()
        self.references = References(self.directory)
        self.events = EventFactory(self.references, self.options)
        self.incidents: dict[str, Incident] = {}
        self.revision = 0
        self._publish = publish
        self._pending_events: list[Event] = []

    def incident(self, key: str | int) -> Incident:
        """Return an incident by its id or number. `ApiError` (404) if there is none."""
        if str(key) in self.incidents:
            return self.incidents[str(key)]
        numbered = (incident for incident in self.incidents.values() if str(incident.number) == str(key))
        incident = next(numbered, None)
        if incident is None:
            raise not_found("Incident Not Found")
        return incident

    def service_status(self, service_id: str) -> str:
        """Return the status of a service, by those of its incidents (OpenAPI, services)."""
        statuses = {incident.status for incident in self.incidents.values() if incident.service == service_id}
        if Status.TRIGGERED in statuses:
            return "critical"
        return "warning" if Status.ACKNOWLEDGED in statuses else "active"

    @contextmanager
    def transaction(self, *incidents: Incident) -> Iterator[None]:
        """Change incidents as a whole or, when something is refused, not at all. Events are told once it is done."""
        before = [copy.deepcopy(vars(incident)) for incident in incidents]
        try:
            yield
        except Exception:
            for incident, fields in zip(incidents, before, strict=True):
                vars(incident).update(fields)
            self._pending_events.clear()
            raise
        if before != [vars(incident) for incident in incidents]:
            self.revision += 1
        pending, self._pending_events = self._pending_events, []
        for event in pending:
            self._publish(event)
        self.clock.reschedule_timers()

    def add_log_entry(self, kind: str, incident: Incident, actor: Actor, at: datetime, **details: object) -> None:
        """Write a line into the log of an incident that is being changed."""
        incident.log.append(LogEntry(ids.log_entry_id(), kind, at, actor, incident.id, details))

    def emit_change(self, change: str, incident: Incident, actor: Actor, at: datetime) -> None:
        """Send a change to the subscribers, with the incident as it is at this point."""
        self._pending_events.append(self.events.incident_changed(change, incident, actor, at))

    def emit(self, event: Event) -> None:
        """Send the subscribers an event that does not carry the incident."""
        self._pending_events.append(event)
