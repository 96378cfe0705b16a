"""What will happen in one round, drawn from a seed: people, timers, and everything that goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.proof.chaos.worker import TIMEOUT

WORKERS = ("worker-1", "worker-2")
RECEIVER = "receiver"
STORE = "valkey"
PROCESSES = (*WORKERS, RECEIVER, STORE)

SHORT = TIMEOUT / 2
"""Seconds that the ways to Slack and PagerDuty are disturbed: no call of theirs may land after it was given up, or fail
twice in a row; the design promises less then (decision 0007, and private answers are best effort)."""
LONG = 4.0
"""Seconds that everything else may last."""
AFTER = 4.0
"""
Seconds of peace for whatever was disturbed.

A worker that woke up and is killed before it saw that its incident was taken over cannot repair what it sent last.
That is the work of the resync, without which no such thing may happen here.
"""
BUTTONS = ("Acknowledge", "Acknowledge", "Acknowledge", "Resolve", "Resolve", "Add note", "Add note")


@dataclass(frozen=True)
class Step:
    """
    At `at` seconds `subject` does or suffers `what`, for `seconds` if it lasts.

    `roll`, from 0 to 1, picks among what is there then; `words` are those on the button.
    """

    at: float
    what: str
    subject: str = ""
    seconds: float = 0.0
    roll: float = 0.0
    words: str = ""


@dataclass(frozen=True)
class Mishap:
    """Something that can go wrong with any of `subjects`, for at most `most` seconds; `weight` says how often."""

    what: str
    subjects: tuple[str, ...]
    most: float = 0.0
    weight: int = 1


def ways(far: str) -> tuple[str, ...]:
    """Name the ways from the workers to `far`."""
    return tuple(f"{worker}>{far}" for worker in WORKERS)


STORES = (*ways("store"), f"{RECEIVER}>store")
MISHAPS = (
    Mishap("kill", PROCESSES, weight=5),
    Mishap("pause", PROCESSES, LONG, weight=4),
    Mishap("cut", (*STORES, *ways("pagerduty"), "slack", "webhooks"), weight=3),
    Mishap("stall", (*STORES, "webhooks"), LONG, weight=2),
    Mishap("swallow", (*STORES, *ways("pagerduty"), "webhooks"), LONG, weight=3),
    Mishap("refuse", (*STORES, *ways("pagerduty"), "webhooks"), LONG, weight=2),
    Mishap("stall", (*ways("pagerduty"), "slack"), SHORT),
    Mishap("swallow", ("slack",), SHORT),
    Mishap("hang up", ("socket",)),
    Mishap("half-open", ("socket",)),
    Mishap("refresh", ("socket",)),
)


def drawn(seed: str, incidents: int, seconds: float) -> list[Step]:
    """Draw one round with so many new incidents, in the order of time."""
    rng = Random(seed)  # noqa: S311 -- a plan that can be drawn again
    steps = [*_people(rng, incidents, seconds), *_mishaps(rng, seconds)]
    return sorted(steps, key=lambda step: step.at)


def _people(rng: Random, incidents: int, seconds: float) -> Iterator[Step]:
    for _ in range(incidents):
        yield Step(rng.uniform(0, seconds / 2), "trigger", roll=rng.random())
    for _ in range(incidents * 5):
        person = rng.choice(["Alice", "Alice", "Bob", "Bob", "Carol"])
        words = rng.choice(BUTTONS)
        yield Step(rng.uniform(0, seconds), "click", person, roll=rng.random(), words=words)
    for _ in range(incidents):
        yield Step(rng.uniform(0, seconds), "web", rng.choice(["Alice", "Bob", "Carol"]), roll=rng.random())
    for _ in range(incidents):
        yield Step(rng.uniform(0, seconds), rng.choice(["run out", "reopen"]), roll=rng.random())
    for _ in range(incidents):
        yield Step(rng.uniform(0, seconds), "copy", roll=rng.random())


def _mishaps(rng: Random, seconds: float) -> Iterator[Step]:
    """Let something go wrong about every second, never twice at the same time with the same thing."""
    busy: dict[str, float] = {}
    at = rng.uniform(0.2, 1.0)
    while at < seconds:
        mishap = rng.choices(MISHAPS, [mishap.weight for mishap in MISHAPS])[0]
        subject = rng.choice(mishap.subjects)
        lasts = rng.uniform(mishap.most / 10, mishap.most)
        if busy.get(subject, 0.0) <= at:
            busy[subject] = at + lasts + AFTER
            yield Step(at, mishap.what, subject, lasts, rng.random())
        at += rng.uniform(0.2, 1.6)
