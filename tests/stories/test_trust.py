"""Deliveries that are signed and not to be believed: dated wrongly, replayed, or about another incident."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from pagebridge_sandbox.pagerduty import Fault, IncidentView
from shared.model.event_types import ANNOUNCED_TYPES
from tests.stories.harness import Bridge, receiving, settled
from tests.stories.test_odd_deliveries import deliver
from tests.stories.typed_commands import typed_dialog


@pytest.fixture
async def port(bridge: Bridge) -> AsyncIterator[int]:
    """Run a receiver whose port is known, beside the bridge's own."""
    async with receiving(bridge.valkey) as port:
        yield port


def delivery(event_type: str, at: str, incident: str, number: int = 1, status: str = "triggered") -> bytes:
    """Write a delivery as PagerDuty would, assigned to Alice, of any time and about any incident."""
    alice = {"id": "PALICE1", "type": "user_reference", "summary": "Alice Ng"}
    data = {
        "id": incident,
        "type": "incident",
        "status": status,
        "number": number,
        "title": f"Delivered {incident}",
        "assignees": [alice],
        "urgency": "high",
        "teams": [],
        "created_at": at,
    }
    event = {"id": f"01{event_type[-5:]}{incident}", "event_type": f"incident.{event_type}", "occurred_at": at}
    return json.dumps({"event": event | {"agent": None, "client": None, "data": data}}).encode()


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
async def test_an_event_of_the_future_changes_nothing(bridge: Bridge, port: int, at: str) -> None:
    """A resolve that is dated 2099 does not resolve the card, and what happens next is shown as ever."""
    incident = bridge.trigger()
    await bridge.card("Triggered")

    assert 202 == await deliver(port, delivery("resolved", at, incident.id, status="resolved"))
    await settled(bridge)

    assert "Triggered" in bridge.channel.messages[0].plain
    assert [] == bridge.channel.messages[0].replies
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await bridge.card("Acknowledged")
    assert 1 == len(await bridge.lines(1))


async def test_replays_about_incidents_that_nobody_remembers(bridge: Bridge, port: int) -> None:
    """What PagerDuty knows nothing of, or has long resolved, is neither posted nor mentions anybody."""
    for number in range(1, 4):
        body = delivery("triggered", "2025-04-07T03:47:13.546Z", f"QOLD{number}", number)
        assert 202 == await deliver(port, body)
    await settled(bridge)
    bridge.trigger("Afterwards")
    await bridge.card("Afterwards")

    assert 1 == len(bridge.channel.messages)


async def test_a_late_delivery_about_an_open_incident_still_posts_its_card(bridge: Bridge, port: int) -> None:
    """A trigger that PagerDuty could not deliver for an hour leads to a card, as PagerDuty shows the incident now."""
    bridge.pagerduty.webhooks.lose_next()
    incident: IncidentView = bridge.trigger("Delivered late")
    bridge.pagerduty.webhooks.lose_next()
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)

    assert 202 == await deliver(port, delivery("triggered", "2025-04-07T03:47:13.546Z", incident.id))

    assert "Acknowledged" in (await bridge.card("Delivered late")).plain


