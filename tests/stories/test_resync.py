"""Deliveries get lost: what nobody told is found by looking, told once, and counted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Message
from shared.model.resync_state import GLOBAL
from shared.store import document_kinds
from shared.store.redis import connect
from tests.metric_samples import sample
from tests.stories.harness import FAST, PATIENCE, Bridge, running, settled, until

LOOKING = replace(FAST, resync=0.2, webhook_grace=1.0, resync_pause=0.001, retry_max=0.2, watchdog_interval=0.2)
"""A resync several times a second. Webhooks have a second, because PagerDuty's log knows no less."""


@asynccontextmanager
async def looking(workers: int = 1) -> AsyncIterator[Bridge]:
    """Run the bridge with workers that compare all the time."""
    async with running(workers=workers, durations=LOOKING) as bridge:
        yield bridge


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with one such worker."""
    async with looking() as bridge:
        yield bridge


def repaired(missing: str) -> float:
    """Count what resync has repaired so far."""
    return sample("pagebridge_resync_repairs_total", {"missing": missing}) or 0.0


def healthy() -> bool:
    """Read whether the worker finds the subscription in order."""
    return sample("pagebridge_subscription_healthy") == 1.0


def passes() -> float:
    """Count the passes that came to their end."""
    return sample("pagebridge_resyncs_total", {"result": "done"}) or 0.0


async def looked(bridge: Bridge, times: int = 2) -> None:
    """Wait until everything has been compared so many times from now on, and is at rest."""
    before = passes()
    await until(lambda: passes() >= before + times, "another resync")
    await settled(bridge)


async def told(card: Message, *words: str) -> None:
    """Wait until the thread of a card has these lines after its first, each once, and nothing else."""
    await until(lambda: len(card.replies) >= len(words), f"the lines {words}, not {[r.plain for r in card.replies]}")
    lines = [reply.plain for reply in card.replies]
    assert len(words) == len(lines), lines
    assert all(sum(word in line for line in lines) == 1 for word in words), lines


async def shown(bridge: Bridge) -> tuple[str, Message]:
    """Let monitoring open an incident, and wait until all is told of it."""
    incident = bridge.trigger()
    card = await bridge.card("Triggered")
    await settled(bridge)
    return incident.id, card


async def test_an_incident_of_which_nobody_told(bridge: Bridge) -> None:
    """Its delivery was lost: the card comes all the same, and the loss is counted."""
    before = repaired("incident.triggered")
    bridge.pagerduty.webhooks.lose_next(1)
    bridge.trigger()

    await bridge.card("Triggered")
    await until(lambda: repaired("incident.triggered") > before, "the loss to be counted")
    await looked(bridge)

    assert 1 == len(bridge.channel.messages)
    assert [] == bridge.channel.messages[0].replies
    assert before + 1 == repaired("incident.triggered")


Doing = Callable[[Bridge, str], object]
LOST: list[tuple[str, Doing, str]] = [
    ("acknowledged", lambda b, i: b.pagerduty.web("PBOB1").acknowledge(i), "Bob Ng acknowledged it in PagerDuty"),
    ("resolved", lambda b, i: b.pagerduty.web("PBOB1").resolve(i), "Bob Ng resolved it in PagerDuty"),
    ("escalated", lambda b, i: b.pagerduty.web("PALICE1").escalate(i, 2), "escalated it to Bob Ng"),
    ("by a timer", lambda b, i: b.pagerduty.automation.escalate(i), "automatically"),
    (
        "reassigned",
        lambda b, i: b.pagerduty.web("PALICE1").reassign(i, ["PCAROL1"]),
        "reassigned it from Alice Ng to Carol Ng",
    ),
    ("note", lambda b, i: b.pagerduty.web("PALICE1").add_note(i, "It is the cache"), "It is the cache"),
    (
        "delegated",
        lambda b, i: b.pagerduty.web("PALICE1").delegate(
            i, b.pagerduty.add_escalation_policy("Search", [["PBOB1"]]).id
        ),
        "Alice Ng changed the escalation policy in PagerDuty from Payments on-call to Search; now assigned to Bob Ng",
    ),
    (
        "type",
        lambda b, i: b.pagerduty.web("PALICE1").set_incident_type(i, "major_incident"),
        "Alice Ng changed the incident type from incident_default to major_incident",
    ),
    (
        "priority",
        lambda b, i: b.pagerduty.web("PALICE1").set_priority(i, "P1"),
        "Alice Ng changed the priority from none to P1",
    ),
]


@pytest.mark.parametrize(("doing", "words"), [case[1:] for case in LOST], ids=[case[0] for case in LOST])
async def test_a_lost_delivery_of_any_kind(bridge: Bridge, doing: Doing, words: str) -> None:
    """What it would have told is told once, by who did it; when it comes after all, it adds nothing."""
    bridge.pagerduty.add_priority("P1")
    incident, card = await shown(bridge)
    hold = bridge.pagerduty.webhooks.hold()
    doing(bridge, incident)

    await told(card, words)
    await looked(bridge)
    hold.release()
    await looked(bridge)

    assert 1 == len(card.replies), [reply.plain for reply in card.replies]


def edit_note(bridge: Bridge, incident: str) -> None:
    """Let Alice change what her note says."""
    [note] = bridge.pagerduty._account.incident(incident).notes
    bridge.pagerduty.web("PALICE1").edit_note(incident, note.id, "It was the database")


def delete_note(bridge: Bridge, incident: str) -> None:
    """Let Alice delete her note."""
    [note] = bridge.pagerduty._account.incident(incident).notes
    bridge.pagerduty.web("PALICE1").delete_note(incident, note.id)


SILENT: list[tuple[str, Doing, str]] = [
    ("title", lambda b, i: b.pagerduty.web("PALICE1").set_title(i, "Checkout is down"), "to Checkout is down"),
    (
        "urgency",
        lambda b, i: b.pagerduty.web("PALICE1").set_urgency(i, "low"),
        "Alice Ng changed the urgency from high to low",
    ),
    ("edit", edit_note, "Note edited (written by Alice Ng"),
    ("deletion", delete_note, "Note deleted (written by Alice Ng"),
    ("snooze", lambda b, i: b.pagerduty.web("PALICE1").snooze(i, 3600), "snoozed it until"),
]


@pytest.mark.parametrize(("doing", "words"), [case[1:] for case in SILENT], ids=[case[0] for case in SILENT])
async def test_what_no_event_tells(bridge: Bridge, doing: Doing, words: str) -> None:
    """PagerDuty sends nothing for it, so it is found by looking, and told once however often it is looked at."""
    incident, card = await shown(bridge)
    bridge.pagerduty.web("PALICE1").acknowledge(incident)
    bridge.pagerduty.web("PALICE1").add_note(incident, "It is the cache")
    await bridge.lines(2)
    await settled(bridge)

    doing(bridge, incident)

    await until(lambda: any(words in reply.plain for reply in card.replies), words)
    await looked(bridge, 3)
    assert 3 == len(card.replies), [reply.plain for reply in card.replies]


async def test_a_title_that_another_event_brought_is_told_as_well(bridge: Bridge) -> None:
    """The card has the new title with the next event already; the thread still says who changed it."""
    incident, card = await shown(bridge)
    bridge.pagerduty.web("PALICE1").set_title(incident, "Checkout is down")
    bridge.pagerduty.web("PBOB1").acknowledge(incident)

    await bridge.card("Checkout is down")
    await told(card, "changed the title from Checkout latency over 2s to Checkout is down", "Bob Ng acknowledged it")


async def test_a_merge(bridge: Bridge) -> None:
    """The delivery of a merge was lost: the thread says into what the incident was merged."""
    target = bridge.pagerduty.web("PALICE1").trigger(bridge.acme.service, "The real one")
    await bridge.card("The real one")
    source = bridge.pagerduty.web("PALICE1").trigger(bridge.acme.service, "The other one")
    card = await bridge.card("The other one")
    await settled(bridge)
    bridge.pagerduty.webhooks.lose_next(1)

    bridge.pagerduty.web("PALICE1").merge(target.id, [source.id])

    await told(card, "acknowledged it", "merged into")
    await until(lambda: "Resolved: merged into" in card.plain, "a card that says so")


async def test_resolved_opened_and_resolved_again_unheard(bridge: Bridge) -> None:
    """An incident that is closed in all lists before and after, and yet something happened to it."""
    incident, card = await shown(bridge)
    bob = bridge.pagerduty.web("PBOB1")
    bob.resolve(incident)
    await bridge.lines(1)
    await looked(bridge, 4)
    bridge.pagerduty.webhooks.lose_next(2)

    bob.reopen(incident)
    bob.resolve(incident)

    await until(lambda: len(card.replies) >= 3, "both lines")
    await looked(bridge)
    told = [next(word for word in ("resolved", "reopened") if word in r.plain) for r in card.replies]
    assert ["resolved", "reopened", "resolved"] == told


async def test_what_the_bridge_did_itself_is_not_told_again(bridge: Bridge) -> None:
    """Alice acknowledges from Slack, and no delivery comes: her line stands alone, by its answer."""
    _, card = await shown(bridge)
    hold = bridge.pagerduty.webhooks.hold()

    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged by Alice Ng in Slack")
    await looked(bridge, 4)
    hold.release()
    await looked(bridge)

    assert 1 == len(card.replies), [reply.plain for reply in card.replies]
    assert "in Slack" in card.replies[0].plain


async def test_two_workers_and_one_resync() -> None:
    """Both look for themselves whether it is time; what was lost is told once."""
    async with looking(workers=2) as bridge:
        incident, card = await shown(bridge)
        before = repaired("incident.acknowledged")
        bridge.pagerduty.webhooks.lose_next(1)
        bridge.pagerduty.web("PBOB1").acknowledge(incident)

        await told(card, "Bob Ng acknowledged it")
        await looked(bridge)

        assert 1 == len(card.replies)
        assert before + 1 == repaired("incident.acknowledged")


async def test_pagerduty_that_fails_only_delays_it(bridge: Bridge) -> None:
    """A resync that PagerDuty turns away is broken off, and the next one finds everything."""
    incident, card = await shown(bridge)
    fault = bridge.pagerduty.add_fault(Fault("GET", status=503))
    bridge.pagerduty.webhooks.lose_next(1)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await until(lambda: fault.match_count > 2, "calls that fail")
    fault.remove()

    await told(card, "Bob Ng acknowledged it")


async def test_what_came_late_is_told_although_the_pass_broke_off() -> None:
    """One incident is repaired, then PagerDuty limits us: the channel hears of that one as well."""
    async with looking() as bridge:
        await shown(bridge)
        [subscription] = bridge.pagerduty.webhooks.subscriptions.values()
        subscription.active = False
        await until(lambda: not healthy(), "the subscription to be missed")
        for incident in (bridge.trigger("First"), bridge.trigger("Second")):
            bridge.pagerduty.add_fault(
                Fault("GET", f"/incidents/{incident.id}", status=429, ratelimit_reset=1, times=1)
            )
        await bridge.card("First")
        await bridge.card("Second")

        subscription.active = True

        notice = await bridge.card("were delayed")
        assert ("First" in notice.plain, "Second" in notice.plain) == (True, True)


async def test_a_limit_that_ends_every_pass_lets_nobody_wait_for_ever(bridge: Bridge) -> None:
    """PagerDuty limits us at the same incident each time: the next pass goes on behind it, and finds the others."""
    first = bridge.trigger("First")
    card = await bridge.card("First")
    other = bridge.trigger("Second")
    await bridge.card("Second")
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault("GET", f"/incidents/{first.id}", status=429, ratelimit_reset=0))
    bridge.pagerduty.webhooks.lose_next(2)
    for incident in (first, other):
        bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    await bridge.channel.wait(lambda c: "Acknowledged by Bob Ng" in c.messages[1].plain, timeout=PATIENCE)
    assert "Triggered" in card.plain


async def test_what_pagerduty_refuses_to_show_is_not_asked_for_all_the_time(bridge: Bridge) -> None:
    """It is compared again with everything else, when that is due, and calls for no pass of its own."""
    await shown(bridge)
    bridge.pagerduty.webhooks.lose_next(1)
    bridge.pagerduty.add_fault(Fault("GET", f"/incidents/{bridge.trigger('Secret').id}", status=403))
    redis = connect(bridge.valkey.url)

    async with asyncio.timeout(PATIENCE):
        while not (progress := (await document_kinds.progress(redis).load(GLOBAL)).value).recheck:  # noqa: ASYNC110 -- Redis has no event for it
            await asyncio.sleep(0.01)

    assert 0 == progress.due_ms
    await redis.aclose()


async def test_an_incident_at_which_nothing_changes_is_not_read(bridge: Bridge) -> None:
    """However old its last change is: the list shows it as it was, and a resync of thousands reads none singly."""
    incident, _ = await shown(bridge)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await bridge.card("Acknowledged by Bob Ng")
    bridge.pagerduty.clock.advance(15 * 60)
    await looked(bridge)

    def reads() -> list[str]:
        return [call.path for call in bridge.pagerduty.calls if call.path.startswith(f"/incidents/{incident}")]

    before = reads()
    await looked(bridge, 4)

    assert before == reads()


async def test_a_renamed_service_is_shown(bridge: Bridge) -> None:
    """PagerDuty sends nothing for it, and its list has the new name."""
    await shown(bridge)
    bridge.pagerduty.clock.advance(15 * 60)
    await looked(bridge)
    directory = bridge.pagerduty._account.directory
    directory.put_service(replace(directory.services[bridge.acme.service], name="checkout-api-v2"))

    await bridge.card("checkout-api-v2")


async def test_an_incident_with_a_note_is_counted_once(bridge: Bridge) -> None:
    """In each pass it is compared once, and its notes once."""
    incident, _ = await shown(bridge)
    bridge.pagerduty.web("PBOB1").add_note(incident, "It is the cache")
    await bridge.lines(1)
    bridge.pagerduty.clock.advance(15 * 60)
    await looked(bridge, 3)

    def counted(result: str) -> float:
        return sample("pagebridge_resync_incidents_total", {"result": result}) or 0.0

    before, notes_before, passes_before = counted("compared"), counted("notes"), passes()
    await looked(bridge, 4)
    most = passes() - passes_before + 1

    assert 3 <= counted("compared") - before <= most
    assert 3 <= counted("notes") - notes_before <= most


async def test_a_quiet_hour_costs_no_call_to_slack_that_writes(bridge: Bridge) -> None:
    """One waits for its escalation, one for the end of its acknowledgement: times are shown, not counted down."""
    policy = bridge.pagerduty.add_escalation_policy("Patient", [["PALICE1"], ["PBOB1"]], delay=120)
    service = bridge.pagerduty.add_service("patient-api", policy.id, acknowledgement_timeout=7200).id
    first, _ = (bridge.pagerduty.trigger(service, title) for title in ("One", "Two"))
    await bridge.card("Two")
    bridge.pagerduty.web("PALICE1").acknowledge(first.id)
    await bridge.card("Acknowledgement ends")
    await looked(bridge)

    def writes() -> int:
        return sum(call.method in {"chat.update", "chat.postMessage"} for call in bridge.slack.calls)

    before = writes()
    for _ in range(4):
        bridge.pagerduty.clock.advance(15 * 60)
        await looked(bridge, 1)

    assert before == writes()
