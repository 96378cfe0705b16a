"""The tracer of OpenTelemetry's SDK. Only `tracing` imports this, where traces are wanted: it is an extra."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from opentelemetry.context import Context, get_current
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import INVALID_TRACE_ID, Link, Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from shared.observability.tracing import Attributes, Block

PROPAGATOR = TraceContextTextMapPropagator()
TRACEPARENT = "traceparent"
"""The name under which `PROPAGATOR` writes and reads a context."""

TIMEOUT = 2.0
"""Seconds that the collector may take: a process that ends sends what is left, and nothing may wait long for that."""


def otlp_tracer(service: str, endpoint: str, headers: str) -> "OtelTracer":
    """Make a tracer that sends to a collector over OTLP/HTTP, in the background; the SDK's own variables say more."""
    exporter = OTLPSpanExporter(
        f"{endpoint}/v1/traces", headers=parse_env_headers(headers, liberal=True), timeout=TIMEOUT
    )
    return OtelTracer(service, BatchSpanProcessor(exporter))


class OtelTracer:
    """Makes spans. Of an error they have the class only: its text may say what people wrote."""

    def __init__(self, service: str, processor: SpanProcessor) -> None:
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before our own.
        resource = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("pagebridge")

    def begin(self, name: str, attributes: Attributes) -> Block:
        """Begin a trace; one that a request says to have begun is not believed."""
        return self._span(name, SpanKind.SERVER, Context(), attributes)

    def step(self, name: str, causes: tuple[str, ...], attributes: Attributes) -> Block:
        """Go on with the traces of these causes, or without any with the current one."""
        contexts = [PROPAGATOR.extract({TRACEPARENT: cause}, Context()) for cause in causes if cause]
        return self._steps(name, SpanKind.CONSUMER if contexts else SpanKind.INTERNAL, contexts, attributes)

    def call(self, name: str) -> Block:
        """Go on with the current trace by a call to another service."""
        return self._steps(name, SpanKind.CLIENT, [], {})

    def note(self, attributes: Attributes, *, failed: bool) -> None:
        """Put attributes on the current span, and whether it has failed."""
        span = get_current_span()
        span.set_attributes(_named(attributes))
        if failed:
            span.set_status(StatusCode.ERROR)

    def context(self) -> str:
        """Return the current `traceparent`, empty outside of a trace."""
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        return carrier.get(TRACEPARENT, "")

    @contextmanager
    def _steps(self, name: str, kind: SpanKind, contexts: Sequence[Context], attributes: Attributes) -> Iterator[None]:
        """Make a span in each of these traces, or the current one; they are linked to the first, which is in force."""
        traces: dict[int, Context] = {}
        for context in contexts or [get_current()]:
            traces.setdefault(_trace_of(context), context)
        traces.pop(INVALID_TRACE_ID, None)
        with ExitStack() as stack:
            links: list[Link] = []
            for context in traces.values():
                if links:
                    stack.callback(self._tracer.start_span(name, context, kind, _named(attributes), links).end)
                else:
                    span = stack.enter_context(self._span(name, kind, context, attributes))
                    links.append(Link(span.get_span_context()))
            yield

    @contextmanager
    def _span(self, name: str, kind: SpanKind, parent: Context, attributes: Attributes) -> Iterator[Span]:
        given = _named(attributes)
        with self._tracer.start_as_current_span(
            name, parent, kind, given, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def _trace_of(context: Context) -> int:
    return get_current_span(context).get_span_context().trace_id


def _named(attributes: Attributes) -> dict[str, str | int]:
    return {f"pagebridge.{name}": value for name, value in attributes.items() if value is not None}
