"""The escalation level at which an incident is, which PagerDuty does not expose."""

from collections.abc import Mapping

from shared.model.ids import UserId
from shared.model.incident import Incident

OnCall = Mapping[int, Mapping[UserId, str]]
"""The people on call at each level, by id, with their names."""


def present_level(assignees: frozenset[UserId], known: Incident, on_call: OnCall) -> int | None:
    """
    Return the current level, or None if it is not certain.

    A remembered level holds only while the assignees are those of that time: with other assignees it is another level.
    """
    if known.level is not None and known.level.assignees == assignees:
        return known.level.number
    candidates = [level for level, people in on_call.items() if assignees and assignees <= people.keys()]
    return candidates[0] if len(candidates) == 1 else None
