"""The types of events, and the three states that some of them lead to."""

from enum import StrEnum


class Status(StrEnum):
    """The three states of an incident, in PagerDuty's words."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


TRIGGERED = "incident.triggered"
ACKNOWLEDGED = "incident.acknowledged"
UNACKNOWLEDGED = "incident.unacknowledged"
RESOLVED = "incident.resolved"
REOPENED = "incident.reopened"
ESCALATED = "incident.escalated"
DELEGATED = "incident.delegated"
REASSIGNED = "incident.reassigned"
PRIORITY_UPDATED = "incident.priority_updated"
SERVICE_UPDATED = "incident.service_updated"
INCIDENT_TYPE_CHANGED = "incident.incident_type.changed"
ANNOTATED = "incident.annotated"
RESPONDER_ADDED = "incident.responder.added"
RESPONDER_REPLIED = "incident.responder.replied"
STATUS_UPDATE = "incident.status_update_published"
CONFERENCE_BRIDGE = "incident.conference_bridge.updated"
CUSTOM_FIELDS = "incident.custom_field_values.updated"
ROLE_ASSIGNED = "incident.role.assigned"
TASK_CREATED = "incident.task.created"
TASK_UPDATED = "incident.task.updated"
TASK_COMPLETED = "incident.task.completed"
ACTION_CREATED = "incident.action_invocation.created"
ACTION_UPDATED = "incident.action_invocation.updated"
ACTION_TERMINATED = "incident.action_invocation.terminated"
WORKFLOW_STARTED = "incident.workflow.started"
WORKFLOW_COMPLETED = "incident.workflow.completed"
SNOOZED = "pagebridge.snoozed"
URGENCY_CHANGED = "pagebridge.urgency_changed"
TITLE_CHANGED = "pagebridge.title_changed"
NOTE_EDITED = "pagebridge.note_edited"
"""The last four have no webhook: a read or PagerDuty's answer to our own call tells of them."""
REMINDED, CONFIRMED = "pagebridge.reminded", "pagebridge.confirmed"
"""The thread was asked whether an acknowledged incident is still worked on, and a person said so: for us alone."""
CHANNEL_ASKED = "pagebridge.channel_asked"
CHANNEL_OPENED = "pagebridge.channel_opened"
CHANNEL_FAILED = "pagebridge.channel_failed"
"""A person asked for a channel for the incident; there is one; something about it failed: for us alone, too."""
UNREADABLE = "pagebridge.unreadable"
"""A change of an incident that came in a form that cannot be read: PagerDuty has to be."""

TRANSITIONS = {
    TRIGGERED: Status.TRIGGERED,
    ACKNOWLEDGED: Status.ACKNOWLEDGED,
    UNACKNOWLEDGED: Status.TRIGGERED,
    RESOLVED: Status.RESOLVED,
    REOPENED: Status.TRIGGERED,
}
"""The events that change the state, and the state that each leads to."""

LEVEL_CHANGING_TYPES = frozenset({ESCALATED, DELEGATED, REASSIGNED, REOPENED})
"""After one of these that was not ours, the escalation level is unknown."""

AUTOMATION = frozenset(
    {
        CUSTOM_FIELDS,
        TASK_CREATED,
        TASK_UPDATED,
        TASK_COMPLETED,
        ACTION_CREATED,
        ACTION_UPDATED,
        ACTION_TERMINATED,
        WORKFLOW_STARTED,
        WORKFLOW_COMPLETED,
    }
)
"""Events that come in numbers and need no attention."""

ANNOUNCED_TYPES = frozenset(
    {
        *TRANSITIONS,
        *LEVEL_CHANGING_TYPES,
        *AUTOMATION,
        PRIORITY_UPDATED,
        SERVICE_UPDATED,
        INCIDENT_TYPE_CHANGED,
        ANNOTATED,
        RESPONDER_ADDED,
        RESPONDER_REPLIED,
        STATUS_UPDATE,
        CONFERENCE_BRIDGE,
        ROLE_ASSIGNED,
        SNOOZED,
        URGENCY_CHANGED,
        TITLE_CHANGED,
        NOTE_EDITED,
        REMINDED,
        CONFIRMED,
        CHANNEL_ASKED,
        CHANNEL_OPENED,
        CHANNEL_FAILED,
    }
)
"""The events that have a timeline line."""
