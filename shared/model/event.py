"""
Events: what happened in PagerDuty, from any of the three sources, the snapshots they carry, and what these change.

The values of an incident's fields before their last change are kept for a while. Only a change that is surely newer
than what was known counts: what the times can't order has no value before. Where the teams change nothing is kept, as
those who read the card then may not be those who read it before.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from shared.errors import Malformed
from shared.model.event_types import TRANSITIONS, Status
from shared.model.ids import CommandId, EventId, IncidentId, TeamId, UserId, incident_id

SECOND = 1000
"""Milliseconds in a second; every time in the model is in milliseconds since 1970, UTC."""
_LAST_MS = 7_258_118_400_000
"""The year 2200, from which on no time is meant."""
CHANGES_KEPT_MS = 600 * SECOND
"""Milliseconds between two changes from which on the old value of the earlier one is not kept."""
LONGEST_OLD = 250
"""Characters that are kept of an old value."""


class Source(StrEnum):
    """The ways in which one and the same change can reach us. A timeline line has one slot for each."""

    WEBHOOK = "webhook"
    ANSWER = "answer"
    """PagerDuty's answer to a call of our own."""
    READ = "read"
    """A `GET` of the incident: carries state, announces nothing."""
    LOG = "log"
    """A log entry."""


@dataclass(frozen=True)
class Instant:
    """
    A time in PagerDuty's own data, with the precision in which it was given.

    Webhooks give milliseconds, REST whole seconds, so an instant is really the span from `ms` to `ms + span`. Raises
    `Malformed` for a time before 1970 or from 2200 on.
    """

    ms: int
    span_ms: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.ms < _LAST_MS and 0 < self.span_ms <= SECOND):
            raise Malformed("a time that cannot be")

    @property
    def end(self) -> int:
        """The last millisecond that it may be."""
        return self.ms + self.span_ms - 1

    def surely_before(self, other: "Instant") -> bool:
        """True if this instant ended before the other began; False if they overlap."""
        return self.ms + self.span_ms <= other.ms

    def wider(self, other: "Instant") -> "Instant":
        """Take the later second, and of one second the instant that may be any part of it."""
        return max(self, other, key=lambda instant: (instant.ms // SECOND, instant.span_ms))


@dataclass(frozen=True)
class Ref:
    """A reference to a user, a service, a team, a policy or a priority, with the name PagerDuty shows for it."""

    id: str
    name: str = ""
    url: str = ""


def ids_of_teams(teams: tuple[Ref, ...] | None) -> frozenset[TeamId] | None:
    """Return the ids of teams, None if PagerDuty did not say which they are."""
    return None if teams is None else frozenset(TeamId(team.id) for team in teams)


@dataclass(frozen=True)
class Agent:
    """The person or tool that caused an event. `kind` is PagerDuty's reference type, such as `user_reference`."""

    id: str
    name: str = ""
    kind: str = "user_reference"

    @property
    def is_user(self) -> bool:
        """True for a person, False for an integration or a service."""
        return self.kind in {"user_reference", "user"}


@dataclass(frozen=True)
class Snapshot:
    """
    An incident as PagerDuty gave it at one instant: the fields that both a webhook and a REST read carry.

    `teams` is None where PagerDuty did not say: not the same as none, and nothing is shown until they are known.
    Two snapshots are equal exactly when they would be shown alike, which is how a tie between sources is recognised.
    """

    status: Status
    title: str
    number: int | None
    url: str
    urgency: str
    service: Ref | None
    priority: Ref | None
    assignees: tuple[Ref, ...]
    teams: tuple[Ref, ...] | None
    escalation_policy: Ref | None
    created_ms: int | None = None

    @cached_property
    def facts(self) -> tuple[object, ...]:
        """Return the fields on which the sources must agree; names and links may be spelled differently."""
        service, priority, policy = (
            ref.id if ref else None for ref in (self.service, self.priority, self.escalation_policy)
        )
        assignees = frozenset(ref.id for ref in self.assignees)
        teams = ids_of_teams(self.teams)
        return (self.number, self.status, self.title, self.urgency, service, priority, assignees, teams, policy)

    @property
    def assignee_ids(self) -> frozenset[UserId]:
        """The users that the incident is assigned to now; empty once it is resolved."""
        return frozenset(UserId(ref.id) for ref in self.assignees)

    @property
    def next_depends_on(self) -> tuple[object, ...]:
        """The fields that decide what PagerDuty will do next by itself."""
        policy = self.escalation_policy.id if self.escalation_policy else None
        return self.status, self.urgency, self.assignee_ids, policy


@dataclass(frozen=True)
class FirstSeen:
    """
    An incident as it was when we first saw it.

    PagerDuty sends no event for a new title or urgency, and others may be lost; then a read shows what has changed.
    `priority` and `service` are ids, empty for none.
    """

    title: str
    urgency: str
    priority: str
    service: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> "FirstSeen":
        """Take what may change without an event from the first snapshot."""
        priority, service = (ref.id if ref else "" for ref in (snapshot.priority, snapshot.service))
        return cls(snapshot.title, snapshot.urgency, priority, service)


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
        kept += [Change(each, was[each][1][:LONGEST_OLD], at.ms) for each in differing if was[each][1]]
    newest = max((change.at_ms for change in kept), default=0)
    return tuple(change for change in kept if change.at_ms > newest - CHANGES_KEPT_MS)


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


@dataclass(frozen=True)
class StatusChange:
    """The last change of an incident's status: by whom, and when (REST's `last_status_change_by` and `_at`)."""

    by: Agent | None
    at: Instant


Details = tuple[tuple[str, str], ...]
"""Named details of a line, such as `("text", "Looking at it")`."""


@dataclass(frozen=True)
class Event:
    """
    One thing that happened to one incident, as one source told it.

    `at` is PagerDuty's time, never ours. `snapshot` is the incident right after the change, where the source gives it.
    `detail` is what came out, for a transition the state that its type leads to unless another is given. It tells two
    events of one type apart; every source gives the same for the same change.
    `subject` is the id of the note or status update that it is about, alike from every source, by which alone such a
    one is known. `command` is set on what a command of ours did, `proven` says that this answer proves that it did.
    `ends_ms` is when the incident's acknowledgement then ends by itself, 0 for never, None where that is not said.

    Raises `Malformed` for an incident that no key can be named after.
    """

    id: EventId
    type: str
    incident: IncidentId
    source: Source
    at: Instant
    agent: Agent | None = None
    snapshot: Snapshot | None = None
    detail: str = ""
    subject: str = ""
    details: Details = ()
    command: CommandId | None = None
    proven: bool = False
    ends_ms: int | None = None

    def __post_init__(self) -> None:
        incident_id(self.incident)
        object.__setattr__(self, "detail", self.detail or str(TRANSITIONS.get(self.type, "")))


def joined_ids(ids: Iterable[str]) -> str:
    """Return ids as a `detail`, independent of their order."""
    return ",".join(sorted(set(ids)))


def digest(text: str) -> str:
    """Write a text as a short `detail`, of its beginning alone, however spaced: webhooks cut long texts."""
    beginning = " ".join(text.split())[:500].rstrip()
    return hashlib.sha256(beginning.encode(errors="replace")).hexdigest()[:16]
