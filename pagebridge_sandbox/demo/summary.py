"""Pure: what it all came to, in figures."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

EVENTS_METRIC = "pagebridge_events_total"


@dataclass(frozen=True)
class Summary:
    """The figures of one play. `slowest_ack_ms` is in milliseconds."""

    slack_calls: int
    reads: int
    writes: int
    rejected_writes: int
    deliveries: int
    echoes: int
    duplicates: int
    stale: int
    interactions: int
    slowest_ack_ms: float
    seconds: float

    def lines(self) -> Iterator[str]:
        """Write them down, aligned."""
        acked = f"acked within {self.slowest_ack_ms:.0f} ms (Slack waits 3 s)"
        yield _line(self.interactions, "press", f", dialogs and commands of people in Slack, {acked}", "es")
        yield _line(self.writes, "write", f" to PagerDuty, {self.rejected_writes} of them refused")
        yield _line(self.reads, "read", " from PagerDuty")
        yield _line(self.slack_calls, "call", " to Slack")
        yield _line(self.deliveries, "webhook", " delivered")
        yield _line(self.echoes, "echo", " suppressed", "es")
        yield _line(self.duplicates, "duplicate", " dropped")
        yield _line(self.stale, "stale event", " ignored")
        yield f"{self.seconds:6.1f}  seconds, with the start of everything"


def count_webhook_results(metrics: str) -> Counter[str]:
    """Count the webhooks that the worker has folded, by what they were to it: news, echo, duplicate or stale."""
    counts: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == EVENTS_METRIC and sample.labels["source"] == "webhook":
                counts[sample.labels["told"]] += int(sample.value)
    return counts


def count_with_noun(number: int, noun: str, plural: str = "s") -> str:
    """Write a number with its noun, which gets the ending `plural` unless the number is one."""
    return f"{number} {noun}" + ("" if number == 1 else plural)


def _line(number: int, noun: str, rest: str, plural: str = "s") -> str:
    digits, _, words = count_with_noun(number, noun, plural).partition(" ")
    return f"{digits:>6}  {words}{rest}"
