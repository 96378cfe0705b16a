"""What happens by itself, on a clock that tests move."""

import pytest

from pagebridge_sandbox.pagerduty import IncidentView
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme, Inbox, wait_until

MINUTE = 60


@pytest.fixture
def timed(acme: Acme) -> Acme:
    """Have levels of ten minutes twice, acknowledges of half an hour, and an end after a day."""
    policy = acme.pd.add_escalation_policy("Timed", [[ALICE], [], [BOB]], [acme.team], delay=10, loops=1)
    acme.service = acme.pd.add_service(
        "timed", policy.id, acknowledgement_timeout=30 * MINUTE, auto_resolve_timeout=24 * 60 * MINUTE
    ).id
    return acme


def now(acme: Acme, incident: IncidentView) -> IncidentView:
    """Look how it stands."""
    return acme.pd.incident(incident.id)


async def test_unacknowledged_incident_escalates(timed: Acme, inbox: Inbox) -> None:
    """Level after level, without those where nobody is on call, from the first one again, until the path ends."""
    incident = timed.trigger()
    assigned = [now(timed, incident).assignees]
    for _ in range(4):
        timed.pd.clock.advance(10 * MINUTE)
        assigned.append(now(timed, incident).assignees)

    assert [[ALICE], [BOB], [ALICE], [BOB], [BOB]] == assigned
    assert ["resolve"] == list(now(timed, incident).pending_actions)
    kinds = [entry["type"] for entry in (await timed.get(f"/incidents/{incident.id}/log_entries"))["log_entries"]]
    assert "exhaust_escalation_path_log_entry" == kinds[0]
    assert 1 == kinds.count("repeat_escalation_path_log_entry")
    await timed.pd.webhooks.wait_until_idle()
    assert ["triggered", "escalated", "escalated", "escalated"] == inbox.types
    assert inbox.events[1]["agent"] is None


async def test_acknowledgement_times_out(timed: Acme, inbox: Inbox) -> None:
    """After its time the incident is triggered again by nobody, and escalates from there."""
    incident = timed.trigger()
    timed.pd.web(ALICE).acknowledge(incident.id)
    assert {"resolve", "unacknowledge"} == set(now(timed, incident).pending_actions)

    timed.pd.clock.advance(30 * MINUTE + 1)
    assert "triggered" == now(timed, incident).status
    timed.pd.clock.advance(10 * MINUTE)

    assert [BOB] == now(timed, incident).assignees
    await timed.pd.webhooks.wait_until_idle()
    assert ["triggered", "acknowledged", "unacknowledged", "escalated"] == inbox.types


async def test_advance_fires_timers_in_order(timed: Acme, inbox: Inbox) -> None:
    """One long move of the clock is the same as many short ones."""
    incident = timed.trigger()

    timed.pd.clock.advance(25 * 60 * MINUTE)

    view = now(timed, incident)
    assert "resolved" == view.status
    assert 24 * 60 * MINUTE == round(((view.resolved_at or view.created_at) - view.created_at).total_seconds())
    assert {} == view.pending_actions
    await timed.pd.webhooks.wait_until_idle()
    assert ["triggered", "escalated", "escalated", "escalated", "resolved"] == inbox.types


async def test_snooze_expires(acme: Acme, inbox: Inbox) -> None:
    """When the time is over the incident is triggered again."""
    incident = acme.trigger()
    acme.pd.web(ALICE).acknowledge(incident.id)
    acme.pd.web(ALICE).snooze(incident.id, 3600)

    acme.pd.clock.advance(3599)
    assert "acknowledged" == now(acme, incident).status
    acme.pd.clock.advance(2)

    assert "triggered" == now(acme, incident).status
    await acme.pd.webhooks.wait_until_idle()
    assert "unacknowledged" == inbox.types[-1]


async def test_timers_run_in_real_time(acme: Acme) -> None:
    """Nobody has to move the clock: a snooze of a second ends after a second."""
    incident = acme.trigger()
    acme.pd.web(ALICE).acknowledge(incident.id)
    acme.pd.web(ALICE).snooze(incident.id, 60)

    acme.pd.clock.advance(59.98)
    await wait_until(lambda: "triggered" == now(acme, incident).status)


async def test_incidents_without_automatic_escalation(timed: Acme) -> None:
    """Neither of low urgency, nor assigned to somebody directly, nor without a delay."""
    low = timed.trigger(urgency="low")
    direct = timed.trigger()
    timed.pd.web(ALICE).reassign(direct.id, [CAROL])

    timed.pd.clock.advance(60 * MINUTE)

    assert ([ALICE], [CAROL]) == (now(timed, low).assignees, now(timed, direct).assignees)


async def test_tie_next_shares_millisecond(acme: Acme, inbox: Inbox) -> None:
    """Two changes are never at the same time, unless a test wants just that."""
    incident = acme.trigger()
    acme.pd.web(ALICE).acknowledge(incident.id)
    acme.pd.clock.tie_next()
    acme.pd.web(ALICE).resolve(incident.id)
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    first, second, third, fourth = sorted(event["occurred_at"] for event in inbox.events)
    assert first < second == third < fourth
