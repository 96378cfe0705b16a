"""Redis is out of reach, and Acknowledge goes straight to PagerDuty: acked when it is safe, once, never in silence."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.model.journal import AuditEntry
from shared.store.streams import Audit
from tests.stories.harness import FAST, PATIENCE, Bridge, running, settled
from tests.stories.processes import Deployment, acknowledged_once, deployed_with_receiver, incidents, struck
from tests.stories.test_refusals import hire
from tests.stories.test_store_failures import redis_of

INCIDENT = "/incidents/*"
SLOW = 0.6
"""Seconds that PagerDuty takes in a story about the order of things; within what the direct way may take."""
NO_ADDRESS = SlackFault("response_url", http_status=500)
NOBODY_THERE = SlackFault("chat.postEphemeral", error="user_not_in_channel")
NO_CONVERSATION = SlackFault("chat.postMessage", channel="U0BOB", error="messages_tab_disabled")


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, with a receiver and no worker yet."""
    async with deployed_with_receiver(tmp_path) as prepared:
        yield prepared


async def without_redis(bridge: Bridge) -> None:
    """Let monitoring open an incident, and then take Redis away."""
    bridge.trigger()
    await bridge.card()
    await settled(bridge)
    await bridge.valkey.kill()


async def test_a_press_is_acked_once_pagerduty_has_it(bridge: Bridge) -> None:
    """PagerDuty takes its time: no ack comes before it has answered, because nobody else has the press."""
    await without_redis(bridge)
    bridge.pagerduty.add_fault(Fault("PUT", INCIDENT, delay=SLOW))

    click = await bridge.click("Alice", "Acknowledge")

    assert click.envelope is not None
    assert click.envelope.acked_after_ms is not None
    assert click.envelope.acked_after_ms > SLOW * 1000
    assert 1 == len(bridge.effects())
    await bridge.valkey.start()


async def test_what_was_there_already_and_is_taken_back_is_asked_for_again(bridge: Bridge) -> None:
    """PagerDuty refuses, because it is acknowledged; when that is read, it has run out: then the press still counts."""
    await without_redis(bridge)
    bridge.pagerduty.add_fault(Fault("PUT", INCIDENT, status=400, code=1002, times=1))

    await bridge.click("Alice", "Acknowledge")

    await bridge.told("Alice", "You acknowledged incident #1")
    assert "acknowledged" == bridge.pagerduty.incidents[0].status
    assert 1 == len(bridge.effects())
    await bridge.valkey.start()


async def test_a_press_that_a_killed_worker_had_in_hand_was_not_acked(deployment: Deployment) -> None:
    """Killed while PagerDuty was being told: Slack says that it did not work, and brought again it is done, once."""
    killed = await deployment.quick_worker()
    cards = await incidents(deployment, "Checkout is slow")
    await settled(deployment)
    await deployment.valkey.kill()
    write = deployment.pagerduty.add_fault(Fault("PUT", INCIDENT, hang=True, times=1))
    async with asyncio.TaskGroup() as group:
        clicking = group.create_task(deployment.click("Alice", "Acknowledge"))
        await struck(write)
        await deployment.kill(killed)
    assert not clicking.result().acked

    await deployment.valkey.start()
    await deployment.quick_worker()
    again = await deployment.slack.redeliver(clicking.result())

    assert again.acked
    await acknowledged_once(deployment, cards)


async def test_an_answer_finds_another_way(bridge: Bridge) -> None:
    """The address that came with the press does not work: Bob is told privately all the same that it was not kept."""
    await without_redis(bridge)
    bridge.slack.add_fault(NO_ADDRESS)

    click = await bridge.click("Bob", "Escalate", confirm="Escalate")

    await bridge.told("Bob", "could not be saved")
    assert click.acked
    await bridge.valkey.start()


async def test_a_press_that_nobody_can_be_told_of_is_not_acked(bridge: Bridge) -> None:
    """Slack takes no answer: then its own mark of failure has to tell Bob, and brought again he is told, once."""
    await without_redis(bridge)
    faults = [bridge.slack.add_fault(fault) for fault in (NO_ADDRESS, NOBODY_THERE, NO_CONVERSATION)]
    click = await bridge.click("Bob", "Escalate", confirm="Escalate")
    assert "operation_timeout" == click.failure

    for fault in faults:
        fault.remove()
    again = await bridge.slack.redeliver(click)

    assert again.acked
    assert 1 == len(bridge.private("Bob"))
    await bridge.valkey.start()


async def test_a_copy_of_a_press_is_the_same_press(bridge: Bridge) -> None:
    """Slack brings a press again, first at once and then with Redis back: nothing is done or told a second time."""
    await without_redis(bridge)
    click = await bridge.click("Alice", "Acknowledge")
    await bridge.told("Alice", "You acknowledged incident #1")
    bridge.pagerduty.automation.unacknowledge(bridge.pagerduty.incidents[0].id)

    copies = [await bridge.slack.redeliver(click)]
    await bridge.valkey.start()
    copies.append(await bridge.slack.redeliver(click))

    assert all(copy.acked for copy in copies)
    await bridge.card("Acknowledgement timed out")
    await settled(bridge)
    assert "triggered" == bridge.pagerduty.incidents[0].status
    assert 1 == len(bridge.writes())
    assert 1 == len(bridge.private("Alice"))


