"""Sending payloads to the app, to one connection each or to its address, and waiting for its ack as Slack does."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.slack.deliveries import EnvelopeType, PendingDeliveryFaults
from pagebridge_sandbox.slack.fault_plan import RandomFaults
from pagebridge_sandbox.slack.request_url import FORM_TYPE, JSON_TYPE, RETRY_REASONS, DeliveryFailure, RequestUrl
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.socket_mode import Connection, SocketMode
from pagebridge_sandbox.slack.workspace import Workspace

MAX_ACK_SIZE = 20 * 1024
"""Bytes. Slack drops acks of this size and above without a word."""

__all__ = ["MAX_ACK_SIZE", "DeliveryFailure", "Envelope", "EnvelopeSender"]


@dataclass
class Envelope:
    """
    One payload on its way to the app.

    `failed` is what the person is told: `dispatch_failed` when no connection was open, `operation_timeout` when no ack
    came in time, and over HTTP what kind of answer came instead. `acked_after_ms` may be set all the same when the ack
    came too late. `connection` is the number of the connection it went to.
    """

    id: str
    type: EnvelopeType
    payload: Json = field(repr=False)
    accepts_response: bool
    sent_at: float
    connection: int | None = None
    acked_after_ms: float | None = None
    response: Json | None = None
    failure: DeliveryFailure | None = None
    retry_attempt: int = 0
    retry_reason: str = "http_timeout"
    dropped_acks: int = 0

    @property
    def acked(self) -> bool:
        """Whether the ack came in time."""
        return self.acked_after_ms is not None and self.failure is None

    @property
    def frame(self) -> Json:
        """A message on a Socket Mode connection."""
        shown: Json = {"envelope_id": self.id, "payload": self.payload, "type": self.type}
        if self.type == "events_api":
            shown |= {"retry_attempt": self.retry_attempt, "retry_reason": "timeout" if self.retry_attempt else ""}
        return shown | {"accepts_response_payload": self.accepts_response}

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers of the payload, for an app with a request URL."""
        headers = {"Content-Type": JSON_TYPE if self.type == "events_api" else FORM_TYPE}
        if self.retry_attempt:
            headers |= {"X-Slack-Retry-Num": str(self.retry_attempt), "X-Slack-Retry-Reason": self.retry_reason}
        return headers

    @property
    def body(self) -> bytes:
        """The HTTP body of the payload: JSON for an event, else a form."""
        match self.type:
            case "events_api":
                return json.dumps(self.payload).encode()
            case "slash_commands":
                return urlencode(self.payload).encode()
        return urlencode({"payload": json.dumps(self.payload)}).encode()


