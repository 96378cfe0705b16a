"""Misbehaviour on demand."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Literal

from pagebridge_sandbox.pagerduty import responses
from pagebridge_sandbox.pagerduty.calls import Call, matches
from pagebridge_sandbox.pagerduty.responses import ApiError, Response

MAX_STATUS = 599
DEFAULT_ERRORS: dict[int, tuple[int, str]] = {
    HTTPStatus.BAD_REQUEST: (responses.INVALID_INPUT, "Invalid Input Provided"),
    HTTPStatus.UNAUTHORIZED: (responses.INVALID_API_KEY, "Unauthorized"),
    HTTPStatus.FORBIDDEN: (responses.ACCESS_DENIED, "Access Denied"),
    HTTPStatus.NOT_FOUND: (responses.NOT_FOUND, "Not Found"),
    HTTPStatus.REQUEST_TIMEOUT: (responses.REQUEST_TIMEOUT, "The Request Took Too Long"),
    HTTPStatus.TOO_MANY_REQUESTS: (responses.RATE_LIMITED, "Rate Limit Exceeded"),
}
"""PagerDuty's message for a status, unless the fault has its own; for others an internal error."""


@dataclass(frozen=True)
class Fault:
    """
    A fault of the calls of one `method` to the paths of one pattern (`*` is one segment, `**` anything).

    How the call ends: with `status` and a JSON error of `code` and `message` or, with `text`, that text and no JSON;
    for a 429, `ratelimit_reset` seconds are in its headers (without it, none are). With `drop` the connection is cut,
    with `hang` there is never an answer. Without any of these the call is carried out and answered as usual, but for
    what is `odd`: other values in places of the answer, each by the way there, such as `users.0.name`, where `*` is
    every member of a list.

    The answer comes `delay` seconds late. A call that ends as usual takes effect after that delay or, with
    `after_effect`, before it. One that fails does not take effect, or does at once (`after_effect`), or does after
    `effect_after` seconds. It happens `times` times, or until it is removed; to every call that it concerns or, with a
    `chance` from 0 to 1, to some, the same ones for the same `seed`.
    """

    method: str = "*"
    path: str = "**"
    status: int | None = None
    code: int | None = None
    message: str | None = None
    text: str | None = None
    ratelimit_reset: int | None = None
    drop: bool = False
    hang: bool = False
    odd: Mapping[str, object] | None = None
    delay: float = 0.0
    after_effect: bool = False
    effect_after: float | None = None
    times: int | None = None
    chance: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if sum((self.status is not None, self.drop, self.hang)) > 1:
            raise ValueError("a call ends with a status, dropped, or hanging: only one of them")
        if self.effect_after is not None and (self.after_effect or self.ending == "as usual"):
            raise ValueError("effect_after is for calls that fail, without after_effect")
        if self.odd is not None and self.ending != "as usual":
            raise ValueError("only an answer as usual can be odd in places")
        if self.status is None and any(given is not None for given in (self.code, self.message, self.text)):
            raise ValueError("code, message and text need a status")
        if self.status is not None and not HTTPStatus.BAD_REQUEST <= self.status <= MAX_STATUS:
            raise ValueError("a call that fails has a status from 400 to 599")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault happens once at least")
        if not 0 <= self.chance <= 1:
            raise ValueError("a chance is from 0 to 1")

    @property
    def ending(self) -> Literal["as usual", "answered", "dropped", "hung"]:
        """How the call ends for the client."""
        if self.hang:
            return "hung"
        if self.drop:
            return "dropped"
        return "as usual" if self.status is None else "answered"

    @property
    def response(self) -> Response:
        """The answer of this fault, used if it gives one."""
        status = self.status or HTTPStatus.INTERNAL_SERVER_ERROR
        reset = self.ratelimit_reset
        limits = (
            {}
            if reset is None
            else {"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": str(reset)}
        )
        if self.text is not None:
            return Response(self.text, status, limits)
        code, message = DEFAULT_ERRORS.get(status, (responses.INTERNAL_ERROR, "Internal Error"))
        refusal = ApiError(code if self.code is None else self.code, self.message or message, status=status)
        return Response(refusal.response.body, status, limits)

    def distorted(self, answer: Response) -> Response:
        """Put what is odd into an answer; places that it does not have stay so."""
        body = copy.deepcopy(answer.body)
        for way, value in (self.odd or {}).items():
            *steps, last = way.split(".")
            for place in _places(body, steps):
                if isinstance(place, dict):
                    place[last] = value
                elif isinstance(place, list):
                    place[:] = [value if last in ("*", str(at)) else each for at, each in enumerate(place)]
        return Response(body, answer.status, answer.headers)

    def applies_to(self, call: Call) -> bool:
        """Whether this call is one of those that go wrong."""
        return self.method in ("*", call.method) and matches(self.path, call.path)


def _places(body: object, steps: Sequence[str]) -> Iterator[object]:
    """Find the objects and lists at the end of a way."""
    if not steps:
        yield body
        return
    step, *rest = steps
    if isinstance(body, dict):
        yield from _places(body.get(step), rest)
    elif isinstance(body, list):
        for at, member in enumerate(body):
            if step in ("*", str(at)):
                yield from _places(member, rest)


@dataclass
class ActiveFault:
    """A fault in force. `match_count` counts the calls that it concerned."""

    fault: Fault
    id: int
    _on_remove: Callable[["ActiveFault"], None]
    match_count: int = 0
    _random: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Get ready to decide as the seed will have it."""
        self._random = Random(self.fault.seed)  # noqa: S311 - chances are to be repeated, not to be secret

    def is_triggered_by(self, call: Call) -> bool:
        """Whether it happens to this call."""
        return self.fault.applies_to(call) and self._random.random() < self.fault.chance

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
        active = next((active for active in self.active if active.is_triggered_by(call)), None)
        if active is None:
            return None
        active.match_count += 1
        if active.match_count == active.fault.times:
            active.remove()
        return active.fault

    def _deactivate(self, active: ActiveFault) -> None:
        if active in self.active:
            self.active.remove(active)