async def test_a_type_from_outside_is_no_label(bridge: Bridge, port: int) -> None:
    """However many types deliveries make up, all of them are counted as one."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for n in range(5):
        # Without the incident's own data: what is made up there would be compared with PagerDuty's for minutes.
        body = json.loads(delivery(f"made_up_{n}", now, incident.id))
        body["event"]["data"] = {"type": "made_up", "incident": {"id": incident.id, "type": "incident_reference"}}
        assert 202 == await deliver(port, json.dumps(body).encode())
    await settled(bridge)

    [events] = [metric for metric in REGISTRY.collect() if metric.name == "pagebridge_events"]
    types = {sample.labels["type"] for sample in events.samples}
    assert "other" in types
    assert types <= {*ANNOUNCED_TYPES, "other"}


@pytest.mark.parametrize("typed", [True, False])
async def test_an_incident_is_the_one_that_was_named(bridge: Bridge, port: int, typed: bool) -> None:  # noqa: FBT001
    """A first delivery that gives #1 the number 2 does not let anybody resolve or acknowledge #1 as "#2"."""
    bridge.pagerduty.webhooks.lose_next()
    first = bridge.trigger("First")
    ahead = (datetime.now(UTC) + timedelta(seconds=4)).isoformat(timespec="milliseconds")
    await deliver(port, delivery("triggered", ahead, first.id, number=2))
    card = await bridge.card("#2")

    if typed:
        await bridge.slack.person("U0ALICE").type_command("/pd resolve 2", bridge.channel.id)
    else:
        await bridge.click("Alice", "Acknowledge", card)

    await bridge.told("Alice", "has another number")
    assert [] == bridge.effects()
    await bridge.card("#1")


async def test_a_card_keeps_its_number_and_its_buttons(bridge: Bridge, port: int) -> None:
    """A later delivery that gives #1 the number 2 changes no card, and Alice acknowledges #1 as ever."""
    first = bridge.trigger("First")
    await bridge.card("#1")
    ahead = (datetime.now(UTC) + timedelta(seconds=4)).isoformat(timespec="milliseconds")
    await deliver(port, delivery("priority_updated", ahead, first.id, number=2))
    await settled(bridge)

    await bridge.click("Alice", "Acknowledge")

    assert "#1" in (await bridge.card("Acknowledged")).plain
    assert [first.id] == [call.path.rpartition("/")[2] for call in bridge.effects()]


async def test_a_flood_from_the_future_holds_nothing_up(bridge: Bridge, port: int) -> None:
    """Ten deliveries dated 2099 make PagerDuty be asked for its time once, and the next incident has its card."""
    incident = bridge.trigger("Before")
    await bridge.card("Before")
    for place in range(10):
        at = f"2099-01-01T00:00:0{place}.000Z"
        body = delivery("resolved", at, incident.id, status="resolved").replace(b"01olved", b"0%d1olved" % place)
        assert 202 == await deliver(port, body)

    bridge.trigger("Afterwards")

    await bridge.card("Afterwards")
    await settled(bridge)
    assert [] == [message for message in bridge.channel.messages if "Resolved" in message.plain]
    asked = [call for call in bridge.pagerduty.calls if call.path == "/abilities"]
    assert len(asked) <= 3


async def test_two_incidents_that_claim_one_number(bridge: Bridge, port: int) -> None:
    """A first delivery gave #1 the number 2, and #2 is there as well: "#2" is the one that PagerDuty calls so."""
    bridge.pagerduty.webhooks.lose_next()
    first = bridge.trigger("First")
    second = bridge.trigger("Second")
    await bridge.card("Second")
    ahead = (datetime.now(UTC) + timedelta(seconds=4)).isoformat(timespec="milliseconds")
    await deliver(port, delivery("triggered", ahead, first.id, number=2))
    await bridge.channel.wait(lambda channel: len(channel.messages) > 1)

    await (await typed_dialog(bridge, "Alice", "/pd resolve 2")).submit()

    await bridge.told("Alice", "You resolved incident #2")
    assert [second.id] == [call.path.rpartition("/")[2] for call in bridge.effects()]


@pytest.mark.parametrize("number", [7, None, "2"])
async def test_what_pagerduty_gives_for_a_number_must_have_it(bridge: Bridge, number: object) -> None:
    """Asked for #2, PagerDuty shows an incident that it does not call so: nothing is sent."""
    bridge.reroute(default_channel=None)
    bridge.trigger("First")
    bridge.trigger("Second")
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", odd={"incident.incident_number": number}))

    await bridge.slack.person("U0ALICE").type_command("/pd resolve 2", bridge.channel.id)

    await bridge.told("Alice", "I can't find incident #2")
    assert [] == bridge.writes()
