"""Who may not, and how they are told: privately, why, and what to do next."""

from typing import Literal

import pytest

from tests.stories.harness import Bridge, running, settled


async def refused(bridge: Bridge, name: str, words: str) -> str:
    """Let somebody press Acknowledge, and return what they are told; nothing may have reached PagerDuty."""
    bridge.trigger()
    await bridge.card("Triggered")
    click = await bridge.click(name, "Acknowledge")
    assert click.acked
    told = await bridge.told(name, words)
    assert [] == bridge.writes()
    others = [person for person in bridge.acme.people if person != name]
    assert [[] for _ in others] == [bridge.private(person) for person in others]
    return told


def hire(
    bridge: Bridge,
    name: str,
    email: str = "",
    guest: Literal["multi", "single"] | None = None,
    team_id: str | None = None,
    *,
    email_confirmed: bool = True,
) -> None:
    """Add somebody to Slack and to the channel."""
    user = bridge.slack.add_user(
        f"{name} Ng",
        email=email or f"{name.lower()}@example.com",
        id=f"U0{name.upper()}",
        guest=guest,
        team_id=team_id,
        email_confirmed=email_confirmed,
    )
    bridge.acme.people[name] = user.id
    bridge.channel.members.append(user.id)


async def test_somebody_without_a_pagerduty_account(bridge: Bridge) -> None:
    """No PagerDuty user has Dave's address: he is told which one was looked for and whom to ask."""
    hire(bridge, "Dave")

    told = await refused(bridge, "Dave", "You can't acknowledge")

    assert "No PagerDuty user has your Slack e-mail address dave@example.com" in told
    assert "link you" in told


async def test_somebody_of_another_team(bridge: Bridge) -> None:
    """Carol is of Search: she is told whose incident it is and who may act."""
    told = await refused(bridge, "Carol", "You can't acknowledge")

    assert "belongs to Payments" in told
    assert "Alice Ng (assigned now)" in told


async def test_a_similar_address_is_not_enough(bridge: Bridge) -> None:
    """PagerDuty's search is fuzzy; only the whole address counts."""
    bridge.pagerduty.add_user("Erin Ng", "erin@example.com.au", role="user")
    hire(bridge, "Erin")

    await refused(bridge, "Erin", "No PagerDuty user has your Slack e-mail address")


async def test_two_pagerduty_users_with_one_address(bridge: Bridge) -> None:
    """An address that is not unique decides nothing."""
    for _ in range(2):
        bridge.pagerduty.add_user("Frank Ng", "frank@example.com", role="user")
    hire(bridge, "Frank")

    await refused(bridge, "Frank", "Several PagerDuty users have your Slack e-mail address")


async def test_an_unconfirmed_address(bridge: Bridge) -> None:
    """Slack says that the address is not confirmed, so it could be anybody's."""
    bridge.pagerduty.add_user("Grace Ng", "grace@example.com", role="user")
    hire(bridge, "Grace", email_confirmed=False)

    await refused(bridge, "Grace", "is not confirmed")


@pytest.mark.parametrize("guest", ["multi", "single"])
async def test_guests(bridge: Bridge, guest: Literal["multi", "single"]) -> None:
    """A guest of the workspace cannot act, whatever their address."""
    bridge.pagerduty.add_user("Heidi Ng", "heidi@example.com", role="user")
    hire(bridge, "Heidi", guest=guest)

    await refused(bridge, "Heidi", "Guests of this Slack workspace")


async def test_outsiders_in_a_shared_channel(bridge: Bridge) -> None:
    """Somebody of another company sees the card but cannot act: nothing is written for them."""
    hire(bridge, "Ivan", team_id="T0OTHER")

    await refused(bridge, "Ivan", "only members of this Slack workspace can act")


async def test_stakeholders_never_act(bridge: Bridge) -> None:
    """A read-only role is not raised by being on the team."""
    user = bridge.pagerduty.add_user("Judy Ng", "judy@example.com", role="read_only_user")
    payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
    bridge.pagerduty.add_member(payments.id, user.id, "observer")
    hire(bridge, "Judy")

    await refused(bridge, "Judy", "doesn't allow this on the incident")


async def test_the_table_links_whom_no_address_links() -> None:
    """An entry in the identity table wins over the address, and admits a multi-channel guest."""
    users = {"U0KIM": "PBOB1"}
    async with running(identity={"users": users}) as bridge:
        hire(bridge, "Kim", email="kim@agency.example", guest="multi")
        bridge.trigger()
        await bridge.card("Triggered")

        await bridge.click("Kim", "Acknowledge")

        await bridge.card("Acknowledged")
        assert ["bob@example.com"] == [call.from_email for call in bridge.effects()]


async def test_whoever_is_named_in_the_escalation_policy_may_act(bridge: Bridge) -> None:
    """Carol is not on the team, but on the policy's second level."""
    policy = bridge.pagerduty.add_escalation_policy("With Carol", [["PALICE1"], ["PCAROL1"]])
    payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
    service = bridge.pagerduty.add_service("search-api", policy.id, teams=[payments])
    bridge.pagerduty.trigger(service.id, "Search is slow")
    await bridge.card("Search is slow")

    await bridge.click("Carol", "Acknowledge")

    await bridge.card("Acknowledged")


async def test_incidents_of_a_private_team_stay_out_of_the_default_channel(bridge: Bridge) -> None:
    """Nobody wrote a route for them, so they are counted and not shown."""
    secret = bridge.pagerduty.add_team("Security", private=True)
    policy = bridge.pagerduty.add_escalation_policy("Security on-call", [["PALICE1"]], teams=[secret])
    service = bridge.pagerduty.add_service("vault", policy.id, teams=[secret])
    bridge.pagerduty.trigger(service.id, "Break-in")
    bridge.trigger("Something public")

    await bridge.card("Something public")
    await settled(bridge)

    assert not any("Break-in" in message.plain for message in bridge.channel.messages)
