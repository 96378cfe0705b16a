"""Calls of which nobody knows whether they took effect: nothing is claimed, and what turns out later is told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Fault
from tests.stories.harness import FAST, Bridge, running, settled

PUT: dict[str, Any] = {"method": "PUT", "path": "/incidents/*"}
GET: dict[str, Any] = {"method": "GET", "path": "/incidents/*"}
SHORT_LIVED = replace(FAST, command_lifetime=1.5, ack_silence=0.5, not_yet_after=0.6)
"""Commands live for a second and a half in the place of a minute."""


@pytest.fixture
async def impatient() -> AsyncIterator[Bridge]:
    """Run Acme's bridge, with commands that soon end."""
    async with running(workers=0) as acme:
        await acme.start_worker(SHORT_LIVED)
        yield acme


async def test_an_unclear_end_is_told_and_what_turns_out_later_too(impatient: Bridge) -> None:
    """PagerDuty goes silent after the write: nobody knows; then the webhook comes, and Alice hears that it worked."""
    incident = impatient.trigger()
    await impatient.card("Triggered")
    held = impatient.pagerduty.webhooks.hold(incident.id)
    impatient.pagerduty.add_fault(Fault(**PUT, hang=True, after_effect=True, times=1))
    await impatient.click("Alice", "Acknowledge")
    await impatient.until_called("PUT", "/incidents/*")
    silent = impatient.pagerduty.add_fault(Fault(**GET, status=503))

    unknown = await impatient.told("Alice", "Your acknowledgement of incident #1 may or may not have gone through")
    card = await impatient.card("@Alice Ng's acknowledgement may or may not have gone through")
    assert "Triggered" in card.plain
    assert "was NOT" not in unknown
    silent.remove()
    held.release()

    await impatient.told("Alice", "Your acknowledgement of incident #1 went through after all")
    card = await impatient.card("Acknowledged by Alice Ng in Slack")
    await settled(impatient)
    assert "may or may not" not in card.plain
    assert 1 == len(impatient.writes())
    assert 1 == sum("went through after all" in words for words in impatient.private("Alice"))


async def test_a_doubt_is_gone_from_the_card_once_the_incident_moves_on(impatient: Bridge) -> None:
    """Nobody ever learned what became of Alice's call; once Bob has resolved it, nobody needs to."""
    incident = impatient.trigger()
    await impatient.card("Triggered")
    impatient.pagerduty.add_fault(Fault(**PUT, hang=True, times=1))
    await impatient.click("Alice", "Acknowledge")
    await impatient.until_called("PUT", "/incidents/*")
    silent = impatient.pagerduty.add_fault(Fault(**GET, status=503))
    await impatient.card("@Alice Ng's acknowledgement may or may not have gone through")
    silent.remove()

    impatient.pagerduty.web("PBOB1").resolve(incident.id)

    card = await impatient.card("Resolved by Bob Ng in PagerDuty")
    assert "may or may not" not in card.plain
    assert [] == impatient.effects()


async def test_a_doubt_is_not_put_on_the_card_of_a_resolved_incident(bridge: Bridge) -> None:
    """Bob resolves while Alice's call hangs: she hears that nobody knows about hers, and the card is just resolved."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, hang=True, times=1))
    await bridge.click("Alice", "Acknowledge")
    await bridge.until_called("PUT", "/incidents/*")

    bridge.pagerduty.web("PBOB1").resolve(incident.id)

    await bridge.told("Alice", "Your acknowledgement of incident #1 may or may not have gone through")
    await settled(bridge)
    assert "Resolved by Bob Ng in PagerDuty" in bridge.channel.messages[0].plain
    assert "may or may not" not in bridge.channel.messages[0].plain
    assert 1 == len(bridge.writes())


async def test_a_refusal_after_an_unclear_call_is_not_the_end(bridge: Bridge) -> None:
    """The first call takes effect late, the second is refused in between: Alice is not told that she failed."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, hang=True, effect_after=1.3, times=1))
    bridge.pagerduty.add_fault(Fault(**PUT, status=403, code=2010))

    await bridge.click("Alice", "Acknowledge")

    await bridge.card("Acknowledged by Alice Ng in Slack")
    await settled(bridge)
    assert not [
        words for words in bridge.private("Alice") if "can't acknowledge" in words or "NOT acknowledged." in words
    ]
    assert 1 == len(await bridge.lines(1))


