"""Snooze an acknowledged incident."""

from bolt_app.write_path.actions.base import ActionContext, ActionResult, ConditionalAction, unless_acknowledged
from shared.model.command import Command
from shared.model.event_types import SNOOZED
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import ACKNOWLEDGEMENT_ENDS, RestIncident


class Snooze(ConditionalAction):
    """Puts off the time at which the acknowledgement ends. PagerDuty sends no event for it, so there is no echo."""

    echoed = False
    log_events = frozenset({SNOOZED})

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Refuse unless the incident is acknowledged."""
        del command
        why = "Only an acknowledged incident can be snoozed."
        return unless_acknowledged(now, why, "Acknowledge it first, then snooze it")

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Snooze the incident."""
        command = context.command
        answer = (await pagerduty.snooze(command.incident, command.params.seconds, context.user.email)).value
        wakes = answer.due(ACKNOWLEDGEMENT_ENDS)
        return ActionResult(answer, said=(("until", str(wakes.ms)),) if wakes else (), proven=True)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome with the time at which the snooze ends."""
        wakes = effect.incident.due(ACKNOWLEDGEMENT_ENDS) if effect.incident else None
        return Outcome(Kind.DONE, why="Snoozed until", at_ms=wakes.ms) if wakes else super().outcome(context, effect)
