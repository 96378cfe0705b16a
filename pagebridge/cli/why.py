"""`pagebridge why`: the story of one incident, and how it stands now: why it is so, and why it is not otherwise."""

import json
import sys
from collections.abc import Iterator

from pagebridge.cli import FAILED, exits
from pagebridge.cli.clients import AsJson, Data, opened
from pagebridge.cli.incident_story import Moment, ids_in, told
from pagebridge.cli.incidents import IncidentName, Standing, find, standing, trying
from pagebridge.cli.incidents import ids_in as ids_of_now
from pagebridge.cli.names import Names, look_up
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import folded, moment, show, table, terminal, utc
from shared.model.actions import SPECS
from shared.model.journal import AuditEntry
from shared.store import keys
from shared.store.clock import last_ping_ms
from shared.store.journal import Journal
from shared.store.redis import Redis
from shared.store.streams import Audit, waiting_deliveries

TITLES = ("TIME (UTC)", "WHAT HAPPENED")
LATE = 5000
"""Milliseconds for which it is nothing to speak of that work waits."""


@exits
async def why(
    incident: IncidentName,
    *,
    as_json: AsJson = False,
    data: Data = DATA,
) -> int:
    """Show what happened to an incident: what arrived, was ignored, decided, sent and shown, and why."""
    async with opened(data) as redis:
        found = await find(redis, incident)
        now = await standing(redis, found) if found else None
        if now is None or not now.known:
            lines = await unknown(redis, incident)
            sys.stderr.writelines(f"{part}\n" for line in lines for part in folded(line, terminal(), 0))
            return FAILED
        journal, audit = await Journal(redis).read(now.incident.id), await _audited(redis, now)
    if as_json:
        show(map(_json_line, told(journal, audit, Names())))
        return 0
    names = await look_up([*ids_in(journal, audit), *ids_of_now(now)], now.names)
    show([*_lines(now, told(journal, audit, names), names), *names.told()])
    return 0


async def _audited(redis: Redis, now: Standing) -> list[AuditEntry]:
    """Read what people did to it. What cannot be read, `pagebridge audit` complains about."""
    created = now.incident.snapshot.created_ms if now.incident.snapshot else None
    entries = Audit(redis).read(created or 0)
    return [e async for e in entries if isinstance(e, AuditEntry) and e.incident == now.incident.id]


async def unknown(redis: Redis, text: str) -> list[str]:
    """Explain that the store has nothing about an incident."""
    waiting = int(await redis.xlen(keys.EVENTS)) + await waiting_deliveries(redis)
    letters = int(await redis.xlen(keys.DEAD_LETTERS))
    ping = await last_ping_ms(redis)
    return [
        f"Nothing is known about {text}: no event for it arrived, and no resync found it.",
        f"Events waiting to be processed: {waiting}. Dead letters: {letters} (pagebridge deadletters list).",
        f"Last ping of the webhook subscription: {moment(ping) if ping else 'never'}.",
        "Check that the subscription covers its service, and what the worker's /readyz says about it.",
    ]


def _lines(now: Standing, moments: list[Moment], names: Names) -> Iterator[str]:
    title = now.incident.snapshot.title if now.incident.snapshot else ""
    yield from folded(" ".join(filter(None, ("Incident", now.label, now.incident.id, title))), terminal(), 0)
    yield ""
    rows = [(moment(one.at_ms), one.text) for one in moments]
    yield from table(TITLES, rows, terminal())
    if not moments:
        yield f"The journal is empty: nothing happened for {keys.JOURNAL_KEPT // 86400} days."
    yield ""
    yield from present(now, names)


def present(now: Standing, names: Names) -> Iterator[str]:
    """Return the current state and pending work, with what it waits for."""
    as_of = f", by PagerDuty's data up to {moment(now.as_of_ms)}" if now.as_of_ms else ""
    yield f"Now: {now.state}{as_of}" + ("; PagerDuty has to be read" if now.incident.needs_read else "")
    for channel, place in now.places():
        yield f"Card in {names.of(channel)}: {place}"
    if not now.surface.channels:
        yield "No card. The story above says why; a new route applies from the next event on."
    for attempt in trying(now, names) if now.incident.attempts else ():
        yield f"On the card: {attempt}"
    for record in now.queue.open():
        asked = f"{names.of(record.command.by.id)}'s {SPECS[record.command.action].attempt.noun}"
        begun = "1 call" if record.calls == 1 else f"{record.calls} calls"
        yield f"Open: {asked}, since {moment(record.accepted_ms)}, {begun} begun"
    yield from _due("Its messages", now.dirty_ms, now.now_ms)
    yield from _due("Its commands", now.commands_ms, now.now_ms)


def _due(what: str, due_ms: int | None, now_ms: int) -> Iterator[str]:
    if due_ms is None:
        return
    if due_ms + LATE < now_ms:
        yield f"{what} have been due since {moment(due_ms)}: is a worker running?"
    else:
        yield f"{what} are looked at again at {moment(due_ms)}"


def _json_line(one: Moment) -> str:
    about = {"at": utc(one.at_ms), "what": one.fact.name, **dict(one.fact.fields), "text": one.text}
    return json.dumps(about)
