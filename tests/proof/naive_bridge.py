"""The bridge that one would write in an afternoon: a message for every webhook, a write for every click."""

import asyncio

from bolt_app.worker_parts import Clients
from bolt_app.write_path.direct_acknowledge import Ack
from shared.errors import CallError, StoreDown
from shared.model.actions import SPECS
from shared.model.command import Command
from shared.model.event import Event
from shared.model.event_types import TRANSITIONS
from shared.model.ids import ChannelId, MessageTs
from shared.model.incident import Incident
from shared.pagerduty.events import webhook
from shared.slack.render import card
from shared.slack.render.blocks import message
from shared.store import keys
from shared.store.streams import Deliveries, Inbox
from tests.proof.engine.process import Process
from tests.proof.personas import PEOPLE, Person
from tests.proof.simulated_worker import DURATIONS, Breakage, Core
from tests.proof.slack_model import CHANNEL

TRIES = 3


class NaiveWorker(Core):
    """Shows what the last webhook said, and believes what its own calls answer. The names of its cards are in Redis."""

    def __init__(self, process: Process, clients: Clients, _breakage: Breakage) -> None:
        super().__init__(process)
        self._doors = clients

    async def run(self) -> None:
        """Take one event after the other."""
        inbox = Inbox(self._doors.redis, self._doors.redis, keys.EVENTS, self.process.name, DURATIONS)
        await inbox.open()
        self.ready = True
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show_all(inbox))
            group.create_task(self._take_deliveries())

    async def _take_deliveries(self) -> None:
        deliveries = Deliveries(self._doors.redis, self._doors.redis, DURATIONS)
        while True:
            try:
                await deliveries.step()
            except StoreDown:
                await asyncio.sleep(1.0)

    async def _show_all(self, inbox: Inbox) -> None:
        while True:
            try:
                for entry in await inbox.batch():
                    event = webhook.parse(entry.fields["body"])
                    if isinstance(event, Event):
                        await self._show(event)
                    await inbox.ack(entry)
            except StoreDown:
                await asyncio.sleep(1.0)

    async def take(self, ack: Ack, command: Command) -> None:
        """Carry a click out, and say in the thread what was done."""
        await self._carry_out(command)
        await ack()

    async def _carry_out(self, command: Command) -> None:
        person = next(person for person in PEOPLE.values() if person.slack == command.by.id)
        status = SPECS[command.action].status
        if not person.pagerduty or status is None:
            return
        for _ in range(TRIES):
            try:
                await self._doors.pagerduty.set_status(command.incident, status, person.email)
                await self._tell(command, person)
            except CallError:
                continue
            return

    async def _show(self, event: Event) -> None:
        if event.snapshot is None:
            return
        message = card.render(Incident(event.incident), event.snapshot, {})
        name = f"naive:{event.incident}"
        known = await self._doors.redis.get(name)
        slack, channel = self._doors.slack, ChannelId(CHANNEL)
        try:
            if known is None:
                ts = await slack.post(channel, text=message.text, blocks=message.blocks, metadata=message.metadata)
                await self._doors.redis.set(name, ts)
            else:
                await slack.update(channel, MessageTs(_text(known)), text=message.text, blocks=message.blocks)
            await self._line(
                event.incident, event.type, event.agent.id if event.agent else "", event.at.ms, "PagerDuty"
            )
        except CallError:
            return

    async def _tell(self, command: Command, person: Person) -> None:
        kind = next(kind for kind, leads in TRANSITIONS.items() if leads is SPECS[command.action].status)
        now_ms = int((await self._doors.redis.time())[0]) * 1000
        await self._line(command.incident, kind, person.pagerduty, now_ms, "Slack")

    async def _line(self, incident: str, kind: str, agent: str, at_ms: int, place: str) -> None:
        key = f"line:{incident}:{kind}:{at_ms}"
        facts = {"incident": incident, "type": kind, "agent": agent, "at": at_ms}
        text = f"{kind} by {agent} in {place}" if agent else kind
        made = message(key, text, [], facts)
        await self._doors.slack.post(ChannelId(CHANNEL), text=text, blocks=[], metadata=made.metadata)


def _text(stored: bytes | str) -> str:
    return stored.decode() if isinstance(stored, bytes) else stored
