"""Merge an incident into another one, which goes on with the alerts of both."""

from bolt_app.write_path.actions.base import ActionContext, ActionResult, PreparedAction, Reported
from shared.errors import Malformed
from shared.model.command import Command
from shared.model.event import Ref
from shared.model.event_types import RESOLVED, Status
from shared.model.ids import incident_id
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.api.client import PagerDuty


class Merge(PreparedAction):
    """Merges. PagerDuty resolves the incident for that reason; of the merge itself it sends no event."""

    def reported_as(self, command: Command) -> Reported:
        """Return the event of the status that it ends in."""
        del command
        return Reported(RESOLVED, str(Status.RESOLVED))

    async def completed(self, pagerduty: PagerDuty, context: ActionContext) -> Command:
        """Return the command if the other incident is open. Raises `Declined` if not."""
        into = _target(context.command)
        if (await pagerduty.incident(incident_id(into.id))).value.snapshot.status is Status.RESOLVED:
            why = f"Incident {into.name} is resolved, and only an open one can take another in."
            raise Declined(Outcome(Kind.REFUSED, why=why, next_step="Choose an open incident"))
        return context.command

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Merge it; the answer is the other incident."""
        into, command = _target(context.command), context.command
        await pagerduty.merge(incident_id(into.id), command.incident, context.user.email)
        return ActionResult()

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Find that it was merged into this incident; it was open before the call, or no call would have been made."""
        del pagerduty, since_ms
        merged = context.current.merged_into
        return ActionResult(context.current) if merged and merged.id == _target(context.command).id else None

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome with the incident that goes on."""
        del effect
        return Outcome(Kind.DONE, why=f"Incident {_target(context.command).name} goes on with its alerts.")


def _target(command: Command) -> Ref:
    if command.params.target is None:
        raise Malformed("a merge into no incident")
    return command.params.target
