"""What PagerDuty and Slack do not say is not taken for a yes: whose an incident is, and who a person is."""

import pytest

from pagebridge_sandbox.pagerduty import Fault
from tests.stories.harness import Bridge, running, settled, until
from tests.stories.test_private_teams import vault as vault  # noqa: PLC0414 - a fixture
from tests.stories.test_refusals import hire
from tests.stories.test_who_sees import offered
from tests.stories.typed_commands import answered


async def test_a_webhook_that_does_not_say_the_teams_shows_nothing_by_itself(bridge: Bridge, vault: str) -> None:
    """A private team's incident is read first, and stands in no channel; another one gets its card."""
    bridge.pagerduty.options.teams_in_webhooks = False
    bridge.pagerduty.trigger(vault, "The vault is open")
    bridge.trigger("Checkout is slow")

    await bridge.card("Checkout is slow")
    await settled(bridge)

    assert not [message for message in bridge.channel.messages if "vault" in message.plain]


async def test_while_the_teams_cannot_be_read_nothing_is_posted(bridge: Bridge, vault: str) -> None:
    """An incident moves to a private team, the webhook does not say so, and PagerDuty cannot be read: all waits."""
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)
    bridge.pagerduty.options.teams_in_webhooks = False
    reading = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", status=503))

    bridge.pagerduty.web("PALICE1").set_service(incident.id, vault)
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)
    await until(lambda: len(bridge.pagerduty.calls_to("GET", "/incidents/*")) > 1, "reads")
    assert ["Triggered" in message.plain for message in bridge.channel.messages] == [True]
    assert [] == bridge.channel.messages[0].replies

    reading.remove()
    await bridge.card("belongs to a private team now")
    assert [] == bridge.channel.messages[0].replies


async def test_no_other_route_takes_what_may_be_a_private_teams(bridge: Bridge, vault: str) -> None:
    """A route takes the private team's incidents, the next one all others: which it is waits until PagerDuty says."""
    secret = bridge.slack.add_channel("secret", id="C0SECRET", private=True)
    bridge.route(channel=bridge.channel.id)
    bridge.route(team="Secret", channel="C0SECRET")
    bridge.pagerduty.options.teams_in_webhooks = False
    reading = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", status=503))

    bridge.pagerduty.trigger(vault, "The vault is open")
    await until(lambda: len(bridge.pagerduty.calls_to("GET", "/incidents/*")) > 1, "reads")
    assert [] == bridge.channel.messages + secret.messages

    reading.remove()
    await secret.wait(lambda channel: len(channel.messages) == 1)
    assert [] == bridge.channel.messages


async def test_a_pagerduty_that_never_says_the_teams(bridge: Bridge) -> None:
    """Nothing is shown; whose incident it is may act on it by its number, and other people hear why they may not."""
    bridge.pagerduty.options.teams_in_webhooks = bridge.pagerduty.options.teams_in_answers = False
    bridge.trigger()
    await settled(bridge)
    assert [] == bridge.channel.messages

    await answered(bridge, "Carol", "/pd ack 1", "I can't find incident #1, or you can't see it")
    await answered(bridge, "Alice", "/pd ack 1", "You acknowledged incident #1")


async def test_a_press_when_the_teams_are_not_said(bridge: Bridge) -> None:
    """Bob, who is of Payments, cannot be told from others then, and hears so; Alice has the incident, and may."""
    bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    bridge.pagerduty.options.teams_in_answers = False

    await bridge.click("Bob", "Acknowledge")
    await bridge.told("Bob", "PagerDuty doesn't say which teams this incident belongs to")
    assert [] == bridge.writes()
    await bridge.click("Alice", "Acknowledge")
    await until(lambda: 1 == len(bridge.effects()), "the acknowledge")


@pytest.mark.parametrize(
    ("unsaid", "words"),
    [
        ("is_email_confirmed", "Slack doesn't say whether your e-mail address alice@example.com is confirmed"),
        ("is_restricted", "Slack doesn't say whether yours is a full member's account"),
        ("is_ultra_restricted", "Slack doesn't say whether yours is a full member's account"),
        ("is_bot", "Slack doesn't say whether yours is a full member's account"),
        ("deleted", "Slack doesn't say whether yours is a full member's account"),
    ],
)
async def test_a_person_of_whom_slack_does_not_say_enough(bridge: Bridge, unsaid: str, words: str) -> None:
    """Alice could be anybody then: nothing is sent in her name, and she hears why."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.users["U0ALICE"].unsaid = frozenset({unsaid})

    await bridge.click("Alice", "Acknowledge")

    await bridge.told("Alice", words)
    assert [] == bridge.writes()


async def test_a_service_that_does_not_say_its_teams_is_not_offered(bridge: Bridge) -> None:
    """It may be a private team's; an administrator sees it all the same."""
    bridge.pagerduty.add_user("Olga Ng", "olga@example.com", role="admin")
    hire(bridge, "Olga")
    bridge.pagerduty.options.teams_in_answers = False

    await bridge.slack.person("U0CAROL").type_command("/pd trigger", bridge.channel.id)
    await bridge.slack.person("U0CAROL").wait(lambda person: "shows you no service" in person.modal.plain)
    await bridge.slack.person("U0OLGA").type_command("/pd trigger", bridge.channel.id)
    await bridge.slack.person("U0OLGA").wait(lambda person: "Loading" not in person.modal.plain)
    assert ["checkout-api"] == offered(bridge.slack.person("U0OLGA").modal, "Service")


async def test_a_team_role_that_is_not_said() -> None:
    """Where every linked person may acknowledge, Oscar may only watch his team's incidents, or so it may be."""
    async with running(authorization={"actions": {"acknowledge": "linked"}}) as bridge:
        bridge.pagerduty.add_user("Oscar Ng", "oscar@example.com", role="limited_user", id="POSCAR1")
        payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
        bridge.pagerduty.add_member(payments.id, "POSCAR1", "observer")
        hire(bridge, "Oscar")
        bridge.pagerduty.add_fault(Fault("GET", "/teams/*/members", odd={"members.*.role": None}))
        bridge.trigger()
        await bridge.card("Triggered")

        await bridge.click("Oscar", "Acknowledge")

        await bridge.told("Oscar", "doesn't allow this on the incident")
        assert [] == bridge.writes()
