"""Traces as tests look at them: recorded in this process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id

from shared.observability.otel import OtelTracer
from shared.observability.tracing import tracing


class Recorded:
    """The spans that have ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """All of them, in the order in which they ended."""
        return self.exporter.get_finished_spans()

    def reached_by(self, trace: str) -> set[str]:
        """Name what was done in a trace, and what was done in another for both."""
        own = [span for span in self.spans if trace_of(span) == trace]
        linked = {link.context.span_id for span in own for link in span.links}
        return {span.name for span in own} | {
            span.name for span in self.spans if span.parent and span.parent.span_id in linked
        }

    def traces(self) -> dict[str, list[str]]:
        """Name the spans of each trace, by its id."""
        found: dict[str, list[str]] = {}
        for span in self.spans:
            found.setdefault(trace_of(span), []).append(span.name)
        return found


def trace_of(span: ReadableSpan) -> str:
    """Return the id of its trace."""
    assert span.context is not None
    return format_trace_id(span.context.trace_id)


@contextmanager
def recording() -> Iterator[Recorded]:
    """Trace this process inside the block."""
    recorded = Recorded()
    tracing.tracer = OtelTracer("test", SimpleSpanProcessor(recorded.exporter))
    try:
        yield recorded
    finally:
        tracing.tracer = None
