"""What PagerDuty and Slack say about who it is and what they may, when it is not the usual, and what is told then."""

from dataclasses import replace
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from tests.stories.harness import FAST, Bridge, running, settled, until

PUT: dict[str, Any] = {"method": "PUT", "path": "/incidents/*"}
GET: dict[str, Any] = {"method": "GET", "path": "/incidents/*"}


async def test_an_incident_that_pagerduty_does_not_know(bridge: Bridge) -> None:
    """It was deleted, or belongs to another account now: Alice is told so, with a reference; nothing is sent."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**GET, status=404, code=2100))

    await bridge.click("Alice", "Acknowledge")

    told = await bridge.told("Alice", "You can't acknowledge")
    assert "PagerDuty doesn't know the incident" in told
    assert "reference" in told
    assert [] == bridge.writes()


async def test_a_person_whom_pagerduty_no_longer_knows(bridge: Bridge) -> None:
    """PagerDuty does not know the address in `From`: Alice is told, and who she is will be looked up anew."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, status=400, code=1008, message="Requester User Not Found", times=1))

    await bridge.click("Alice", "Acknowledge")
    told = await bridge.told("Alice", "You can't acknowledge")
    searches = len(bridge.pagerduty.calls_to("GET", "/users"))
    assert "PagerDuty doesn't know the person this was sent for" in told
    await bridge.click("Alice", "Acknowledge")

    await bridge.card("Acknowledged by Alice Ng in Slack")
    assert len(bridge.pagerduty.calls_to("GET", "/users")) > searches


@pytest.mark.parametrize("fault", [{"method": "*", "path": "/incidents/*"}, PUT], ids=["reading", "writing"])
async def test_credentials_that_pagerduty_does_not_accept(bridge: Bridge, fault: dict[str, Any]) -> None:
    """Plain words, a reference and what to do; it is not tried again, and the key stays secret."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**fault, status=401))

    await bridge.click("Alice", "Acknowledge")

    told = await bridge.told("Alice", "Incident #1 was NOT acknowledged")
    assert "PagerDuty rejects this bridge's credentials. Use PagerDuty and tell the team that runs this bridge." in told
    assert "reference" in told
    assert bridge.pagerduty.token not in told
    assert "Triggered" in bridge.channel.messages[0].plain
    assert [] == bridge.effects()


async def test_slack_that_refuses_to_say_who_it_is(bridge: Bridge) -> None:
    """That is not PagerDuty's doing, and Alice is not told that it were."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(SlackFault("users.info", error="missing_scope"))

    await bridge.click("Alice", "Acknowledge")

    told = await bridge.told("Alice", "Incident #1 was NOT acknowledged")
    assert "Slack refused a request of this bridge" in told
    assert "users.info" not in told
    assert "PagerDuty refused" not in told
    assert [] == bridge.writes()


async def test_teams_that_cannot_be_read_are_not_no_team(bridge: Bridge) -> None:
    """Carol would pass if there were no team: she is neither let through nor refused until the teams can be read."""
    bridge.trigger()
    await bridge.card("Triggered")
    fault = bridge.pagerduty.add_fault(Fault("GET", "/teams/*/members", status=503))

    await bridge.click("Carol", "Acknowledge")
    await until(lambda: fault.match_count > 1, "another try to read the team")
    assert [] == bridge.writes()
    fault.remove()

    await bridge.told("Carol", "This incident belongs to Payments")
    assert [] == bridge.writes()


