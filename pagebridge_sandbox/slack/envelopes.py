"""Sending payloads to the app, to one connection each or to its address, and waiting for its ack as Slack does."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field, replace

from pagebridge_sandbox.slack.deliveries import Disturbances, Kind
from pagebridge_sandbox.slack.fault_plan import Chance
from pagebridge_sandbox.slack.request_url import RETRY_REASONS, Failure, RequestUrl
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.socket_mode import Connection, SocketMode
from pagebridge_sandbox.slack.workspace import Workspace

ACK_SIZE = 20 * 1024
"""Bytes. Slack drops acks of this size and above without a word."""

__all__ = ["ACK_SIZE", "Envelope", "Envelopes", "Failure"]


@dataclass
class Envelope:
    """
    One payload on its way to the app.

    `failed` is what the person is told: `dispatch_failed` when no connection was open, `operation_timeout` when no ack
    came in time, and over HTTP what kind of answer came instead. `acked_after_ms` may be set all the same when the ack
    came too late. `connection` is the number of the connection it went to.
    """

    id: str
    type: Kind
    payload: Json = field(repr=False)
    accepts_response: bool
    sent_at: float
    connection: int | None = None
    acked_after_ms: float | None = None
    response: Json | None = None
    failed: Failure | None = None
    retry_attempt: int = 0
    retry_reason: str = "http_timeout"
    dropped_acks: int = 0

    @property
    def acked(self) -> bool:
        """Whether the ack came in time."""
        return self.acked_after_ms is not None and self.failed is None

    @property
    def frame(self) -> Json:
        """What goes over the wire."""
        shown: Json = {"envelope_id": self.id, "payload": self.payload, "type": self.type}
        if self.type == "events_api":
            shown |= {"retry_attempt": self.retry_attempt, "retry_reason": "timeout" if self.retry_attempt else ""}
        return shown | {"accepts_response_payload": self.accepts_response}


class Envelopes:
    """
    Sends envelopes. `log` holds all of them, `ack_timeout` is in seconds.

    With a `request_url` they go there, and to no connection. Slack does not say whether an ack may come over another
    connection than its envelope went; here it may.
    """

    def __init__(self, workspace: Workspace, ack_timeout: float, ping_interval: float, chance: Chance) -> None:
        self._workspace = workspace
        self._chance = chance
        self.disturbances = Disturbances()
        self.ack_timeout = ack_timeout
        self.socket = SocketMode(workspace, self._acked, ping_interval)
        self.request_url: RequestUrl | None = None
        self.log: list[Envelope] = []
        self.strange: list[str] = []
        """Frames that acked nothing we know."""
        self._sent: dict[str, tuple[Envelope, asyncio.Event]] = {}

    async def send(
        self, kind: Kind, payload: Json, *, accepts_response: bool = True, after: Envelope | None = None
    ) -> Envelope:
        """Send one payload, again if it is `after` an earlier attempt; return when it is acked or has failed."""
        envelope = Envelope(
            str(uuid.uuid4()), kind, payload, accepts_response=accepts_response, sent_at=self._workspace.clock.now()
        )
        if after is not None:
            envelope.retry_attempt = after.retry_attempt + 1
            envelope.retry_reason = RETRY_REASONS.get(after.failed or "operation_timeout", "http_error")
        self.log.append(envelope)
        if self.request_url is not None:
            await self._post(envelope, self.request_url)
        else:
            await self._over_socket(envelope)
        self._workspace.changes.notify()
        return envelope

    async def _over_socket(self, envelope: Envelope) -> None:
        connection = self.socket.pick()
        if connection is None:
            envelope.failed = "dispatch_failed"
            return
        acked = asyncio.Event()
        self._sent[envelope.id] = (envelope, acked)
        await self._carry(envelope, connection)
        envelope.failed = await self._in_time(acked)

    async def _post(self, envelope: Envelope, to: RequestUrl) -> None:
        """Bring a payload to the app's address, unless something goes wrong on the way."""
        fault = self.disturbances.take(envelope.type) or self._chance.for_delivery(envelope.type)
        match fault.how if fault else None:
            case "lost":
                await asyncio.sleep(self.ack_timeout)
                envelope.failed = "operation_timeout"
                return
            case "cut":
                envelope.failed = "dispatch_failed"
                return
            case "delayed" if fault:
                await asyncio.sleep(fault.delay)
            case "duplicated":
                again = replace(envelope, id=str(uuid.uuid4()))
                self.log.append(again)
                await self._post_once(again, to)
        await self._post_once(envelope, to)

    async def _post_once(self, envelope: Envelope, to: RequestUrl) -> None:
        reply = await to.post(envelope, self.ack_timeout)
        envelope.failed = reply.failed
        if not reply.failed:
            envelope.acked_after_ms = (self._workspace.clock.now() - envelope.sent_at) * 1000
            envelope.response = reply.body or None

    async def _carry(self, envelope: Envelope, connection: Connection) -> None:
        """Bring a payload to the app, unless something goes wrong on the way."""
        envelope.connection = connection.id
        fault = self.disturbances.take(envelope.type) or self._chance.for_delivery(envelope.type)
        match fault.how if fault else None:
            case "lost":
                return
            case "cut":
                connection.cut()
                return
            case "delayed" if fault:
                await asyncio.sleep(fault.delay)
            case "duplicated":
                await self._repeat(envelope)
        await connection.send(envelope.frame)

    async def _repeat(self, envelope: Envelope) -> None:
        """Bring a second copy, whose ack nobody waits for, over the next connection."""
        again = replace(envelope, id=str(uuid.uuid4()))
        connection = self.socket.pick()
        if connection:
            again.connection = connection.id
            self.log.append(again)
            self._sent[again.id] = (again, asyncio.Event())
            await connection.send(again.frame)

    async def _in_time(self, acked: asyncio.Event) -> Failure | None:
        try:
            async with asyncio.timeout(self.ack_timeout):
                await acked.wait()
        except TimeoutError:
            return "operation_timeout"
        return None

    def _acked(self, frame: str) -> None:
        ack = _parsed(frame)
        envelope, acked = self._sent.get(str(ack.get("envelope_id")), (None, None))
        if envelope is None or acked is None:
            self.strange.append(frame)
        elif len(frame.encode()) >= ACK_SIZE:
            envelope.dropped_acks += 1
        elif envelope.acked_after_ms is None:
            envelope.acked_after_ms = (self._workspace.clock.now() - envelope.sent_at) * 1000
            said = ack.get("payload")
            envelope.response = said if isinstance(said, dict) and said else None
            acked.set()
        self._workspace.changes.notify()


def _parsed(frame: str) -> Json:
    try:
        value = json.loads(frame)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
