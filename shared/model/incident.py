"""
The projection of one incident, and `fold`, the only rule that changes it.

Invariant, for any order, number and duplication of events: the newest snapshot wins, an older one never overwrites, and
every transition has exactly one line. What PagerDuty's own times cannot decide is not guessed: the fold only notes that
a read is needed (`needs_read`), and the read settles it.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.model.command import Attempt, AttemptState, CommandRecord
from shared.model.enrichment import Enrichment
from shared.model.event import (
    ACKNOWLEDGED,
    ANNOUNCED_TYPES,
    DELEGATED,
    ESCALATED,
    REASSIGNED,
    REOPENED,
    RESOLVED,
    SECOND,
    TRANSITIONS,
    TRIGGERED,
    Event,
    Instant,
    Snapshot,
    Source,
    Status,
    StatusChange,
)
from shared.model.expectation import KEPT, Expectation, mark_matched
from shared.model.ids import CommandId, EventId, IncidentId, UserId
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import Line, command_of, echo_of, line_of, line_time, main_line_of, record

LEVEL_CHANGING_TYPES = frozenset({ESCALATED, DELEGATED, REASSIGNED, REOPENED})
"""After one of these that was not ours, the escalation level is unknown."""


@dataclass(frozen=True)
class Level:
    """The escalation level that a command of ours brought an incident to, and whom it was assigned to there."""

    number: int
    assignees: frozenset[UserId]


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


@dataclass(frozen=True)
class Incident:
    """
    The projection of one incident.

    `as_of` is the time in PagerDuty's own data up to which `snapshot` is known, `rank` decides between snapshots whose
    times overlap. `level` is kept because PagerDuty does not expose it. `seen_events` maps the ids of folded events to
    the store's time. `needs_read` is true if PagerDuty has to be read. `first_seen` never changes. `enrichment` comes
    from reads only.
    """

    id: IncidentId
    snapshot: Snapshot | None = None
    as_of: Instant | None = None
    rank: str = ""
    status_change: StatusChange | None = None
    lines: tuple[Line, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    level: Level | None = None
    seen_events: tuple[tuple[EventId, int], ...] = ()
    needs_read: bool = False
    first_seen: FirstSeen | None = None
    enrichment: Enrichment = field(default_factory=Enrichment)

    @property
    def status(self) -> Status | None:
        """The state as far as it is known."""
        return self.snapshot.status if self.snapshot else None

    @property
    def transitions(self) -> tuple[Line, ...]:
        """The lines that tell of changes of the state."""
        return tuple(line for line in self.lines if line.type in TRANSITIONS)

    def opened_before(self, ms: int) -> bool:
        """
        True if it was opened before then, as far as known.

        PagerDuty gives the second of its creation; only its first event has milliseconds.
        """
        told = any(line.type == TRIGGERED and line.at.ms >= ms for line in self.lines)
        created = self.snapshot.created_ms if self.snapshot else None
        return not told and (created is None or created < ms)

    def line_of(self, command: CommandId) -> Line | None:
        """Find the line that announces what `command` did."""
        return line_of(self.lines, command)

    def reopened_by(self, command: CommandId) -> Line | None:
        """
        Return the resolve that an acknowledge undid.

        The incident was resolved between the guard read and the acknowledge, which then reopened it.
        """
        done = self.line_of(command)
        expected = next((e for e in self.expectations if e.command == command), None)
        if done is None or expected is None or done.type != ACKNOWLEDGED:
            return None
        earlier = [line for line in self.transitions if line.command != command and line.at.ms <= done.at.end]
        before = max(earlier, key=line_time, default=None)
        resolved = before is not None and before.type == RESOLVED and before.at.ms >= expected.read_ms
        return before if resolved else None

    def late_outcome(self, record: CommandRecord) -> Outcome | None:
        """Return the outcome that events have shown since a command ended; None if they have shown nothing new."""
        command, known = record.command.id, record.outcome
        if known is None:
            return None
        undone = self.reopened_by(command)
        if undone is not None and known.kind in {Kind.DONE, Kind.UNKNOWN}:
            return Outcome(Kind.REOPENED, actor=undone.agent.name if undone.agent else "", at_ms=undone.at.ms)
        if known.kind is Kind.UNKNOWN and self.line_of(command) is not None:
            return Outcome(Kind.DONE)
        return None

    def last_change(self) -> Line | None:
        """
        Find the transition that led to the present state, if any source told of it.

        If the newest line leads elsewhere, the one that is missing is not replaced by an older one of its kind.
        """
        newest = max(self.transitions, key=line_time, default=None)
        return newest if newest is not None and TRANSITIONS[newest.type] is self.status else None


class FoldResult(StrEnum):
    """How an event related to the projection, for metrics."""

    NEWS = "news"
    ECHO = "echo"
    DUPLICATE = "duplicate"
    STALE = "stale"


@dataclass(frozen=True)
class Folded:
    """A projection after an event, and what the event was to it."""

    incident: Incident
    result: FoldResult


def fold(incident: Incident, event: Event, now_ms: int) -> Folded:
    """
    Return the projection with `event` folded in.

    Idempotent by `event.id`, independent of the order of events. `now_ms` is the store's time and only serves to forget
    what is older than any delivery can be.
    """
    # The sources of a line are kept as long as the line, which is longer than `seen_events`.
    if event.id in {
        *(seen for seen, _ in incident.seen_events),
        *(held for line in incident.lines for _, held in line.slots),
    }:
        return Folded(incident, FoldResult.DUPLICATE)
    echo = echo_of(incident.expectations, incident.lines, event)
    side = None if echo else main_line_of(incident.expectations, incident.lines, event)
    # Whatever second the response gives, a reopening sorts before the acknowledge that it is a side of.
    over = side is not None and incident.line_of(side.command) is not None
    newer, stale = (incident, True) if over else _take_snapshot(incident, event)
    told = _take_line(newer, event, echo, side)
    kept = _prune(
        _advance_enrichment(incident, replace(told, seen_events=(*told.seen_events, (event.id, now_ms)))), now_ms
    )
    if echo is not None and event.source is Source.WEBHOOK:
        return Folded(kept, FoldResult.ECHO)
    return Folded(kept, FoldResult.STALE if stale else FoldResult.NEWS)


def fold_read(incident: Incident, read: Event) -> Incident:
    """
    Fold what a `GET` showed while other events may have come in: it announces nothing, and is compared like any other.

    Reads are not remembered in `seen_events`: reading the same state twice changes nothing.
    """
    return _advance_enrichment(incident, _take_snapshot(incident, read)[0])


def settle(incident: Incident, snapshot: Snapshot, updated: Instant) -> Incident:
    """
    Let a `GET` decide what the times of the events could not.

    Only for a read that was begun when the projection was as it is now. A read that is older than the projection (a
    lagging replica at PagerDuty) decides nothing, and the incident still needs a read.
    """
    if is_behind(incident, updated):
        return incident
    as_of = updated if incident.as_of is None else _wider_instant(updated, incident.as_of)
    # Keeps the rank of the webhook that it settled: one that is older still must not win over the read.
    rank = max(incident.rank, _rank(Source.READ, as_of, ""))
    first = incident.first_seen or _first_seen(snapshot)
    settled = replace(incident, snapshot=snapshot, as_of=as_of, rank=rank, needs_read=False, first_seen=first)
    return _advance_enrichment(incident, settled)


def is_behind(incident: Incident, updated: Instant) -> bool:
    """
    True if a `GET` shows an older state than the projection.

    One second is tolerated, because `updated_at` is cut to seconds before `occurred_at` is taken.
    """
    return incident.as_of is not None and updated.ms + updated.span_ms + SECOND <= incident.as_of.ms


def _take_snapshot(incident: Incident, event: Event) -> tuple[Incident, bool]:
    """Keep the newer of two snapshots; the flag says that the event's own was older."""
    if event.snapshot is None:
        return replace(incident, needs_read=incident.needs_read or incident.snapshot is None), False
    rank = _rank(event.source, event.at, event.id)
    # Who last changed the status says nothing about another status.
    change = incident.status_change if incident.status is event.snapshot.status else None
    first = incident.first_seen or _first_seen(event.snapshot)
    taken = replace(
        incident, snapshot=event.snapshot, as_of=event.at, rank=rank, status_change=change, first_seen=first
    )
    if incident.snapshot is None or incident.as_of is None or incident.as_of.surely_before(event.at):
        return replace(taken, needs_read=False), False
    if event.at.surely_before(incident.as_of):
        return incident, True
    differs = event.snapshot.facts != incident.snapshot.facts
    winner = taken if rank > incident.rank else incident
    # Whichever wins: what is known of the whole second may be newer than the next webhook of it, too.
    as_of = _wider_instant(incident.as_of, event.at)
    return replace(winner, as_of=as_of, needs_read=incident.needs_read or differs), False


