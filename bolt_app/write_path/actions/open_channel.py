"""Note that a person wants a channel for an incident; PagerDuty is sent nothing, and the channel's upkeep opens it."""

from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult
from shared.model.event_types import CHANNEL_OPENED
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import line_time
from shared.pagerduty.api.client import PagerDuty


class OpenChannel(ActionHandler):
    """Requests the channel, also one that exists: the person who asks is invited."""

    echoed = False

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Return an effect at the time at which the incident was read; the line in its thread follows from it."""
        del pagerduty
        return ActionResult(at=context.read_at, proven=True)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return where the channel is, or will be linked."""
        del effect
        known = [line for line in context.known.lines if line.type == CHANNEL_OPENED]
        name = max(known, key=line_time).detail_value("name") if known else ""
        there = f"It is #{name}, and you are invited." if name else "The incident's thread links it once it is open."
        return Outcome(Kind.DONE, why=there)
