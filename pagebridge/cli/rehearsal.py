"""
Pure: what recorded webhooks would have had posted, by the rules of the bridge and nothing else.

No clock, store or vendor is asked. What the bridge would have read from PagerDuty is therefore missing, and said so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from shared.config.bridge_config import Route, RoutingConfig
from shared.errors import Malformed
from shared.model.event import Event, Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, LineKey
from shared.model.incident import FoldResult, Incident, fold
from shared.model.thread_layout import ThreadEntry, awaits_resolve, broadcast_kind, is_wanted, layout_thread
from shared.pagerduty.events import webhook
from shared.slack.render import card
from shared.slack.render.blocks import Message
from shared.slack.render.thread_line import render_line

UNREADABLE, IGNORED = "unreadable", "ignored"
"""The kinds of deliveries beside the results of the fold."""
TOLD = {
    FoldResult.NEWS: "new",
    FoldResult.DUPLICATE: "a duplicate, ignored",
    FoldResult.STALE: "older than what is known",
}
"""The words for a webhook's result; the bridge has written nothing, and takes the time of a recording for true."""


@dataclass(frozen=True)
class Posting:
    """One message that would have been posted or updated; `broadcast` lines are shown to the whole channel as well."""

    channel: ChannelId
    what: str
    message: Message
    broadcast: bool = False


@dataclass(frozen=True)
class Outcome:
    """
    The result of one delivery.

    `kind` is a word for counting, `result` says it in full. `postings` are what would have been posted, and `remarks`
    say why something was not.
    """

    kind: str
    result: str
    event: Event | None = None
    number: int | None = None
    postings: tuple[Posting, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass
class _Shown:
    """The messages in Slack about one incident: where, each card as it was last, and each line."""

    channels: tuple[ChannelId, ...] = ()
    cards: dict[ChannelId, str] = field(default_factory=dict)
    lines: dict[LineKey, str] = field(default_factory=dict)


class Rehearsal:
    """Takes deliveries in the order in which they came. `by_default` are incidents that no route took."""

    def __init__(self, routing: RoutingConfig) -> None:
        self._routing = routing
        self._incidents: dict[IncidentId, Incident] = {}
        self._shown: dict[IncidentId, _Shown] = {}
        self._latest_ms = 0
        self.by_default: set[IncidentId] = set()

    def deliver(self, body: bytes) -> Outcome:
        """Take one delivery as it was sent, and return what becomes of it."""
        try:
            event = webhook.parse(body)
        except Malformed as error:
            return Outcome(UNREADABLE, f"can't be read: {error}")
        if not isinstance(event, Event):
            return Outcome(IGNORED, f"ignored: {event.why}")
        self._latest_ms = max(self._latest_ms, event.at.end)
        known = self._incidents.get(event.incident, Incident(event.incident))
        folded = fold(known, event, self._latest_ms)
        self._incidents[event.incident] = folded.incident
        snapshot = folded.incident.snapshot
        untold = snapshot is None or snapshot.teams is None
        postings = () if snapshot is None or untold else tuple(self._postings(folded.incident, snapshot))
        remarks = () if folded.result is FoldResult.DUPLICATE else tuple(self._remarks(folded.incident))
        number = snapshot.number if snapshot else None
        return Outcome(folded.result, TOLD[folded.result], event, number, postings, remarks)

    def _postings(self, incident: Incident, snapshot: Snapshot) -> Iterator[Posting]:
        """Compare what should be shown with what is, as the reconciler does."""
        route = self._routing.route(snapshot)
        shown = self._shown.setdefault(incident.id, _Shown())
        self._route(incident.id, snapshot, route, shown)
        for channel in shown.channels:
            home = None if channel == shown.channels[0] else shown.channels[0]
            placement = card.CardPlacement(home=home) if home else None
            message = card.render(incident, snapshot, {}, placement, content=route.card_in(channel))
            before, shown.cards[channel] = shown.cards.get(channel), message.digest
            if before != message.digest:
                yield Posting(channel, "card update" if before else "card", message)
        if shown.channels:
            yield from self._lines(incident, route, shown)

    def _route(self, incident: IncidentId, snapshot: Snapshot, route: Route, shown: _Shown) -> None:
        """Add the channels of the route. The default channel is only for what has no other."""
        if shown.channels and (not route.named or snapshot.status is Status.RESOLVED):
            return
        shown.channels += tuple(channel for channel in route.channels if channel not in shown.channels)
        if shown.channels and not route.named:
            self.by_default.add(incident)

    def _lines(self, incident: Incident, route: Route, shown: _Shown) -> Iterator[Posting]:
        for entry in layout_thread(incident.lines, shown.lines.keys()):
            held = entry.line.key not in shown.lines and awaits_resolve(entry.line, incident.lines)
            if held or not is_wanted(entry.line, route.verbosity):
                continue
            message = render_line(incident.id, entry)
            before, shown.lines[entry.line.key] = shown.lines.get(entry.line.key), message.digest
            if before is None or (before != message.digest and entry.sides):
                what = "line update" if before else "line"
                yield Posting(shown.channels[0], what, message, broadcast=_is_broadcast(entry, route))

    def _remarks(self, incident: Incident) -> Iterator[str]:
        if incident.snapshot is None:
            yield "nothing is known of the incident yet: it would be read from PagerDuty"
            return
        if incident.snapshot.teams is None:
            yield "its teams are not known: it would be read from PagerDuty before anything is posted"
            return
        if incident.needs_read:
            yield "the times of its events can't decide what is newest: it would be read from PagerDuty"
            self._incidents[incident.id] = replace(incident, needs_read=False)
        route = self._routing.route(incident.snapshot)
        if not self._shown[incident.id].channels:
            why = "a route ignores it" if route.named else "no route takes it, and there is no default channel"
            yield f"shown nowhere: {why}"


def _is_broadcast(entry: ThreadEntry, route: Route) -> bool:
    return broadcast_kind(entry) in route.broadcast
