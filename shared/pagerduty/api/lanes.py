"""
When PagerDuty is called, and who goes first: everything that calls it waits here, in its lane, and nowhere else.

A lane has seats of its own, so that nothing waits behind a lower one. Within a lane people take turns: who has the
fewest seats goes first, so that one person's flood is before no other's first.

What a person does gets a seat before its first read and keeps it until it has ended: its calls follow one another
without waiting, so that what it has read is fresh when it writes. Everything else waits for each call. The lane, and
the person whose turn it is, belong to the context, as the keys of the log do.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from secrets import token_hex
from types import MappingProxyType
from typing import NamedTuple

from prometheus_client import Gauge, Histogram

from shared.errors import Queued, Stopping
from shared.vendor_calls import ANYBODY, ROUNDING, Caller, Limit, Pacing, TokenBuckets


class Lane(IntEnum):
    """The purpose of a call; the lowest number goes first."""

    ACT = 0
    """A person's act: everything from the first read to the write."""
    READ = 1
    """Reads for people: answers, dialogs and cards; and whether webhooks still come."""
    UPKEEP = 2
    """Work for which no person waits."""


@dataclass(frozen=True)
class Seats:
    """How much goes on in a lane of one worker at the same time, at most, in all and for one person."""

    all: int
    each: int


SEATS: Mapping[Lane, Seats] = MappingProxyType(
    {Lane.ACT: Seats(all=32, each=16), Lane.READ: Seats(all=16, each=8), Lane.UPKEEP: Seats(all=4, each=4)}
)
"""A seat of the first lane is for a whole command, which makes few calls at once; others are for one call."""
CALLS: Mapping[Lane, int] = MappingProxyType({Lane.ACT: 3, Lane.READ: 1, Lane.UPKEEP: 1})
"""The calls that are paid for with a seat: a command reads the person and the incident, and writes."""

LIMIT = 960
"""Requests a minute that PagerDuty takes with one key or app (PagerDuty: "REST API rate limits")."""
RATE = 700
"""Calls a minute that all workers make in the long run."""
BURST = 170
"""Calls that they may make at once besides. Whenever a minute begins, both together stay below `LIMIT`."""
BLOCK = 6
"""Calls that a worker takes out of the shared budget at once, so that Redis is asked for few; it keeps some of them."""
SHARE: Mapping[Lane, float] = MappingProxyType({Lane.ACT: 1.0, Lane.READ: 0.75, Lane.UPKEEP: 0.5})
"""How much of the burst a lane may use: what is left of it stays for the lanes above."""


class Place(NamedTuple):
    """A place in the line of a lane: whose it is, and the how many-th that was taken."""

    person: str
    number: int


def in_order(waiting: Sequence[Place], seated: Mapping[str, int]) -> list[Place]:
    """Sort the places of one lane, given how many seats each person has: who has fewer goes first, then by age."""
    nth, ranked = Counter(seated), []
    for place in sorted(waiting, key=lambda place: place.number):
        ranked.append((nth[place.person], place.number, place))
        nth[place.person] += 1
    return [place for _, _, place in sorted(ranked)]


def ahead_of(place: Place, waiting: Sequence[Place], seated: Mapping[str, int]) -> int:
    """Count those who go before `place`, which waits, if no other comes."""
    return in_order(waiting, seated).index(place)


WAITING = Gauge("pagebridge_pagerduty_waiting", "Commands and other calls that wait for their turn, by lane", ["lane"])
WAITED = Histogram(
    "pagebridge_pagerduty_wait_seconds",
    "How long they waited, by lane",
    ["lane"],
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60),
)

BUDGET = "pagerduty"
PATIENCE = {Lane.ACT: 60.0, Lane.READ: 8.0, Lane.UPKEEP: 60.0}
"""Seconds that a single call waits at most; a person waits 10 s for an answer."""
OVERDRAFT = 250.0
"""Seconds that calls may be ahead which must not wait: they belong to what has begun."""
AGAIN = 1.0
"""Seconds until what has waited in vain is to try again."""
STEP = 0.5
"""Seconds after which one that waits for its turn sees that it is to stop."""


@dataclass(frozen=True)
class Errand:
    """The purpose of a context's calls. With a `turn` that has come they do not wait any more."""

    lane: Lane = Lane.READ
    person: str = ""
    turn: "Turn | None" = None


_ERRAND: ContextVar[Errand] = ContextVar("errand", default=Errand())  # noqa: B039 -- it is frozen


def go_in(lane: Lane, person: str = "") -> None:
    """Let what follows in this context call in `lane`, for `person`."""
    _ERRAND.set(Errand(lane, person))