async def test_a_copy_of_what_was_stored_does_not_go_straight(bridge: Bridge) -> None:
    """A press was stored and carried out, and taken back; a copy that comes while Redis is away does nothing."""
    bridge.trigger()
    await bridge.card()
    click = await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged by Alice Ng in Slack")
    bridge.pagerduty.automation.unacknowledge(bridge.pagerduty.incidents[0].id)
    await bridge.lines(2)
    await settled(bridge)
    await bridge.valkey.kill()

    again = await bridge.slack.redeliver(click)

    assert again.acked
    assert "triggered" == bridge.pagerduty.incidents[0].status
    assert 1 == len(bridge.writes())
    assert [] == bridge.private("Alice")
    await bridge.valkey.start()


async def test_two_copies_at_once_are_one_press(bridge: Bridge) -> None:
    """The second copy comes while the first is in hand: one call, one answer, and both are acked."""
    await without_redis(bridge)
    write = bridge.pagerduty.add_fault(Fault("PUT", INCIDENT, delay=SLOW))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(bridge.click("Alice", "Acknowledge"))
        await struck(write)
        sent = bridge.slack.envelopes[-1]
        second = group.create_task(bridge.slack._envelopes.send(sent.type, sent.payload))

    assert first.result().acked
    assert second.result().acked
    assert 1 == len(bridge.writes())
    await bridge.told("Alice", "You acknowledged incident #1")
    assert 1 == len(bridge.private("Alice"))
    await bridge.valkey.start()


async def test_a_copy_at_another_worker_has_no_effect_of_its_own() -> None:
    """The second copy reaches a worker that knows nothing of the first: it finds the incident acknowledged, says so."""
    async with running(workers=1) as bridge:
        await without_redis(bridge)
        click = await bridge.click("Alice", "Acknowledge")
        await bridge.told("Alice", "You acknowledged incident #1")
        await bridge.valkey.start()
        await bridge.stop_workers()
        await bridge.start_worker()
        await bridge.valkey.kill()

        again = await bridge.slack.redeliver(click)

        assert again.acked
        assert "You already acknowledged incident" in await bridge.told("Alice", "Nothing changed")
        assert 1 == len(bridge.writes())
        await bridge.valkey.start()


async def test_a_copy_at_another_worker_with_redis_back() -> None:
    """Redis is back and knows of the press: a copy at another worker is the same one, though it would apply again."""
    async with running(workers=1) as bridge:
        await without_redis(bridge)
        click = await bridge.click("Alice", "Acknowledge")
        await bridge.told("Alice", "You acknowledged incident #1")
        await bridge.valkey.start()
        entry = await audited(bridge)
        assert ("acknowledge", "PALICE1", "2xx", "done") == (
            entry.action, entry.pagerduty_user, entry.answer, entry.outcome
        )  # fmt: skip
        await bridge.stop_workers()
        await bridge.start_worker()
        bridge.pagerduty.automation.unacknowledge(bridge.pagerduty.incidents[0].id)

        again = await bridge.slack.redeliver(click)

        assert again.acked
        await bridge.card("Acknowledgement timed out")
        await settled(bridge)
        assert 1 == len(bridge.writes())
        assert 1 == len(bridge.private("Alice"))


async def audited(bridge: Bridge) -> AuditEntry:
    """Wait for the first entry of the audit."""
    async with redis_of(bridge) as redis:
        async with asyncio.timeout(PATIENCE):
            while not (entries := [entry async for entry in Audit(redis).read()]):  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.02)
    assert isinstance(entries[0], AuditEntry)
    return entries[0]


async def test_trying_again_without_redis() -> None:
    """What was asked cannot be read: Alice is told so, by another way if need be, before her press is acked."""
    async with running(workers=0) as bridge:
        await bridge.start_worker(replace(FAST, text_lifetime=0.5))
        bridge.trigger()
        await bridge.card()
        bridge.pagerduty.add_fault(Fault("POST", "/incidents/*/notes", status=429))
        modal = await bridge.dialog("Alice", "Add note")
        modal.fill("Note", "Looking into it")
        await modal.submit()
        await bridge.told("Alice", "was NOT added to")
        await settled(bridge)
        answer = bridge.slack.person("U0ALICE").private_messages[-1]
        await bridge.valkey.kill()
        bridge.slack.add_fault(NO_ADDRESS)
        bridge.slack.add_fault(SlackFault("chat.postEphemeral", delay=0.3))

        click = await bridge.click("Alice", "Try again", answer)

        await bridge.told("Alice", "Not retried")
        assert click.envelope is not None
        assert (click.envelope.acked_after_ms or 0) > 300
        await bridge.valkey.start()


async def slow_pagerduty(bridge: Bridge) -> None:
    """Start a worker that would wait longer for PagerDuty than the direct way does; reads of incidents then hang."""
    await bridge.start_worker(replace(FAST, pagerduty_timeout=5.0))
    await without_redis(bridge)
    bridge.pagerduty.add_fault(Fault("GET", INCIDENT, hang=True))


async def test_an_unlinked_person_is_told_so_though_pagerduty_hangs() -> None:
    """Dave has no PagerDuty user: he reads that and whom to ask, and not that PagerDuty couldn't be reached."""
    async with running(workers=0) as bridge:
        hire(bridge, "Dave")
        await slow_pagerduty(bridge)

        await bridge.click("Dave", "Acknowledge")

        await bridge.told("Dave", "No PagerDuty user has your Slack e-mail address")
        assert not [words for words in bridge.private("Dave") if "couldn't be reached" in words]
        await bridge.valkey.start()


async def test_the_audit_knows_a_linked_person_though_pagerduty_hangs() -> None:
    """Alice's incident could not be read: the audit still says as whom she would have acted."""
    async with running(workers=0) as bridge:
        await slow_pagerduty(bridge)

        await bridge.click("Alice", "Acknowledge")

        await bridge.told("Alice", "NOT acknowledged")
        await bridge.valkey.start()
        assert "PALICE1" == (await audited(bridge)).pagerduty_user
