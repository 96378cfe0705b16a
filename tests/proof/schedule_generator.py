"""A schedule from a seed: people who act close to each other in time, and whatever goes wrong in the mix."""

from collections.abc import Iterator
from random import Random

from tests.proof.fault_mixes import MIXES, Mix
from tests.proof.schedule import (
    HOW,
    Act,
    Click,
    Crashed,
    DataLost,
    Delivered,
    How,
    InPagerDuty,
    Item,
    Opened,
    Outage,
    Schedule,
    Slept,
    Trouble,
    Verb,
)

LONGEST_LATE = 11.0
"""Seconds after which a call that was given up takes effect at the latest: within `CALL_MAX`, reads included."""
OTHERS = ("Carol", "Mallory")
"""Who may not act, and presses all the same."""
NEXT: dict[str, tuple[Verb, ...]] = {
    "triggered": ("acknowledge", "acknowledge", "resolve"),
    "acknowledged": ("resolve", "unacknowledge", "unacknowledge"),
    "resolved": ("reopen", "acknowledge"),
}
LEADS_TO = {
    "acknowledge": "acknowledged",
    "resolve": "resolved",
    "reopen": "triggered",
    "unacknowledge": "triggered",
}
KINDS = (
    ("pagerduty", "write", 8, 3),
    ("pagerduty", "read", 2, 16),
    ("pagerduty", "survey", 1, 7),
    ("slack", "post", 6, 8),
    ("slack", "update", 4, 6),
    ("slack", "delete", 1, 1),
    ("slack", "look", 1, 2),
    ("slack", "sweep", 1, 5),
    ("slack", "tell", 2, 4),
    ("slack", "who", 2, 4),
)
"""Doors and kinds of calls, with their weight, and how many there are on a usual day."""
CALLS = 340
"""Calls that one worker makes on a usual day, Redis included."""
HELD_CALLS = {"redis": 320, "slack post": 4, "slack update": 3, "pagerduty write": 2}
"""Calls of one kind that one worker makes on a usual day."""


def generate(seed: int, mix_name: str) -> Schedule:
    """Make the day of this seed."""
    mix = MIXES[mix_name]
    rng = Random(f"{mix_name}:{seed}")  # noqa: S311 -- a day that can be played again
    acts = tuple(_acts(rng, mix))
    span = acts[-1].at
    items: tuple[Item, ...] = (*acts, *_mishaps(rng, mix, span))
    ahead = rng.choice((0.0, 0.0, -2.6, 1.7))
    strict, quick = rng.random() < 0.25, rng.random() < (0.8 if mix.dense else 0.2)
    return Schedule(seed, mix_name, items, ahead, strict, quick)


def _acts(rng: Random, mix: Mix) -> Iterator[Act]:
    """Let people and timers act, mostly as the state that they believe in suggests."""
    states = {0: "triggered"}
    yield Opened(0.0, 0)
    at = 0.0
    for _ in range(rng.randint(4, 8)):
        at += _gap(rng, mix)
        if len(states) == 1 and rng.random() < 0.12:
            states[1] = "triggered"
            yield Opened(at, 1)
            continue
        incident = rng.choice(list(states))
        verb = rng.choice(NEXT[states[incident]])
        act = _act(rng, at, incident, verb, mix)
        states[incident] = LEADS_TO[act.verb]
        yield act


def _gap(rng: Random, mix: Mix) -> float:
    """Wait between two acts: often so little that everything overlaps."""
    if mix.dense:
        return round(rng.uniform(0.02, 0.4), 3)
    least, most = rng.choice(((0.0, 0.05), (0.05, 0.9), (0.05, 0.9), (0.8, 3.0), (0.8, 3.0), (4.0, 14.0)))
    return round(rng.uniform(least, most), 3)


def _act(rng: Random, at: float, incident: int, verb: Verb, mix: Mix) -> Click | InPagerDuty:
    if rng.random() < 0.6 and verb in ("acknowledge", "resolve"):
        again = (round(rng.uniform(0.0, 4.0), 3),) if mix.disorder and rng.random() < 0.3 else ()
        who = rng.choice(("Alice", "Bob") if mix.dense else ("Alice", "Alice", "Alice", "Bob", "Bob", "Bob", *OTHERS))
        return Click(at, incident, who, "resolve" if verb == "resolve" else "acknowledge", rng.randrange(2), again)
    who = "" if verb == "unacknowledge" else rng.choice(("Alice", "Bob", "Carol"))
    return InPagerDuty(at, incident, who, verb)


def _mishaps(rng: Random, mix: Mix, span: float) -> Iterator[Item]:
    yield from _deliveries(rng, mix)
    for _ in range(rng.randint(0, mix.troubles)):
        yield _trouble(rng, mix)
    for _ in range(rng.randint(1, mix.crashes) if mix.crashes else 0):
        yield Crashed(rng.randrange(2), rng.randrange(CALLS), rng.random() < 0.5, round(rng.uniform(0.1, 8.0), 2))
    for _ in range(rng.randint(1, mix.sleeps) if mix.sleeps else 0):
        yield _sleep(rng, mix)
    for _ in range(rng.randint(1, mix.outages) if mix.outages else 0):
        yield Outage(round(rng.uniform(0.0, span), 3), round(rng.uniform(0.2, 6.0), 2))
    for _ in range(mix.data_losses):
        yield DataLost(round(rng.uniform(0.0, span), 3))


def _sleep(rng: Random, mix: Mix) -> Slept:
    held = rng.choice(mix.held)
    return Slept(rng.randrange(2), rng.randrange(HELD_CALLS.get(held, CALLS)), round(rng.uniform(3.0, 30.0), 2), held)


def _deliveries(rng: Random, mix: Mix) -> Iterator[Delivered]:
    for event in range(14):
        chance = rng.random()
        if chance < mix.lost:
            yield Delivered(event, ())
        elif chance < mix.lost + mix.disorder:
            yield Delivered(event, tuple(_delay(rng, mix) for _ in range(rng.choice((1, 1, 2, 3)))))


def _delay(rng: Random, mix: Mix) -> float:
    if mix.dense:
        return round(rng.uniform(0.2, rng.choice((0.7, 1.6))), 3)
    return round(rng.uniform(0.0, rng.choice((0.3, 2.0, 9.0))), 3)


def _trouble(rng: Random, mix: Mix) -> Trouble:
    door, kind, _, calls = rng.choices(KINDS, weights=[weight for *_, weight, _ in KINDS])[0]
    acting = kind in ("write", "post", "update", "delete")
    hows: list[How] = [how for how in mix.hows or HOW if acting or how not in ("after", "late")]
    how = rng.choice(hows)
    seconds = {"late": rng.uniform(0.3, LONGEST_LATE), "limited": rng.uniform(0.5, 3.0), "slow": rng.uniform(0.5, 5.0)}
    nth = int(rng.random() ** 1.5 * calls)
    return Trouble("pagerduty" if door == "pagerduty" else "slack", kind, nth, how, round(seconds.get(how, 0.0), 2))
