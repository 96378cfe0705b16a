"""Pure: how a thread line names each type of event."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model import event


@dataclass(frozen=True)
class EventWording:
    """How a line names one type of event: its symbol, what `who` did, and what happened where it is not known who."""

    symbol: str
    active: str
    passive: str


LINE: Mapping[str, EventWording] = {
    event.TRIGGERED: EventWording(":rotating_light:", "triggered it", "Triggered"),
    event.ACKNOWLEDGED: EventWording(":eyes:", "acknowledged it", "Acknowledged"),
    event.UNACKNOWLEDGED: EventWording(":rotating_light:", "unacknowledged it", "No longer acknowledged"),
    event.RESOLVED: EventWording(":white_check_mark:", "resolved it", "Resolved"),
    event.REOPENED: EventWording(":rotating_light:", "reopened it", "Reopened"),
    event.ESCALATED: EventWording(":rotating_light:", "escalated it", "Escalated"),
    event.DELEGATED: EventWording(":arrow_right:", "changed the escalation policy", "Escalation policy changed"),
    event.REASSIGNED: EventWording(":arrow_right:", "reassigned it", "Reassigned"),
    event.PRIORITY_UPDATED: EventWording(":triangular_flag_on_post:", "changed the priority", "Priority changed"),
    event.SERVICE_UPDATED: EventWording(":arrow_right:", "changed the service", "Service changed"),
    event.INCIDENT_TYPE_CHANGED: EventWording(":label:", "changed the incident type", "Incident type changed"),
    event.ANNOTATED: EventWording(":memo:", "added a note", "Note added"),
    event.RESPONDER_ADDED: EventWording(":raising_hand:", "asked for help", "Help was requested"),
    event.RESPONDER_REPLIED: EventWording(
        ":raising_hand:", "answered the request for help", "Request for help answered"
    ),
    event.STATUS_UPDATE: EventWording(":mega:", "published a status update", "Status update"),
    event.CONFERENCE_BRIDGE: EventWording(
        ":telephone_receiver:", "changed the conference bridge", "Conference bridge changed"
    ),
    event.CUSTOM_FIELDS: EventWording(":label:", "changed fields", "Fields changed"),
    event.ROLE_ASSIGNED: EventWording(":busts_in_silhouette:", "changed roles", "Roles changed"),
    event.TASK_CREATED: EventWording(":clipboard:", "created a task", "Task created"),
    event.TASK_UPDATED: EventWording(":clipboard:", "changed a task", "Task changed"),
    event.TASK_COMPLETED: EventWording(":clipboard:", "completed a task", "Task completed"),
    event.ACTION_CREATED: EventWording(":gear:", "started an action", "Action started"),
    event.ACTION_UPDATED: EventWording(":gear:", "changed an action", "Action changed"),
    event.ACTION_TERMINATED: EventWording(":gear:", "ended an action", "Action ended"),
    event.WORKFLOW_STARTED: EventWording(":gear:", "started a workflow", "Workflow started"),
    event.WORKFLOW_COMPLETED: EventWording(":gear:", "completed a workflow", "Workflow completed"),
    event.SNOOZED: EventWording(":zzz:", "snoozed it", "Snoozed"),
    event.URGENCY_CHANGED: EventWording(":triangular_flag_on_post:", "changed the urgency", "Urgency changed"),
    event.TITLE_CHANGED: EventWording(":pencil2:", "changed the title", "Title changed"),
    event.NOTE_EDITED: EventWording(":memo:", "edited a note", "Note edited"),
}
REPLIES = {"joined": "accepted", "declined": "declined"}
"""PagerDuty's states of a responder who replied, in words (PagerDuty REST: responder requests)."""
