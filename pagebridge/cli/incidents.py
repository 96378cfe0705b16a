"""`pagebridge incidents`: the open incidents and how each one stands, from the bridge's store."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from pagebridge.cli import exits
from pagebridge.cli.clients import AsJson, Data, opened
from pagebridge.cli.names import Names, look_up
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import age, show, table, terminal, utc
from shared.errors import Malformed
from shared.model.actions import SPECS
from shared.model.command import AttemptState, CommandQueue
from shared.model.event import SECOND, Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, incident_id
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.slack.render.blocks import duration, plain
from shared.store import document_kinds, keys
from shared.store.channel_index import OpenIncidents
from shared.store.clock import StoreClock
from shared.store.incidents import Incidents
from shared.store.redis import Redis

IncidentName = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its number (with or without #) or its id.")]
TITLES = ("INCIDENT", "STATE", "AGE", "ASSIGNED TO", "WHAT")
POSTED = "posted"
WIDEST = 24
"""Characters of the names of those who have an incident."""
TRYING = {
    AttemptState.TRYING: "{who} is {doing}",
    AttemptState.UNCLEAR: "{who}'s {noun} may or may not have gone through",
    AttemptState.FAILED: "{who}'s {noun} failed",
}


@dataclass(frozen=True)
class Standing:
    """One incident's documents at `now_ms` (store's time), and when its messages and commands are due (None: not)."""

    incident: Incident
    surface: SlackState
    queue: CommandQueue
    now_ms: int
    dirty_ms: int | None = None
    commands_ms: int | None = None

    @property
    def known(self) -> bool:
        """True if the store has anything about the incident."""
        return self.incident != Incident(self.incident.id) or bool(self.queue.records)

    @property
    def label(self) -> str:
        """Give its number as people say it, empty while that is not known."""
        number = self.incident.snapshot.number if self.incident.snapshot else None
        return f"#{number}" if number else ""

    @property
    def state(self) -> str:
        """Give its state, in one word."""
        return str(self.incident.status or "unknown")

    @property
    def names(self) -> dict[str, str]:
        """The names of people that PagerDuty has told, by their ids."""
        agents = {line.agent.id: line.agent.name for line in self.incident.lines if line.agent}
        assigned = self.incident.snapshot.assignees if self.incident.snapshot else ()
        known = agents | {one.id: one.name for one in assigned}
        return {one: name for one, name in known.items() if name}

    @property
    def as_of_ms(self) -> int | None:
        """Up to when PagerDuty's own data are known."""
        return self.incident.as_of.ms if self.incident.as_of else None

    @property
    def lag_ms(self) -> int:
        """Return how long some card has been outdated, in milliseconds; 0 if all are current."""
        own = [channel for channel in self.surface.channels if channel not in self.surface.digests]
        behind = [self._card(channel) for channel in own if self.surface.is_shown_in(channel)]
        late = any(card.content_digest is None or card.state_ms < (self.as_of_ms or 0) for card in behind)
        return max(0, self.now_ms - (self.as_of_ms or self.now_ms)) if late else 0

    def places(self) -> list[tuple[ChannelId, str]]:
        """Return where the card is in each channel, home first."""
        return [(channel, self._place(channel, self._card(channel))) for channel in self.surface.channels]

    def attempts(self) -> list[str]:
        """Return the card's notices of commands that have not succeeded."""
        return [f"{attempt.action} by {attempt.by}: {attempt.state}" for attempt in self.incident.attempts]

    def _card(self, channel: ChannelId) -> MessageState:
        return self.surface.cards.get(channel, MessageState())

    def _place(self, channel: ChannelId, card: MessageState) -> str:
        if channel in self.surface.waiting:
            return "waits until the channel can be posted to"
        if card.ts is None and channel in self.surface.digests:
            return "on the channel's digest card"
        if card.ts is None:
            later = "not posted yet" if self.surface.is_shown_in(channel) else "withheld: its team is private"
            return "a post may be under way" if card.uncertain else later
        return POSTED if self.surface.is_shown_in(channel) else "withheld: its team is private"


async def standing(redis: Redis, incident: IncidentId) -> Standing:
    """Read how an incident stands. Raises `StoreDown`."""
    known = (await Incidents(redis).load(incident)).value
    surface = (await document_kinds.surfaces(redis).load(incident)).value
    queue = (await document_kinds.command_queues(redis).load(incident)).value
    dirty, commands = [await redis.zscore(keys.of_queue(name, "due"), incident) for name in ("dirty", "commands")]
    due = [None if score is None else int(score) for score in (dirty, commands)]
    return Standing(known, surface, queue, await StoreClock(redis).now_ms(), *due)


