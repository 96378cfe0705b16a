"""What subscribers are told, and how they can tell that it comes from PagerDuty."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import WebUser
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, SECRET, Acme, Inbox
from tests.shared.local_server import local_server


async def test_every_transition_sends_event(acme: Acme, inbox: Inbox) -> None:
    """Each transition is an event; title and urgency have none."""
    bob = acme.pd.web(BOB)
    incident = acme.trigger()
    bob.acknowledge(incident.id)
    acme.pd.automation.unacknowledge(incident.id)
    bob.escalate(incident.id, 2)
    bob.reassign(incident.id, [ALICE])
    bob.delegate(incident.id, acme.policy)
    bob.set_priority(incident.id, "P1")
    bob.set_title(incident.id, "Worse")
    bob.set_urgency(incident.id, "low")
    bob.add_note(incident.id, "hm")
    bob.resolve(incident.id, "done")
    bob.reopen(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    told = "triggered acknowledged unacknowledged escalated reassigned delegated priority_updated annotated resolved"
    assert [*told.split(), "annotated", "reopened"] == inbox.types


async def test_rest_changes_send_events_with_from_user(acme: Acme, inbox: Inbox) -> None:
    """A call that changes something tells what the interface would have told, with the user of `From` as the agent."""
    incident = acme.trigger()
    await acme.update_incident(incident.id, "bob@example.com", status="acknowledged")
    await acme.update_incident(incident.id, "bob@example.com", title="Worse")
    await acme.call("POST", f"/incidents/{incident.id}/notes", {"note": {"content": "hm"}}, "bob@example.com")
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered", "acknowledged", "annotated"] == inbox.types
    assert [BOB, BOB] == [event["agent"]["id"] for event in inbox.events[1:]]


async def test_event_carries_incident_after_change(acme: Acme, inbox: Inbox) -> None:
    """A snapshot, dated in milliseconds, with fewer fields than the REST API and some under other names."""
    incident = acme.trigger()
    acme.pd.web(BOB).acknowledge(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    event = inbox.events[1]
    data = event["data"]
    assert (incident.id, incident.number, "acknowledged") == (data["id"], data["number"], data["status"])
    assert [BOB] == [assignee["id"] for assignee in data["assignees"]]
    assert [acme.team] == [team["id"] for team in data["teams"]]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["occurred_at"])
    assert re.fullmatch(r"[0-9A-Z]{26}", event["id"])
    assert not {"incident_number", "assignments", "acknowledgements", "updated_at"} & data.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", data["created_at"])


async def test_resolve_clears_assignees_and_reopen_sets_time(acme: Acme, inbox: Inbox) -> None:
    """Nobody is assigned to a resolved incident, and a reopened one says since when."""
    incident = acme.trigger()
    acme.pd.web(BOB).resolve(incident.id)
    acme.pd.web(BOB).acknowledge(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    _, resolved, reopened, acknowledged = inbox.events
    assert ([], None) == (resolved["data"]["assignees"], resolved["data"]["reopened_at"])
    assert ("incident.reopened", "triggered") == (reopened["event_type"], reopened["data"]["status"])
    assert ("incident.acknowledged", "acknowledged") == (acknowledged["event_type"], acknowledged["data"]["status"])
    assert [BOB] == [assignee["id"] for assignee in reopened["data"]["assignees"]]
    assert reopened["data"]["reopened_at"] is not None


async def test_note_event_references_incident(acme: Acme, inbox: Inbox) -> None:
    """The event carries the note under the id that the REST API gave it; its author is the agent."""
    incident = acme.trigger()
    reply = await acme.call("POST", f"/incidents/{incident.id}/notes", {"note": {"content": "hm"}})
    await acme.pd.webhooks.wait_until_idle()

    event = inbox.events[1]
    assert (reply.body["note"]["id"], "hm", False) == tuple(
        event["data"][name] for name in ("id", "content", "trimmed")
    )
    assert (incident.id, ALICE) == (event["data"]["incident"]["id"], event["agent"]["id"])


async def test_event_agents(acme: Acme, inbox: Inbox) -> None:
    """Monitoring is an integration, with what it says about itself; a person is a user; automation is nobody."""
    incident = acme.trigger(client={"name": "Nagios", "url": "https://nagios.example"})
    acme.pd.web(BOB).acknowledge(incident.id)
    acme.pd.automation.unacknowledge(incident.id)
    await acme.pd.webhooks.wait_until_idle()

    by_monitoring, by_bob, by_nobody = inbox.events
    assert "inbound_integration_reference" == by_monitoring["agent"]["type"]
    assert "Nagios" == by_monitoring["client"]["name"]
    assert ("user_reference", "Bob Ray") == (by_bob["agent"]["type"], by_bob["agent"]["summary"])
    assert by_bob["client"] is None
    assert by_nobody["agent"] is None


async def test_acknowledge_reassigns_option_sends_second_event(acme: Acme, inbox: Inbox) -> None:
    """With the option, an acknowledge that changes the assignee is two events; one that does not is one."""
    acme.pd.options.acknowledge_reassigns = True
    for user in (BOB, ALICE):
        acme.pd.web(user).acknowledge(acme.trigger().id)
        await acme.pd.webhooks.wait_until_idle()

    assert ["acknowledged", "reassigned", "acknowledged"] == [kind for kind in inbox.types if kind != "triggered"]


async def test_event_times_increase(acme: Acme, inbox: Inbox) -> None:
    """No two events of an account share a millisecond."""
    incident = acme.trigger()
    for level in (2, 1) * 10:
        acme.pd.automation.escalate(incident.id, level)
    await acme.pd.webhooks.wait_until_idle()

    times = [event["occurred_at"] for event in inbox.events]
    assert sorted(set(times)) == times
    assert sorted(event["id"] for event in inbox.events) == [event["id"] for event in inbox.events]


async def test_unchanged_value_sends_no_event(acme: Acme, inbox: Inbox) -> None:
    """Setting what is so already makes no event."""
    incident = acme.trigger(priority="P1")
    unchanged: list[Callable[[WebUser], object]] = [
        lambda bob: bob.unacknowledge(incident.id),
        lambda bob: bob.reopen(incident.id),
        lambda bob: bob.set_priority(incident.id, "P1"),
        lambda bob: bob.set_title(incident.id, incident.title),
        lambda bob: bob.set_urgency(incident.id, "high"),
    ]
    for verb in unchanged:
        verb(acme.pd.web(BOB))
    await acme.pd.webhooks.wait_until_idle()

    assert ["triggered"] == inbox.types
    assert incident == acme.pd.incident(incident.id)


async def test_delivery_is_signed_with_every_secret(acme: Acme) -> None:
    """Over the bytes of the body, with the secrets as they are; and the headers are PagerDuty's."""
    async with local_server() as server:
        server.say({}, 202)
        subscription = acme.pd.subscribe(server.url, secrets=["old", "new=="])
        acme.trigger("Größe ≥ 2 \u202e")
        await acme.pd.webhooks.wait_until_idle()

        request = server.requests[0]
    digests = [hmac.new(secret, request.body, hashlib.sha256).hexdigest() for secret in (b"old", b"new==")]
    assert ",".join(f"v1={digest}" for digest in digests) == request.headers["X-PagerDuty-Signature"]
    assert subscription.id == request.headers["X-Webhook-Subscription"]
    assert "PagerDuty-Webhook/V3.0" == request.headers["User-Agent"]
    assert "application/json" == request.headers["Content-Type"]
    assert request.headers["X-Webhook-Id"] == acme.pd.webhooks.log[0].webhook_id


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"events": ["incident.resolved"]}, ["resolved"]),
        ({"service_id": "PCHECK1"}, ["triggered", "resolved"]),
        ({"team_id": "PPAYTM1"}, ["triggered", "resolved"]),
        ({"service_id": "POTHER1"}, []),
        ({"team_id": "POTHER1"}, []),
    ],
)
async def test_subscription_filters(acme: Acme, inbox: Inbox, chosen: dict[str, Any], told: list[str]) -> None:
    """By type, service and team; each subscription is told for itself, of the same event under another delivery id."""
    async with local_server() as server:
        server.say({}, 202)
        acme.pd.subscribe(server.url, secrets=[SECRET], **chosen)
        acme.pd.web(BOB).resolve(acme.trigger().id)
        await acme.pd.webhooks.wait_until_idle()
        other = Inbox(server, acme.pd)

        assert told == other.types
        assert {event["id"] for event in other.events} <= {event["id"] for event in inbox.events}
        assert not set(other.delivery_ids) & set(inbox.delivery_ids)


async def test_pings(acme: Acme, inbox: Inbox) -> None:
    """A ping concerns no incident; its agent is nobody, or a user without a name."""
    subscription = next(iter(acme.pd.webhooks.subscriptions))
    acme.pd.webhooks.ping(subscription)
    acme.pd.webhooks.ping(subscription, ALICE)
    await acme.pd.webhooks.wait_until_idle()

    nobody, alice = inbox.events
    assert ("pagey.ping", "pagey", None) == (nobody["event_type"], nobody["resource_type"], nobody["agent"])
    assert {"id": ALICE, "type": "user_reference"} == alice["agent"]
    assert {"message": "Hello from your friend Pagey!", "type": "ping"} == alice["data"]
