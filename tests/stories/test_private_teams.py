"""An incident that comes to belong to a private team: where it was public, nothing more of it is told."""

import json

import pytest

from tests.stories.harness import Bridge, settled
from tests.stories.typed_commands import answered

MOVED = "#1 belongs to a private team now. The rest is in PagerDuty."


@pytest.fixture
def vault(bridge: Bridge) -> str:
    """Add a service of a private team."""
    secret = bridge.pagerduty.add_team("Secret", private=True)
    bridge.pagerduty.add_member(secret.id, "PALICE1", "responder")
    policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
    return bridge.pagerduty.add_service("vault", policy.id, teams=[secret]).id


async def test_the_default_channel_learns_nothing_more(bridge: Bridge, vault: str) -> None:
    """Its card says where the incident went, without buttons; no line, no new title, no name follows."""
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)
    alice = bridge.pagerduty.web("PALICE1")

    alice.set_service(incident.id, vault)
    await bridge.card(MOVED)
    alice.set_title(incident.id, "The vault is open")
    alice.add_note(incident.id, "The key is under the mat")
    alice.acknowledge(incident.id)
    alice.resolve(incident.id)
    await settled(bridge)

    [card] = bridge.channel.messages
    shown = json.dumps([card.text, card.blocks])
    assert MOVED in card.plain
    assert [] == card.replies
    assert not [word for word in ("vault", "Alice", "Resolved", "Checkout", "actions") if word in shown]


async def test_a_route_for_the_private_team_takes_the_story_over(bridge: Bridge, vault: str) -> None:
    """The channel that a route names has the card with the thread; the old card does not name that channel."""
    secret = bridge.slack.add_channel("secret", id="C0SECRET", private=True)
    bridge.route(team="Secret", channel="C0SECRET")
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)

    bridge.pagerduty.web("PALICE1").set_service(incident.id, vault)
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)

    await secret.wait(lambda c: "Acknowledged" in c.messages[0].plain and len(c.messages[0].replies) == 1)
    card = await bridge.card(MOVED)
    await settled(bridge)
    assert "changed the service from checkout-api to vault" in secret.messages[0].replies[0].plain
    assert "C0SECRET" not in json.dumps([card.text, card.blocks])
    assert [] == card.replies


async def test_nobody_finds_it_by_a_command_there_any_more(bridge: Bridge, vault: str) -> None:
    """Carol, who is not on the team, can neither list nor show it where she could before; Alice can."""
    incident = bridge.trigger()
    await bridge.card()
    bridge.pagerduty.web("PALICE1").set_service(incident.id, vault)
    await bridge.card(MOVED)
    await settled(bridge)

    await answered(bridge, "Alice", "/pd show 1", "Checkout latency")
    shown = [await answered(bridge, "Carol", line) for line in ("/pd show 1", "/pd list", "/pd list all")]
    assert not [told for told in shown if "Checkout" in told or "vault" in told]


async def test_a_public_team_gets_the_card_back(bridge: Bridge, vault: str) -> None:
    """Somebody had moved it by mistake: the card is whole again, and its thread goes on."""
    incident = bridge.trigger()
    await bridge.card()
    bridge.pagerduty.web("PALICE1").set_service(incident.id, vault)
    await bridge.card(MOVED)

    bridge.pagerduty.web("PALICE1").set_service(incident.id, bridge.acme.service)

    await bridge.card("Triggered")
    lines = await bridge.lines(2)
    assert "changed the service from vault to checkout-api" in lines[1]


async def test_the_lines_of_a_withheld_incident_are_deleted_where_the_operator_chose_so(
    bridge: Bridge, vault: str
) -> None:
    """Of its thread only what people wrote is left; back in public it goes on with what is told from then on."""
    bridge.reroute(withheld_lines="delete")
    incident = bridge.trigger()
    card = await bridge.card()
    alice = bridge.pagerduty.web("PALICE1")
    alice.add_note(incident.id, "The key is under the mat")
    alice.acknowledge(incident.id)
    await bridge.lines(2)
    theirs = bridge.slack.person("U0BOB").post("What key?", "C0INCIDENTS", card.ts)
    await settled(bridge)

    alice.set_service(incident.id, vault)
    await bridge.card(MOVED)
    await bridge.channel.wait(lambda _: [theirs.ts] == [reply.ts for reply in card.replies])
    alice.resolve(incident.id)
    await settled(bridge)
    assert [theirs.ts] == [reply.ts for reply in card.replies]

    alice.set_service(incident.id, bridge.acme.service)
    await bridge.card("Resolved")
    await settled(bridge)
    assert not [reply for reply in card.replies if "under the mat" in reply.plain]
