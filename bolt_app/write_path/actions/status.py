"""Acknowledge, resolve and what undoes the two: the actions that set the status of an incident."""

from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult, Reported, check_status
from shared.errors import Malformed
from shared.model.actions import SPECS, Action
from shared.model.command import Command
from shared.model.event import Details
from shared.model.ids import UserId
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import RestIncident


class SetStatus(ActionHandler):
    """Sets the status that the action leads to."""

    def __init__(self, log_event: str) -> None:
        self.log_events = frozenset({log_event})

    def reported_as(self, command: Command) -> Reported:
        """Return the event of the new status."""
        spec = SPECS[command.action]
        return Reported(spec.event_type, str(spec.status))

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Set the status. The change is proven if PagerDuty shows a new one, made by this person."""
        action, text = context.command.action, context.command.params.text
        status = SPECS[action].status
        if status is None:
            raise Malformed(f"{action} leads to no state")
        answer = await pagerduty.set_status(context.command.incident, status, context.user.email, resolution=text)
        proven = status_is_ours(action, context.user.id, context.read_at.ms, answer.value)
        # A PUT that did nothing, because another person was quicker, answers 200 as well.
        changed = context.current.status_change != answer.value.status_change
        said: Details = (("resolution", text),) if text else ()
        by = answer.value.status_change.by if answer.value.status_change else None
        futile = check_status(action, answer.value) if by is not None and by.id != context.user.id else None
        return ActionResult(answer.value, said=said, proven=proven and changed, futile=futile)

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Find the status, or else the log entry that it left."""
        if status_is_ours(context.command.action, context.user.id, since_ms, context.current):
            return ActionResult(context.current, proven=True)
        return await super().find_effect(pagerduty, context, since_ms)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome, and the present status if it is another one by now."""
        if effect.incident is None and effect.at is not None:
            return Outcome(Kind.DONE, why=f"It has changed since and is {context.current.snapshot.status} now.")
        return Outcome(Kind.DONE)


def status_is_ours(action: Action, user: UserId, since_ms: int, now: RestIncident) -> bool:
    """True if an uncertain call of ours shows in PagerDuty's data: status, agent, and a change since then."""
    change = now.status_change
    if now.snapshot.status is not SPECS[action].status or change is None or change.by is None:
        return False
    return change.by.id == user and change.at.ms + change.at.span_ms > since_ms
