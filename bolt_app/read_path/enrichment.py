"""
Enriches a card once it is posted: the first alert, and what PagerDuty will do next.

It has its own queue, lease and pace, so that a slow or rate-limited PagerDuty delays neither cards nor clicks. It is
read once for each change, however many events report that change; not if the answer to a command of ours has told it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Counter

from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.errors import CallError, Malformed, Refused, Unavailable, Uncertain
from shared.model.card_content import NOTHING_MORE, CardContent
from shared.model.enrichment import FirstAlert, Link, OnCallByLevel, PendingActions, present_level
from shared.model.event import Event, Instant, Ref, Source
from shared.model.event_types import TRIGGERED
from shared.model.ids import EventId, IncidentId, UserId
from shared.model.incident import Incident, fold_read
from shared.model.timeline import Line
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.lanes import Lane, go_in
from shared.pagerduty.models.account import OnCall
from shared.pagerduty.models.alert_fields import chosen_fields, field_value, is_safe_image
from shared.pagerduty.models.incident import ACKNOWLEDGEMENT_ENDS, BY_POLICY, ESCALATES, RestIncident
from shared.pagerduty.models.incident_parts import Alert
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents

log = structlog.get_logger()

CONCURRENT_ENRICHMENTS = 2
"""How many incidents one worker reads at the same time."""
LINKS = 3
LEFT_OUT = Counter(
    "pagebridge_card_parts_left_out",
    "What bridge.toml chooses for a card and the card cannot show, once per incident, by reason",
    ["part", "why"],
)
LONGEST_TEXT = 500
"""Characters that are kept of what monitoring wrote; a longer address is of no use when it is cut."""


@dataclass
class Enricher:
    """Reads the enrichment of incidents, at a slow pace."""

    pagerduty: PagerDuty
    incidents: Documents[Incident]
    dirty_queue: WorkQueue
    durations: Durations
    config: LiveConfig
    _next: float = field(default=0.0, init=False)

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Read what the card of one incident still lacks. Raises `CallError` if PagerDuty cannot be read."""
        go_in(Lane.UPKEEP)
        known = (await self.incidents.load(incident, lease)).value
        if not known.needs_enrichment:
            return None
        read = None
        try:
            await self._wait_turn(lease)
            read = (await self.pagerduty.incident(incident)).value
        except (Refused, Malformed) as error:
            # PagerDuty does not show it, which a retry would not change.
            log.warning("enrichment.not_visible", incident=incident, why=str(error))
        pending = await self._read_pending(known, read, lease)
        alert, held = None, known.enrichment.alert
        # Without any of these there was no alert yet when it was read.
        if held is None or not (held.summary or held.source or held.links):
            alert = await self._first_alert(known, read, lease)
        if alert is not None and held is None:
            self._count_links_left_out(known)
        changed = await self.incidents.change(
            incident,
            lambda now: with_enrichment(now, read, pending, alert),
            lease,
            marks=(self.dirty_queue,),
            fenced=False,
        )
        after = changed.value
        return self.durations.enrichment_timeout if after.needs_enrichment else None

    async def _first_alert(self, known: Incident, read: RestIncident | None, lease: Lease) -> FirstAlert | None:
        """Read the first alert; None if none is known to be new, or it could not be read now."""
        count = read.alerts.all if read and read.alerts else None
        if known.enrichment.alert is not None and not count:
            return None
        client = told_client(known.lines)
        if read is None or count == 0:
            return FirstAlert(client=client)
        try:
            await self._wait_turn(lease)
            alerts = await self.pagerduty.alerts(known.id)
        except (Unavailable, Uncertain) as error:
            log.info("enrichment.delayed", incident=known.id, why=str(error))
            return None
        except (Refused, Malformed) as error:
            log.warning("enrichment.alert_failed", incident=known.id, why=str(error))
            return FirstAlert(client=client)
        self._count_alert_left_out(known, alerts[:1])
        routing = self.config.current.routing
        return first_alert(alerts, client, routing.alert_paths, images=routing.keeps_images)

    def _content(self, known: Incident) -> CardContent:
        """Return what is chosen for the incident's home as it is now."""
        route = self.config.current.routing.route(known.snapshot) if known.snapshot else None
        return route.card_in(route.channels[0]) if route and route.channels else NOTHING_MORE

    def _count_alert_left_out(self, known: Incident, alerts: Sequence[Alert]) -> None:
        for path, alert in ((each.path, alert) for each in self._content(known).fields for alert in alerts):
            if why := field_value(alert, path).left_out:
                LEFT_OUT.labels("field", why).inc()
                log.info("card_field.left_out", incident=known.id, path=path, why=why)

        for image in (image for alert in alerts for image in alert.images if self._content(known).images):
            if not is_safe_image(image):
                LEFT_OUT.labels("image", "unsafe").inc()

    def _count_links_left_out(self, known: Incident) -> None:
        for link in self._content(known).links:
            if known.snapshot and (why := link.address(known.id, known.snapshot).left_out):
                LEFT_OUT.labels("link", why).inc()
                log.info("card_link.left_out", incident=known.id, url=link.url, why=why)

    async def _read_pending(self, known: Incident, read: RestIncident | None, lease: Lease) -> PendingActions:
        times = [at for at in (known.as_of, read.updated if read else None) if at is not None]
        of = max(times, key=lambda at: at.ms, default=Instant(0))
        escalates, ends = (read.due(ESCALATES), read.due(ACKNOWLEDGEMENT_ENDS)) if read else (None, None)
        to = await self._next_assignees(known, read, escalates, lease) if read and escalates else ()
        return PendingActions(of, escalates.ms if escalates else None, to, ends.ms if ends else None)

    async def _next_assignees(self, known: Incident, read: RestIncident, at: Instant, lease: Lease) -> tuple[Ref, ...]:
        """Return who is paged next, empty if unknown: the time of the escalation is shown all the same."""
        policy, assigned = read.snapshot.escalation_policy, [stamp.at.ms for stamp in read.assignments if stamp.at]
        if policy is None or read.assigned_via != BY_POLICY or not assigned:
            return ()
        try:
            await self._wait_turn(lease)
            entries = await self.pagerduty.on_calls(policy.id, max(assigned), at.ms)
            level = present_level(known.level, read.snapshot.assignee_ids, on_call_at(entries, max(assigned)))
            number, people = next_level(level, on_call_at(entries, at.ms))
            return people if await self._pages_everyone(policy.id, number, people, lease) else ()
        except (CallError, Malformed) as error:
            log.info("enrichment.next_level_unknown", incident=known.id, why=str(error))
            return ()

    async def _pages_everyone(self, policy: str, number: int, people: Sequence[Ref], lease: Lease) -> bool:
        """True if a level pages everyone on it: with round robin it pages one person, whom no API names."""
        if len(people) < 2:  # noqa: PLR2004 -- a single person
            return True
        await self._wait_turn(lease)
        levels = (await self.pagerduty.escalation_policy(policy)).levels
        return number <= len(levels) and not levels[number - 1].round_robin

    async def _wait_turn(self, lease: Lease) -> None:
        """Wait for the pace of low-priority calls."""
        now = asyncio.get_running_loop().time()
        begin = max(now, self._next)
        self._next = begin + self.durations.enrichment_pause
        await asyncio.sleep(begin - now)
        await lease.check(self.durations.pagerduty_timeout)


