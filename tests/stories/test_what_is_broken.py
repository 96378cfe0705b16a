"""What a card says besides the state: what monitoring reported first, and what PagerDuty will do next, and to whom."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Fault, IncidentView
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.config.bridge_config import RoutingConfig
from tests.metric_samples import sample
from tests.stories.harness import Bridge, settled, until

REPORT: dict[str, Any] = {
    "source": "prometheus-eu-1",
    "links": [
        {"href": "https://runbooks.example.com/checkout", "text": "Runbook"},
        {"href": "https://grafana.example.com/d/1", "text": "Latency"},
        {"href": "https://logs.example.com/q", "text": ""},
        {"href": "https://fourth.example.com", "text": "One too many"},
    ],
    "details": {"p99": "2.3 s", "note": "first line\nsecond line"},
}
HOUR = 3600


@pytest.fixture
def search(bridge: Bridge) -> str:
    """Add a service that escalates after half an hour, and lets nobody sit on it for more than an hour."""
    pagerduty = bridge.pagerduty
    policy = pagerduty.add_escalation_policy("Search on-call", [["PALICE1"], ["PBOB1"]], delay=30)
    return pagerduty.add_service("search-api", policy.id, acknowledgement_timeout=HOUR).id


def trigger(bridge: Bridge, service: str) -> IncidentView:
    """Let monitoring report something, with all that it can say."""
    return bridge.pagerduty.trigger(service, "Search latency over 2s", alert=REPORT)


def moment(at: datetime) -> str:
    """Write a time as a program shows it that knows no dates."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def due(bridge: Bridge, incident: IncidentView, action: str) -> str:
    """Ask PagerDuty when it will do something by itself."""
    return moment(bridge.pagerduty.incident(incident.id).pending_actions[action])


async def test_what_is_broken_and_who_is_paged_next(bridge: Bridge, search: str) -> None:
    """Source and three links of the first alert, whom it escalates to and when; nobody is mentioned for that."""
    incident = trigger(bridge, search)

    card = await bridge.card("prometheus-eu-1")

    assert f"Escalates to Bob Ng {due(bridge, incident, 'escalate')}" in card.plain
    assert all(words in card.plain for words in ("Runbook (runbooks.example.com)", "Latency", "logs.example.com"))
    assert "One too many" not in card.plain
    assert "<@U0BOB>" not in str(card.blocks)


async def test_when_the_acknowledgement_ends_and_when_it_wakes(bridge: Bridge, search: str) -> None:
    """Each state names its own next step, and no other's."""
    incident = trigger(bridge, search)
    await bridge.card("Escalates")
    await bridge.click("Alice", "Acknowledge")
    acknowledged = await bridge.card("Acknowledgement ends")
    assert due(bridge, incident, "unacknowledge") in acknowledged.plain
    assert "Escalates" not in acknowledged.plain

    modal = await bridge.dialog("Alice", "Snooze")
    modal.choose("How long?", "For 4 hours")
    await modal.submit()

    asleep = await bridge.card("Snoozed until")
    assert due(bridge, incident, "unacknowledge") in asleep.plain
    assert "Acknowledgement ends" not in asleep.plain
    await settled(bridge)
    bridge.pagerduty.clock.advance(4 * HOUR + 1)
    awake = await bridge.card("Triggered")
    assert "Snoozed until" not in awake.plain
    assert "Snooze ended" in awake.plain
    assert "Snooze ended. Nobody is working on it; it is assigned to Alice Ng" in (await bridge.lines(3))[2]


async def test_the_answer_to_an_acknowledgement_says_when_it_ends(bridge: Bridge, search: str) -> None:
    """The card has it with the new state, and PagerDuty is asked for nothing about it after the write."""
    incident = trigger(bridge, search)
    await bridge.card("Escalates")
    await settled(bridge)
    bridge.pagerduty.clock.advance(60)

    await bridge.click("Alice", "Acknowledge")
    card = await bridge.card("Acknowledged")
    await settled(bridge)

    assert f"Acknowledgement ends {due(bridge, incident, 'unacknowledge')}" in card.plain
    about = [call.method for call in bridge.pagerduty.calls if call.path == f"/incidents/{incident.id}"]
    assert about[-1] == "PUT"


