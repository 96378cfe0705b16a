"""Everything that the bridge does to incidents, each in the name of one person."""

from collections.abc import Sequence

from shared.model.event import Status
from shared.model.ids import IncidentId, UserId
from shared.pagerduty.api import request_bodies
from shared.pagerduty.api.request_bodies import Body, NewIncident
from shared.pagerduty.api.transport import Read, Transport, change
from shared.pagerduty.models import incident as incident_model
from shared.pagerduty.models import note as note_model
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.note import Note, ResponderRequest, StatusUpdate


class IncidentWrites(Transport):
    """
    The writes. `from_email` is the address of the user in whose name the write is made.

    Each makes one request. An answer that cannot be read is `Uncertain`.
    """

    async def set_status(
        self, incident: IncidentId, status: Status, from_email: str, resolution: str = ""
    ) -> Read[RestIncident]:
        """
        Bring an incident into `status`; a `resolution` is kept as a note, and sent only with a resolve.

        Beware: PagerDuty reopens a resolved incident for this.
        """
        return await self._put("set_status", incident, request_bodies.status_request(status, resolution), from_email)

    async def reassign(
        self, incident: IncidentId, from_email: str, *, assignees: Sequence[UserId] = (), policy: str | None = None
    ) -> Read[RestIncident]:
        """
        Assign an incident to `assignees`, or to `policy`, which starts at its first level.

        With assignees the escalation stops: PagerDuty notifies only them.
        """
        body = request_bodies.assignees_request(assignees) if policy is None else request_bodies.policy_request(policy)
        return await self._put("reassign", incident, body, from_email)

    async def escalate(self, incident: IncidentId, level: int, from_email: str) -> Read[RestIncident]:
        """
        Escalate an incident to `level` of its policy, the first of which is 1.

        The answer does not tell the level: compare the assignees.
        """
        return await self._put("escalate", incident, request_bodies.level_request(level), from_email)

    async def set_priority(self, incident: IncidentId, priority: str, from_email: str) -> Read[RestIncident]:
        """Give an incident the priority with the id `priority`."""
        return await self._put("set_priority", incident, request_bodies.priority_request(priority), from_email)

    async def snooze(self, incident: IncidentId, seconds: int, from_email: str) -> Read[RestIncident]:
        """Extend the acknowledgement of an acknowledged incident to `seconds` from now, at most `LONGEST_SNOOZE`."""
        request = change("POST", "incidents", incident, "snooze", body={"duration": seconds}, from_email=from_email)
        return await self._write("snooze", request, incident_model.parse_incident)

    async def add_note(self, incident: IncidentId, content: str, from_email: str) -> Read[Note]:
        """Add a note of `LONGEST_NOTE` bytes at most, also to a resolved incident."""
        body: Body = {"note": {"content": content}}
        request = change("POST", "incidents", incident, "notes", body=body, from_email=from_email)
        return await self._write("add_note", request, note_model.parse_note)

    async def request_responders(
        self,
        incident: IncidentId,
        requester: UserId,
        message: str,
        users: Sequence[UserId],
        from_email: str,
        *,
        policies: Sequence[str] = (),
    ) -> Read[ResponderRequest]:
        """
        Ask `users`, and those on call for `policies`, to help.

        An account without the ability `coordinated_responding` is `Refused`. PagerDuty takes the `requester` from the
        body; `from_email` is theirs.
        """
        body = request_bodies.responders_request(requester, message, users, policies)
        request = change("POST", "incidents", incident, "responder_requests", body=body, from_email=from_email)
        return await self._write("request_responders", request, note_model.parse_responder_request)

    async def publish_status_update(self, incident: IncidentId, message: str, from_email: str) -> Read[StatusUpdate]:
        """Publish a status update to stakeholders."""
        body: Body = {"message": message}
        request = change("POST", "incidents", incident, "status_updates", body=body, from_email=from_email)
        return await self._write("publish_status_update", request, note_model.parse_status_update)

    async def create_incident(self, new: NewIncident, from_email: str) -> Read[RestIncident]:
        """
        Open an incident; one assigned to the user themselves is acknowledged from the start.

        `Refused` while an incident with the same key is open on that service. PagerDuty limits these more strictly.
        """
        request = change("POST", "incidents", body=request_bodies.creation_request(new), from_email=from_email)
        return await self._write("create_incident", request, incident_model.parse_incident)

    async def _put(self, name: str, incident: IncidentId, body: Body, from_email: str) -> Read[RestIncident]:
        request = change("PUT", "incidents", incident, body=body, from_email=from_email)
        return await self._write(name, request, incident_model.parse_incident)
