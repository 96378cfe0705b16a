"""
The first half of the read path: folds events into the projection.

Any worker may fold any event, so dead and competing workers do no harm: what was folded is stored, the incident marked
dirty and the entry taken off its stream in one step, or none of it is done.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from prometheus_client import Counter, Histogram

from bolt_app.read_path.backlog import CROWDED, Backlog
from shared.errors import Malformed
from shared.model.backlog import counted_at_once
from shared.model.event import SECOND, Event, Instant, Source
from shared.model.event_types import ACKNOWLEDGED, ANNOUNCED_TYPES, RESOLVED
from shared.model.ids import CommandId, IncidentId
from shared.model.incident import AHEAD_MS, Folded, FoldResult, Incident, fold
from shared.model.journal import Fact, fact
from shared.model.thread_layout import has_backlog, needs_pass
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events import webhook
from shared.store import keys
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Step
from shared.store.incidents import Incidents
from shared.store.redis import Redis
from shared.store.streams import Entry
from shared.vendor_calls import BUCKETS

log = structlog.get_logger()

EVENTS = Counter("pagebridge_events", "Events folded, by type, source and fold result", ["type", "source", "told"])
DELIVERY = Histogram(
    "pagebridge_delivery_seconds",
    "Seconds from an event at PagerDuty, by its clock, until its webhook was on disk here",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 43200, 172800),
)
QUEUE_SECONDS = Histogram("pagebridge_event_wait_seconds", "Seconds that an event waited to be folded", buckets=BUCKETS)

Rule = Callable[[Incident, Event, int, int | None], Folded]
"""How an event changes a projection, given the store's time and PagerDuty's, in milliseconds."""


@dataclass(frozen=True)
class Projector:
    """Folds deliveries, and PagerDuty's answers to our calls, into the projections, by `rule`."""

    redis: Redis
    pagerduty: PagerDuty
    clock: StoreClock
    generation: Generation
    incidents: Incidents
    backlog: Backlog
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    rule: Rule = fold

    async def handle(self, entry: Entry) -> bool:
        """
        Fold a delivery, and take it off its stream; return false if it is left there.

        Raises `Malformed`, after the incident was found that has to be read in its place.
        """
        if cut := entry.fields.get("cut"):
            raise Malformed(f"a delivery of {cut.decode(errors='replace')} bytes, of which only the first were taken")
        body = entry.fields.get("body", b"")
        try:
            event = webhook.parse(body)
        except Malformed:
            if (incident := webhook.incident_named(body)) is not None:
                await self._ask_for_read(incident)
            raise
        if isinstance(event, Event):
            await self.fold_event(event, entry=entry)
            return True
        log.info("event.ignored", entry=entry.id, why=event.why)
        if event.ping:
            # The watchdog waits for this: deliveries arrive and their signatures are valid.
            await self.redis.set(keys.PING, entry.at_ms)
        return False

    async def _ask_for_read(self, incident: IncidentId) -> None:
        await self.generation.current()
        await self.incidents.change(incident, lambda known: replace(known, needs_read=True))
        await self.dirty_queue.mark(incident)

    async def fold_event(
        self, event: Event, lease: Lease | None = None, *, entry: Entry | None = None, narrows: bool = False
    ) -> None:
        """
        Fold a delivery, and take its `entry` off the stream, or PagerDuty's answer to a call of ours.

        The call was made under `lease`, if that is one on the incident of the event. If its answer `narrows`, its
        webhook is looked for about its time only. Raises `StoreDown`.
        """
        now_ms = await self.clock.now_ms()
        received_ms = entry.received_ms if entry else now_ms
        pagerduty_ms = self.pagerduty.server_clock.now_ms()
        if event.at.ms > (now_ms if pagerduty_ms is None else pagerduty_ms) + AHEAD_MS:
            # Only a young `Date` says that PagerDuty cannot have sent this; without one it is folded as it came.
            pagerduty_ms = await self.pagerduty.fresh_now_ms()
        folded = Folded(Incident(event.incident), FoldResult.DUPLICATE)

        def rule(incident: Incident) -> Step[Incident]:
            nonlocal folded
            known = _narrowed(incident, event) if narrows else incident
            folded = self.rule(known, event, now_ms, pagerduty_ms)
            after = folded.incident
            if has_backlog(incident.lines):
                after = counted_at_once(incident, after)
            marks = [self.dirty_queue] if needs_pass(incident, after) else []
            marks += [self.command_queue] if concerns_commands(known, after) else []
            return Step(after, (_arrival_fact(event, received_ms, folded),), marks)

        await self.incidents.commit(
            event.incident,
            rule,
            (keys.EVENTS, entry.id) if entry else None,
            # A store that has lost its data begins a new generation before anything is written to it.
            make=self.generation.current,
            load=lambda _: self.incidents.to_fold(event, lease),
            lease=lease,
        )
        if len(folded.incident.lines) > CROWDED:
            await self.backlog.reduce(folded.incident)
        _report(event, folded.result, received_ms, now_ms)


def _report(event: Event, result: FoldResult, received_ms: int, now_ms: int) -> None:
    """Count and log a folded event."""
    # A type comes from outside, and each that is a label stays in memory.
    known = event.type if event.type in ANNOUNCED_TYPES else "other"
    EVENTS.labels(known, event.source, result).inc()
    QUEUE_SECONDS.observe(max(0, now_ms - received_ms) / SECOND)
    if event.source is Source.WEBHOOK and result is not FoldResult.DUPLICATE:
        DELIVERY.observe(max(0, received_ms - event.at.ms) / SECOND)
    about = {"incident": event.incident, "type": event.type, "event_id": event.id, "source": event.source}
    log.info("event.folded", **about, told=result)


def _narrowed(incident: Incident, answer: Event) -> Incident:
    """Let what a command is expected to cause be looked for about the time that PagerDuty's answer gives."""
    narrowed = (
        expected.narrowed(answer.at, answer.subject) if expected.command == answer.command else expected
        for expected in incident.expectations
    )
    return replace(incident, expectations=tuple(narrowed))


def _arrival_fact(event: Event, received_ms: int, folded: Folded) -> Fact:
    """Return the journal fact for an arrived event and its fold result."""
    known = folded.incident.as_of
    return fact(
        "event.folded",
        event_id=event.id,
        type=event.type,
        source=event.source,
        told=folded.result,
        by=event.agent.id if event.agent else None,
        status=event.snapshot.status if event.snapshot else None,
        occurred_ms=event.at.ms,
        received_ms=received_ms,
        as_of_ms=known.ms if known else None,
    )


def concerns_commands(before: Incident, after: Incident) -> bool:
    """
    True if it may show how a command has ended, or that it ended otherwise than was told (`Incident.late_outcome`).

    That is: a call is under way or unclear, or a resolve that an acknowledge may have undone came to light, or it did.
    """
    if not all(expected.is_settled for expected in before.expectations):
        return True
    for incident in (before, after):
        ours = [line.at.end for line in incident.lines if line.type == ACKNOWLEDGED and line.command is not None]
        last = max(ours, default=0)
        if any(line.type == RESOLVED and line.at.ms <= last for line in incident.lines):
            return _changes(before) != _changes(after)
    return False


def _changes(incident: Incident) -> tuple[tuple[str, CommandId | None, Instant], ...]:
    return tuple((line.type, line.command, line.at) for line in incident.transitions)
