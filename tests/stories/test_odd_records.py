"""PagerDuty's answers and deliveries have a record that nobody can read: its neighbours go on, and it is named."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Fault
from tests.metric_samples import sample
from tests.stories.harness import FAST, Bridge, receiving, running, settled, until
from tests.stories.test_odd_deliveries import deliver
from tests.stories.typed_commands import answered

LOOKING = replace(FAST, resync=0.4, webhook_grace=1.0, resync_pause=0.001)
"""A resync several times a second."""


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with a worker that compares all the time."""
    async with running(durations=LOOKING) as bridge:
        yield bridge


def passes() -> float:
    """Count the passes that came to their end."""
    return sample("pagebridge_resyncs_total", {"result": "done"}) or 0.0


def unreadable(call: str) -> float:
    """Count the records of a list that could not be read so far."""
    return sample("pagebridge_pagerduty_unreadable_total", {"method": call}) or 0.0


async def looked(bridge: Bridge) -> None:
    """Wait until everything has been compared twice from now on, and is at rest."""
    before = passes()
    await until(lambda: passes() >= before + 2, "another resync")
    await settled(bridge)


ODD_ENTRIES: dict[str, dict[str, object]] = {
    "an agent without an id": {"log_entries.*.agent": {"type": "user_reference", "summary": "Bob Ng"}},
    "an agent that is none": {"log_entries.*.agent": "Bob Ng"},
    "no kind": {"log_entries.*.type": None},
    "an id that is a number": {"log_entries.*.id": 7},
    "the year 1": {"log_entries.*.created_at": "0001-01-01T00:00:00Z"},
    "the year 9999": {"log_entries.*.created_at": "9999-12-31T23:59:59-12:00"},
    "the year 2099": {"log_entries.*.created_at": "2099-01-01T00:00:00Z"},
    "no record at all": {"log_entries.*": None},
    "a note that is a number": {"log_entries.*.note": 7},
    "assignees that are none": {"log_entries.*.assignees": [{}, None, 7]},
    "pending actions without a time": {"log_entries.*.changed_actions": [{"type": "unacknowledge"}]},
}


@pytest.mark.parametrize("odd", ODD_ENTRIES.values(), ids=ODD_ENTRIES)
async def test_an_odd_log_entry_stops_no_repair(bridge: Bridge, odd: dict[str, object]) -> None:
    """However an entry of one incident looks, another whose delivery was lost is repaired, and nothing is doubled."""
    incident = bridge.trigger("With an odd log").id
    await bridge.card("With an odd log")
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await bridge.lines(1)
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault(path="/log_entries", odd=odd))
    bridge.pagerduty.add_fault(Fault(path="/incidents/*/log_entries", odd=odd))

    bridge.pagerduty.webhooks.lose_next(1)
    bridge.trigger("Lost on its way")
    await bridge.card("Lost on its way")
    bridge.pagerduty.clock.advance(5)
    await looked(bridge)

    assert 2 == len(bridge.channel.messages)
    lines = [line.plain for line in bridge.channel.messages[0].replies]
    assert 1 == len(lines), lines
    assert "Bob Ng acknowledged it in PagerDuty" in lines[0]


async def test_what_an_odd_log_entry_was_about_is_read_singly(bridge: Bridge) -> None:
    """Its incident is read in full: the note of which no delivery told stands in the thread all the same."""
    before = unreadable("activity")
    incident = bridge.trigger().id
    await bridge.card()
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault(path="/log_entries", odd={"log_entries.*.type": 7}))
    bridge.pagerduty.webhooks.lose_next(1)
    bridge.pagerduty.web("PBOB1").add_note(incident, "It is the cache")

    assert "It is the cache" in (await bridge.lines(1))[0]
    assert unreadable("activity") > before


ODD_INCIDENTS: dict[str, dict[str, object]] = {
    "no state": {"incidents.0.status": None},
    "another state": {"incidents.0.status": "paused"},
    "teams that are none": {"incidents.0.teams": 7},
    "no id": {"incidents.0.id": None},
    "no record at all": {"incidents.0": None},
    "every one of them": {"incidents.*.title": 7},
}


