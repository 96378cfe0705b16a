"""What people do not see in PagerDuty they do not see in dialogs, menus and answers, and do not change from Slack."""

import json

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Modal
from tests.stories.harness import PATIENCE, Bridge, settled, until
from tests.stories.test_private_teams import vault as vault  # noqa: PLC0414 - a fixture
from tests.stories.test_refusals import hire
from tests.stories.typed_commands import answered, opened, types


def offered(modal: Modal, label: str) -> list[str]:
    """List what a menu of a dialog offers."""
    fields = [block for block in modal.content["blocks"] if block.get("label", {}).get("text") == label]
    return [option["text"]["text"] for field in fields for option in field["element"]["options"]]


async def trigger_dialog(bridge: Bridge, name: str) -> list[str]:
    """Let a person open the dialog for a new incident, and list the services that it offers."""
    await types(bridge, name, "/pd trigger")
    person = bridge.slack.person(bridge.acme.people[name])
    await person.wait(lambda p: "Loading" not in p.modal.plain, timeout=PATIENCE)
    services = offered(person.modal, "Service")
    await person.modal.close()
    return services


@pytest.mark.usefixtures("vault")
async def test_services_and_policies_of_a_private_team_are_offered_to_its_people(bridge: Bridge) -> None:
    """Alice, who is of the team, is offered both; Bob, who is not, neither, whoever was first to open the dialog."""
    bridge.trigger()
    await bridge.card("Triggered")

    for _ in range(2):
        assert {"checkout-api", "vault"} == set(await trigger_dialog(bridge, "Alice"))
        assert ["checkout-api"] == await trigger_dialog(bridge, "Bob")
    alice, bob = await bridge.dialog("Alice", "Reassign"), await bridge.dialog("Bob", "Reassign")
    assert {"Payments on-call", "Secret on-call"} == set(offered(alice, "An escalation policy"))
    assert ["Payments on-call"] == offered(bob, "An escalation policy")


@pytest.mark.usefixtures("vault")
async def test_searching_finds_what_the_person_sees(bridge: Bridge) -> None:
    """With hundreds of policies Alice finds the private team's by its name, Bob does not."""
    for number in range(120):
        bridge.pagerduty.add_escalation_policy(f"Team {number:03}", [["PCAROL1"]])
    bridge.trigger()
    await bridge.card("Triggered")
    alice, bob = await bridge.dialog("Alice", "Reassign"), await bridge.dialog("Bob", "Reassign")

    assert ["Secret on-call"] == await alice.suggest("An escalation policy", "Secret")
    assert [] == await bob.suggest("An escalation policy", "Secret")


@pytest.mark.parametrize("button", ["Reassign", "Add note", "Resolve", "Snooze"])
async def test_a_guest_gets_no_dialog(bridge: Bridge, button: str) -> None:
    """Heidi is a guest: she hears it before a dialog opens."""
    bridge.pagerduty.add_user("Heidi Ng", "heidi@example.com", role="user")
    hire(bridge, "Heidi", guest="multi")
    bridge.trigger()
    await bridge.card("Triggered")
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")

    await bridge.click("Heidi", button)
    await bridge.told("Heidi", "Guests of this Slack workspace")
    await types(bridge, "Heidi", "/pd trigger")
    await settled(bridge)

    assert 2 == len(bridge.private("Heidi"))
    assert [] == bridge.slack.person("U0HEIDI").modals


async def test_a_dialog_opens_while_pagerduty_cannot_say_who_it_is(bridge: Bridge) -> None:
    """A note can be typed; who its author is decides what becomes of it when it is sent."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.stop_answering()

    modal = await bridge.dialog("Bob", "Add note")

    assert "Note" in modal.labels
    bridge.pagerduty.answer_again()


@pytest.mark.parametrize("button", ["Add note", "Reassign", "Resolve"])
async def test_what_is_hidden_meanwhile_is_not_changed(bridge: Bridge, vault: str, button: str) -> None:
    """The incident moves to a private team while Bob fills in a dialog: what he sends then does nothing."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    modal = await bridge.dialog("Bob", button)
    bridge.pagerduty.web("PALICE1").set_service(incident.id, vault)
    await bridge.card("belongs to a private team now")

    if button == "Add note":
        modal.fill("Note", "Who moved this?")
    if button == "Reassign":
        modal.choose("Me", ["Assign to me"])
    await modal.submit()

    assert "Secret" not in await bridge.told("Bob", "PagerDuty doesn't show you this incident")
    assert [] == bridge.effects()


