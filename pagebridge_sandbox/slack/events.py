"""Telling the app of events that it has subscribed to, again and again until it acks. Source: the Events API pages."""

import asyncio
from collections.abc import Coroutine

from pagebridge_sandbox.slack import payloads
from pagebridge_sandbox.slack.envelopes import Envelope, EnvelopeSender
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.workspace import Workspace


class EventSender:
    """Sends events. `retry_delays` are the pauses in seconds before one that was not acked is sent again."""

    def __init__(self, workspace: Workspace, envelopes: EnvelopeSender, retry_delays: tuple[float, ...]) -> None:
        self._workspace = workspace
        self._envelopes = envelopes
        self._retry_delays = retry_delays
        self._group: asyncio.TaskGroup | None = None
        self._sending: set[asyncio.Task[object]] = set()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to send, in the background within `group`."""
        self._group = group

    def stop(self) -> None:
        """Give up what was not acked."""
        for task in self._sending:
            task.cancel()

    async def send(self, event: Json, subscription: str = "") -> Envelope | None:
        """Send an event, and return once it is acked or has failed; None when the app has not subscribed to it."""
        if (subscription or event["type"]) not in self._workspace.bot_events:
            return None
        payload = payloads.event_callback(self._workspace, event)
        envelope = await self._envelopes.send("events_api", payload, accepts_response=False)
        if not envelope.acked:
            self._start_task(self._retry(envelope))
        return envelope

    def send_in_background(self, event: Json, subscription: str = "") -> None:
        """Send an event without waiting for anything."""
        if (subscription or event["type"]) in self._workspace.bot_events:
            self._start_task(self.send(event, subscription))

    def _start_task(self, sending: Coroutine[None, None, object]) -> None:
        if self._group is None:
            raise RuntimeError("events can be sent only while the sandbox runs")
        task = self._group.create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _retry(self, last: Envelope) -> None:
        for pause in self._retry_delays:
            await asyncio.sleep(pause)
            last = await self._envelopes.send("events_api", last.payload, accepts_response=False, after=last)
            if last.acked:
                return
