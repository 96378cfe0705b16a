"""The checks of the webhook subscription, each against one that is broken, up to a ping that does not come."""

import pytest

from pagebridge.cli.checks import webhook
from pagebridge.cli.checks.findings import Finding, Status
from pagebridge.cli.checks.webhook import PATIENCE, Pinging
from pagebridge.cli.clients import Receiver
from pagebridge_sandbox.pagerduty import Fault
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.pagebridge.cli_session import Office, found, pagerduty_door, says
from tests.webhook_receiver.running import SECRET

AT_ONCE = 0.6
"""Seconds that a check waits for a ping that will not come."""


async def of_webhook(
    office: Office, name: str, *, wanted: str = "any", local: bool = True, patience: float = PATIENCE
) -> Finding:
    """Make one of the checks of the subscription. `patience` is for how many seconds it waits for a ping."""
    redis_client = connect(office.valkey.url)
    async with pagerduty_door(office.pagerduty) as door:
        receiver = Receiver(office.receiver.receiver.admin_port)
        pinging = Pinging(door, redis_client, receiver, patience=patience)
        finding = await found(webhook.checks(door, wanted, pinging, local=local), name)
    await redis_client.aclose()
    return finding


async def test_no_subscription(office: Office) -> None:
    """One check fails; the others have nothing to look at."""
    says(await of_webhook(office, "webhook subscription"), Status.FAIL, "no active", "`pagebridge webhook create`")
    for name in ("events", "filter", "address", "enabled", "ping"):
        says(await of_webhook(office, f"webhook {name}"), Status.SKIPPED, "because webhook subscription failed")


async def test_a_subscription_that_is_not_active(office: Office) -> None:
    """The one whose id is given has to be switched on."""
    subscription = office.subscribe()
    subscription.active = False
    says(await of_webhook(office, "webhook subscription", wanted=subscription.id), Status.FAIL, "no active")


async def test_events_that_are_not_sent(office: Office) -> None:
    """Each of them is named."""
    office.subscribe(events=["incident.triggered"])
    says(await of_webhook(office, "webhook events"), Status.FAIL, "incident.resolved", "incident.acknowledged")


async def test_a_subscription_for_one_service(office: Office) -> None:
    """Other services' incidents come late."""
    office.pagerduty.subscribe(office.url, secrets=[SECRET], service_id="PCHECKOUT")
    says(await of_webhook(office, "webhook filter"), Status.WARNING, "part of the account")


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("http://10.1.2.3/webhooks/pagerduty", Status.FAIL, "can't reach"),
        ("https://bridge/webhooks/pagerduty", Status.FAIL, "can't reach"),
        ("http://bridge.example.com/webhooks/pagerduty", Status.WARNING, "without encryption"),
        ("https://bridge.example.com/webhooks/pagerduty", Status.PASS, "bridge.example.com"),
    ],
)
async def test_an_address_that_leads_nowhere(office: Office, url: str, status: Status, words: str) -> None:
    """PagerDuty has to reach it from outside, and nobody should read on the way."""
    office.pagerduty.subscribe(url, secrets=[SECRET])
    says(await of_webhook(office, "webhook address", local=False), status, words)


async def test_an_address_with_another_path(office: Office) -> None:
    """The receiver listens in one place only."""
    subscription = office.pagerduty.subscribe("https://bridge.example.com/hooks", secrets=[SECRET])
    says(await of_webhook(office, "webhook address", wanted=subscription.id), Status.FAIL, "/webhooks/pagerduty")


async def test_a_subscription_that_pagerduty_switched_off(office: Office) -> None:
    """It says for how long, and why that happens."""
    subscription = office.subscribe()
    for _ in range(3):
        subscription.count_drop(office.pagerduty.clock.now())
    says(await of_webhook(office, "webhook enabled"), Status.FAIL, subscription.id, "were rejected")


async def test_a_ping_with_another_secret(office: Office) -> None:
    """The receiver's own count tells that it came, and was turned away."""
    subscription = office.subscribe(secret="another")
    says(await of_webhook(office, "webhook ping"), Status.FAIL, "PAGERDUTY_WEBHOOK_SECRETS", subscription.id, "rotate")


async def test_a_ping_that_leads_elsewhere(office: Office, store: Redis) -> None:
    """The receiver on this machine has not seen it; earlier pings, folded or not, do not count."""
    subscription = office.subscribe()
    says(await of_webhook(office, "webhook ping"), Status.PASS, "stored")
    await store.set(keys.PING, 1)
    subscription.url = "http://127.0.0.1:1/webhooks/pagerduty"
    missed = await of_webhook(office, "webhook ping", patience=AT_ONCE)
    says(missed, Status.FAIL, "did not reach the receiver", "proxy")


async def test_a_ping_that_nobody_receives(office: Office) -> None:
    """No receiver on this machine, and nothing in the store."""
    office.pagerduty.subscribe("http://127.0.0.1:1/webhooks/pagerduty", secrets=[SECRET])
    office.receiver.receiver.admin_port = 1
    missed = await of_webhook(office, "webhook ping", patience=AT_ONCE)
    says(missed, Status.FAIL, "no receiver runs", "`pagebridge up`")


async def test_a_key_that_may_only_read(office: Office) -> None:
    """The ping is a write, so it shows."""
    office.subscribe()
    office.pagerduty.add_fault(Fault("POST", "/webhook_subscriptions/*/ping", status=403))
    says(await of_webhook(office, "webhook ping"), Status.FAIL, "full access")
