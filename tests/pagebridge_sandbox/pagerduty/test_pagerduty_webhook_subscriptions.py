"""Managing webhook subscriptions over the REST API."""

from datetime import timedelta
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Subscription
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, Acme, Reply, wait_until
from tests.shared.local_server import local_server

PATH = "/webhook_subscriptions"


def wanted(url: str = "http://127.0.0.1:9/", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Write what to create."""
    return {
        "type": "webhook_subscription",
        "description": "a bridge",
        "events": ["incident.triggered", "incident.resolved"],
        "filter": {"type": "account_reference"},
        "delivery_method": {
            "type": "http_delivery_method",
            "url": url,
            "custom_headers": [{"name": "X-Token", "value": "shibboleth"}],
        },
    } | more


async def create(acme: Acme, url: str = "http://127.0.0.1:9/", **more: Any) -> Reply:  # noqa: ANN401 - JSON
    """Create one."""
    return await acme.call("POST", PATH, {"webhook_subscription": wanted(url, **more)}, sender=None)


async def test_secret_is_shown_once_and_signs(acme: Acme) -> None:
    """Only the answer to the creation has the secret, which signs what is sent; header values are never shown."""
    async with local_server() as receiver:
        receiver.say({}, 202)
        created = (await create(acme, receiver.url)).body["webhook_subscription"]
        shown = (await acme.get(f"{PATH}/{created['id']}"))["webhook_subscription"]
        acme.trigger()
        await acme.pd.webhooks.wait_until_idle()

        request = receiver.requests[0]
        secret = created["delivery_method"]["secret"]
        signed = Subscription("x", "x", [secret]).delivery_headers("id", request.body)["X-PagerDuty-Signature"]
        assert signed == request.headers["X-PagerDuty-Signature"]
        assert "shibboleth" == request.headers["X-Token"]
        assert shown["delivery_method"]["secret"] is None
        assert [{"name": "X-Token", "value": "-- redacted --"}] == shown["delivery_method"]["custom_headers"]


async def test_events_filter_and_active_can_change(acme: Acme) -> None:
    """A change holds from then on; address and secret cannot change."""
    async with local_server() as receiver:
        receiver.say({}, 202)
        path = f"{PATH}/{(await create(acme, receiver.url)).body['webhook_subscription']['id']}"
        incident = acme.trigger()

        for change in ({"events": ["incident.acknowledged"]}, {"active": False}):
            assert 200 == (await acme.call("PUT", path, {"webhook_subscription": change})).status
            acme.pd.web(ALICE).acknowledge(incident.id)
            acme.pd.automation.unacknowledge(incident.id)
        refused = await acme.call("PUT", path, {"webhook_subscription": {"delivery_method": {}}})
        await acme.pd.webhooks.wait_until_idle()

        assert 2 == len(receiver.requests)
        assert (400, 2001) == (refused.status, refused.code)


async def test_enable_and_ping(acme: Acme) -> None:
    """What was switched off after three drops says so, until it is enabled; a ping is 202 and arrives."""
    async with local_server() as receiver:
        receiver.say({}, 403)
        path = f"{PATH}/{(await create(acme, receiver.url)).body['webhook_subscription']['id']}"
        for _ in range(3):
            acme.trigger()
        await acme.pd.webhooks.wait_until_idle()
        disabled = (await acme.get(path))["webhook_subscription"]["delivery_method"]["temporarily_disabled"]
        receiver.say({}, 202)

        enabled = (await acme.call("POST", f"{path}/enable", sender=None)).body["webhook_subscription"]
        pinged = await acme.call("POST", f"{path}/ping", sender=None)
        await acme.pd.webhooks.wait_until_idle()

        assert (True, False) == (disabled, enabled["delivery_method"]["temporarily_disabled"])
        assert (202, 4) == (pinged.status, len(receiver.requests))
        assert "pagey.ping" == acme.pd.webhooks.log[-1].event_type


async def test_delete_stops_pending_deliveries(acme: Acme) -> None:
    """A deleted subscription is gone, and what was being tried again for it is given up."""
    path = f"{PATH}/{(await create(acme)).body['webhook_subscription']['id']}"
    acme.trigger()
    await wait_until(lambda: any(each.outcome == "retrying" for each in acme.pd.webhooks.log))

    deleted = await acme.call("DELETE", path, sender=None)
    await acme.pd.webhooks.wait_until_idle()

    assert (204, 404) == (deleted.status, (await acme.call("GET", path)).status)
    assert "discarded" == acme.pd.webhooks.log[-1].outcome


async def test_list_filters(acme: Acme) -> None:
    """By kind of scope, and by what is in it."""
    await create(acme)
    service = {"type": "service_reference", "id": acme.service}
    await create(acme, filter=service)

    both = await acme.get(PATH)
    one = await acme.get(f"{PATH}?filter_type=service&filter_id={acme.service}")

    assert (2, 1) == (len(both["webhook_subscriptions"]), len(one["webhook_subscriptions"]))
    assert service == one["webhook_subscriptions"][0]["filter"]
    assert 400 == (await acme.call("GET", f"{PATH}?filter_type=user")).status


async def test_subscription_limit_per_scope(acme: Acme) -> None:
    """The eleventh of one scope is refused."""
    replies = [await create(acme) for _ in range(11)]

    assert [200] * 10 + [400] == [reply.status for reply in replies]
    assert 2019 == replies[-1].code


@pytest.mark.parametrize(
    "change",
    [
        {"type": "subscription"},
        {"events": []},
        {"events": ["incident.exploded"]},
        {"events": ["incident.triggered", "incident.triggered"]},
        {"events": "incident.triggered"},
        {"filter": {"type": "service_reference"}},
        {"filter": {"type": "team_reference", "id": "PNONE"}},
        {"filter": {"type": "user_reference", "id": ALICE}},
        {"filter": None},
        {"active": "yes"},
        {"delivery_method": {"type": "http_delivery_method"}},
        {"delivery_method": {"type": "http_delivery_method", "url": "somewhere"}},
        {"delivery_method": {"type": "carrier_pigeon", "url": "http://127.0.0.1:9/"}},
        {"delivery_method": None},
        {"description": 1},
        {"oauth_client_id": 1},
    ],
)
async def test_body_is_validated(acme: Acme, change: dict[str, Any]) -> None:
    """What does not fit makes no subscription."""
    reply = await create(acme, **change)

    assert (400, 2001) == (reply.status, reply.code)
    assert {} == acme.pd.webhooks.subscriptions


async def test_disabled_subscription_reenables_after_24_hours(acme: Acme) -> None:
    """After 24 hours it is tried again without anybody's help."""
    subscription = acme.pd.subscribe("http://127.0.0.1:9/", ["s"])
    for _ in range(3):
        subscription.count_drop(acme.pd.clock.now())

    acme.pd.clock.advance(timedelta(hours=24).total_seconds())

    assert not (await acme.get(f"{PATH}/{subscription.id}"))["webhook_subscription"]["delivery_method"][
        "temporarily_disabled"
    ]
