"""Traces of the whole bridge: from a delivery to the card, from a click to the card, and from a reference to both."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from pagebridge_sandbox.pagerduty import Fault
from tests.stories.harness import Bridge, running, settled
from tests.traces import Recorded, recording, trace_of

PRIVATE = re.compile(r"Alice|Checkout|latency|example|\bU0|xox|xapp|hooks|http")
"""What would be somebody's name, words or secret in a trace."""


@pytest.fixture
async def traced() -> AsyncIterator[tuple[Bridge, Recorded]]:
    """Run Acme's bridge with traces."""
    with recording() as recorded:
        async with running() as bridge:
            yield bridge, recorded


async def test_a_trace_leads_from_its_cause_to_the_card(traced: tuple[Bridge, Recorded]) -> None:
    """A delivery's to the post of the card; a click's over PagerDuty to its update, or to the refusal that is told."""
    bridge, recorded = traced
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(method="PUT", path="/incidents/*", status=403, code=2010, times=1))
    await bridge.click("Alice", "Acknowledge")
    told = await bridge.told("Alice", "You can't acknowledge")
    # The echo would otherwise bring the card up to date where it is quicker.
    echo = bridge.pagerduty.webhooks.hold(event_type="incident.acknowledged")
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")
    echo.release()
    await settled(bridge)

    traces = recorded.traces()
    opened, refused, acknowledged, echoed = map(recorded.reached_by, traces)
    assert {"delivery", "entry events", "pass slack", "Slack chat.postMessage"} <= opened
    assert {"slack block_actions", "entry commands", "command acknowledge", "Slack response_url"} <= refused
    assert {"PagerDuty set_status", "pass slack", "Slack chat.update"} <= acknowledged
    assert {"delivery", "entry events"} <= echoed  # no pass: it tells nothing new

    quoted = re.search("reference `?([0-9a-f]{8})", told)
    assert quoted is not None
    assert list(traces)[1].startswith(quoted[1])


async def test_two_clicks_are_two_traces(traced: tuple[Bridge, Recorded]) -> None:
    """Also where one worker carries out one after the other: each is told in the trace of its own click."""
    bridge, recorded = traced
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(method="PUT", path="/incidents/*", status=503, times=1))
    await asyncio.gather(bridge.click("Alice", "Acknowledge"), bridge.click("Bob", "Acknowledge"))
    await bridge.card("Acknowledged")
    await settled(bridge)

    commands = [trace_of(span) for span in recorded.spans if span.name == "command acknowledge"]
    clicks = [trace_of(span) for span in recorded.spans if span.name == "slack block_actions"]
    assert sorted(clicks) == sorted(commands)
    assert 2 == len(set(clicks))


async def test_a_trace_holds_nothing_private(traced: tuple[Bridge, Recorded]) -> None:
    """Neither names nor attributes nor errors say who it was, what they wrote, or with which secret."""
    bridge, recorded = traced
    incident = bridge.trigger()
    await bridge.card("Triggered")
    await bridge.resolve("Alice", note="Alice restarted the checkout")
    await bridge.card("Resolved")
    await settled(bridge)

    told = [f"{span.name} {dict(span.attributes or {})}" for span in recorded.spans]
    assert not list(filter(PRIVATE.search, told))
    assert not any(span.events for span in recorded.spans)
    known = {span.attributes.get("pagebridge.incident") for span in recorded.spans if span.attributes}
    assert {incident.id} == known - {None}
