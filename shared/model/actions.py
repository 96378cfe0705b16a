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
    The words of the private replies about an action. `{it}` stands for the incident, such as `Incident #37`.

    `noun` follows "your". `done` and `undone` are whole sentences without their full stop, `undone` in the past.
    `waiting` is the state while PagerDuty does not answer, `meanwhile` what that means for the incident. `by_you` is
    true if another person may have done the same in the meantime, so that a refusal names the clicker.
    """

    noun: str
    done: str
    undone: str
    waiting: str
    meanwhile: str
    already: str
    by_you: bool = False


@dataclass(frozen=True)
class AttemptWording:
    """The words of the card: `doing` follows "is", `noun` a name; `failed` is what became of the noun."""

    doing: str
    noun: str
    failed: str = "did *not* go through"
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
            "acknowledge of {it}",
            "{it} is acknowledged, in your name",
            "{it} was NOT acknowledged",
            "{it} is NOT acknowledged yet",
            "escalation continues",
            "{it} was already acknowledged",
            by_you=True,
        ),
        AttemptWording("acknowledging", "acknowledge", meaning="this is not acknowledged by them"),
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
            "Your note is on {it}",
            "Your note did NOT reach {it}",
            "Your note is NOT on {it} yet",
            "nobody can read it there",
            "Your note was on {it} already",
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
            "{it} is reassigned, in your name",
            "{it} was NOT reassigned",
            "{it} is NOT reassigned yet",
            "whoever had it still has it",
            "{it} was already assigned that way",
            by_you=True,
        ),
        AttemptWording("reassigning it", "reassignment", meaning="whoever had it still has it"),
        changes_assignees=True,
    ),
    Action.ESCALATE: ActionSpec(
        "Escalate",
        event.ESCALATED,
        "PUT /incidents/{id} escalation_level",
        ActionWording(
            "escalation of {it}",
            "{it} is escalated, in your name",
            "{it} was NOT escalated",
            "{it} is NOT escalated yet",
            "nobody else has been paged",
            "{it} was already escalated",
            by_you=True,
        ),
        AttemptWording("escalating it", "escalation", meaning="nobody else has been paged"),
        changes_assignees=True,
        low_urgency=False,
    ),
    Action.RESOLVE: ActionSpec(
        "Resolve",
        event.RESOLVED,
        "PUT /incidents/{id} status, resolution",
        ActionWording(
            "resolve of {it}",
            "{it} is resolved, in your name",
            "{it} was NOT resolved",
            "{it} is NOT resolved yet",
            "it is still open",
            "{it} was already resolved",
            by_you=True,
        ),
        AttemptWording("resolving", "resolve", meaning="this is not resolved by them"),
        status=Status.RESOLVED,
        idempotent=True,
    ),
    Action.ADD_RESPONDERS: ActionSpec(
        "Add responders",
        event.RESPONDER_ADDED,
        "POST /incidents/{id}/responder_requests",
        ActionWording(
            "request for responders on {it}",
            "Responders are asked to join {it}, in your name",
            "Responders were NOT asked to join {it}",
            "Responders are NOT asked to join {it} yet",
            "nobody else has been paged",
            "They respond to {it} already",
        ),
        AttemptWording("asking for help", "request for responders", meaning="not everybody has been asked"),
        placement=Placement.MENU,
    ),
    Action.SNOOZE: ActionSpec(
        "Snooze",
        event.SNOOZED,
        "POST /incidents/{id}/snooze duration",
        ActionWording(
            "snooze of {it}",
            "{it} is snoozed, in your name",
            "{it} was NOT snoozed",
            "{it} is NOT snoozed yet",
            "its acknowledgement runs out as before",
            "{it} was already snoozed",
            by_you=True,
        ),
        AttemptWording("snoozing it", "snooze", meaning="its acknowledgement runs out as before"),
        works_in=frozenset({Status.ACKNOWLEDGED}),
        placement=Placement.MENU,
    ),
    Action.PRIORITY: ActionSpec(
        "Change priority",
        event.PRIORITY_UPDATED,
        "PUT /incidents/{id} priority",
        ActionWording(
            "change of priority on {it}",
            "{it} has its new priority, in your name",
            "The priority of {it} was NOT changed",
            "The priority of {it} is NOT changed yet",
            "it has its old one",
            "{it} had that priority already",
        ),
        AttemptWording("changing its priority", "change of priority"),
        placement=Placement.MENU,
        idempotent=True,
    ),
    Action.STATUS_UPDATE: ActionSpec(
        "Status update",
        event.STATUS_UPDATE,
        "POST /incidents/{id}/status_updates message",
        ActionWording(
            "status update on {it}",
            "Your status update on {it} is out",
            "Your status update on {it} was NOT sent",
            "Your status update on {it} is NOT out yet",
            "subscribers have not been told",
            "Your status update on {it} was out already",
        ),
        AttemptWording("sending a status update", "status update", "did *not* reach PagerDuty"),
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
            "The incident is open, in your name",
            "The incident was NOT opened",
            "The incident is NOT open yet",
            "nobody has been paged",
            "The incident was open already",
        ),
        AttemptWording("opening it", "new incident"),
        works_in=frozenset(),
        placement=Placement.NONE,
        idempotent=True,
    ),
}