async def test_a_policy_that_is_hidden_takes_no_incident(bridge: Bridge) -> None:
    """Bob chose a policy whose team has become private since: the incident stays where it is."""
    search = next(team for team in bridge.pagerduty.teams if team.name == "Search")
    bridge.pagerduty.add_escalation_policy("Search on-call", [["PCAROL1"]], teams=[search])
    bridge.trigger()
    await bridge.card("Triggered")
    modal = await bridge.dialog("Bob", "Reassign")
    modal.choose("An escalation policy", "Search on-call")
    search.private = True

    await modal.submit()

    await bridge.told("Bob", "PagerDuty doesn't show you this escalation policy")
    assert [] == bridge.effects()


async def test_who_is_on_call_for_a_policy_of_a_private_team(bridge: Bridge) -> None:
    """An incident in this channel has it: Alice reads who is on call, Bob does not."""
    secret = bridge.pagerduty.add_team("Secret", private=True)
    bridge.pagerduty.add_member(secret.id, "PALICE1", "responder")
    policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PALICE1").delegate(incident.id, policy.id)
    await settled(bridge)

    await answered(bridge, "Alice", "/pd oncall", "Secret on-call")
    assert "Secret" not in await answered(bridge, "Bob", "/pd oncall")


async def test_the_policy_of_a_service_may_be_hidden(bridge: Bridge) -> None:
    """Bob sees the service, and its policy belongs to a private team: who is on call there he does not read."""
    secret = bridge.pagerduty.add_team("Secret", private=True)
    bridge.pagerduty.add_member(secret.id, "PALICE1", "responder")
    policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
    payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
    bridge.pagerduty.add_service("ledger", policy.id, teams=[payments])

    await answered(bridge, "Alice", "/pd oncall ledger", "Level 1: Alice Ng")
    told = await answered(bridge, "Bob", "/pd oncall ledger", "I can't find")
    assert not [word for word in ("Secret", "Alice") if word in told]


async def test_what_an_incident_was_merged_into_keeps_its_title(bridge: Bridge, vault: str) -> None:
    """The channel learns where those who see the private team's incident go on, and nothing else of it."""
    hidden = bridge.pagerduty.trigger(vault, "The vault is open")
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)

    bridge.pagerduty.web("PALICE1").merge(hidden.id, [incident.id])
    card = await bridge.card("Resolved")
    await bridge.lines(1)
    await settled(bridge)

    shown = json.dumps([(message.text, message.blocks) for message in (card, *card.replies)])
    assert "merged into" in shown
    assert "vault" not in shown


@pytest.mark.parametrize("unread", ["/incidents/*", "/teams/*"])
async def test_what_moved_to_unread_teams_is_in_no_list(bridge: Bridge, vault: str, unread: str) -> None:
    """Until it is known that the channel may see what the incident is now, no answer tells its new title."""
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)
    bridge.pagerduty.options.teams_in_webhooks = unread == "/teams/*"
    bridge.pagerduty.add_fault(Fault("GET", unread, status=503))
    alice = bridge.pagerduty.web("PALICE1")
    alice.set_title(incident.id, "The vault is open")
    alice.set_service(incident.id, vault)
    await until(lambda: len(bridge.pagerduty.calls_to("GET", unread)) > 1, "reads")

    for line in ("/pd list", "/pd list all", "/pd ack", "/pd show 1", "/pd note 1 Hello"):
        assert "vault" not in await answered(bridge, "Carol", line)


async def test_a_team_that_refuses_costs_only_what_is_its_own(bridge: Bridge) -> None:
    """PagerDuty does not let the bridge read one team: lists and dialogs go on without what that one owns."""
    search = next(team for team in bridge.pagerduty.teams if team.name == "Search")
    policy = bridge.pagerduty.add_escalation_policy("Search on-call", [["PBOB1"]]).id
    bridge.pagerduty.add_service("search", policy)
    locked = bridge.pagerduty.add_service("index", policy, teams=[search])
    await opened(bridge, "Checkout is slow")
    bridge.pagerduty.trigger(locked.id, "The index is stale")
    await bridge.card("The index is stale")
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault("GET", f"/teams/{search.id}", status=403))

    assert ["checkout-api", "search"] == sorted(await trigger_dialog(bridge, "Bob"))
    await answered(bridge, "Bob", "/pd list all", "Checkout is slow")
    await answered(bridge, "Bob", "/pd oncall", "Payments on-call")


async def test_what_the_bridge_may_not_read_is_not_the_persons_fault(bridge: Bridge) -> None:
    """PagerDuty refuses the bridge the members of the team: Bob reads whom to tell, and nothing is sent."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault("GET", "/teams/*/members", status=403))

    await bridge.click("Bob", "Acknowledge")

    await bridge.told("Bob", "PagerDuty doesn't let this bridge read something that this depends on")
    assert [] == bridge.writes()
