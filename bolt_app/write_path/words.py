"""Pure: the words for each action, so that every message about it uses the same ones."""

from dataclasses import dataclass

from shared.model.command import Action


@dataclass(frozen=True)
class ActionWording:
    """
    How people speak of one action. `{it}` stands for the incident, such as `Incident #37`.

    `noun` follows "your". `done` and `undone` are whole sentences without their full stop, `undone` in the past.
    `waiting` is how it stands while PagerDuty does not answer, `meanwhile` what that means for the incident.
    """

    noun: str
    done: str
    undone: str
    waiting: str
    meanwhile: str
    already: str


ACTION_WORDING = {
    Action.ACKNOWLEDGE: ActionWording(
        "acknowledge of {it}",
        "{it} is acknowledged, in your name",
        "{it} was NOT acknowledged",
        "{it} is NOT acknowledged yet",
        "escalation continues",
        "{it} was already acknowledged",
    ),
    Action.RESOLVE: ActionWording(
        "resolve of {it}",
        "{it} is resolved, in your name",
        "{it} was NOT resolved",
        "{it} is NOT resolved yet",
        "it is still open",
        "{it} was already resolved",
    ),
    Action.NOTE: ActionWording(
        "note on {it}",
        "Your note is on {it}",
        "Your note did NOT reach {it}",
        "Your note is NOT on {it} yet",
        "nobody can read it there",
        "Your note was on {it} already",
    ),
    Action.REASSIGN: ActionWording(
        "reassignment of {it}",
        "{it} is reassigned, in your name",
        "{it} was NOT reassigned",
        "{it} is NOT reassigned yet",
        "whoever had it still has it",
        "{it} was already assigned that way",
    ),
    Action.ESCALATE: ActionWording(
        "escalation of {it}",
        "{it} is escalated, in your name",
        "{it} was NOT escalated",
        "{it} is NOT escalated yet",
        "nobody else has been paged",
        "{it} was already escalated",
    ),
    Action.ADD_RESPONDERS: ActionWording(
        "request for responders on {it}",
        "Responders are asked to join {it}, in your name",
        "Responders were NOT asked to join {it}",
        "Responders are NOT asked to join {it} yet",
        "nobody else has been paged",
        "They respond to {it} already",
    ),
    Action.SNOOZE: ActionWording(
        "snooze of {it}",
        "{it} is snoozed, in your name",
        "{it} was NOT snoozed",
        "{it} is NOT snoozed yet",
        "its acknowledgement runs out as before",
        "{it} was already snoozed",
    ),
    Action.PRIORITY: ActionWording(
        "change of priority on {it}",
        "{it} has its new priority, in your name",
        "The priority of {it} was NOT changed",
        "The priority of {it} is NOT changed yet",
        "it has its old one",
        "{it} had that priority already",
    ),
    Action.STATUS_UPDATE: ActionWording(
        "status update on {it}",
        "Your status update on {it} is out",
        "Your status update on {it} was NOT sent",
        "Your status update on {it} is NOT out yet",
        "subscribers have not been told",
        "Your status update on {it} was out already",
    ),
    Action.TRIGGER: ActionWording(
        "new incident",
        "The incident is open, in your name",
        "The incident was NOT opened",
        "The incident is NOT open yet",
        "nobody has been paged",
        "The incident was open already",
    ),
}
