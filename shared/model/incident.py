"""
The projection of one incident, and `fold`, the only rule that changes it.

Invariant, for any order, number and duplication of events: the newest snapshot wins, an older one never overwrites, and
every transition has exactly one line. What PagerDuty's own times cannot decide is not guessed: the fold only notes that
a read is needed (`needs_read`), and the read settles it.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.model.command import KEPT, Attempt, AttemptState, CommandRecord, Expectation
from shared.model.enrichment import Enrichment, Level, PendingActions
from shared.model.event import SECOND, Changes, Event, FirstSeen, Instant, Snapshot, Source, StatusChange, changes_after
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOUNCED_TYPES,
    LEVEL_CHANGING_TYPES,
    REOPENED,
    RESOLVED,
    SNOOZED,
    TRANSITIONS,
    TRIGGERED,
    UNREADABLE,
    Status,
)
from shared.model.ids import EventId, IncidentId
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import (
    SECOND_BOUNDARY,
    UNNAMED,
    Line,
    Recalled,
    echo_of,
    line_of,
    line_time,
    main_line_of,
    record,
)

AHEAD_MS = 60 * SECOND
"""Milliseconds by which an event may be ahead of PagerDuty's time, which is known to about a second."""
LAG_MS = 120 * SECOND
"""Milliseconds by which what a `GET` shows may lag behind PagerDuty's events, if it comes from a replica."""
OLD_MS = 300 * SECOND
"""Milliseconds after which an event alone is no reason to post the card of an incident that was not heard of before."""


