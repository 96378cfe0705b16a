"""
What so many workers and masters carry, and where Slack's own limits end it: `python -m tests.bench.model`.

A model of three rules. A process has one core at most; all processes have what their machines have; and all of a
bridge's keys are at one master (docs/decisions/0040). `make bench ARGS="--only workers"` checks it: it measures what
one event takes of each process, and puts what follows from that beside each measured throughput.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shared.pagerduty.api.lanes import RATE
from shared.slack.api.rate_limits import CHANNEL, TIER_3, WORKSPACE

WORKERS = (1, 2, 4, 10, 100)
MASTERS = (1, 3, 30)
CHANNELS = (1, 5, 20)
CALLS_OF_CLICK = 4
"""Calls to PagerDuty for a click: two reads, the write, and now and then one more."""


@dataclass(frozen=True)
class Costs:
    """
    What one event takes, in milliseconds of a core: of a worker, of Redis, and of the receiver.

    `others` is what runs beside them on the same machine, as the simulators of the benchmark do, in one process.
    """

    worker: float
    redis: float
    receiver: float
    others: float = 0.0

    @property
    def all(self) -> float:
        """Of all of them together."""
        return self.worker + self.redis + self.receiver + self.others


MEASURED = Costs(worker=3.0, redis=0.5, receiver=0.15)
"""On the machine of docs/benchmarks.md, while every worker has as much to do as it can."""


def throughput(costs: Costs, workers: int, cores: int | None = None) -> tuple[float, str]:
    """Return the most events a second, and what does not allow more; with `cores` everything shares so many."""
    limits = {
        "the workers": workers * 1000 / costs.worker,
        "Redis": 1000 / costs.redis,
        "the receiver": 1000 / costs.receiver,
    }
    if costs.others:
        limits["what runs beside them"] = 1000 / costs.others
    if cores is not None:
        limits["the cores"] = cores * 1000 / costs.all
    what = min(limits, key=lambda name: limits[name])
    return limits[what], what


def told(channels: int) -> float:
    """Return how many messages a second Slack takes from an app, into so many channels."""
    return min(channels * CHANNEL.per_minute, WORKSPACE.per_minute) / 60


def page(costs: Costs = MEASURED) -> Iterator[str]:
    """Write the model down."""
    parts = {"a worker": costs.worker, "Redis": costs.redis, "the receiver": costs.receiver}
    yield f"One event takes {', '.join(f'{each:g} ms of {name}' for name, each in parts.items())}."
    yield ""
    yield "| workers, a core each | changes a second that they fold and show | what doesn't allow more |"
    yield "|---|---|---|"
    for workers in WORKERS:
        rate, what = throughput(costs, workers)
        yield f"| {workers} | {rate:,.0f} | {what} |"
    yield ""
    yield "| masters | one bridge carries | as many bridges, one at each, carry |"
    yield "|---|---|---|"
    one, _ = throughput(costs, max(WORKERS))
    for masters in MASTERS:
        yield f"| {masters} | {one:,.0f} changes a second | {masters * one:,.0f} |"
    yield ""
    yield "| Slack takes | a second | of what one worker carries |"
    yield "|---|---|---|"
    worker, _ = throughput(costs, 1)
    taken = {f"messages, channels: {channels}": told(channels) for channels in CHANNELS}
    for what, rate in (taken | {"changes of cards, in all channels": TIER_3.per_minute / 60}).items():
        yield f"| {what} | {rate:.2g} | {rate / worker:.1%} |"
    yield ""
    clicks = RATE // CALLS_OF_CLICK
    yield f"PagerDuty takes {clicks} clicks a minute, at {RATE} calls a minute and {CALLS_OF_CLICK} for a click."


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