def with_enrichment(
    known: Incident, read: RestIncident | None, pending: PendingActions, alert: FirstAlert | None
) -> Incident:
    """Pure: return the projection with a newer state if read, and what is pending only if nothing is newer."""
    facts = known.snapshot.facts if known.snapshot else None
    if read is not None and read.updated is not None and read.snapshot.facts != facts:
        # Else it would only make the next event of its second a tie.
        event = Event(
            EventId(f"briefing:{known.id}"), "read", known.id, Source.READ, read.updated, snapshot=read.snapshot
        )
        known = fold_read(known, event)
    enrichment = known.enrichment if alert is None else replace(known.enrichment, alert=alert)
    same = read is None or (
        known.snapshot is not None and known.snapshot.next_depends_on == read.snapshot.next_depends_on
    )
    return replace(known, enrichment=replace(enrichment, pending=pending) if same else enrichment)


def told_client(lines: Sequence[Line]) -> Link | None:
    """Return the monitoring tool that opened an incident, as the webhook told it. Pure."""
    told = (line for line in lines if line.type == TRIGGERED and line.detail_value("client"))
    line = next(told, None)
    return _kept(Link(line.detail_value("client_url"), line.detail_value("client"))) if line else None


def first_alert(
    alerts: Sequence[Alert], client: Link | None = None, paths: Sequence[str] = (), *, images: bool = False
) -> FirstAlert:
    """
    Take what a card shows of the first of an incident's alerts, with the fields at `paths`, and its `images`. Pure.

    `client` is what the webhook told.
    """
    if not alerts:
        return FirstAlert(client=client)
    first = alerts[0]
    tool = _kept(first.client) if first.client else client
    summary, source = first.summary[:LONGEST_TEXT], first.source[:LONGEST_TEXT]
    pictures = _kept_links(filter(is_safe_image, first.images if images else ()))
    return FirstAlert(summary, source, _kept_links(first.links), tool, chosen_fields(first, paths), pictures)


def _kept_links(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple(Link(link.href, link.text[:LONGEST_TEXT]) for link in links if len(link.href) <= LONGEST_TEXT)[:LINKS]


def _kept(client: Link) -> Link:
    return Link(client.href if len(client.href) <= LONGEST_TEXT else "", client.text[:LONGEST_TEXT])


def on_call_at(entries: Sequence[OnCall], at_ms: int) -> OnCallByLevel:
    """Pick who is on call at each level at one time. Pure."""
    levels: dict[int, dict[UserId, str]] = defaultdict(dict)
    for entry in entries:
        begun = entry.since is None or entry.since.ms <= at_ms
        if begun and (entry.until is None or at_ms < entry.until.ms):
            levels[entry.level][UserId(entry.user.id)] = entry.user.name
    return levels


def next_level(present: int | None, on_call: OnCallByLevel) -> tuple[int, tuple[Ref, ...]]:
    """Pure: return the next level and its people, none if unsure: PagerDuty skips empty levels and may start again."""
    higher = [level for level, people in on_call.items() if present is not None and level > present and people]
    if not higher:
        return 0, ()
    people = on_call[min(higher)]
    return min(higher), tuple(Ref(user, people[user]) for user in sorted(people, key=lambda user: people[user]))