async def test_teams_that_can_be_read_again_let_bob_through(bridge: Bridge) -> None:
    """A passing failure to read the teams only delays him."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault("GET", "/teams/*/members", status=503, times=2))

    await bridge.click("Bob", "Acknowledge")

    await bridge.card("Acknowledged by Bob Ng in Slack")
    assert not [words for words in bridge.private("Bob") if "can't acknowledge" in words]


async def test_teams_that_are_never_read() -> None:
    """Nobody can tell whether Bob may, so it is not done, and he is told; Alice, who has the incident, may anyway."""
    async with running(workers=0) as bridge:
        await bridge.start_worker(replace(FAST, command_lifetime=0.5))
        bridge.trigger()
        await bridge.card("Triggered")
        bridge.pagerduty.add_fault(Fault("GET", "/teams/*/members", status=503))

        await bridge.click("Bob", "Acknowledge")

        await bridge.told("Bob", "was NOT acknowledged.")
        assert [] == bridge.writes()
        await bridge.click("Alice", "Acknowledge")
        await bridge.card("Acknowledged by Alice Ng in Slack")


@pytest.mark.parametrize(
    "authorization", [{"mode": "pagerduty"}, {"everywhere": ["PCAROL1"]}], ids=["pagerduty", "everywhere"]
)
async def test_whom_the_configuration_lets_act_beyond_their_team(authorization: dict[str, object]) -> None:
    """Carol is of Search, and acts on the incident of Payments in her own name."""
    async with running(authorization=authorization) as bridge:
        bridge.trigger()
        await bridge.card("Triggered")

        await bridge.click("Carol", "Acknowledge")

        await bridge.card("Acknowledged by Carol Ng in Slack")
        assert ["carol@example.com"] == [call.from_email for call in bridge.effects()]


@pytest.mark.parametrize(
    "authorization", [{"mode": "pagerduty"}, {"everywhere": ["PCAROL1"]}], ids=["pagerduty", "everywhere"]
)
async def test_no_configuration_raises_a_role(authorization: dict[str, object]) -> None:
    """A stakeholder acts nowhere, whatever the team rule says."""
    async with running(authorization=authorization) as bridge:
        bridge.pagerduty.change_user("PCAROL1", role="read_only_user")
        bridge.trigger()
        await bridge.card("Triggered")

        await bridge.click("Carol", "Acknowledge")

        await bridge.told("Carol", "doesn't allow this on the incident")
        assert [] == bridge.writes()


async def test_a_change_in_slack_lets_somebody_in_at_once(bridge: Bridge) -> None:
    """Dave's address in PagerDuty is corrected and Slack reports a change of his account: the miss is forgotten."""
    dave = bridge.slack.add_user("Dave Ng", email="dave@example.com", id="U0DAVE")
    bridge.acme.people["Dave"] = dave.id
    bridge.channel.members.append(dave.id)
    payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
    user = bridge.pagerduty.add_user("Dave Ng", "dvae@example.com", role="limited_user")
    bridge.pagerduty.add_member(payments.id, user.id, "responder")
    bridge.trigger()
    await bridge.card("Triggered")
    await bridge.click("Dave", "Acknowledge")
    await bridge.told("Dave", "No PagerDuty user has your Slack e-mail address dave@example.com")

    bridge.pagerduty.change_user(user.id, email="dave@example.com")
    changed = await bridge.slack.user_changed(dave.id)
    assert changed is not None
    assert changed.acked
    await bridge.click("Dave", "Acknowledge")

    await bridge.card("Acknowledged by Dave Ng in Slack")


async def test_an_entry_taken_out_of_the_table_is_out_everywhere() -> None:
    """Carol stood for Alice in the table, and no longer does: also when Redis is down she cannot act as Alice."""
    async with running(identity={"users": {"U0CAROL": "PALICE1"}}) as bridge:
        bridge.trigger()
        await bridge.card("Triggered")
        await settled(bridge)
        bridge.identify({})

        await bridge.valkey.kill()
        await bridge.click("Carol", "Acknowledge")

        await bridge.told("Carol", "You can't acknowledge")
        assert [] == bridge.writes()
        await bridge.valkey.start()


async def test_a_worker_starts_while_pagerduty_is_down() -> None:
    """In an outage people need somebody who takes their clicks and tells them the truth."""
    async with running() as bridge:
        bridge.trigger()
        await bridge.card("Triggered")
        await bridge.stop_workers()
        bridge.pagerduty.stop_answering()

        await bridge.start_worker()
        await bridge.click("Alice", "Acknowledge")

        await bridge.told("Alice", "is NOT acknowledged yet")
        bridge.pagerduty.answer_again()
        await bridge.card("Acknowledged by Alice Ng in Slack")
