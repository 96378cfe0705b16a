"""
The next escalation level.

PagerDuty does not expose the current level, so it is remembered after our own escalation, or derived from who is on
call at which level. Where that is ambiguous the person chooses: a guess could page the wrong people, or none.
"""

from collections.abc import Mapping

from shared.model.ids import UserId
from shared.model.incident import Incident
from shared.model.outcome import Choice, Declined, Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import RestIncident

OnCall = Mapping[int, Mapping[UserId, str]]
"""Who is on call at each level, with their names."""


class NextLevel:
    """Finds the level after the present one."""

    def __init__(self, pagerduty: PagerDuty) -> None:
        self._pagerduty = pagerduty

    async def find(self, now: RestIncident, known: Incident) -> int:
        """
        Return the level to escalate to.

        Raises `Declined` when the present level is the last, or cannot be known: then with the choices.
        """
        policy = now.snapshot.escalation_policy
        if policy is None:
            why = "PagerDuty names no escalation policy for it."
            raise Declined(Outcome(Kind.REFUSED, why=why, next_step="Reassign it instead"))
        levels = len((await self._pagerduty.escalation_policy(policy.id)).levels)
        on_call = await self._on_call(policy.id)
        at = present_level(now.snapshot.assignee_ids, known, on_call)
        if at is None:
            choices = tuple(
                Choice(level, tuple(sorted(on_call.get(level, {}).values()))) for level in range(1, levels + 1)
            )
            raise Declined(Outcome(Kind.CHOOSE, why=_why(now), choices=choices))
        if at >= levels:
            why = f"It is at level {at}, the last one of {policy.name or policy.id}."
            raise Declined(Outcome(Kind.REFUSED, why=why, next_step="Reassign it, or add responders"))
        return at + 1

    async def _on_call(self, policy: str) -> OnCall:
        levels: dict[int, dict[UserId, str]] = {}
        for entry in await self._pagerduty.on_calls(policy):
            levels.setdefault(entry.level, {})[UserId(entry.user.id)] = entry.user.name
        return levels


def present_level(assignees: frozenset[UserId], known: Incident, on_call: OnCall) -> int | None:
    """
    Return the current level, or None if it is not certain.

    A remembered level holds only while the assignees are those of that time: with other assignees it is another level.
    """
    if known.level is not None and known.level.assignees == assignees:
        return known.level.number
    candidates = [level for level, people in on_call.items() if assignees and assignees <= people.keys()]
    return candidates[0] if len(candidates) == 1 else None


def _why(now: RestIncident) -> str:
    whom = " and ".join(ref.name or ref.id for ref in now.snapshot.assignees) or "nobody"
    return f"It is assigned to {whom}, and PagerDuty does not say at which level that is."