class Line:
    """The line before one lane, and the seats in it."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.waiting: dict[Place, asyncio.Event] = {}
        self.seated: Counter[str] = Counter()

    def give_seats(self) -> None:
        """Give away what seats are free: the next one to who has the fewest, of those to who came first."""
        seats = SEATS[self.lane]
        while self.waiting and self.seated.total() < seats.all:
            place = min(self.waiting, key=lambda place: (self.seated[place.person], place.number))
            if self.seated[place.person] >= seats.each:
                break
            self.seated[place.person] += 1
            self.waiting.pop(place).set()
        WAITING.labels(self.lane.name.lower()).set(len(self.waiting))


class Turn:
    """One turn in a lane, from standing in line on; `leave` it in any case."""

    def __init__(self, lanes: "Lanes", lane: Lane, person: str = "") -> None:
        self._lanes = lanes
        self._line = lanes.lines[lane]
        self._come = False
        self._since = time.monotonic()
        self.place = Place(person, next(lanes.numbers))
        self.left = 0
        """Calls that are paid for and not made."""
        self._seated = self._line.waiting[self.place] = asyncio.Event()
        self._line.give_seats()

    @property
    def ahead(self) -> int | None:
        """How many are ahead in the line; None once the turn has come."""
        if self.place in self._line.waiting:
            return ahead_of(self.place, [*self._line.waiting], self._line.seated)
        return None if self._come else 0

    @asynccontextmanager
    async def taken(self, seconds: float, stopping: asyncio.Event | None = None) -> AsyncIterator[None]:
        """
        Let the calls inside go at once, when the turn has come; then make room for the next one.

        Raises `Queued` if it does not come in so many seconds, `Stopping` if `stopping` is set before.
        """
        step = seconds if stopping is None else STEP
        try:
            while not await self.comes_within(min(seconds, step)):
                seconds -= step
                if stopping and stopping.is_set():
                    raise Stopping("this worker is about to end")
                if seconds <= 0:
                    raise Queued(f"the bridge is busy, requests ahead of this one: {self.ahead}", AGAIN)
            before = _ERRAND.set(Errand(self._line.lane, self.place.person, self))
            try:
                yield
            finally:
                _ERRAND.reset(before)
        finally:
            self.leave()

    async def comes_within(self, seconds: float) -> bool:
        """Wait for a seat, and for what goes with it of PagerDuty's limit; False if that takes longer."""
        lane = self._line.lane
        try:
            async with asyncio.timeout(seconds):
                await self._seated.wait()
                await self._lanes.pay(self.place, lane)
        except TimeoutError:
            return False
        self.left, self._come = CALLS[lane], True
        WAITED.labels(lane.name.lower()).observe(time.monotonic() - self._since)
        return True

    def leave(self) -> None:
        """Make room for the next one, also in the line; keep few calls that were paid for, because they count on."""
        line, lanes = self._line, self._lanes
        if line.waiting.pop(self.place, None) is None:
            line.seated[self.place.person] -= 1
            line.seated += Counter()  # forgets who has none
        line.give_seats()
        lanes.paid = max(lanes.paid, min(lanes.paid + self.left, BLOCK))
        self._come = True


class Lanes:
    """
    The lanes of one worker.

    `shared` are the budgets of all workers, which together make no more calls than PagerDuty takes. `pace` is the
    length of a second to them.
    """

    def __init__(
        self, shared: TokenBuckets | None = None, pace: float = 1.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.lines = {lane: Line(lane) for lane in Lane}
        self.numbers = count()
        self.paid = 0
        """Calls of the limit that were taken and belong to no turn."""
        self._name = token_hex(4)
        self._pacing = Pacing(now, shared)
        interval = 60 / RATE * pace
        self._limits: dict[Lane | None, Limit] = {None: Limit(BUDGET, BLOCK * interval, OVERDRAFT)}
        """Return the budget's limits for a block of calls, by lane; None for lanes that do not wait."""
        for lane, share in SHARE.items():
            self._limits[lane] = Limit(BUDGET, BLOCK * interval, (BURST * share - BLOCK) * interval + ROUNDING)

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Make one call inside, in its turn. Raises `Queued` if that does not come in time."""
        errand = _ERRAND.get()
        if errand.turn is None:
            turn = Turn(self, errand.lane, errand.person)
            async with turn.taken(PATIENCE[errand.lane]):
                turn.left -= 1
                yield
            return
        if errand.turn.left:
            errand.turn.left -= 1
        else:
            await self.pay(errand.turn.place)
        yield

    async def pay(self, place: Place, lane: Lane | None = None) -> None:
        """Wait until the limit has room for a turn in a lane, and take it; without a lane take a call, room or not."""
        calls = 1 if lane is None else CALLS[lane]
        caller = ANYBODY if lane is None else Caller(f"{place.person}:{self._name}:{place.number}", lane)
        while self.paid < calls:
            wait = await self._pacing.take([self._limits[lane]], caller)
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                self.paid += BLOCK
        self.paid -= calls

    async def pause(self, seconds: float) -> None:
        """Make no calls for so many seconds: PagerDuty has refused one. Then they go evenly, by lane."""
        self.paid = 0
        await self._pacing.postpone(BUDGET, seconds + self._limits[Lane.ACT].ahead)