def _wider_instant(one: Instant, other: Instant) -> Instant:
    """Take the later second, and of one second the instant that may be any part of it."""
    return max(one, other, key=lambda instant: (instant.ms // SECOND, instant.span_ms))


def _first_seen(snapshot: Snapshot) -> FirstSeen:
    priority, service = (ref.id if ref else "" for ref in (snapshot.priority, snapshot.service))
    return FirstSeen(snapshot.title, snapshot.urgency, priority, service)


def _rank(source: Source, at: Instant, event: str) -> str:
    """
    Order snapshots within one second, the same whichever comes first.

    A webhook beats REST, because it knows the millisecond; the later webhook beats the earlier one.
    """
    return f"{source is Source.WEBHOOK:d}:{at.ms:015d}:{event}"


def _take_line(incident: Incident, event: Event, echo: Expectation | None, side: Expectation | None) -> Incident:
    if event.type not in ANNOUNCED_TYPES or (event.source is Source.ANSWER and not event.proven):
        return incident
    lines = record(incident.lines, event, echo or side)
    told = echo or command_of(incident.expectations, lines, event)
    expectations = incident.expectations if told is None else mark_matched(incident.expectations, told, event)
    attempts = tuple(a for a in incident.attempts if echo is None or a.command != echo.command)
    level = None if event.type in LEVEL_CHANGING_TYPES and echo is None else incident.level
    known = replace(incident, lines=lines, expectations=expectations, attempts=attempts, level=level)
    return replace(known, enrichment=incident.enrichment.after_event(event))


def _advance_enrichment(before: Incident, after: Incident) -> Incident:
    """Drop attempts that are outdated or unknown, and pending actions, once the incident has moved on."""
    after = replace(after, enrichment=after.enrichment.after_fold(before.snapshot, after.snapshot))
    if before.status is after.status:
        return after
    return replace(after, attempts=tuple(a for a in after.attempts if a.state is AttemptState.TRYING))


def _prune(incident: Incident, now_ms: int) -> Incident:
    seen = tuple((event, at) for event, at in incident.seen_events if at > now_ms - KEPT)
    expectations = tuple(e for e in incident.expectations if e.noted_ms > now_ms - KEPT)
    return replace(incident, seen_events=seen, expectations=expectations)