async def test_a_pagerduty_that_does_not_answer_holds_nothing_up(bridge: Bridge, search: str) -> None:
    """Card and lines come without what only a read can tell; that is added as soon as it can be read."""
    fault = bridge.pagerduty.add_fault(Fault("GET", "/incidents/**", hang=True))
    incident = trigger(bridge, search)
    await bridge.card("Triggered")
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    card = await bridge.card("Acknowledged")
    await bridge.lines(1)
    assert "prometheus" not in card.plain

    fault.remove()

    await bridge.card("Acknowledgement ends")
    assert "prometheus-eu-1" in (await bridge.card("prometheus-eu-1")).plain


async def test_alerts_that_cannot_be_read_keep_nothing_else_away(bridge: Bridge, search: str) -> None:
    """The rest is shown at once, and the alert later."""
    fault = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*/alerts", status=503))
    trigger(bridge, search)
    await bridge.card("Escalates to Bob Ng")

    fault.remove()

    await bridge.card("prometheus-eu-1")


async def test_it_costs_few_calls(bridge: Bridge, search: str) -> None:
    """Three reads and one update for a new incident, one of each for a change, none for what changes nothing."""
    incident = trigger(bridge, search)
    await bridge.card("Escalates")
    await settled(bridge)
    assert (3, 1) == (reads(bridge, incident), updates(bridge))

    bridge.pagerduty.web("PALICE1").add_note(incident.id, "looking")
    await bridge.lines(1)
    await settled(bridge)
    assert (3, 1) == (reads(bridge, incident), updates(bridge))

    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)
    await bridge.card("Acknowledgement ends")
    await settled(bridge)
    assert (4, 3) == (reads(bridge, incident), updates(bridge))
    assert [] == bridge.writes()


async def test_a_card_that_has_to_wait_costs_no_update(bridge: Bridge, search: str) -> None:
    """Slack takes no message for a while: what was read meanwhile is on the card from the beginning."""
    bridge.slack.add_fault(SlackFault("chat.postMessage", retry_after=1, times=1))
    trigger(bridge, search)

    card = await bridge.card("Escalates to Bob Ng")
    await settled(bridge)

    assert "prometheus-eu-1" in card.plain
    assert 0 == updates(bridge)


async def test_an_incident_without_alerts(bridge: Bridge, search: str) -> None:
    """Somebody opened it by hand: there is nothing to say, and nothing is asked again."""
    incident = bridge.pagerduty.web("PBOB1").trigger(search, "It feels slow")

    card = await bridge.card("Escalates to Bob Ng")
    await settled(bridge)

    assert ":satellite_antenna:" not in str(card.blocks)
    assert [] == bridge.pagerduty.calls_to("GET", f"/incidents/{incident.id}/alerts")


@pytest.mark.parametrize(
    "levels",
    [[["PALICE1"], ["PALICE1"], ["PBOB1"]], [["PALICE1"]]],
    ids=["on two levels", "the last level"],
)
async def test_who_comes_next_is_never_guessed(bridge: Bridge, levels: list[list[str]]) -> None:
    """Where PagerDuty does not tell the level, or what follows the last, only the time is said."""
    policy = bridge.pagerduty.add_escalation_policy("Odd", levels, delay=30, loops=1)
    service = bridge.pagerduty.add_service("odd-api", policy.id)
    incident = trigger(bridge, service.id)

    card = await bridge.card("Escalates")

    assert f"Escalates {due(bridge, incident, 'escalate')}" in card.plain


async def test_who_comes_next_follows_an_escalation(bridge: Bridge) -> None:
    """After a level was paged, the one after it comes next; a level on which nobody is, is passed over."""
    bridge.pagerduty.add_user("Dan Ng", "dan@example.com", id="PDAN1")
    policy = bridge.pagerduty.add_escalation_policy("Long", [["PALICE1"], ["PBOB1"], ["PCAROL1", "PDAN1"]], delay=30)
    service = bridge.pagerduty.add_service("long-api", policy.id)
    trigger(bridge, service.id)
    await bridge.card("Escalates to Bob Ng")

    bridge.pagerduty.clock.advance(30 * 60 + 1)

    await bridge.card("Escalates to Carol Ng and Dan Ng")


