"""The cards in people's own conversations on bad days: unclear posts, crashes, refusals, lost data and storms."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from bolt_app.read_path import direct_cards
from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.slack import Fault
from shared.errors import CallError, Uncertain
from shared.model.event_types import Status
from shared.model.ids import IncidentId, SlackUserId
from shared.model.slack_state import SlackState
from shared.store import keys
from tests.bolt_app.direct_duty import Duty, paged
from tests.builders import ALICE, BOB, INCIDENT
from tests.stories.harness import until


@pytest.mark.parametrize("landed", [True, False])
async def test_an_unclear_post_is_looked_for(duty: Duty, landed: bool) -> None:  # noqa: FBT001 -- of the table
    """The answer was lost: one that landed is found, one that did not is posted; there is one in the end."""
    await duty.asks("Alice", ALICE.id)
    fault = Fault("chat.postMessage", channel=duty.conversations["Alice"], drop=True, after_effect=landed, times=1)
    duty.slack.add_fault(fault)
    with pytest.raises(Uncertain):
        await duty.told(paged(ALICE))
    await duty.again()
    assert "Triggered" in duty.says("Alice")


@pytest.mark.parametrize("landed", [True, False])
async def test_a_worker_that_dies_in_the_middle(duty: Duty, landed: bool) -> None:  # noqa: FBT001 -- of the table
    """It is gone while Slack has the post in hand: the next one finds the message, or makes it; there is one."""
    await duty.asks("Alice", ALICE.id)
    where = duty.conversations["Alice"]
    duty.slack.add_fault(Fault("chat.postMessage", channel=where, hang=True, after_effect=landed, times=1))
    async with asyncio.TaskGroup() as group:
        dying = group.create_task(duty.told(paged(ALICE)))
        await until(lambda: any(call.channel == where for call in duty.slack.calls), "the post")
        await until(lambda: len(duty.cards("Alice")) == landed, "its effect")
        dying.cancel()
    await duty.redis.delete(keys.of_incident(INCIDENT, "lease:slack"))

    await duty.again()
    assert "Triggered" in duty.says("Alice")


async def test_an_unclear_post_that_no_one_needs_any_more_is_not_made_again(duty: Duty) -> None:
    """Bob has it meanwhile: what did not land is looked for, because it might have, and not posted."""
    await duty.asks("Alice", ALICE.id)
    duty.slack.add_fault(Fault("chat.postMessage", channel=duty.conversations["Alice"], drop=True, times=1))
    with pytest.raises(Uncertain):
        await duty.told(paged(ALICE))
    await duty.told(paged(BOB, status=Status.ACKNOWLEDGED))
    assert [] == duty.cards("Alice")
    await duty.told(paged(ALICE))
    assert "Triggered" in duty.says("Alice")


async def test_a_conversation_that_takes_nothing_costs_no_one_else(duty: Duty) -> None:
    """Slack refuses the message for good: it is given up, and the channel's card goes on."""
    await duty.asks("Alice", ALICE.id)
    duty.slack.add_fault(Fault("chat.postMessage", channel=duty.conversations["Alice"], error="restricted_action"))
    await duty.told(paged(ALICE))
    await duty.told(paged(ALICE, urgency="low"))
    refused = [call for call in duty.slack.calls_to("chat.postMessage") if call.channel == duty.conversations["Alice"]]
    assert 1 == len(refused)
    assert 1 == len(duty.slack.channels["C0INCIDENTS"].messages)


async def test_a_token_or_a_scope_that_is_mended_costs_no_message(duty: Duty) -> None:
    """Slack does not take it from this app now: it is tried again while Alice is paged, and then no more."""
    await duty.asks("Alice", ALICE.id)
    where = duty.conversations["Alice"]
    fault = duty.slack.add_fault(Fault("chat.postMessage", channel=where, error="missing_scope"))
    assert duty.built.durations.channel_retry == await duty.told(paged(ALICE))
    fault.remove()
    await duty.again()
    assert "Triggered" in duty.says("Alice")


@pytest.mark.parametrize("fault", [{"odd": {"user.id": 7}}, {"status": 500}])
async def test_who_cannot_be_read_costs_no_one_else(duty: Duty, fault: dict[str, Any]) -> None:
    """PagerDuty fails for Alice, or says what makes no sense: Bob gets his card all the same, and she hers later."""
    await duty.asks("Alice", ALICE.id)
    await duty.asks("Bob", BOB.id)
    await duty.redis.set(keys.link(SlackUserId("U0ALICE")), ALICE.id)
    active = duty.pagerduty.add_fault(PagerDutyFault("GET", f"/users/{ALICE.id}", **fault))
    with suppress(CallError):
        await duty.told(paged(ALICE, BOB))

    assert 1 == len(duty.cards("Bob"))
    active.remove()
    await duty.again()
    assert 1 == len(duty.cards("Alice"))


async def test_after_data_was_lost_it_is_looked_for_first(duty: Duty) -> None:
    """After the record of a message is lost, the message that is there is found and updated."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    lost = SlackState(INCIDENT, generation="this", anew_ms=1)
    await duty.built.store.slack_states.change(INCIDENT, lambda _: lost)
    await duty.again()
    assert 1 == len(duty.cards("Alice"))


async def test_a_storm_is_a_few_messages_and_one_that_counts(duty: Duty) -> None:
    """Of forty incidents five come at once; one message counts the others in place, and says when it is over."""
    await duty.asks("Alice", ALICE.id)
    every = [IncidentId(f"QSTORM{number}") for number in range(40)]
    for number, incident in enumerate(every):
        await duty.told(replace(paged(ALICE), number=number), incident)
    await duty.summed_up("Alice")
    assert direct_cards.AT_ONCE + 1 == len(duty.cards("Alice"))
    summary = duty.cards("Alice")[-1]
    assert "35 more incidents are assigned to you" in summary.plain

    for incident in every[:20]:
        await duty.told(paged(ALICE, status=Status.ACKNOWLEDGED), incident)
    await duty.summed_up("Alice")
    assert "20 more incidents are" in summary.plain
    for incident in every[20:]:
        await duty.told(paged(BOB), incident)
    await duty.summed_up("Alice")
    assert "None of the other incidents is waiting for you any more" in summary.plain
    assert direct_cards.AT_ONCE + 1 == len(duty.cards("Alice"))
    assert await duty.summed_up("Alice") is None


async def test_an_unclear_summary_is_there_once(duty: Duty) -> None:
    """The answer to its post was lost after it landed: it is found, and updated."""
    await duty.asks("Alice", ALICE.id)
    for number in range(direct_cards.AT_ONCE + 1):
        await duty.told(paged(ALICE), IncidentId(f"QSTORM{number}"))
    where = duty.conversations["Alice"]
    duty.slack.add_fault(Fault("chat.postMessage", channel=where, drop=True, after_effect=True, times=1))
    with pytest.raises(CallError):
        await duty.summed_up("Alice")
    await duty.summed_up("Alice")
    assert direct_cards.AT_ONCE + 1 == len(duty.cards("Alice"))
