"""
Finds the messages of incidents in Slack again after the store has lost its data.

Messages are identified by their metadata. A channel is read once for all its incidents: what was posted before the data
was lost does not change any more, once every call has come to its end.

An incident with news does not wait for that end where it has no card yet: the channel is read at once for it. If a card
lands after all that was on its way when the data was lost, the sweep (`bolt_app.resync.slack_sweep`) deletes it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Counter

from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.errors import CallError, Malformed, Refused, Unavailable
from shared.model.event import SECOND, Snapshot
from shared.model.ids import ChannelId, IncidentId, MessageTs, UserId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.model.timeline import Line, merge_lines, person
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.slack.api.models import OwnMessage
from shared.slack.api.rate_limits import Priority
from shared.slack.render.message_metadata import begun_of_digest, incident_of_card, lines_by_key, rebuild_lines, version
from shared.store.clock import Birth, StoreClock
from shared.store.coordination import Lease
from shared.store.documents import Documents
from shared.store.incidents import Incidents

log = structlog.get_logger()

ADOPTED = Counter(
    "pagebridge_incidents_adopted", "Incidents older than the data, by what was found in Slack", ["found"]
)
LOOKBACK_MS = 90 * 24 * 3600 * SECOND
"""Milliseconds that a channel is read back for cards, at most."""
LEAST_MS = 60 * SECOND
"""The same, at least."""
FURTHER = 4
"""How many times as far a channel is read back again that was not read far enough."""

CLOCK_SKEW_MS = 2 * SECOND
"""
Milliseconds that PagerDuty's clock may be ahead of the store's: what seems a little younger than the data is looked for
as well. Most of it really is younger, so it is looked for at once, and is news if it is not found.
"""


@dataclass
class ChannelReading:
    """
    The cards of one channel, by incident; it has been read back `back_ms` before the data began.

    `has_old` tells a loss from a first start: a card was there before the data.
    """

    birth: str = ""
    back_ms: int = 0
    has_old: bool = False
    cards: dict[str, list[OwnMessage]] = field(default_factory=dict)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


Readings = dict[ChannelId, ChannelReading]


@dataclass
class Adoption:
    """Adopts incidents, each under the lease for writing its messages."""

    slack: Slack
    pagerduty: PagerDuty
    clock: StoreClock
    incidents: Incidents
    slack_states: Documents[SlackState]
    config: LiveConfig
    durations: Durations
    digest_found: Callable[[ChannelId, MessageTs, int], Awaitable[None]]
    """Takes over the card of a digest, and when that was begun."""
    _readings: Readings = field(default_factory=lambda: defaultdict(ChannelReading), init=False)
    _early_readings: Readings = field(default_factory=lambda: defaultdict(ChannelReading), init=False)
    _names: dict[str, str] = field(default_factory=dict, init=False)

    async def adopt(
        self, known: Incident, snapshot: Snapshot, slack_state: SlackState, birth: Birth, lease: Lease
    ) -> tuple[Incident, SlackState]:
        """
        Return an incident and what Slack shows of it, with what was found if both are older than the data.

        `slack_state` is that of an incident not planned yet, or not since the data lost its last writes. Raises
        `Unavailable` while it is too early to look, if Slack cannot be read, or if PagerDuty has to be read before what
        was found is written.
        """
        if not known.opened_before(birth.ms + CLOCK_SKEW_MS):
            return known, slack_state
        older = known.opened_before(birth.ms)
        cards, any_card = await self._look(known, snapshot, slack_state, birth)
        if not (older or cards):
            return known, slack_state
        thread = await self._thread(known.id, cards, lease)
        found = _merge_found(slack_state, cards, thread, birth)
        if not cards and not any_card and not slack_state.anew_ms and not birth.partly:
            # A first start is silent: it posts no card for what is already open.
            found = replace(found, silent_until_ms=birth.ms)
        read_first = birth.partly or not older
        rebuilt = rebuild_lines(known.id, (*cards.values(), *thread))
        known = await self._with_lines(known, rebuilt, read_first=read_first)
        ADOPTED.labels("card" if cards else "nothing").inc()
        log.info("incident.adopted", incident=known.id, channels=list(found.channels), lines=len(found.lines))
        stored = await self.slack_states.change(
            known.id, lambda now: now if now.generation and now.anew_ms >= found.anew_ms else found, lease
        )
        if read_first:
            raise Unavailable("an incident with a card is read first", retry_after=0)
        return known, stored.value

    async def _with_lines(self, known: Incident, rebuilt: tuple[Line, ...], *, read_first: bool) -> Incident:
        """Store the lines that Slack shows already, and whether PagerDuty has to be read; return the projection."""
        lines = await self._name_agents(rebuilt)
        if not (lines or read_first):
            return known
        # A card may show what came of events that went with the data: the one that is known may be before them.
        merged = await self.incidents.change(
            known.id,
            lambda now: replace(now, lines=merge_lines(now.lines, lines), needs_read=now.needs_read or read_first),
            load=self.incidents.whole,
        )
        return merged.value

    async def _look(
        self, known: Incident, snapshot: Snapshot, slack_state: SlackState, birth: Birth
    ) -> tuple[dict[ChannelId, OwnMessage], bool]:
        """Look for its cards as `_cards` does: at once if none is there yet and it has news, or may be younger."""
        older = known.opened_before(birth.ms)
        if not older or (has_news(known, birth.ms) and not birth.partly and not slack_state.anew_ms):
            found = await self._cards(slack_state, snapshot, birth, self._early_readings)
            if not (older and found[0]):
                return found
        # Lines may still land in its thread, and what was read before that does not count.
        await self._require_settled(birth)
        return await self._cards(slack_state, snapshot, birth, self._readings)

    async def _require_settled(self, birth: Birth) -> None:
        """Raise `Unavailable` while a call that was begun before the data was lost may still land."""
        if (wait := await self.clock.until_settled(birth.ms, self.durations.call_max)) > 0:
            raise Unavailable("an earlier post may still land", retry_after=wait)

    async def _cards(
        self, slack_state: SlackState, snapshot: Snapshot, birth: Birth, readings: Readings
    ) -> tuple[dict[ChannelId, OwnMessage], bool]:
        """Return its card in each of its channels, or of those it may be in, and whether any there is an old one."""
        routing = self.config.current.routing
        default = [ChannelId(routing.default_channel)] if routing.default_channel else []
        back_ms = _reach(birth.ms - (snapshot.created_ms or 0))
        found, any_card, incident = {}, False, slack_state.id
        for channel in dict.fromkeys([*slack_state.channels, *routing.route(snapshot).channels, *default]):
            reading = readings[channel]
            async with reading.busy:
                if reading.birth != birth.name or reading.back_ms < back_ms:
                    reading.cards = await self._read_cards(channel, birth.ms - back_ms)
                    reading.has_old = await self._has_old(reading.cards, birth)
                    reading.birth, reading.back_ms = birth.name, back_ms
            any_card = any_card or reading.has_old
            if incident in reading.cards:
                found[channel] = min(reading.cards[incident], key=lambda card: card.ts)
        return found, any_card

    async def _read_cards(self, channel: ChannelId, oldest_ms: int) -> dict[str, list[OwnMessage]]:
        cards: dict[str, list[OwnMessage]] = defaultdict(list)
        try:
            # First cards wait for it.
            cards_of = self.slack.own_messages(channel, oldest_ms=oldest_ms, priority=Priority.FIRST, reader="adoption")
            async for message in cards_of:
                if incident := incident_of_card(message):
                    cards[incident].append(message)
                elif begun_ms := begun_of_digest(message):
                    await self.digest_found(channel, message.ts, begun_ms)
        except Refused as error:
            # A channel that cannot be read cannot be written either, so there is nothing to duplicate.
            log.warning("adoption.channel_closed", channel=channel, why=str(error), code=error.code)
        return dict(cards)

    async def _has_old(self, cards: dict[str, list[OwnMessage]], birth: Birth) -> bool:
        """Whether one of these cards was not posted since the data began."""
        for incident in cards:
            slack_state = (await self.slack_states.load(IncidentId(incident))).value
            if slack_state.generation != birth.name or slack_state.announced_until_ms:
                return True
        return False

    async def _name_agents(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """Read the names of the people in the lines: messages hold only their ids."""
        ids = {person(line.agent) for line in lines} - self._names.keys() - {None}
        for user in sorted(filter(None, ids)):
            try:
                self._names[user] = (await self.pagerduty.user(UserId(user))).name
            except (CallError, Malformed) as error:
                log.warning("adoption.name_unknown", user=user, why=str(error))
        return tuple(
            replace(line, agent=replace(line.agent, name=self._names.get(line.agent.id, ""))) if line.agent else line
            for line in lines
        )

    async def _thread(
        self, incident: IncidentId, cards: dict[ChannelId, OwnMessage], lease: Lease
    ) -> tuple[OwnMessage, ...]:
        """Read the thread below the first card that has lines."""
        for channel, card in cards.items():
            await lease.check(self.durations.slack_timeout)
            since_ms = int(float(card.ts) * SECOND)
            own = self.slack.own_messages(channel, oldest_ms=since_ms, thread_ts=card.ts)
            messages = tuple([message async for message in own])
            if lines_by_key(incident, messages):
                return messages
        return ()


def has_news(known: Incident, since_ms: int) -> bool:
    """Whether something has happened to an incident since then, or is to be told."""
    return bool(known.lines) or (known.as_of is not None and known.as_of.end > since_ms)


def _reach(age_ms: int) -> int:
    """Return how far a channel is read back for an incident of such an age: far enough for many of about that age."""
    back_ms = LEAST_MS
    while back_ms < age_ms:
        back_ms *= FURTHER
    return min(back_ms, LOOKBACK_MS)


def _merge_found(
    slack_state: SlackState, cards: dict[ChannelId, OwnMessage], thread: tuple[OwnMessage, ...], birth: Birth
) -> SlackState:
    home = next((c for c, card in cards.items() if any(m.thread_ts == card.ts for m in thread)), None)
    return replace(
        slack_state,
        generation=slack_state.generation or birth.name,
        channels=tuple(dict.fromkeys([*slack_state.channels, *sorted(cards, key=lambda channel: channel != home)])),
        cards=slack_state.cards
        | {channel: MessageState(ts=card.ts, content_digest=version(card) or None) for channel, card in cards.items()},
        lines=slack_state.lines
        | {key: MessageState(ts=ts) for key, ts in lines_by_key(slack_state.id, thread).items()},
        announced_until_ms=slack_state.announced_until_ms if birth.partly or not cards else birth.ms,
        anew_ms=birth.ms if birth.partly else slack_state.anew_ms,
    )
