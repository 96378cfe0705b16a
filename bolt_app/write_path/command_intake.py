"""
From the click to the incident's queue.

`CommandIntake` takes a click and acks Slack's envelope: after `CommandLog` has made it durable, or else after it was
handled directly. `CommandDispatcher` moves it from the shared stream to its incident's queue.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import Counter, Histogram
from pydantic import TypeAdapter, ValidationError

from bolt_app.services import Services
from bolt_app.write_path.direct_acknowledge import MOST_REMEMBERED, DirectAcknowledge
from shared.errors import Malformed, StoreDown
from shared.model.command import Command, CommandQueue, CommandRecord, split
from shared.model.ids import CommandId
from shared.observability.call_metrics import BUCKETS
from shared.store import keys
from shared.store.redis import append
from shared.store.streams import Entry

log = structlog.get_logger()

CLICKS = Counter("pagebridge_clicks", "Clicks taken, by action and whether they could be stored", ["action", "stored"])
STORED = Histogram(
    "pagebridge_click_store_seconds", "Time to put a click on disk, before Slack is acked", buckets=BUCKETS
)

_JSON = TypeAdapter(Command)


class CommandLog:
    """Puts commands on the stream."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def accept(self, command: Command) -> bool:
        """
        Return True if the command is stored.

        An append that timed out may still be carried out, after the clicker was told that it was not. So each entry
        says by when it must be on the stream to count.
        """
        stored = False
        try:
            # A second time if the store's clock has jumped, so that the first entry came too late by its own time.
            with STORED.time():
                stored = await self._append(command) or await self._append(command)
        except (StoreDown, TimeoutError) as error:
            log.error("click.not_stored", command=command.id, incident=command.incident, why=repr(error))
        CLICKS.labels(command.action, "yes" if stored else "no").inc()
        return stored

    async def _append(self, command: Command) -> bool:
        """Append once; return True if the entry is on the stream in time to count."""
        patience = self._services.durations.store_timeout
        void_ms = self._services.clock.estimate_ms() + int(patience * 1000)
        fields = {"v": b"1", "body": _JSON.dump_json(command), "void": str(void_ms).encode()}
        async with asyncio.timeout(patience):
            entry = await append(self._services.redis, keys.COMMANDS, fields, wait_for_disk=self._services.durable)
        at_ms = int(entry.partition("-")[0])
        self._services.clock.observe(at_ms)
        return at_ms <= void_ms


class CommandIntake:
    """Takes commands whose envelopes wait for an ack, and remembers what it has stored: a copy need not be taken."""

    def __init__(self, command_log: CommandLog, direct: DirectAcknowledge) -> None:
        self._command_log = command_log
        self._direct = direct
        self._stored: dict[CommandId, None] = {}

    async def accept(self, ack: Callable[[], Awaitable[object]], command: Command) -> None:
        """Store the command, then ack. What cannot be stored, or is a copy of such, is acked by the direct way."""
        if command.id in self._stored:
            await ack()
        elif not self._direct.has_handled(command) and await self._command_log.accept(command):
            self._remember(command.id)
            await ack()
        else:
            await self._direct.handle(command, ack)

    def _remember(self, stored: CommandId) -> None:
        self._stored[stored] = None
        if len(self._stored) > MOST_REMEMBERED:
            del self._stored[next(iter(self._stored))]


class CommandDispatcher:
    """Moves commands to their incidents' queues: there first, then off the stream, so that none is lost in between."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, entry: Entry) -> None:
        """Move one entry. Raises `Malformed` for what no worker of this version has written."""
        command, void_ms = _parse_command(entry)
        if entry.at_ms > void_ms:
            log.warning("command.void", command=command.id, incident=command.incident, late_ms=entry.at_ms - void_ms)
        else:
            await self._queue([CommandRecord(part, accepted_ms=entry.at_ms) for part in split(command)])

    async def _queue(self, records: list[CommandRecord]) -> None:
        incident = records[0].command.incident

        def rule(queue: CommandQueue) -> CommandQueue:
            for record in records:
                queue = queue.appended(record)
            return queue

        await self._services.command_queues.change(incident, rule)
        await self._services.command_queue.mark(incident)


def _parse_command(entry: Entry) -> tuple[Command, int]:
    try:
        return _JSON.validate_json(entry.fields.get("body", b"")), int(entry.fields.get("void", b""))
    except (ValidationError, ValueError):
        raise Malformed("not a command that this version understands") from None
