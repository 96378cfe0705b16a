"""Which channels an incident is shown in, as it changes; and routes that lead nowhere."""

from structlog.testing import capture_logs

from pagebridge_sandbox.slack import Channel
from tests.metric_samples import sample
from tests.stories.harness import Bridge, running, settled, until


def duty(bridge: Bridge) -> Channel:
    """Make a second channel."""
    return bridge.slack.add_channel("duty", id="C0DUTY")


def unshown(why: str) -> float:
    """Read the operator's metric."""
    return sample("pagebridge_incidents_unshown_total", {"why": why}) or 0.0


async def test_an_ignored_incident_is_shown_nowhere(bridge: Bridge) -> None:
    """Not even in the default channel; it is counted."""
    before = unshown("ignored")
    bridge.route(urgency="low", ignore=True)
    bridge.trigger("Nobody cares", urgency="low")
    bridge.trigger("Somebody does")

    await bridge.card("Somebody does")
    await settled(bridge)
    assert 1 == len(bridge.channel.messages)
    assert before < unshown("ignored")


async def test_a_priority_that_comes_later_adds_a_channel(bridge: Bridge) -> None:
    """The card that is there stays, as home; the other channel gets one too."""
    bridge.pagerduty.add_priority("P1")
    channel = duty(bridge)
    bridge.route(priority="P1", channel="C0DUTY")
    incident = bridge.trigger()
    await bridge.card("Triggered")

    bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P1")

    await channel.wait(lambda c: "timeline is in #incidents" in c.messages[0].plain)
    await settled(bridge)
    assert "P1" in bridge.channel.messages[0].plain
    assert (1, 1) == (len(bridge.channel.messages), len(channel.messages))
    assert [] == channel.messages[0].replies


async def test_a_service_that_comes_later_adds_a_channel(bridge: Bridge) -> None:
    """Somebody moves the incident to the service that is really broken: its people get a card as well."""
    channel = duty(bridge)
    policy = bridge.pagerduty.add_escalation_policy("Search on-call", [["PCAROL1"]])
    service = bridge.pagerduty.add_service("search-api", policy.id)
    bridge.route(service="search-api", channel="C0DUTY")
    incident = bridge.trigger()
    await bridge.card("Triggered")

    bridge.pagerduty.web("PALICE1").set_service(incident.id, service.id)

    await channel.wait(lambda c: "timeline is in #incidents" in c.messages[0].plain)
    await bridge.card("search-api")
    await settled(bridge)
    assert (1, 1) == (len(bridge.channel.messages), len(channel.messages))


async def test_what_is_shown_stays_when_a_route_would_ignore_it_now(bridge: Bridge) -> None:
    """Its card is looked after to the end."""
    before = unshown("ignored")
    bridge.route(priority="P2", ignore=True)
    incident = bridge.trigger()
    await bridge.card("Triggered")

    bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P2")
    bridge.pagerduty.web("PALICE1").resolve(incident.id)

    await bridge.card("Resolved")
    assert before == unshown("ignored")


async def test_the_first_of_several_channels_is_home(bridge: Bridge) -> None:
    """The first route that matches decides, with all its channels: one thread, and a card in each."""
    channel = duty(bridge)
    bridge.route(team="Payments", channel="C0INCIDENTS")
    bridge.route(urgency="high", team="Payments", channels=["C0DUTY", "C0INCIDENTS"])
    bridge.trigger()

    await channel.wait(lambda c: len(c.messages[0].replies) == 0)
    card = await bridge.card("timeline is in #duty")
    await settled(bridge)
    assert [] == card.replies


async def test_a_priority_that_goes_takes_no_card_away(bridge: Bridge) -> None:
    """Both cards are looked after to the end, wherever the incident would go now."""
    bridge.pagerduty.add_priority("P1")
    channel = duty(bridge)
    bridge.route(priority="P1", channel="C0DUTY")
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P1")
    await channel.wait(lambda c: "Triggered" in c.messages[0].plain)

    bridge.pagerduty.web("PALICE1").set_priority(incident.id, None)
    bridge.pagerduty.web("PALICE1").resolve(incident.id)

    await channel.wait(lambda c: "Resolved" in c.messages[0].plain)
    await bridge.card("Resolved")


async def test_a_resolved_incident_gets_no_other_card(bridge: Bridge) -> None:
    """What is over is not announced anew because somebody puts its priority right."""
    bridge.pagerduty.add_priority("P1")
    channel = duty(bridge)
    bridge.route(priority="P1", channel="C0DUTY")
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PALICE1").resolve(incident.id)
    await bridge.card("Resolved")

    bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P1")

    await bridge.card("P1")
    await settled(bridge)
    assert [] == channel.messages


async def test_routes_that_lead_nowhere_are_named() -> None:
    """At start and when they change: channels that cannot be posted to, services, teams and priorities unknown."""
    wrong: list[dict[str, object]] = [
        {"service": "search-api", "channel": "C0GONE"},
        {"team": "Sales", "channel": "C0ARCHIVED"},
        {"priority": "P9", "channel": "C0STRANGE"},
        {"service": "checkout-api", "team": "Payments", "channel": "C0INCIDENTS"},
        {"urgency": "low", "ignore": True},
    ]
    with capture_logs() as logs:
        async with running(routing={"default_channel": "C0GONE"}) as bridge:
            bridge.slack.add_channel("archived", id="C0ARCHIVED", archived=True)
            bridge.slack.add_channel("strange", id="C0STRANGE", bot_member=False)
            bridge.pagerduty.add_priority("P1")
            for route in reversed(wrong):
                bridge.route(**route)

            def found() -> dict[str, str]:
                return {log["place"]: log["why"] for log in logs if log["event"] == "route.wrong"}

            await until(lambda: "routing.routes[3].priority" in found(), "the check of all routes")
            bridge.trigger()
            await bridge.card("Triggered")
    assert "can't see channel C0GONE" in found()["routing.default_channel"]
    assert "#archived is archived" in found()["routing.routes[2]"]
    assert "the app is not in #strange" in found()["routing.routes[3]"]
    assert "no service 'search-api'" in found()["routing.routes[1].service"]
    assert "no team 'Sales'" in found()["routing.routes[2].team"]
    assert "no priority 'P9'" in found()["routing.routes[3].priority"]
    assert not any("routes[4]" in place or "routes[5]" in place for place in found())