class EnvelopeSender:
    """
    Sends envelopes. `log` holds all of them, `ack_timeout` is in seconds.

    With a `request_url` they go there, and to no connection. Slack does not say whether an ack may come over another
    connection than its envelope went; here it may.
    """

    def __init__(
        self, workspace: Workspace, ack_timeout: float, ping_interval: float, random_faults: RandomFaults
    ) -> None:
        self._workspace = workspace
        self._random_faults = random_faults
        self.pending_faults = PendingDeliveryFaults()
        self.ack_timeout = ack_timeout
        self.socket = SocketMode(workspace, self._on_frame, ping_interval)
        self.request_url: RequestUrl | None = None
        self.log: list[Envelope] = []
        self.unknown_frames: list[str] = []
        """Frames that acked nothing we know."""
        self._sent: dict[str, tuple[Envelope, asyncio.Event]] = {}

    async def send(
        self, kind: EnvelopeType, payload: Json, *, accepts_response: bool = True, after: Envelope | None = None
    ) -> Envelope:
        """Send one payload, again if it is `after` an earlier attempt; return when it is acked or has failed."""
        envelope = Envelope(
            str(uuid.uuid4()), kind, payload, accepts_response=accepts_response, sent_at=self._workspace.clock.now()
        )
        if after is not None:
            envelope.retry_attempt = after.retry_attempt + 1
            envelope.retry_reason = RETRY_REASONS.get(after.failure or "operation_timeout", "http_error")
        self.log.append(envelope)
        if self.request_url is not None:
            await self._send_over_http(envelope, self.request_url)
        else:
            await self._send_over_socket(envelope)
        self._workspace.changes.notify()
        return envelope

    async def _send_over_socket(self, envelope: Envelope) -> None:
        connection = self.socket.next_connection()
        if connection is None:
            envelope.failure = "dispatch_failed"
            return
        acked = asyncio.Event()
        self._sent[envelope.id] = (envelope, acked)
        await self._deliver(envelope, connection)
        envelope.failure = await self._wait_for_ack(acked)

    async def _send_over_http(self, envelope: Envelope, request_url: RequestUrl) -> None:
        """Bring a payload to the app's address, unless something goes wrong on the way."""
        fault = self.pending_faults.take(envelope.type) or self._random_faults.for_delivery(envelope.type)
        match fault.how if fault else None:
            case "lost":
                await asyncio.sleep(self.ack_timeout)
                envelope.failure = "operation_timeout"
                return
            case "cut":
                envelope.failure = "dispatch_failed"
                return
            case "delayed" if fault:
                await asyncio.sleep(fault.delay)
            case "duplicated":
                duplicate = replace(envelope, id=str(uuid.uuid4()))
                self.log.append(duplicate)
                await self._post_once(duplicate, request_url)
        await self._post_once(envelope, request_url)

    async def _post_once(self, envelope: Envelope, request_url: RequestUrl) -> None:
        reply = await request_url.post(envelope.body, envelope.headers, self.ack_timeout)
        envelope.failure = reply.failure
        if not reply.failure:
            envelope.acked_after_ms = (self._workspace.clock.now() - envelope.sent_at) * 1000
            envelope.response = reply.body or None

    async def _deliver(self, envelope: Envelope, connection: Connection) -> None:
        """Bring a payload to the app, unless something goes wrong on the way."""
        envelope.connection = connection.id
        fault = self.pending_faults.take(envelope.type) or self._random_faults.for_delivery(envelope.type)
        match fault.how if fault else None:
            case "lost":
                return
            case "cut":
                connection.cut()
                return
            case "delayed" if fault:
                await asyncio.sleep(fault.delay)
            case "duplicated":
                await self._send_duplicate(envelope)
        await connection.send(envelope.frame)

    async def _send_duplicate(self, envelope: Envelope) -> None:
        """Bring a second copy, whose ack no one waits for, over the next connection."""
        duplicate = replace(envelope, id=str(uuid.uuid4()))
        connection = self.socket.next_connection()
        if connection:
            duplicate.connection = connection.id
            self.log.append(duplicate)
            self._sent[duplicate.id] = (duplicate, asyncio.Event())
            await connection.send(duplicate.frame)

    async def _wait_for_ack(self, acked: asyncio.Event) -> DeliveryFailure | None:
        try:
            async with asyncio.timeout(self.ack_timeout):
                await acked.wait()
        except TimeoutError:
            return "operation_timeout"
        return None

    def _on_frame(self, frame: str) -> None:
        ack = _parse_frame(frame)
        envelope, acked = self._sent.get(str(ack.get("envelope_id")), (None, None))
        if envelope is None or acked is None:
            self.unknown_frames.append(frame)
        elif len(frame.encode()) >= MAX_ACK_SIZE:
            envelope.dropped_acks += 1
        elif envelope.acked_after_ms is None:
            envelope.acked_after_ms = (self._workspace.clock.now() - envelope.sent_at) * 1000
            payload = ack.get("payload")
            envelope.response = payload if isinstance(payload, dict) and payload else None
            acked.set()
        self._workspace.changes.notify()


def _parse_frame(frame: str) -> Json:
    try:
        value = decode(frame)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
