"""
The values of an incident's fields before their last change, kept for a while. Pure.

Only a change that is surely newer than what was known counts: what the times can't order has no value before. Where the
teams change nothing is kept, as those who read the card then may not be those who read it before.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.event import SECOND, Instant, Snapshot, ids_of_teams
from shared.model.event_types import Status

SHOWN_MS = 600 * SECOND
"""Milliseconds between two changes from which on the earlier one is not kept."""
LONGEST = 250
"""Characters that are kept of a value."""


class Field(StrEnum):
    """The fields of an incident that a card shows, but for its state, of which the card tells in words."""

    TITLE = "title"
    URGENCY = "urgency"
    PRIORITY = "priority"
    SERVICE = "service"
    ASSIGNEES = "assignees"


@dataclass(frozen=True)
class Change:
    """The value of a field before its last change, if it had one, and when it changed, by PagerDuty's clock."""

    field: Field
    old: str
    at_ms: int


Changes = tuple[Change, ...]


def changes_after(
    known: Changes, before: Snapshot | None, as_of: Instant | None, after: Snapshot | None, at: Instant | None
) -> Changes:
    """Return the changes to keep once `after`, known as of `at`, has taken the place of `before`, of `as_of`."""
    if before is None or after is None or ids_of_teams(before.teams) != ids_of_teams(after.teams):
        return ()
    was, now = _values(before), _values(after)
    differing = [each for each in was if each in now and was[each][0] != now[each][0]]
    kept = [change for change in known if change.field in now and change.field not in differing]
    if at is not None and as_of is not None and as_of.surely_before(at):
        kept += [Change(each, was[each][1][:LONGEST], at.ms) for each in differing if was[each][1]]
    newest = max((change.at_ms for change in kept), default=0)
    return tuple(change for change in kept if change.at_ms > newest - SHOWN_MS)


def shown_until_ms(changes: Changes, shown_ms: int) -> int:
    """Return until when old values are shown, all of them `shown_ms` milliseconds from the last change on; 0: none."""
    return max((change.at_ms + shown_ms for change in changes), default=0)


def _values(snapshot: Snapshot) -> dict[Field, tuple[object, str]]:
    """Return for each field the value to compare, as names may be spelled differently, and its name."""
    refs = {Field.PRIORITY: [snapshot.priority], Field.SERVICE: [snapshot.service]}
    if snapshot.status is not Status.RESOLVED:
        # Resolving takes all assignees away, which the card does not show.
        refs[Field.ASSIGNEES] = [*snapshot.assignees]
    values: dict[Field, tuple[object, str]] = {
        Field.TITLE: (snapshot.title, snapshot.title),
        Field.URGENCY: (snapshot.urgency, snapshot.urgency),
    }
    for each, given in refs.items():
        named = {ref.id: ref.name or ref.id for ref in given if ref}
        values[each] = named.keys(), ", ".join(named.values())
    return values