@dataclass(frozen=True)
class Incident:
    """
    The projection of one incident, whose `lines` are in the order of `line_time`.

    `as_of` is the time in PagerDuty's own data up to which `snapshot` is known, `rank` decides between snapshots whose
    times overlap. `level` is kept because PagerDuty does not expose it. `seen_events` maps the ids of folded events to
    the store's time. `needs_read` is true if PagerDuty has to be read. `first_seen` never changes. `enrichment` comes
    from reads only. `moved_until_ms` is how far lines were moved out (`shared.model.archive`), None if nothing was.
    `anew_ms` is when it was begun without what was known before, by the store's clock. `changes`: old values.
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
    moved_until_ms: int | None = None
    recalled: Recalled = field(default_factory=Recalled)
    anew_ms: int = 0
    changes: Changes = ()

    @classmethod
    def anew(cls, incident: IncidentId, now_ms: int) -> "Incident":
        """Begin without what was known: PagerDuty has to be read, and any line may have been told and moved out."""
        return cls(incident, needs_read=True, moved_until_ms=now_ms, anew_ms=now_ms)

    @property
    def status(self) -> Status | None:
        """The state as far as it is known."""
        return self.snapshot.status if self.snapshot else None

    @property
    def transitions(self) -> tuple[Line, ...]:
        """The lines that tell of changes of the state."""
        return tuple(line for line in self.lines if line.type in TRANSITIONS)

    def opened_before(self, ms: int) -> bool:
        """True if it was opened before then, as far as known: to the second, by its first event to the millisecond."""
        told = any(line.type == TRIGGERED and line.at.ms >= ms for line in self.lines)
        created = self.snapshot.created_ms if self.snapshot else None
        return not told and (created is None or created < ms)

    @property
    def needs_enrichment(self) -> bool:
        """True if PagerDuty has to be read for the card; a resolved incident has no pending actions."""
        if self.snapshot is None or self.enrichment.alert is None:
            return self.snapshot is not None
        if self.status is Status.RESOLVED:
            return False
        pending = self.enrichment.pending
        return pending is None or (self.as_of is not None and pending.as_of.surely_before(self.as_of))

    def late_outcome(self, record: CommandRecord) -> Outcome | None:
        """
        Return the outcome that events have shown since a command ended; None if they have shown nothing new.

        A resolve between the guard's read and an acknowledge was undone by it: the incident is open again.
        """
        command, known = record.command.id, record.outcome
        done = line_of(self.lines, command)
        if known is None or not record.ended_ms or known.kind not in {Kind.DONE, Kind.UNKNOWN} or done is None:
            return None
        expected = next((e for e in self.expectations if e.command == command), None)
        if expected and done.type == ACKNOWLEDGED:
            earlier = [line for line in self.transitions if line.command != command and line.at.ms <= done.at.end]
            before = max(earlier, key=line_time, default=None)
            if before and before.type == RESOLVED and before.at.ms >= expected.read_ms:
                return Outcome(Kind.REOPENED, actor=before.agent.name if before.agent else "", at_ms=before.at.ms)
        return Outcome(Kind.DONE) if known.kind is Kind.UNKNOWN else None

    def last_change(self) -> Line | None:
        """Find the transition that led to the present state, if told; no older one of its kind stands in for it."""
        newest = next((line for line in reversed(self.lines) if line.type in TRANSITIONS), None)
        return newest if newest is not None and TRANSITIONS[newest.type] is self.status else None

    def overruled_by(self, read: Snapshot, read_ms: int) -> "Incident":
        """Drop an `as_of` that a `GET` overrules: in the future, of another incident, or too old to differ."""
        known = self.snapshot or read
        oldest_ms = 0 if known == read and not self.needs_read else read_ms - LAG_MS
        within = self.as_of is None or oldest_ms <= self.as_of.ms <= read_ms + AHEAD_MS
        born, other = known.created_ms, read.created_ms
        same = known.number == read.number and (born is None or other is None or abs(born - other) <= AHEAD_MS)
        # Without it anything else wins, and PagerDuty has to be read.
        return self if within and same else replace(self, as_of=None, rank="", needs_read=True)


class FoldResult(StrEnum):
    """How an event related to the projection, for metrics."""

    NEWS = "news"
    ECHO = "echo"
    DUPLICATE = "duplicate"
    STALE = "stale"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Folded:
    """A projection after an event, and what the event was to it."""

    incident: Incident
    result: FoldResult


def fold(incident: Incident, event: Event, now_ms: int, pagerduty_ms: int | None = None) -> Folded:
    """
    Return the projection with `event` folded in.

    Idempotent by `event.id`, independent of the order of events. `now_ms` is the store's time and only serves to forget
    what is older than any delivery can be, `pagerduty_ms` PagerDuty's, if known. An event that cannot be, of its future
    or with another number, which an incident keeps, changes nothing. An incident first heard of through an old one is
    not known by it, as a signature has no time. Both need a read, and so does a merge without a number.
    """
    from_webhook = event.source is Source.WEBHOOK
    # The sources of a line are kept as long as the line, which is longer than `seen_events`.
    held = (source for line in incident.lines for _, source in line.slots)
    if event.id in {*(seen for seen, _ in incident.seen_events), *held, *incident.recalled.ids}:
        return Folded(incident, FoldResult.DUPLICATE)
    numbers = {shown.number for shown in (incident.snapshot, event.snapshot) if shown} - {None}
    future = pagerduty_ms is not None and event.at.ms > pagerduty_ms + AHEAD_MS
    if from_webhook and (future or len(numbers) > 1):
        return Folded(replace(incident, needs_read=True), FoldResult.IMPOSSIBLE)
    doubted = pagerduty_ms is not None and incident.as_of is not None and incident.as_of.ms > pagerduty_ms + AHEAD_MS
    incident = replace(incident, as_of=None, rank="") if doubted else incident
    expected = incident.expectations
    echo = echo_of(expected, incident.lines, event) if expected else None
    side = main_line_of(expected, incident.lines, event) if expected and echo is None else None
    # A reopening sorts before the acknowledge that it is a side of, also with a later second in the response.
    over = side is not None and line_of(incident.lines, side.command) is not None
    is_old = from_webhook and event.at.end < (now_ms if pagerduty_ms is None else pagerduty_ms) - OLD_MS
    if incident.snapshot is None and is_old:
        newer, stale = replace(incident, needs_read=True), False
    else:
        newer, stale = (incident, True) if over else _take_snapshot(incident, event)
    told = _take_line(newer, event, echo, side)
    kept = replace(
        _advance(incident, told),
        needs_read=told.needs_read or doubted or UNNAMED in event.details,
        seen_events=tuple(seen for seen in (*told.seen_events, (event.id, now_ms)) if seen[1] > now_ms - KEPT),
        expectations=tuple(e for e in told.expectations if e.noted_ms > now_ms - KEPT),
    )
    related = FoldResult.STALE if stale else FoldResult.NEWS
    return Folded(kept, FoldResult.ECHO if echo is not None and from_webhook else related)


def fold_read(incident: Incident, read: Event) -> Incident:
    """
    Fold what a `GET` showed while other events may have come in: it announces nothing, and is compared like any other.

    Reads are not remembered in `seen_events`: reading the same state twice changes nothing.
    """
    return _advance(incident, _take_snapshot(incident, read)[0])


def settle(incident: Incident, snapshot: Snapshot, updated: Instant) -> Incident:
    """
    Let a `GET` decide what the times of the events could not.

    Only for a read that was begun when the projection was as it is now. A read that is older than the projection (a
    lagging replica at PagerDuty) decides nothing, and the incident still needs a read.
    """
    if is_behind(incident, updated):
        return incident
    as_of = updated if incident.as_of is None else updated.wider(incident.as_of)
    # Keeps the rank of the webhook that it settled: one that is older still must not win over the read.
    rank = max(incident.rank, _rank(Source.READ, as_of, ""))
    first = incident.first_seen or FirstSeen.of(snapshot)
    settled = replace(incident, snapshot=snapshot, as_of=as_of, rank=rank, needs_read=False, first_seen=first)
    return _advance(incident, settled)


def is_over(incident: Incident, snapshot: Snapshot, updated: Instant, now_ms: int) -> bool:
    """True if an incident that nothing recent was heard of was resolved before PagerDuty's oldest delivery can be."""
    heard = max([updated.end, *(line.at.end for line in incident.lines)])
    return snapshot.status is Status.RESOLVED and heard < now_ms - KEPT