@pytest.mark.parametrize("odd", ODD_INCIDENTS.values(), ids=ODD_INCIDENTS)
async def test_an_incident_that_is_skipped_in_a_list_is_not_gone(bridge: Bridge, odd: dict[str, object]) -> None:
    """The first one of the list cannot be read there: its card goes on, and the other's lost change is found."""
    first, second = bridge.trigger("The odd one").id, bridge.trigger("The other one").id
    for title in ("The odd one", "The other one"):
        await bridge.card(title)
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault(path="/incidents", odd=odd))
    bridge.pagerduty.webhooks.lose_next(2)
    for incident in (first, second):
        bridge.pagerduty.web("PBOB1").acknowledge(incident)

    await until(
        lambda: all("Acknowledged" in card.plain for card in bridge.channel.messages),
        f"both cards, not {[card.plain for card in bridge.channel.messages]}",
    )
    await looked(bridge)
    assert 2 == len(bridge.channel.messages)


async def test_a_note_that_cannot_be_read_is_not_deleted(bridge: Bridge) -> None:
    """It is skipped in the list of notes, and its line stays as it is."""
    incident = bridge.trigger().id
    await bridge.card()
    bridge.pagerduty.web("PBOB1").add_note(incident, "It is the cache")
    await bridge.lines(1)
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault(path="/incidents/*/notes", odd={"notes.*.created_at": "soon"}))
    bridge.pagerduty.clock.advance(5)

    await looked(bridge)

    assert ["It is the cache" in line.plain for line in bridge.channel.messages[0].replies] == [True]


ODD_FIELDS: dict[str, object] = {
    "number": "301",
    "title": ["Checkout"],
    "urgency": 1,
    "priority": "P1",
    "teams": {"id": "PTEAM"},
    "assignees": [{"summary": "Alice Ng"}],
    "created_at": "2099-01-01T00:00:00Z",
    "incident_type": "major",
    "incident_key": 7,
    "status": "paused",
}


async def test_a_page_from_monitoring_alone_says_so() -> None:
    """Without an agent but with a client it came from there, and PagerDuty did nothing by itself."""
    async with running() as bridge:
        bridge.pagerduty.webhooks.lose_next(1)
        incident = bridge.trigger("Checkout is slow")
        page = json.loads(page_of(incident.id, number=incident.number, title=incident.title))
        page["event"] |= {"agent": None, "client": {"name": "Chronosphere", "url": None}}
        async with receiving(bridge.valkey) as port:
            assert 202 == await deliver(port, json.dumps(page).encode())

        card = await bridge.card("Opened from Chronosphere")
        assert "automatically" not in card.plain


async def test_a_responders_own_words_are_shown(bridge: Bridge) -> None:
    """What Bob answers is quoted under his answer, and the words of the request are not put into his mouth."""
    incident = bridge.trigger().id
    await bridge.card()
    bridge.pagerduty.web("PALICE1").request_responders(
        incident, ["PBOB1", "PCAROL1"], message="Please look at the disk"
    )
    await bridge.lines(1)
    bridge.pagerduty.web("PBOB1").join(incident, "On my way, ten minutes")
    assert "Bob Ng accepted the request for help" in (await bridge.lines(2))[1]
    bridge.pagerduty.webhooks.lose_next(1)
    bridge.pagerduty.web("PCAROL1").decline(incident, "Asleep")

    bobs, carols = (await bridge.lines(3))[1:]
    await looked(bridge)
    assert "On my way, ten minutes" in bobs
    assert "Carol Ng declined" in carols
    assert not [line for line in (bobs, carols) if "Please look at the disk" in line]


async def test_who_was_deleted_is_not_on_call(bridge: Bridge) -> None:
    """PagerDuty still lists them; the bridge tells of nobody whom no page reaches."""
    bridge.pagerduty.add_fault(Fault(path="/oncalls", odd={"oncalls.0.user.deleted_at": "2024-01-01T00:00:00Z"}))
    told = await answered(bridge, "Bob", "/pd oncall checkout", "Payments on-call")
    assert "Level 2: Bob Ng" in told
    assert "Alice" not in told


