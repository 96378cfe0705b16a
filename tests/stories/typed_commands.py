"""How people of the stories type commands."""

from pagebridge_sandbox.slack import Interaction, Modal
from tests.stories.harness import Bridge, settled


async def types(bridge: Bridge, name: str, line: str) -> Interaction:
    """Let somebody type a line in the channel, which must be taken within Slack's three seconds."""
    typed = await bridge.slack.person(bridge.acme.people[name]).type_command(line, bridge.channel.id)
    assert typed.failure is None
    return typed


async def answered(bridge: Bridge, name: str, line: str, words: str = "") -> str:
    """Let somebody type a line, and return the private answer that says `words`; nobody else may hear anything."""
    before = {person: bridge.private(person) for person in bridge.acme.people}
    await types(bridge, name, line)
    person = bridge.slack.person(bridge.acme.people[name])
    await person.wait(lambda p: any(words in m.plain for m in p.private_messages[len(before[name]) :]))
    for other, heard in before.items():
        assert other == name or heard == bridge.private(other)
    return next(text for text in bridge.private(name)[len(before[name]) :] if words in text)


async def typed_dialog(bridge: Bridge, name: str, line: str) -> Modal:
    """Let somebody type a line that opens a dialog, and wait until it can be filled in."""
    before = bridge.modal_ids(name)
    await types(bridge, name, line)
    return await bridge.new_modal(name, before)


async def opened(bridge: Bridge, *titles: str) -> None:
    """Let monitoring open incidents, and wait until the channel shows them and all is quiet."""
    for title in titles:
        bridge.trigger(title)
        await bridge.card(title)
    await settled(bridge)


def secret_incident(bridge: Bridge, title: str = "Break-in") -> int:
    """Let an incident of Payments and a private team be opened, which no channel shows; Bob alone is on both."""
    payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
    team = bridge.pagerduty.add_team("Security", private=True)
    bridge.pagerduty.add_member(team.id, "PBOB1", "responder")
    policy = bridge.pagerduty.add_escalation_policy("Security on-call", [["PCAROL1"]], teams=[team])
    service = bridge.pagerduty.add_service("vault", policy.id, teams=[payments, team])
    incident = bridge.pagerduty.trigger(service.id, title)
    bridge.pagerduty.web("PBOB1").reassign(incident.id, ["PBOB1"])
    return incident.number
