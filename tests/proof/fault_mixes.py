"""
The kinds of bad days: what may go wrong in each, and what may be claimed all the same.

Almost nothing is left out. Where the oracle itself must not ask for more than the design promises, it says so: what
happened before the store lost its data is told at most once, a click that was kept only there is lost
with it, and a store without data before a channel without cards is a first start.
"""

from dataclasses import dataclass

from tests.proof.schedule import How

WAITING = ""
"""A sleeper that waits for an answer; the others are stopped with a call of that kind not sent yet."""


@dataclass(frozen=True)
class Mix:
    """
    One kind of bad day. The numbers say how many there are at most.

    `disorder` is the share of deliveries that come late or twice, `lost` the share that never come. On a `dense` day
    nearly everything happens within a second or two. `hows` are the ways in which calls go wrong, all if it is empty.
    `held` says where sleepers are stopped.
    """

    name: str
    dense: bool = False
    disorder: float = 0.0
    lost: float = 0.0
    troubles: int = 0
    hows: tuple[How, ...] = ()
    crashes: int = 0
    sleeps: int = 0
    held: tuple[str, ...] = (WAITING, WAITING, "redis", "slack update")
    outages: int = 0
    data_losses: int = 0


MIXES = {
    mix.name: mix
    for mix in (
        Mix("calm"),
        Mix("disorder", disorder=0.6),
        Mix("ties", dense=True, disorder=0.9),
        Mix("failing", disorder=0.2, troubles=6),
        Mix("late", disorder=0.2, troubles=6, hows=("late", "late", "after", "hang")),
        Mix("crashes", disorder=0.3, crashes=3, troubles=1),
        Mix("sleepers", disorder=0.3, sleeps=3, troubles=1),
        Mix("outages", disorder=0.2, outages=2),
        Mix("everything", disorder=0.4, troubles=4, crashes=2, sleeps=2, outages=1),
        Mix("held", disorder=0.2, sleeps=3, held=("slack post", "pagerduty write")),
        Mix("lost-deliveries", disorder=0.3, lost=0.3),
        Mix("lost-data", disorder=0.3, data_losses=1),
    )
}