def page_of(incident: str, **fields: object) -> bytes:
    """Write the delivery that pages for an incident, with some fields as given."""
    data: dict[str, Any] = {"id": incident, "type": "incident", "status": "triggered", "title": "Odd", **fields}
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps(
        {"event": {"id": f"01{incident}", "event_type": "incident.triggered", "occurred_at": now, "data": data}}
    ).encode()


@pytest.mark.parametrize("field", ODD_FIELDS)
async def test_no_page_is_lost_for_one_field(field: str) -> None:
    """Without any resync the card is there at once, as PagerDuty shows the incident."""
    async with running(durations=replace(FAST, resync=3600.0)) as bridge:
        await until(lambda: bool(bridge.pagerduty.calls_to("GET", "/log_entries")), "the resync at the start")
        bridge.pagerduty.webhooks.lose_next(1)
        incident = bridge.trigger("Checkout is slow")
        async with receiving(bridge.valkey) as port:
            assert 202 == await deliver(port, page_of(incident.id, **{field: ODD_FIELDS[field]}))

        card = await bridge.card("Checkout is slow")
        assert f"#{incident.number}" in card.plain
        assert "Alice Ng" in card.plain


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(odd={"escalation_policy.escalation_rules": 7})], ids=repr)
async def test_a_policy_that_cannot_be_read_costs_no_other(bridge: Bridge, fault: Fault) -> None:
    """Of the policies of what is open here one is gone, or odd: who is on call for the others is told."""
    other = bridge.pagerduty.add_escalation_policy("Other on-call", [["PBOB1"]])
    bridge.pagerduty.trigger(bridge.pagerduty.add_service("other", other.id).id, "Elsewhere")
    bridge.trigger("Checkout is slow")
    for title in ("Elsewhere", "Checkout is slow"):
        await bridge.card(title)
    bridge.pagerduty.add_fault(replace(fault, method="GET", path=f"/escalation_policies/{other.id}"))

    told = await answered(bridge, "Bob", "/pd oncall", "Payments on-call")
    assert "1 escalation policy couldn't be read" in told
    assert "Other" not in told


@pytest.mark.parametrize("updated", [None, "2099-01-01T00:00:00Z", 7])
async def test_a_read_without_a_time_that_can_be(updated: object) -> None:
    """PagerDuty does not say credibly when the incident changed: it has its card, and what comes later is shown."""
    async with running(durations=replace(FAST, resync=3600.0)) as bridge:
        await until(lambda: bool(bridge.pagerduty.calls_to("GET", "/log_entries")), "the resync at the start")
        bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", odd={"incident.updated_at": updated}))
        bridge.pagerduty.webhooks.lose_next(1)
        incident = bridge.trigger("Checkout is slow")
        bob = bridge.pagerduty.web("PBOB1")
        bob.add_note(incident.id, "It is the cache")
        await bridge.card("Checkout is slow")
        await settled(bridge)

        bob.acknowledge(incident.id)

        await bridge.card("Acknowledged")


@pytest.mark.parametrize("missing", ["id", "event_type", "occurred_at", "agent"])
async def test_no_page_is_lost_for_what_it_lacks(missing: str) -> None:
    """A delivery that does not say what happened, or when, is kept aside, and the incident that it names is read."""
    async with running(durations=replace(FAST, resync=3600.0)) as bridge:
        await until(lambda: bool(bridge.pagerduty.calls_to("GET", "/log_entries")), "the resync at the start")
        bridge.pagerduty.webhooks.lose_next(1)
        incident = bridge.trigger("Checkout is slow")
        page = json.loads(page_of(incident.id, number=incident.number))
        page["event"] = {name: value for name, value in page["event"].items() if name != missing}
        async with receiving(bridge.valkey) as port:
            assert 202 == await deliver(port, json.dumps(page).encode())

        await bridge.card("Checkout is slow")
