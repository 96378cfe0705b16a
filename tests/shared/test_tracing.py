"""Traces: where they begin, how they go on, what they say, and what they cost while they are off."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from aiohttp import web
from fakeredis import FakeAsyncRedis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import StatusCode

from shared.model.ids import IncidentId
from shared.observability.log import configure, reference
from shared.observability.tracing import Tracing, tracing
from shared.store import keys
from shared.store.coordination import Due, WorkQueue
from shared.store.redis import Redis
from shared.store.streams import move_deliveries, read_all
from tests.traces import Recorded, recording

INCIDENT = IncidentId("Q1")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave logging as it was."""
    handlers, level, hook = logging.root.handlers, logging.root.level, sys.excepthook
    yield
    logging.root.handlers, sys.excepthook = handlers, hook
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """Trace this process."""
    with recording() as spans:
        yield spans


@pytest.fixture
def redis() -> Redis:
    """Make an empty store."""
    return FakeAsyncRedis()  # type: ignore[return-value] # it speaks for one


def test_off_they_import_nothing_and_change_nothing() -> None:
    """Both programs start without the SDK, also where it is installed; a reference is drawn as ever."""
    program = "import sys, bolt_app.__main__, webhook_receiver.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    assert not {"opentelemetry.sdk.trace", "opentelemetry.exporter.otlp"} & set(loaded.stdout.split())
    with tracing.begin("a click"), tracing.step("its step"), tracing.call("Slack chat.update"):
        assert "" == tracing.context() == tracing.trace_id()
        assert reference().isupper()


def test_only_a_click_or_a_delivery_begins_a_trace(recorded: Recorded) -> None:
    """What the bridge does by itself belongs to none; what a click causes belongs to its own."""
    with tracing.step("upkeep", ""), tracing.call("PagerDuty incidents"):
        assert "" == tracing.context()
    with tracing.begin("slack block_actions"), tracing.call("Slack chat.update"):
        context = tracing.context()
    with tracing.step("command", context, incident="Q1", action=None):
        tracing.note(outcome="done")
    [names] = recorded.traces().values()
    assert ["Slack chat.update", "slack block_actions", "command"] == names
    assert {"pagebridge.incident": "Q1", "pagebridge.outcome": "done"} == recorded.spans[-1].attributes


def test_a_step_for_several_causes_is_one_of_each(recorded: Recorded) -> None:
    """Each trace has the step once, and the first has what is done within; a context that is none is passed over."""
    contexts = []
    for _ in range(2):
        with tracing.begin("delivery"):
            contexts.append(tracing.context())
    with tracing.step("pass slack", *contexts, contexts[0], "no context"), tracing.call("Slack chat.update"):
        pass
    first, second = recorded.traces().values()
    assert ["delivery", "Slack chat.update", "pass slack"] == first
    assert ["delivery", "pass slack"] == second
    assert 1 == sum(len(span.links) for span in recorded.spans)


def test_an_error_is_told_by_its_class(recorded: Recorded) -> None:
    """The step has failed; what the error says, which may quote people, is in no span."""
    with pytest.raises(ValueError, match="secret"), tracing.begin("delivery"):
        raise ValueError("Alice's secret")
    [span] = recorded.spans
    assert StatusCode.ERROR is span.status.status_code
    assert {"error.type": "ValueError"} == span.attributes
    assert "secret" not in span.to_json()


def test_a_reference_leads_to_its_trace(recorded: Recorded) -> None:
    """It is the beginning of the trace's id, an attribute of the step, and each line of the log names the trace."""
    written = io.StringIO()
    configure("info", "json", stream=written)
    with tracing.begin("slack block_actions"):
        quoted = reference()
        structlog.get_logger().error("command.failed", reference=quoted)
    [trace] = recorded.traces()
    assert quoted == trace[:8]
    assert {"pagebridge.reference": quoted} == recorded.spans[0].attributes
    assert StatusCode.ERROR is recorded.spans[0].status.status_code
    assert (trace, quoted) == (json.loads(written.getvalue())["trace_id"], json.loads(written.getvalue())["reference"])


async def test_a_collector_is_sent_the_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come over OTLP/HTTP, with the headers that were set, as a service of the name that the operator gave."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-bridge")
    came: asyncio.Queue[tuple[str | None, ExportTraceServiceRequest]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await came.put((request.headers.get("api-key"), ExportTraceServiceRequest.FromString(await request.read())))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    traces = Tracing()
    traces.start("pagebridge-worker", site.name, "api-key=4711")
    with traces.begin("delivery"):
        pass
    key, sent = await came.get()
    [spans] = sent.resource_spans
    named = {attribute.key: attribute.value.string_value for attribute in spans.resource.attributes}
    assert ("4711", "our-bridge", "delivery") == (key, named["service.name"], spans.scope_spans[0].spans[0].name)
    await runner.cleanup()


@pytest.mark.usefixtures("recorded")
async def test_a_trace_goes_through_the_receivers_list(redis: Redis) -> None:
    """The entry of a delivery carries the context that the receiver put before it; without a trace none does."""
    with tracing.begin("delivery"):
        context = tracing.context()
    for element in (b"17 {}", b"17 %b {}" % context.encode()):
        await redis.rpush(keys.DELIVERIES, element)
    await move_deliveries(redis)
    assert [("{}", ""), ("{}", context)] == [
        (entry.fields["body"].decode(), entry.trace) async for entry in read_all(redis, keys.EVENTS)
    ]


@pytest.mark.usefixtures("recorded")
async def test_a_trace_waits_in_the_mark_of_an_incident(redis: Redis) -> None:
    """A pass knows all that wait for it, once, and they wait on while it is to go on; a plain mark takes none away."""
    queue = WorkQueue(redis, "dirty", 5.0)
    contexts: list[str] = []
    for _ in range(2):
        with tracing.begin("delivery"):
            contexts.append(tracing.context())
            await queue.mark(INCIDENT)
    await queue.mark(INCIDENT)
    first = await taken(queue)
    assert tuple(contexts) == first.traces
    await queue.finish(first, again_in=0.0)
    again = await taken(queue)
    assert tuple(contexts) == again.traces
    with tracing.begin("delivery"):
        newest = tracing.context()
        await queue.mark(INCIDENT)
    await queue.finish(again)
    last = await taken(queue)
    assert (newest,) == last.traces
    await queue.finish(last)
    assert await queue.take() is None


async def taken(queue: WorkQueue) -> Due:
    """Take what is due."""
    due = await queue.take()
    assert isinstance(due, Due)
    return due
