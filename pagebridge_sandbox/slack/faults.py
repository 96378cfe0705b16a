"""Misbehaviour on demand."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pagebridge_sandbox.slack.calls import Call
from pagebridge_sandbox.slack.responses import Json, Response

RATE_LIMITED = 429
UNAVAILABLE = 503


@dataclass(frozen=True)
class Fault:
    """
    A fault of the calls of one `method` (`*` is every one, `response_url` those to such an address).

    How the call ends: refused with `error`; `http_status`, with the JSON of `error` or, without one, with `body` as
    plain text; `retry_after`, a 429; `drop`, the connection is cut; `hang`, there is never an answer. Without any of
    these it is carried out as usual, after `delay` seconds.

    Whether a failing call takes effect: not at all; before its answer (`after_effect`); or so many seconds after it
    (`effect_after`). It happens `times` times, or until it is removed.
    """

    method: str = "*"
    channel: str | None = None
    error: str | None = None
    http_status: int | None = None
    body: str = "upstream connect error or disconnect/reset before headers"
    retry_after: float | None = None
    drop: bool = False
    hang: bool = False
    delay: float = 0.0
    after_effect: bool = False
    effect_after: float | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        if self.ending == "as usual" and (self.after_effect or self.effect_after is not None):
            raise ValueError("only a call that fails can take effect all the same; say how it fails")

    @property
    def ending(self) -> Literal["as usual", "answered", "dropped", "hung"]:
        """How the call ends for the client."""
        if self.hang:
            return "hung"
        if self.drop:
            return "dropped"
        failing = (self.error, self.http_status, self.retry_after)
        return "answered" if any(given is not None for given in failing) else "as usual"

    @property
    def response(self) -> Response:
        """The answer of this fault, used if it gives one."""
        if self.retry_after is not None:
            body: Json = {"ok": False, "error": self.error or "ratelimited"}
            return Response(body, self.http_status or RATE_LIMITED, {"Retry-After": str(math.ceil(self.retry_after))})
        if self.error is None:
            return Response(self.body, self.http_status or UNAVAILABLE)
        return Response({"ok": False, "error": self.error}, self.http_status or 200)

    def applies_to(self, call: Call) -> bool:
        """Whether this call is one of those that go wrong."""
        return self.method in ("*", call.method) and self.channel in (None, call.channel)


@dataclass
class ActiveFault:
    """A fault in force. `match_count` counts the calls that it concerned."""

    fault: Fault
    id: int
    _on_remove: Callable[["ActiveFault"], None]
    match_count: int = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether it has happened as often as it should."""
        return self.fault.times is not None and self.match_count >= self.fault.times

    def remove(self) -> None:
        """End it; removing twice does no harm."""
        self._on_remove(self)


class Faults:
    """The faults in force. Of several that concern a call the oldest strikes."""

    def __init__(self) -> None:
        self.active: list[ActiveFault] = []
        self._count = 0

    def add(self, fault: Fault) -> ActiveFault:
        """Put a fault in force."""
        self._count += 1
        active = ActiveFault(fault, self._count, self._deactivate)
        self.active.append(active)
        return active

    def take(self, call: Call) -> Fault | None:
        """Return the fault that strikes this call, if there is one."""
        for active in self.active:
            if active.fault.applies_to(call):
                active.match_count += 1
                if active.is_exhausted:
                    active.remove()
                return active.fault
        return None

    def _deactivate(self, active: ActiveFault) -> None:
        if active in self.active:
            self.active.remove(active)