def is_behind(incident: Incident, updated: Instant) -> bool:
    """True if a `GET` shows a state older than the projection by over a second: `updated_at` is cut to seconds."""
    return incident.as_of is not None and updated.ms + updated.span_ms + SECOND <= incident.as_of.ms


def _take_snapshot(incident: Incident, event: Event) -> tuple[Incident, bool]:
    """Keep the newer of two snapshots; the flag says that the event's own was older."""
    if event.snapshot is None:
        # A delivery that tells of a transition carries the incident, or one that could not be read.
        untold = event.source is Source.WEBHOOK and event.type in {*TRANSITIONS, UNREADABLE}
        needs_read = incident.needs_read or incident.snapshot is None or untold
        return replace(incident, needs_read=needs_read), False
    rank = _rank(event.source, event.at, event.id)
    snapshot, known = event.snapshot, incident.snapshot
    nameless = event.source is Source.WEBHOOK and snapshot.number is None
    if nameless and known is not None:
        snapshot = replace(snapshot, number=known.number)
    # The record of the last status change holds for that status only.
    change = incident.status_change if incident.status is snapshot.status else None
    first = incident.first_seen or FirstSeen.of(snapshot)
    taken = replace(incident, snapshot=snapshot, as_of=event.at, rank=rank, status_change=change, first_seen=first)
    incomplete = nameless or snapshot.teams is None
    if known is None or incident.as_of is None:
        return replace(taken, needs_read=incomplete), False
    differs = nameless or snapshot.facts != known.facts
    if incident.as_of.surely_before(event.at):
        return replace(taken, needs_read=incomplete or (differs and _may_be_after(incident.as_of, event.at))), False
    if event.at.surely_before(incident.as_of):
        return incident, True
    winner = taken if rank > incident.rank else incident
    # Whichever wins: what is known of the whole second may be newer than the next webhook of it, too.
    as_of = incident.as_of.wider(event.at)
    return replace(winner, as_of=as_of, needs_read=incident.needs_read or differs), False


def _may_be_after(known: Instant, at: Instant) -> bool:
    """True if what is known to the second may be from after `at`, which is just after that second."""
    return known.span_ms > 1 and at.ms <= known.end + SECOND_BOUNDARY


def _rank(source: Source, at: Instant, event: str) -> str:
    """Order snapshots of one second: a webhook beats REST, because it knows the millisecond, then the later wins."""
    return f"{source is Source.WEBHOOK:d}:{at.ms:015d}:{event}"


def _take_line(incident: Incident, event: Event, echo: Expectation | None, side: Expectation | None) -> Incident:
    if event.type == UNREADABLE:
        return replace(incident, level=None)
    if event.type not in ANNOUNCED_TYPES or (event.source is Source.ANSWER and not event.proven):
        return incident
    lines = record(incident.lines, event, echo or side)
    # Else the command whose line the event joined, though it may have been another person's act.
    joined = {line.command for line in lines if (event.source, event.id) in line.slots}
    told = echo or next((e for e in incident.expectations if e.command in joined and e.matches(event)), None)
    # It is used up for this source; the others tell of the same time.
    expectations = tuple(
        replace(e.narrowed(event.at), matched=(*e.matched, (event.source, event.id))) if e is told else e
        for e in incident.expectations
    )
    attempts = tuple(a for a in incident.attempts if echo is None or a.command != echo.command)
    # A reopened incident starts at the first level again, also if our own command reopened it.
    kept = event.type not in LEVEL_CHANGING_TYPES or (echo is not None and event.type != REOPENED)
    enrichment = incident.enrichment
    # A snooze changes when the acknowledgement ends, of which its snapshot shows nothing.
    if event.type == SNOOZED and enrichment.pending and not event.at.surely_before(enrichment.pending.as_of):
        enrichment = replace(enrichment, pending=None)
    if event.ends_ms is not None and incident.snapshot is event.snapshot:
        enrichment = replace(enrichment, pending=PendingActions(event.at, ends_ms=event.ends_ms or None))
    after = replace(incident, lines=lines, expectations=expectations, attempts=attempts)
    return replace(after, level=incident.level if kept else None, enrichment=enrichment)


def _advance(before: Incident, after: Incident) -> Incident:
    """Keep old values; drop attempts that are outdated or unknown, and pending actions, once it has moved on."""
    was, now = before.snapshot, after.snapshot
    if was is not now:
        after = replace(after, changes=changes_after(after.changes, was, before.as_of, now, after.as_of))
    # Pending actions that came with the change itself are of the state after it, and are kept.
    outdated = before.enrichment.pending is after.enrichment.pending
    if outdated and was is not None and now is not None and was.next_depends_on != now.next_depends_on:
        after = replace(after, enrichment=replace(after.enrichment, pending=None))
    if before.status is after.status:
        return after
    return replace(after, attempts=tuple(a for a in after.attempts if a.state is AttemptState.TRYING))
