"""Webhooks that are lost, duplicated, reordered and held back, on demand or by a seeded plan."""

import pytest

from pagebridge_sandbox.pagerduty import PagerDutySandbox, WebhookFaultPlan
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, SECRET, Acme, Inbox
from tests.shared.local_server import local_server


async def test_lose_next_webhooks(acme: Acme, inbox: Inbox) -> None:
    """What is lost is in the log, and with nobody else; what comes after it arrives."""
    acme.pd.webhooks.lose_next()
    incident = acme.trigger()
    acme.pd.web(ALICE).acknowledge(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    assert ["acknowledged"] == inbox.types
    assert ["lost", "delivered"] == [delivery.outcome for delivery in acme.pd.webhooks.log]


async def test_plan_loses_every_webhook(acme: Acme, inbox: Inbox) -> None:
    """A plan can lose all webhooks, until it ends."""
    acme.pd.webhooks.set_fault_plan(WebhookFaultPlan(seed=1, lose=1))
    acme.trigger()
    acme.pd.webhooks.set_fault_plan(None)
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert 1 == len(inbox.events)


async def test_duplicates_use_same_or_new_delivery_id(acme: Acme, inbox: Inbox) -> None:
    """Every event comes twice; some under one delivery id, some under two."""
    acme.pd.webhooks.set_fault_plan(WebhookFaultPlan(seed=1, duplicate=1))
    for _ in range(10):
        acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert 20 == len(inbox.events)
    assert 10 == len({event["id"] for event in inbox.events})
    assert 10 < len(set(inbox.delivery_ids)) < 20


async def test_reordered_webhook_follows_next(acme: Acme, inbox: Inbox) -> None:
    """With half of them reordered all arrive, but not in their order."""
    acme.pd.webhooks.set_fault_plan(WebhookFaultPlan(seed=4, reorder=0.5, held_for=60))
    incident = acme.trigger()
    for number in range(20):
        acme.pd.web(ALICE).add_note(incident.id, str(number))
    acme.pd.webhooks.set_fault_plan(None)
    await acme.pd.webhooks.wait_until_idle()

    times = [event["occurred_at"] for event in inbox.events]
    assert 21 == len(times)
    assert times != sorted(times)


async def test_held_webhook_is_sent_late(acme: Acme, inbox: Inbox) -> None:
    """What is held back is sent after its time, and `idle` waits for that."""
    acme.pd.webhooks.set_fault_plan(WebhookFaultPlan(seed=1, hold=1, held_for=0.02))
    acme.trigger()
    assert [] == acme.pd.webhooks.log

    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered"] == inbox.types


async def test_same_seed_gives_same_faults() -> None:
    """Two runs with one seed agree on the fate of every webhook; another seed decides otherwise."""
    plan = {"lose": 0.3, "duplicate": 0.3, "reorder": 0.2, "hold": 0.1}

    first, second, other = [await _outcomes(WebhookFaultPlan(seed=seed, **plan)) for seed in (7, 7, 8)]

    assert first == second
    assert first != other


async def _outcomes(plan: WebhookFaultPlan) -> list[tuple[str, str]]:
    async with local_server() as server, PagerDutySandbox() as pd:
        server.say({}, 202)
        acme = Acme.__new__(Acme)
        acme.pd = pd
        acme.populate()
        pd.subscribe(server.url, secrets=[SECRET])
        pd.webhooks.set_fault_plan(plan)
        for number in range(30):
            acme.trigger(str(number))
        await pd.webhooks.wait_until_idle()
        titles = {incident.id: incident.title for incident in pd.incidents}
        return sorted((titles[each.incident_id], each.outcome) for each in pd.webhooks.log)


@pytest.mark.parametrize("chances", [{"lose": 1.1}, {"lose": 0.6, "hold": 0.6}, {"hold": -0.1}, {"held_for": -1}])
def test_fault_plan_is_validated(chances: dict[str, float]) -> None:
    """Chances that are none are refused at once."""
    with pytest.raises(ValueError, match="chances"):
        WebhookFaultPlan(seed=1, **chances)