async def test_permission_lost_after_an_unclear_call_is_not_the_end(bridge: Bridge) -> None:
    """Carol leaves the team while her call is on its way, which then takes effect: it is hers, and she is told so."""
    payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
    bridge.pagerduty.add_member(payments.id, "PCAROL1", "responder")
    bridge.pagerduty.enforce_roles = False
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, hang=True, effect_after=1.3, times=1))

    await bridge.click("Carol", "Acknowledge")
    await bridge.until_called("PUT", "/incidents/*")
    bridge.pagerduty.remove_member(payments.id, "PCAROL1")

    await bridge.card("Acknowledged by Carol Ng in Slack")
    await settled(bridge)
    assert not [words for words in bridge.private("Carol") if "can't acknowledge" in words]
    assert 1 == len(bridge.writes())


async def test_calls_that_surely_came_to_nothing_are_no_doubt(impatient: Bridge) -> None:
    """Every call failed, but PagerDuty shows the incident untouched to the end: it surely was NOT acknowledged."""
    incident = impatient.trigger()
    await impatient.card("Triggered")
    impatient.pagerduty.add_fault(Fault(**PUT, status=503))

    await impatient.click("Alice", "Acknowledge")

    await impatient.told("Alice", "Incident #1 was NOT acknowledged.")
    await impatient.card("acknowledgement failed")
    assert not [words for words in impatient.private("Alice") if "did not confirm" in words]
    assert len(impatient.writes()) > 1
    assert [] == impatient.effects()
    assert "triggered" == impatient.pagerduty.incident(incident.id).status


async def test_a_put_that_changed_nothing_is_not_claimed(bridge: Bridge) -> None:
    """Bob acknowledges between check and write, and PagerDuty answers 200 unchanged: Alice hears whose it is."""
    bridge.pagerduty.lenient_repeats = True
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(method="PUT", path="/incidents/*", delay=0.3, times=1))

    await bridge.click("Alice", "Acknowledge")
    await bridge.until_called("PUT", "/incidents/*")
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    await bridge.told("Alice", "Bob Ng already acknowledged incident")
    await settled(bridge)
    assert [line for line in await bridge.lines(1) if "in Slack" in line] == []


async def test_whoever_waits_behind_another_command_is_told_too(bridge: Bridge) -> None:
    """PagerDuty is down, Alice's click is in hand: Bob, who pressed after her, hears the truth when she does."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.stop_answering()

    await bridge.click("Alice", "Acknowledge")
    await bridge.resolve("Bob")

    await bridge.told("Alice", "is NOT acknowledged yet")
    await bridge.told("Bob", "is NOT resolved yet")
    bridge.pagerduty.answer_again()
    await bridge.card("Resolved by Bob Ng in Slack")


async def test_slow_answers_do_not_cost_the_lease() -> None:
    """The reads together take longer than a lease lasts: the command is carried out once, and answered once."""
    async with running(workers=0) as bridge:
        await bridge.start_worker(replace(FAST, lease=1.2))
        bridge.trigger()
        await bridge.card("Triggered")
        bridge.pagerduty.add_fault(Fault(method="*", path="**", delay=0.5))

        await bridge.click("Carol", "Acknowledge")

        await bridge.told("Carol", "You can't acknowledge")
        await settled(bridge)
        refusals = [words for words in bridge.private("Carol") if "can't acknowledge" in words]
        assert 1 == len(refusals)