async def test_what_was_to_come_goes_with_the_state(bridge: Bridge, search: str) -> None:
    """A resolved incident promises nothing, and neither does one that was given to somebody directly."""
    incident = trigger(bridge, search)
    await bridge.card("Escalates")
    bridge.pagerduty.web("PALICE1").reassign(incident.id, ["PBOB1"])
    card = await bridge.card("Assigned to @Bob")
    await until(lambda: "Escalates" not in card.plain, "a card without it")
    bridge.pagerduty.web("PBOB1").resolve(incident.id)

    card = await bridge.card("Resolved")
    await settled(bridge)

    assert "prometheus-eu-1" in card.plain
    assert not any(words in card.plain for words in ("Escalates", "ends", "Snoozed until"))


def reads(bridge: Bridge, incident: IncidentView) -> int:
    """Count what was read for the card, apart from what a resync reads."""
    paths = (f"/incidents/{incident.id}", f"/incidents/{incident.id}/alerts", "/oncalls")
    return sum(len(bridge.pagerduty.calls_to("GET", path)) for path in paths)


def updates(bridge: Bridge) -> int:
    """Count the updates of cards."""
    return sum(call.method == "chat.update" for call in bridge.slack.calls)


def choose(bridge: Bridge, **chosen: object) -> None:
    """Choose what every card shows besides."""
    table = RoutingConfig.model_validate(chosen)
    bridge.reroute(**{name: getattr(table, name) for name in chosen})


def left_out(why: str) -> float:
    """Read the operator's metric."""
    return sample("pagebridge_card_parts_left_out_total", {"part": "field", "why": why}) or 0.0


async def test_fields_of_the_alert_that_are_chosen(bridge: Bridge) -> None:
    """They come with the alert; a route that holds later has its own; what the alert lacks is left out and counted."""
    pagerduty, channel = bridge.pagerduty, bridge.slack.add_channel("duty", id="C0DUTY")
    before = left_out("missing"), left_out("not_scalar")
    choose(bridge, card_fields=["severity", "details.p99", "details.region", "details.pod"], card_images=True)
    pagerduty.add_priority("P1")
    bridge.route(priority="P1", channel="C0DUTY", card_fields=[{"path": "details.pod.node", "label": "Node"}])

    images = [{"type": "image", "src": f"{way}://x.example/1.png", "text": way.upper()} for way in ("https", "http")]
    details = {"p99": "2.3 s", "pod": {"node": "<!here> n-7"}}
    report = {**REPORT, "details": details, "links": [*REPORT["links"], *images]}
    incident = pagerduty.trigger(bridge.acme.service, "Checkout is slow", alert=report)
    card = await bridge.card("2.3 s")

    assert "critical" in card.plain
    assert "region" not in card.plain
    assert ("HTTPS (x.example)" in card.plain, "HTTP (x.example)" in card.plain) == (True, False)
    assert (before[0] + 1, before[1] + 1) == (left_out("missing"), left_out("not_scalar"))

    pagerduty.web("PALICE1").set_priority(incident.id, "P1")

    await channel.wait(lambda c: bool(c.messages) and "<!here> n-7" in c.messages[0].plain)
    assert "n-7" not in bridge.channel.messages[0].plain


async def test_link_buttons_that_are_chosen(bridge: Bridge) -> None:
    """They lead to the page of this incident; Slack reports a press on one, which is taken and does nothing."""
    choose(bridge, card_links=[{"label": "Runbook", "url": "https://runbooks.example.com/{service}?incident={number}"}])
    bridge.trigger()
    card = await bridge.card("Runbook")

    press = await bridge.click("Alice", "Runbook", card)

    assert press.acked
    assert "https://runbooks.example.com/checkout-api?incident=1" in str(card.blocks)
    await settled(bridge)
    assert [] == bridge.private("Alice")
    assert [] == bridge.writes()
