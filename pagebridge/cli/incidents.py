"""`pagebridge incidents`: the open incidents as the bridge knows them, from its store alone."""

import asyncio
import json
from pathlib import Path

import typer

from pagebridge.cli.incident_status import Standing, standing
from pagebridge.cli.output import show, table, utc
from pagebridge.cli.store_option import DATA, AsJson, Data, opened
from shared.model.event import SECOND
from shared.store.channel_index import OpenIncidents
from shared.store.redis import Redis

TITLES = ("INCIDENT", "ID", "STATE", "AS OF (UTC)", "CARD", "LAG", "TRYING")


def add(commands: typer.Typer) -> None:
    """Add this command to the command line."""
    commands.command(epilog="Example: pagebridge incidents --json")(incidents)


def incidents(*, as_json: AsJson = False, data: Data = DATA) -> None:
    """List the open incidents as the bridge knows them: state, card, how late it is, who is trying what."""
    raise typer.Exit(asyncio.run(_incidents(data, as_json=as_json)))


async def _incidents(data: Path, *, as_json: bool) -> int:
    async with opened(data) as redis:
        found = await _open(redis)
    if as_json:
        show(json.dumps(facts(now)) for now in found)
    elif found:
        show(table(TITLES, map(row, found)))
    else:
        show(["The bridge knows of no open incident."])
    return 0


async def _open(redis: Redis) -> list[Standing]:
    """Read every incident of the index, newest first. The index may lag, so what is resolved already is left out."""
    found = [await standing(redis, incident) for incident in await OpenIncidents(redis).all()]
    return [now for now in found if now.state != "resolved"]


def row(now: Standing) -> tuple[str, ...]:
    """Write one incident for people."""
    cards = ", ".join(f"{channel} {place}" for channel, place in now.places()) or "shown nowhere"
    lag = f"{now.lag_ms / SECOND:.0f}s" if now.lag_ms else ""
    trying = ", ".join(now.attempts() or _asked(now))
    return now.label, now.incident.id, now.state, utc(now.as_of_ms) if now.as_of_ms else "", cards, lag, trying


def facts(now: Standing) -> dict[str, object]:
    """Give one incident for machines: times in ISO 8601, the lag in seconds."""
    snapshot = now.incident.snapshot
    return {
        "incident": now.incident.id,
        "number": snapshot.number if snapshot else None,
        "state": now.state,
        "urgency": snapshot.urgency if snapshot else None,
        "as_of": utc(now.as_of_ms) if now.as_of_ms else None,
        "cards": [{"channel": channel, "place": place} for channel, place in now.places()],
        "lag": now.lag_ms / SECOND,
        "attempts": now.attempts(),
        "commands_open": _asked(now),
    }


def _asked(now: Standing) -> list[str]:
    return [f"{record.command.action} by {record.command.by.id}" for record in now.open_commands]
