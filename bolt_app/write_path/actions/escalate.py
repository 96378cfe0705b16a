"""
Escalate to the next level.

PagerDuty does not expose the current level, so it is remembered after our own escalation, or derived from who is on
call at which level. Where that is ambiguous the person chooses: a guess could page the wrong people, or none.
"""

from dataclasses import replace

from bolt_app.replies.builder import names
from bolt_app.write_path.actions.base import ActionContext, ActionResult, ConditionalAction, PreparedAction
from shared.errors import Malformed
from shared.model.command import Command
from shared.model.enrichment import Level, OnCallByLevel, present_level
from shared.model.event_types import ESCALATED
from shared.model.ids import UserId
from shared.model.outcome import Choice, Declined, Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import TO_PEOPLE, RestIncident


class Escalate(ConditionalAction, PreparedAction):
    """Pages the next level of the escalation policy."""

    log_events = frozenset({ESCALATED})

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Refuse an incident that follows no escalation policy."""
        del command
        if now.snapshot.urgency == "low":
            why = "PagerDuty doesn't escalate low-urgency incidents."
            return Outcome(Kind.REFUSED, why=why, next_step="Raise its urgency in PagerDuty, or reassign it")
        if now.assigned_via == TO_PEOPLE:
            why = "It was assigned to a person directly, so it follows no escalation policy."
            return Outcome(Kind.REFUSED, why=why, next_step="Reassign it to an escalation policy")
        return None

    async def completed(self, pagerduty: PagerDuty, context: ActionContext) -> Command:
        """Return the command with the next level. Raises `Declined` at the last, or with choices if unknown."""
        if context.command.params.level is not None:
            return context.command
        now, policy = context.current, context.current.snapshot.escalation_policy
        if policy is None:
            why = "It has no escalation policy in PagerDuty."
            raise Declined(Outcome(Kind.REFUSED, why=why, next_step="Reassign it instead"))
        levels = len((await pagerduty.escalation_policy(policy.id)).levels)
        on_call: dict[int, dict[UserId, str]] = {}
        for entry in await pagerduty.on_calls(policy.id):
            on_call.setdefault(entry.level, {})[UserId(entry.user.id)] = entry.user.name
        at = present_level(context.known.level, now.snapshot.assignee_ids, on_call)
        if at is None:
            raise Declined(_choice(now, levels, on_call))
        if at >= levels:
            why = f"It is at level {at}, the last level of {policy.name or policy.id}."
            raise Declined(Outcome(Kind.REFUSED, why=why, next_step="Reassign it, or add responders"))
        return replace(context.command, params=replace(context.command.params, level=at + 1))

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Set the escalation level."""
        level = context.command.params.level
        if level is None:
            raise Malformed("an escalation to no level")
        after = (await pagerduty.escalate(context.command.incident, level, context.user.email)).value
        return ActionResult(after, level=Level(level, after.snapshot.assignee_ids))

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome with the people who were paged."""
        after, level = effect.incident, context.command.params.level
        if after is None or level is None:
            return super().outcome(context, effect)
        whom = names(after.snapshot.assignees)
        if after.snapshot.assignee_ids == context.current.snapshot.assignee_ids:
            why = f"It is still assigned to {whom}: possibly no one else is on call at level {level}."
        else:
            why = f"Level {level} was paged: {whom}."
        return Outcome(Kind.DONE, why=why)


def _choice(now: RestIncident, levels: int, on_call: OnCallByLevel) -> Outcome:
    """Return the outcome that lets the person choose a level."""
    choices = tuple(Choice(level, tuple(sorted(on_call.get(level, {}).values()))) for level in range(1, levels + 1))
    whom = names(now.snapshot.assignees)
    why = f"It is assigned to {whom}, and PagerDuty doesn't show at which level."
    return Outcome(Kind.CHOOSE, why=why, choices=choices)
