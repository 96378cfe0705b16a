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

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give each figure with the words after it."""
        acked = f"answered within {self.slowest_ack_ms:.0f} ms (Slack's limit: 3 s)"
        yield _line(self.interactions, "click", f", dialogs and commands in Slack, {acked}")
        yield _line(self.writes, "write", f" to PagerDuty in people's own names; it refused {self.rejected_writes}")
        yield _line(self.reads, "read", " from PagerDuty")
        yield _line(self.slack_calls, "call", " to Slack")
        yield _line(self.deliveries, "webhook", " received")
        yield _line(self.echoes, "echo", " of the bridge's own writes, not repeated in the channel", "es")
        yield _line(self.duplicates, "duplicate webhook", " ignored")
        yield _line(self.stale, "late webhook", " that did not set a card back")
        yield f"{self.seconds:.1f}", "seconds in all"


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


def _line(number: int, noun: str, rest: str, plural: str = "s") -> tuple[str, str]:
    figure, _, words = count_with_noun(number, noun, plural).partition(" ")
    return figure, words + rest
