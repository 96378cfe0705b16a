"""Order, retries and failing receivers; and what a test can make of deliveries."""

import asyncio
import json
from collections.abc import Callable

import pytest
from aiohttp import web

from tests.pagebridge_sandbox.pagerduty.conftest import BOB, Acme, Inbox, wait_until
from tests.shared.local_server import Request


def outcomes(acme: Acme) -> list[str]:
    """How every attempt ended."""
    return [delivery.outcome for delivery in acme.pd.webhooks.log]


def statuses(*codes: int, then: int = 202) -> Callable[[Request], web.Response]:
    """Answer with these, one after the other, and then always with `then`."""
    left = list(codes)
    return lambda _: web.Response(status=left.pop(0) if left else then)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_failed_delivery_is_retried(acme: Acme, inbox: Inbox, status: int) -> None:
    """A server error or a 429 is no answer: the same delivery comes again until it is accepted."""
    inbox.server.answer = statuses(status, status)
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert 3 == len(inbox.delivery_ids)
    assert 1 == len(set(inbox.delivery_ids))
    assert ["retrying", "retrying", "delivered"] == outcomes(acme)
    assert [(1, status), (2, status), (3, 202)] == [(each.attempt, each.status) for each in acme.pd.webhooks.log]


async def test_timeout_and_disconnect_are_retried(acme: Acme, inbox: Inbox) -> None:
    """No answer in time, and a connection cut, are tried again as well."""
    calls = 0
    second_call = asyncio.Event()

    async def misbehave(request: Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        if calls == 1:
            await second_call.wait()
        second_call.set()
        if calls == 2 and request.raw.transport:
            request.raw.transport.abort()
        return web.Response(status=204)

    inbox.server.answer = misbehave
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert ["retrying", "retrying", "delivered"] == outcomes(acme)
    assert [None, None, 204] == [each.status for each in acme.pd.webhooks.log]


async def test_unreachable_receiver_is_retried(acme: Acme) -> None:
    """Refused connections are retried; after 48 hours it is given up."""
    acme.pd.subscribe("http://127.0.0.1:9/", secrets=["s"])
    acme.trigger()
    await wait_until(lambda: "retrying" in outcomes(acme))

    with pytest.raises(AssertionError, match=r"still delivering.*\n.*incident\.triggered"):
        await acme.pd.webhooks.wait_until_idle(timeout=0.05)
    acme.pd.clock.advance(49 * 3600)
    await acme.pd.webhooks.wait_until_idle()

    assert "dropped" == outcomes(acme)[-1]


async def test_delivery_is_ordered_per_incident(acme: Acme, inbox: Inbox) -> None:
    """While one event is tried again, later ones of its incident wait; another incident's do not."""
    stuck = acme.trigger("stuck")
    failing = True

    def answer(request: Request) -> web.Response:
        data = json.loads(request.body)["event"]["data"]
        return web.Response(status=503 if failing and data["id"] == stuck.id else 202)

    inbox.server.answer = answer
    acme.pd.web(BOB).resolve(stuck.id)
    other = acme.trigger("other")
    acme.pd.web(BOB).resolve(other.id)
    log = acme.pd.webhooks.log
    await wait_until(lambda: 2 == sum(each.incident_id == other.id and each.outcome == "delivered" for each in log))
    waited = {event["event_type"] for event in inbox.events if event["data"]["id"] == stuck.id}
    failing = False
    await acme.pd.webhooks.wait_until_idle()

    delivered = [each.event_type for each in acme.pd.webhooks.log if each.outcome == "delivered"]
    assert {"incident.triggered"} == waited
    assert ["incident.triggered", "incident.resolved"] * 2 == delivered


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
async def test_other_statuses_drop_delivery(acme: Acme, inbox: Inbox, status: int) -> None:
    """It is not tried again; redirects are not followed."""
    inbox.server.answer = lambda _: web.Response(status=status, headers={"Location": inbox.server.url})
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert [("dropped", status)] == [(each.outcome, each.status) for each in acme.pd.webhooks.log]


async def test_three_drops_disable_subscription(acme: Acme, inbox: Inbox) -> None:
    """Then nothing is sent for a day, unless it is enabled again; a delivery in between starts the count anew."""
    subscription = next(iter(acme.pd.webhooks.subscriptions.values()))
    inbox.server.answer = statuses(401, 401, 202, 401, 401, 401)
    for _ in range(7):
        acme.trigger()
        await acme.pd.webhooks.wait_until_idle()
    assert ["dropped"] * 2 + ["delivered"] + ["dropped"] * 3 + ["discarded"] == outcomes(acme)
    assert subscription.is_disabled(acme.pd.clock.now())

    acme.pd.webhooks.enable(subscription.id)
    acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert "delivered" == outcomes(acme)[-1]
    assert 0 == subscription.drops


async def test_disabled_subscription_is_reenabled_after_24_hours(acme: Acme, inbox: Inbox) -> None:
    """What was waiting for it is lost."""
    inbox.server.answer = statuses(401, 401, 401)
    incident = acme.trigger()
    for _ in range(4):
        acme.pd.web(BOB).add_note(incident.id, "x")
    await acme.pd.webhooks.wait_until_idle()
    acme.pd.clock.advance(24 * 3600)
    acme.pd.web(BOB).add_note(incident.id, "y")
    await acme.pd.webhooks.wait_until_idle()

    assert ["dropped"] * 3 + ["discarded"] * 2 + ["delivered"] == outcomes(acme)


async def test_duplicate_with_same_delivery_id(acme: Acme, inbox: Inbox) -> None:
    """At least once means that one delivery may come twice."""
    acme.pd.webhooks.duplicate_next()
    incident = acme.trigger()
    acme.pd.web(BOB).resolve(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered", "triggered", "resolved"] == inbox.types
    assert inbox.delivery_ids[0] == inbox.delivery_ids[1] != inbox.delivery_ids[2]


async def test_duplicate_with_new_delivery_id(acme: Acme, inbox: Inbox) -> None:
    """The same event may come under another delivery id: only its own id tells."""
    acme.pd.webhooks.duplicate_next(2, same_id=False)
    for _ in range(3):
        acme.trigger()
    await acme.pd.webhooks.wait_until_idle()

    assert 5 == len(set(inbox.delivery_ids))
    assert 3 == len({event["id"] for event in inbox.events})


async def test_hold_until_released(acme: Acme, inbox: Inbox) -> None:
    """Later events of the same incident overtake what is held back, which comes late, in its own order."""
    incident = acme.trigger()
    other = acme.trigger()
    held = acme.pd.webhooks.hold(incident.id)
    acme.pd.web(BOB).acknowledge(incident.id)
    acme.pd.automation.unacknowledge(incident.id)
    acme.pd.web(BOB).resolve(other.id)
    await acme.pd.webhooks.wait_until_idle()
    assert {"triggered", "resolved"} == set(inbox.types)
    assert 2 == len(held.held)

    held.release()
    held.release()
    acme.pd.web(BOB).resolve(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    mine = [event["event_type"] for event in inbox.events if event["data"]["id"] == incident.id]
    assert [f"incident.{kind}" for kind in ("triggered", "acknowledged", "unacknowledged", "resolved")] == mine


async def test_hold_by_type_and_release_reversed(acme: Acme, inbox: Inbox) -> None:
    """What is held back may also come the last one first."""
    incident = acme.trigger()
    held = acme.pd.webhooks.hold(event_type="incident.acknowledged")
    for _ in range(2):
        acme.pd.web(BOB).acknowledge(incident.id)
        acme.pd.web(BOB).unacknowledge(incident.id)
    held.release(reverse=True)
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered", "unacknowledged", "unacknowledged", "acknowledged", "acknowledged"] == inbox.types
    assert inbox.events[3]["occurred_at"] > inbox.events[4]["occurred_at"]


async def test_reverse_next(acme: Acme, inbox: Inbox) -> None:
    """Once so many have been held back they are sent, the last one first, and everything is as usual again."""
    incident = acme.trigger()
    acme.pd.webhooks.reverse_next(3, incident.id)
    acme.pd.web(BOB).acknowledge(incident.id)
    acme.pd.web(BOB).add_note(incident.id, "x")
    acme.pd.web(BOB).resolve(incident.id)
    acme.pd.web(BOB).reopen(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered", "resolved", "annotated", "acknowledged", "reopened"] == inbox.types


async def test_redeliver_old_event(acme: Acme, inbox: Inbox) -> None:
    """An event can be sent again at any time, under its old delivery id or another."""
    incident = acme.trigger()
    acme.pd.web(BOB).resolve(incident.id)
    await acme.pd.webhooks.wait_until_idle()
    event_id = inbox.events[0]["id"]

    acme.pd.webhooks.redeliver(event_id)
    acme.pd.webhooks.redeliver(event_id, same_id=False)
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered", "resolved", "triggered", "triggered"] == inbox.types
    assert inbox.delivery_ids[0] == inbox.delivery_ids[2] != inbox.delivery_ids[3]
    with pytest.raises(LookupError):
        acme.pd.webhooks.redeliver("nothing")
