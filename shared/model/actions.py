"""
The actions: one row for each, with everything about it that is data.

What an action does in PagerDuty is in `bolt_app.write_path.actions`, in one module for each.
"""

from enum import StrEnum

from shared.model import event_types, noted_actions
from shared.model.action_spec import ActionSpec, ActionWording, AttemptWording, Placement
from shared.model.event_types import Status


class Action(StrEnum):
    """The actions. The value names them in buttons, settings, metrics and the audit; cards show them in this order."""

    ACKNOWLEDGE = "acknowledge"
    NOTE = "note"
    REASSIGN = "reassign"
    ESCALATE = "escalate"
    RESOLVE = "resolve"
    ADD_RESPONDERS = "add_responders"
    SNOOZE = "snooze"
    PRIORITY = "priority"
    STATUS_UPDATE = "status_update"
    REOPEN = "reopen"
    UNACKNOWLEDGE = "unacknowledge"
    MERGE = "merge"
    STILL_ON_IT = "still_on_it"
    OPEN_CHANNEL = "open_channel"
    TRIGGER = "trigger"


SPECS = {
    Action.ACKNOWLEDGE: ActionSpec(
        "Acknowledge",
        event_types.ACKNOWLEDGED,
        "PUT /incidents/{id} status",
        ActionWording(
            noun="acknowledgement of {it}",
            done="You acknowledged {it}",
            declined="You can't acknowledge {it}",
            undone="{It} was NOT acknowledged",
            waiting="{It} is NOT acknowledged yet",
            meanwhile="escalation is still running",
            already="{It} was already acknowledged",
            past="{who} already acknowledged {it}",
        ),
        AttemptWording(doing="acknowledging", noun="acknowledgement", meaning="the incident is still triggered"),
        works_in=frozenset({Status.TRIGGERED}),
        status=Status.ACKNOWLEDGED,
        idempotent=True,
        one_press=True,
    ),
    Action.NOTE: ActionSpec(
        "Add note",
        event_types.ANNOTATED,
        "POST /incidents/{id}/notes content",
        ActionWording(
            noun="note on {it}",
            done="You added a note to {it}",
            declined="You can't add a note to {it}",
            undone="Your note was NOT added to {it}",
            waiting="Your note is NOT on {it} yet",
            meanwhile="others can't read it in PagerDuty",
            already="Your note was already on {it}",
        ),
        AttemptWording(doing="adding a note", noun="note", failed="did *not* reach PagerDuty"),
        works_in=frozenset(Status),
        long_lived=True,
    ),
    Action.REASSIGN: ActionSpec(
        "Reassign",
        event_types.REASSIGNED,
        "PUT /incidents/{id} assignments or escalation_policy",
        ActionWording(
            noun="reassignment of {it}",
            done="You reassigned {it}",
            declined="You can't reassign {it}",
            undone="{It} was NOT reassigned",
            waiting="{It} is NOT reassigned yet",
            meanwhile="the assignees are unchanged",
            already="{It} was already assigned that way",
            past="{who} already assigned {it} that way",
        ),
        AttemptWording(doing="reassigning it", noun="reassignment", meaning="the assignees are unchanged"),
        changes_assignees=True,
    ),
    Action.ESCALATE: ActionSpec(
        "Escalate",
        event_types.ESCALATED,
        "PUT /incidents/{id} escalation_level",
        ActionWording(
            noun="escalation of {it}",
            done="You escalated {it}",
            declined="You can't escalate {it}",
            undone="{It} was NOT escalated",
            waiting="{It} is NOT escalated yet",
            meanwhile="no one else has been paged",
            already="{It} was already escalated",
            past="{who} already escalated {it}",
        ),
        AttemptWording(doing="escalating it", noun="escalation", meaning="no one else has been paged"),
        changes_assignees=True,
        low_urgency=False,
        one_press=True,
    ),
    Action.RESOLVE: ActionSpec(
        "Resolve",
        event_types.RESOLVED,
        "PUT /incidents/{id} status, resolution",
        ActionWording(
            noun="request to resolve {it}",
            done="You resolved {it}",
            declined="You can't resolve {it}",
            undone="{It} was NOT resolved",
            waiting="{It} is NOT resolved yet",
            meanwhile="it is still open",
            already="{It} was already resolved",
            past="{who} already resolved {it}",
        ),
        AttemptWording(doing="resolving", noun="request to resolve it", meaning="the incident is still open"),
        status=Status.RESOLVED,
        idempotent=True,
    ),
    Action.ADD_RESPONDERS: ActionSpec(
        "Add responders",
        event_types.RESPONDER_ADDED,
        "POST /incidents/{id}/responder_requests",
        ActionWording(
            noun="request for help with {it}",
            done="You requested help with {it}",
            declined="You can't request help with {it}",
            undone="Help with {it} was NOT requested",
            waiting="Help with {it} is NOT requested yet",
            meanwhile="no one else has been paged",
            already="They already respond to {it}",
        ),
        AttemptWording(doing="requesting help", noun="request for help", meaning="not everyone was asked"),
        placement=Placement.MENU,
    ),
    Action.SNOOZE: ActionSpec(
        "Snooze",
        event_types.SNOOZED,
        "POST /incidents/{id}/snooze duration",
        ActionWording(
            noun="request to snooze {it}",
            done="You snoozed {it}",
            declined="You can't snooze {it}",
            undone="{It} was NOT snoozed",
            waiting="{It} is NOT snoozed yet",
            meanwhile="its acknowledgement still times out",
            already="{It} was already snoozed",
            past="{who} already snoozed {it}",
        ),
        AttemptWording(doing="snoozing it", noun="snooze", meaning="its acknowledgement still times out"),
        works_in=frozenset({Status.ACKNOWLEDGED}),
        placement=Placement.MENU,
    ),
    Action.PRIORITY: ActionSpec(
        "Change priority",
        event_types.PRIORITY_UPDATED,
        "PUT /incidents/{id} priority",
        ActionWording(
            noun="priority change to {it}",
            done="You changed the priority of {it}",
            declined="You can't change the priority of {it}",
            undone="The priority of {it} was NOT changed",
            waiting="The priority of {it} is NOT changed yet",
            meanwhile="it keeps its old priority",
            already="{It} already had that priority",
        ),
        AttemptWording(doing="changing its priority", noun="priority change", meaning="the priority is unchanged"),
        placement=Placement.MENU,
        idempotent=True,
    ),
    Action.STATUS_UPDATE: ActionSpec(
        "Status update",
        event_types.STATUS_UPDATE,
        "POST /incidents/{id}/status_updates message",
        ActionWording(
            noun="status update on {it}",
            done="You published a status update on {it}",
            declined="You can't publish a status update on {it}",
            undone="Your status update on {it} was NOT published",
            waiting="Your status update on {it} is NOT published yet",
            meanwhile="subscribers have not been notified",
            already="Your status update on {it} was already published",
        ),
        AttemptWording(doing="publishing a status update", noun="status update", failed="did *not* reach PagerDuty"),
        works_in=frozenset(Status),
        placement=Placement.MENU,
        long_lived=True,
    ),
    Action.REOPEN: ActionSpec(
        "Reopen",
        event_types.REOPENED,
        "PUT /incidents/{id} status",
        ActionWording(
            noun="request to reopen {it}",
            done="You reopened {it}",
            declined="You can't reopen {it}",
            undone="{It} was NOT reopened",
            waiting="{It} is NOT reopened yet",
            meanwhile="it is still resolved, and no one is paged",
            already="{It} was already open",
            past="{who} already reopened {it}",
        ),
        AttemptWording(doing="reopening it", noun="request to reopen it", meaning="the incident is still resolved"),
        works_in=frozenset({Status.RESOLVED}),
        placement=Placement.MENU,
        status=Status.TRIGGERED,
        idempotent=True,
    ),
    Action.UNACKNOWLEDGE: ActionSpec(
        "Unacknowledge",
        event_types.UNACKNOWLEDGED,
        "PUT /incidents/{id} status",
        ActionWording(
            noun="request to unacknowledge {it}",
            done="You unacknowledged {it}",
            declined="You can't unacknowledge {it}",
            undone="{It} was NOT unacknowledged",
            waiting="{It} is NOT unacknowledged yet",
            meanwhile="it is still acknowledged, and escalation is stopped",
            already="{It} is not acknowledged",
            past="{who} already unacknowledged {it}",
        ),
        AttemptWording(
            doing="unacknowledging it", noun="request to unacknowledge it", meaning="it is still acknowledged"
        ),
        works_in=frozenset({Status.ACKNOWLEDGED}),
        placement=Placement.NONE,
        status=Status.TRIGGERED,
        idempotent=True,
        one_press=True,
    ),
    Action.MERGE: ActionSpec(
        "Merge",
        event_types.RESOLVED,
        "PUT /incidents/{id}/merge source_incidents",
        ActionWording(
            noun="request to merge {it}",
            done="You merged {it}",
            declined="You can't merge {it}",
            undone="{It} was NOT merged",
            waiting="{It} is NOT merged yet",
            meanwhile="it is still open on its own",
            already="{It} was already merged",
        ),
        AttemptWording(doing="merging it", noun="request to merge it", meaning="the incident is still open"),
        placement=Placement.NONE,
        idempotent=True,
    ),
    Action.STILL_ON_IT: noted_actions.STILL_ON_IT,
    Action.OPEN_CHANNEL: noted_actions.OPEN_CHANNEL,
    Action.TRIGGER: ActionSpec(
        "New incident",
        event_types.TRIGGERED,
        "POST /incidents",
        ActionWording(
            noun="new incident",
            done="You created an incident",
            declined="You can't create this incident",
            undone="The incident was NOT created",
            waiting="The incident is NOT created yet",
            meanwhile="no one has been paged",
            already="The incident was already created",
            unclear="The incident may or may not have been created",
            late="The incident was created after all",
        ),
        AttemptWording(doing="creating it", noun="request to create it", meaning="no one has been paged"),
        works_in=frozenset(),
        placement=Placement.NONE,
        idempotent=True,
    ),
}
