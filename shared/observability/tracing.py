"""
Traces: what a click or a delivery caused, step by step, in all processes, up to the card that shows it.

A trace begins with what Slack or PagerDuty sends, and nowhere else; everything after it only goes on with one. Its
context (`traceparent` of W3C Trace Context) travels in the entries of the streams, in the records of commands and in
the marks of work queues. Attributes are ids of incidents, actions and outcomes: nothing that people wrote, no person.

Without a collector nothing of the SDK is imported, and a step costs one comparison.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Attribute = str | int | None
"""The value of an attribute; None leaves it out."""
Attributes = Mapping[str, Attribute]
Block = AbstractContextManager[object]
"""A context that makes its block a step of a trace."""
NO_STEP: Block = nullcontext()


class Tracer(Protocol):
    """The maker of spans: `shared.observability.otel`. Its methods are those of `Tracing`."""

    def begin(self, name: str, attributes: Attributes) -> Block:
        """Begin a trace."""

    def step(self, name: str, causes: tuple[str, ...], attributes: Attributes) -> Block:
        """Go on with the traces of these causes, or without any with the current one."""

    def call(self, name: str) -> Block:
        """Go on with the current trace by a call to another service."""

    def note(self, attributes: Attributes, *, failed: bool) -> None:
        """Put attributes on the current span."""

    def context(self) -> str:
        """Return the current `traceparent`, empty outside of a trace."""


class Tracing:
    """The traces of one process. They are off as long as `tracer` is None."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None

    def start(self, service: str, endpoint: str | None, headers: str) -> None:
        """Send traces of `service` to the OTLP collector at `endpoint`, with `headers`; with None they stay off."""
        if endpoint is not None:
            from shared.observability.otel import otlp_tracer  # noqa: PLC0415 -- an extra, and costly to import

            self.tracer = otlp_tracer(service, endpoint, headers)

    def begin(self, name: str, **attributes: Attribute) -> Block:
        """Begin a trace, whose first step is the block."""
        return self.tracer.begin(name, attributes) if self.tracer else NO_STEP

    def step(self, name: str, *causes: str, **attributes: Attribute) -> Block:
        """
        Make the block the next step of the current trace, or of those whose contexts are its `causes`.

        Each of several has the step, and the first has what is done within. Outside of all traces the block is none.
        """
        return self.tracer.step(name, causes, attributes) if self.tracer else NO_STEP

    def call(self, name: str) -> Block:
        """Make the block, a call to another service, a step of the current trace, if there is one."""
        return self.tracer.call(name) if self.tracer else NO_STEP

    def note(self, *, failed: bool = False, **attributes: Attribute) -> None:
        """Put attributes on the current step, and whether it has failed."""
        if self.tracer:
            self.tracer.note(attributes, failed=failed)

    def context(self) -> str:
        """Return what the next step, wherever it is done, has to know of the current trace; empty outside of one."""
        return self.tracer.context() if self.tracer else ""

    def trace_id(self) -> str:
        """Return the id of the current trace, 32 hexadecimal digits; empty outside of one."""
        _, _, rest = self.context().partition("-")
        return rest.partition("-")[0]


tracing = Tracing()
"""Those of this process."""