async def find(redis: Redis, text: str) -> IncidentId | None:
    """Find an incident by id or number in the store. Raises `typer.BadParameter` for neither, and `StoreDown`."""
    number = text.removeprefix("#")
    if not number.isdecimal():
        try:
            return incident_id(text.upper())
        except Malformed:
            raise typer.BadParameter(f"{text!r} is neither the number nor the id of an incident") from None
    found = sorted(await Incidents(redis).numbered(int(number)), key=lambda known: known.status is Status.RESOLVED)
    return found[0].id if found else None


@exits
async def incidents(*, as_json: AsJson = False, data: Data = DATA) -> int:
    """List the open incidents as the bridge knows them: state, age, assignees, title, cards, and who is trying what."""
    async with opened(data) as redis:
        every = [await standing(redis, incident) for incident in await OpenIncidents(redis).all()]
    # The index may lag, so what is resolved already is left out.
    found = newest_first(now for now in every if now.state != "resolved")
    if as_json:
        show(json.dumps(facts(now)) for now in found)
    elif found:
        names = await look_up(one for now in found for one in ids_in(now))
        show([*table(TITLES, [row(now, names) for now in found], terminal()), *names.told()])
    else:
        show(["The bridge knows of no open incidents."])
    return 0


def newest_first(found: Iterable[Standing]) -> list[Standing]:
    """Sort incidents by when they were created; those of one second, as PagerDuty tells it, by their numbers."""

    def created(now: Standing) -> tuple[int, int]:
        snapshot = now.incident.snapshot
        return (snapshot.created_ms or 0, snapshot.number or 0) if snapshot else (0, 0)

    return sorted(found, key=created, reverse=True)


def ids_in(now: Standing) -> Iterator[str]:
    """Give the people and the channels that the store knows by their ids alone."""
    yield from now.surface.channels
    yield from (attempt.by for attempt in now.incident.attempts)
    yield from (record.command.by.id for record in now.queue.open())


def row(now: Standing, names: Names) -> tuple[str, ...]:
    """Write one incident for people."""
    snapshot = now.incident.snapshot
    created = snapshot.created_ms if snapshot else None
    assigned = ", ".join(ref.name or ref.id for ref in snapshot.assignees) if snapshot else ""
    old = age(max(0, now.now_ms - created)) if created else ""
    what = "; ".join(part for part in (_titled(snapshot), _cards(now, names), *trying(now, names)) if part)
    return now.label or now.incident.id, now.state, old, plain(assigned, WIDEST), what


def trying(now: Standing, names: Names) -> list[str]:
    """Return the card's notices of commands that have not succeeded, or else the open commands."""
    told = [(attempt.action, attempt.by, attempt.state) for attempt in now.incident.attempts]
    asked = [(record.command.action, record.command.by.id, AttemptState.TRYING) for record in now.queue.open()]
    return [
        TRYING[state].format(who=names.of(by), doing=SPECS[action].attempt.doing, noun=SPECS[action].attempt.noun)
        for action, by, state in told or asked
    ]


def _titled(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return ""
    return snapshot.title + (f" ({snapshot.service.name or snapshot.service.id})" if snapshot.service else "")


def _cards(now: Standing, names: Names) -> str:
    """Return where the card is, and how late it is."""
    places = [(names.of(channel), place) for channel, place in now.places()]
    shown = [channel for channel, place in places if place == POSTED]
    others = [f"in {channel} {place}" for channel, place in places if place != POSTED]
    posted = [f"card in {', '.join(shown)}"] if shown else []
    late = [f"{duration(now.lag_ms / SECOND)} late"] if now.lag_ms else []
    return ", ".join([*posted, *others, *late]) or "shown nowhere"


def facts(now: Standing) -> dict[str, object]:
    """Give one incident for machines: times in ISO 8601, the lag in seconds."""
    snapshot = now.incident.snapshot
    return {
        "incident": now.incident.id,
        "number": snapshot.number if snapshot else None,
        "state": now.state,
        "title": snapshot.title if snapshot else None,
        "service": snapshot.service.id if snapshot and snapshot.service else None,
        "assignees": [ref.id for ref in snapshot.assignees] if snapshot else [],
        "created": utc(snapshot.created_ms) if snapshot and snapshot.created_ms else None,
        "urgency": snapshot.urgency if snapshot else None,
        "as_of": utc(now.as_of_ms) if now.as_of_ms else None,
        "cards": [_card(now, channel, place) for channel, place in now.places()],
        "lag": now.lag_ms / SECOND,
        "attempts": now.attempts(),
        "commands_open": _asked(now),
    }


def _card(now: Standing, channel: ChannelId, place: str) -> dict[str, object]:
    card = now.surface.cards.get(channel)
    return {"channel": channel, "place": place, "ts": card.ts if card else None}


def _asked(now: Standing) -> list[str]:
    return [f"{record.command.action} by {record.command.by.id}" for record in now.queue.open()]
