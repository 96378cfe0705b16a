"""A webhook that PagerDuty has not sent."""

import json
import uuid

import aiohttp

from pagebridge_sandbox.play.playground import Playground

TIMEOUT = aiohttp.ClientTimeout(total=10.0)


async def send_forged(playground: Playground) -> int:
    """Send the receiver a delivery that resolves the latest incident, with a made-up signature; returns its answer."""
    [subscription] = playground.pagerduty.webhooks.subscriptions.values()
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT, trust_env=False) as session,
        session.post(subscription.url, data=_body(playground), headers=_headers()) as answer,
    ):
        return answer.status


def _body(playground: Playground) -> bytes:
    """Take the latest delivery, if there is one, and let it say that all is well."""
    log = playground.pagerduty.webhooks.log
    event = json.loads(log[-1].body) if log else {"event": {"data": {}}}
    event["event"] |= {"id": str(uuid.uuid4()), "event_type": "incident.resolved"}
    event["event"]["data"]["status"] = "resolved"
    return json.dumps(event).encode()


def _headers() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-PagerDuty-Signature": f"v1={uuid.uuid4().hex * 2}",
        "X-Webhook-Id": str(uuid.uuid4()),
    }
