"""
The actions: one row for each, with everything about it that is data.

What an action does in PagerDuty is in `bolt_app.write_path.actions`, in one module for each.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.model import event
from shared.model.event import Status


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
    TRIGGER = "trigger"

    @property
    def status(self) -> Status | None:
        """The status that the action sets; None for one that leaves the status as it is."""
        return SPECS[self].status

    @property
    def long_lived(self) -> bool:
        """True if it stays valid for minutes: a late text is still useful, a late page is not."""
        return SPECS[self].long_lived

    @property
    def idempotent(self) -> bool:
        """True if doing it twice is the same as once. What notifies or adds is not."""
        return SPECS[self].idempotent


class Placement(StrEnum):
    """Where an action is offered on a card."""

    BUTTON = "button"
    MENU = "menu"
    NONE = "none"


@dataclass(frozen=True)
class ActionWording:
    """
    The wording of one action. `{it}` stands for the incident, such as `incident #37`, `{It}` for the same in capitals.

    `noun` follows "your". The others are sentences without their full stop: `done`, `declined` (before it was sent) and
    `undone` (it failed), `waiting` while PagerDuty does not answer, `meanwhile` for what that means, in small letters,
    and `already`. `past` is what `{who}` already did, where another person can have done it.
    """

    noun: str
    done: str
    declined: str
    undone: str
    waiting: str
    meanwhile: str
    already: str
    past: str = ""


@dataclass(frozen=True)
class AttemptWording:
    """The words of the card: `doing` follows "is", `noun` a name; `failed` is what became of the noun."""

    doing: str
    noun: str
    failed: str = "*failed*"
    meaning: str = ""


@dataclass(frozen=True)
class ActionSpec:
    """
    One action, as data.

    `event_type` is the event by which PagerDuty reports it. `request` is its call as the audit shows it, without any
    text of people. `works_in` are the statuses in which it does something. `changes_assignees` is true if it changes
    who is paged, and so depends on the assignees that the person saw. `low_urgency` is true if it works on incidents
    of low urgency too.
    """

    label: str
    event_type: str
    request: str
    words: ActionWording
    attempt: AttemptWording
    works_in: frozenset[Status] = frozenset({Status.TRIGGERED, Status.ACKNOWLEDGED})
    placement: Placement = Placement.BUTTON
    status: Status | None = None
    long_lived: bool = False
    idempotent: bool = False
    changes_assignees: bool = False
    low_urgency: bool = True


SPECS = {
    Action.ACKNOWLEDGE: ActionSpec(
        "Acknowledge",
        event.ACKNOWLEDGED,
        "PUT /incidents/{id} status",
        ActionWording(
            "acknowledgement of {it}",
            "You acknowledged {it}",
            "You can't acknowledge {it}",
            "{It} was NOT acknowledged",
            "{It} is NOT acknowledged yet",
            "escalation is still running",
            "{It} was already acknowledged",
            "{who} already acknowledged {it}",
        ),
        AttemptWording("acknowledging", "acknowledgement", meaning="the incident is still triggered"),
        works_in=frozenset({Status.TRIGGERED}),
        status=Status.ACKNOWLEDGED,
        idempotent=True,
    ),
    Action.NOTE: ActionSpec(
        "Add note",
        event.ANNOTATED,
        "POST /incidents/{id}/notes content",
        ActionWording(
            "note on {it}",
            "You added a note to {it}",
            "You can't add a note to {it}",
            "Your note was NOT added to {it}",
            "Your note is NOT on {it} yet",
            "others can't read it there",
            "Your note was already on {it}",
        ),
        AttemptWording("adding a note", "note", "did *not* reach PagerDuty"),
        works_in=frozenset(Status),
        long_lived=True,
    ),
    Action.REASSIGN: ActionSpec(
        "Reassign",
        event.REASSIGNED,
        "PUT /incidents/{id} assignments or escalation_policy",
        ActionWording(
            "reassignment of {it}",
            "You reassigned {it}",
            "You can't reassign {it}",
            "{It} was NOT reassigned",
            "{It} is NOT reassigned yet",
            "the assignees are unchanged",
            "{It} was already assigned that way",
            "{who} already assigned {it} that way",
        ),
        AttemptWording("reassigning it", "reassignment", meaning="the assignees are unchanged"),
        changes_assignees=True,
    ),
    Action.ESCALATE: ActionSpec(
        "Escalate",
        event.ESCALATED,
        "PUT /incidents/{id} escalation_level",
        ActionWording(
            "escalation of {it}",
            "You escalated {it}",
            "You can't escalate {it}",
            "{It} was NOT escalated",
            "{It} is NOT escalated yet",
            "no one else has been paged",
            "{It} was already escalated",
            "{who} already escalated {it}",
        ),
        AttemptWording("escalating it", "escalation", meaning="no one else has been paged"),
        changes_assignees=True,
        low_urgency=False,
    ),
    Action.RESOLVE: ActionSpec(
        "Resolve",
        event.RESOLVED,
        "PUT /incidents/{id} status, resolution",
        ActionWording(
            "request to resolve {it}",
            "You resolved {it}",
            "You can't resolve {it}",
            "{It} was NOT resolved",
            "{It} is NOT resolved yet",
            "it is still open",
            "{It} was already resolved",
            "{who} already resolved {it}",
        ),
        AttemptWording("resolving", "request to resolve it", meaning="the incident is still open"),
        status=Status.RESOLVED,
        idempotent=True,
    ),
    Action.ADD_RESPONDERS: ActionSpec(
        "Add responders",
        event.RESPONDER_ADDED,
        "POST /incidents/{id}/responder_requests",
        ActionWording(
            "request for help with {it}",
            "You requested help with {it}",
            "You can't request help with {it}",
            "Help with {it} was NOT requested",
            "Help with {it} is NOT requested yet",
            "no one else has been paged",
            "They already respond to {it}",
        ),
        AttemptWording("requesting help", "request for help", meaning="not everyone was asked"),
        placement=Placement.MENU,
    ),
    Action.SNOOZE: ActionSpec(
        "Snooze",
        event.SNOOZED,
        "POST /incidents/{id}/snooze duration",
        ActionWording(
            "snooze of {it}",
            "You snoozed {it}",
            "You can't snooze {it}",
            "{It} was NOT snoozed",
            "{It} is NOT snoozed yet",
            "its acknowledgement still times out",
            "{It} was already snoozed",
            "{who} already snoozed {it}",
        ),
        AttemptWording("snoozing it", "snooze", meaning="its acknowledgement still times out"),
        works_in=frozenset({Status.ACKNOWLEDGED}),
        placement=Placement.MENU,
    ),
    Action.PRIORITY: ActionSpec(
        "Change priority",
        event.PRIORITY_UPDATED,
        "PUT /incidents/{id} priority",
        ActionWording(
            "priority change of {it}",
            "You changed the priority of {it}",
            "You can't change the priority of {it}",
            "The priority of {it} was NOT changed",
            "The priority of {it} is NOT changed yet",
            "it keeps its old priority",
            "{It} already had that priority",
        ),
        AttemptWording("changing its priority", "priority change"),
        placement=Placement.MENU,
        idempotent=True,
    ),
    Action.STATUS_UPDATE: ActionSpec(
        "Status update",
        event.STATUS_UPDATE,
        "POST /incidents/{id}/status_updates message",
        ActionWording(
            "status update on {it}",
            "You published a status update on {it}",
            "You can't publish a status update on {it}",
            "Your status update on {it} was NOT published",
            "Your status update on {it} is NOT published yet",
            "subscribers have not been notified",
            "Your status update on {it} was already published",
        ),
        AttemptWording("publishing a status update", "status update", "did *not* reach PagerDuty"),
        works_in=frozenset(Status),
        placement=Placement.MENU,
        long_lived=True,
    ),
    Action.TRIGGER: ActionSpec(
        "New incident",
        event.TRIGGERED,
        "POST /incidents",
        ActionWording(
            "new incident",
            "You created an incident",
            "You can't create this incident",
            "The incident was NOT created",
            "The incident is NOT created yet",
            "no one has been paged",
            "The incident was already created",
        ),
        AttemptWording("creating it", "new incident"),
        works_in=frozenset(),
        placement=Placement.NONE,
        idempotent=True,
    ),
}
