"""The way of one worker to one vendor, on which calls go wrong as the schedule says."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Generic, TypeVar

from shared.errors import CallError, Unavailable, Uncertain
from tests.proof.engine.process import Process
from tests.proof.schedule import Door, Item, Trouble

T = TypeVar("T")

KINDS = tuple(
    f"{door} {kind}"
    for door, kinds in (
        ("pagerduty", ("read", "write", "survey")),
        ("slack", ("post", "update", "delete", "look", "sweep", "tell", "who")),
    )
    for kind in kinds
)
"""Every kind of call to a vendor. A vendor goes on with what has reached it, whatever becomes of the caller."""

TIMEOUT = 6.0
"""Seconds after which a door gives a call up, as in production."""
USUAL, QUICK = (0.02, 0.2), (0.004, 0.02)
"""Seconds that each half of a call takes at least and at most when nothing is wrong."""


class Troubles:
    """
    What goes wrong with calls to the vendors in one run.

    `outstanding` counts the calls that are still to take effect or to be answered, `late` those of them that will have
    been given up by then.
    """

    def __init__(self, items: Iterable[Item], rng: Random, *, quick: bool = False) -> None:
        self.outstanding = 0
        self.late = 0
        self._latency = QUICK if quick else USUAL
        self.struck: Counter[str] = Counter()
        self._rng = rng
        self._planned = {(t.door, t.kind, t.nth): t for t in items if isinstance(t, Trouble)}
        self._calls: Counter[tuple[str, str]] = Counter()

    def meet(self, door: Door, kind: str) -> Trouble | None:
        """Count a call, and say what is to go wrong with it."""
        nth = self._calls[door, kind]
        self._calls[door, kind] += 1
        trouble = self._planned.get((door, kind, nth))
        self.struck[f"{door} {kind}"] += trouble is not None
        return trouble

    def half(self) -> float:
        """Give the seconds that one half of a call takes."""
        return self._rng.uniform(*self._latency)


class Way:
    """Carries the calls of one worker to one door."""

    def __init__(self, process: Process, door: Door, troubles: Troubles) -> None:
        self._process = process
        self._door = door
        self._troubles = troubles

    @property
    def worker(self) -> str:
        """Whose way it is."""
        return self._process.name

    def now(self) -> float:
        """Give the simulation's time."""
        return asyncio.get_running_loop().time()

    def given_up(self, begun: float) -> bool:
        """Tell whether nobody waits any more for a call that was begun then."""
        return not self._process.alive or self.now() - begun >= TIMEOUT

    async def call(self, kind: str, effect: Callable[[], T]) -> T:
        """Make a call whose effect is `effect`, or let it fail. A vendor goes on with what has reached it."""
        name = f"{self._door} {kind}"
        far = _FarSide(effect, self._troubles.meet(self._door, kind), self._troubles, name)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._process.call(name, name, far.arrive)
        except TimeoutError:
            raise Uncertain(f"{name} took too long") from None


class _FarSide(Generic[T]):
    """What becomes of one call once it has reached the vendor."""

    def __init__(self, effect: Callable[[], T], trouble: Trouble | None, troubles: Troubles, name: str) -> None:
        self._effect = effect
        self._how = trouble.how if trouble else ""
        self._seconds = trouble.seconds if trouble else 0.0
        self._troubles = troubles
        self._name = name

    def arrive(self) -> asyncio.Future[T]:
        """Begin with the call, and promise an answer."""
        self._answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._how in ("hang", "late"):
            # Nobody will hear of it; the future is what the caller waits for until it gives up.
            if self._how == "late":
                self._troubles.late += 1
                self._later(self._seconds, self._land)
            return self._answer
        refusal = self._refusal()
        if refusal is not None:
            self._later(self._troubles.half(), lambda: self._fail(refusal))
        else:
            self._later(self._seconds + self._troubles.half(), self._carry_out)
        return self._answer

    def _refusal(self) -> CallError | None:
        match self._how:
            case "unreachable":
                return Unavailable(f"{self._name}: cannot be reached")
            case "limited":
                return Unavailable(f"{self._name}: too many", self._seconds)
            case "before":
                return Uncertain(f"{self._name}: no answer")
        return None

    def _carry_out(self) -> None:
        try:
            result = self._effect()
        except Exception as error:  # noqa: BLE001 -- the vendor's refusal, which is the caller's
            refused = error
            self._later(self._troubles.half(), lambda: self._fail(refused))
            return
        if self._how == "after":
            self._later(self._troubles.half(), lambda: self._fail(Uncertain(f"{self._name}: the answer was lost")))
        else:
            self._later(self._troubles.half(), lambda: self._succeed(result))

    def _succeed(self, result: T) -> None:
        if not self._answer.done():
            self._answer.set_result(result)

    def _land(self) -> None:
        """Take effect for nobody."""
        self._troubles.late -= 1
        try:
            self._effect()
        except Exception as error:  # noqa: BLE001 -- the vendor refuses, and nobody hears it
            del error

    def _fail(self, error: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)

    def _later(self, seconds: float, then: Callable[[], object]) -> None:
        self._troubles.outstanding += 1

        def happen() -> None:
            self._troubles.outstanding -= 1
            then()

        asyncio.get_running_loop().call_later(seconds, happen)
