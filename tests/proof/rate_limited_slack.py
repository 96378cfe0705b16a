"""A Slack of several channels that limits as the simulator does, at the far end of the product's own door."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pagebridge_sandbox.slack.limits import RateLimitEnforcer
from pagebridge_sandbox.slack.methods import METHODS
from shared.slack.api import errors
from shared.slack.api.client import Slack
from shared.slack.api.transport import Answer, RateLimiter, Transport
from shared.vendor_calls import ServerClock
from tests.proof.faulty_link import Way
from tests.proof.personas import ALICE

EPOCH = 1_700_000_000
"""When virtual time begins, in seconds since 1970."""
POST, UPDATE = "chat.postMessage", "chat.update"


@dataclass
class Message:
    """One message, with what it says at last, when it came, and when it was edited."""

    key: str
    text: str
    thread: str | None
    at: float
    edited: list[float] = field(default_factory=list)


@dataclass
class Channels:
    """Slack's side: what stands in each channel, and how many calls of each kind came, were too fast, or made news."""

    throttle: RateLimitEnforcer
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def answer(self, method: str, said: Mapping[str, Any], at: float) -> dict[str, object]:
        """Carry out a call, or refuse it because it comes too soon."""
        self.calls[method] += 1
        wait = self.throttle.retry_after(method, METHODS[method].tier, said.get("channel"))
        if wait is not None:
            self.refused += 1
            raise errors.error_from(method, errors.TOO_MANY, {"retry-after": str(wait)}, {"error": "ratelimited"})
        match method:
            case "chat.postMessage":
                return self._post(said, at)
            case "chat.update":
                message = self.messages[said["channel"], said["ts"]]
                message.text = said["text"]
                message.edited.append(at)
            case "users.lookupByEmail":
                return {"user": {"id": ALICE.slack, "team_id": "T0ACME"}}
        return {}

    def by_key(self) -> dict[str, list[Message]]:
        """List the messages by what they are."""
        found = defaultdict(list)
        for message in self.messages.values():
            found[message.key].append(message)
        return found

    def _post(self, said: Mapping[str, Any], at: float) -> dict[str, object]:
        ts = f"{EPOCH + at:.3f}{len(self.messages):05d}"
        key = said["metadata"]["event_payload"]["key"]
        self.messages[said["channel"], ts] = Message(key, said["text"], said.get("thread_ts"), at)
        return {"ts": ts}


class LimitedTransport(Transport):
    """The door's way to `Channels`: paced by the real budgets, with the time that calls take."""

    def __init__(self, channels: Channels, way: Way, pacing: RateLimiter) -> None:
        """Need no connection."""
        self._channels = channels
        self._way = way
        self._pacing = pacing
        self.server_clock = ServerClock("Slack")

    async def _once(self, method: str, **request: Any) -> Answer:  # noqa: ANN401 -- as the real one
        said = request.get("json") or request.get("params") or {}
        kind = "post" if method == POST else "update"
        return await self._way.call(kind, lambda: self._channels.answer(method, said, self._way.now())), {}


class LimitedSlack(Slack):
    """The real door over a transport of one's own."""

    def __init__(self, transport: Transport) -> None:
        """Need no connection."""
        self._transport = transport
        self._us = None
        self.server_clock = transport.server_clock
