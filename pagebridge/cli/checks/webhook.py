"""Checks of the webhook subscription: there, switched on, complete, going to us, and understood when it arrives."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pagebridge.cli.checks.findings import Check, Once, Status, Verdict, failed, judged, passed, warned
from pagebridge.cli.clients import Receiver
from shared.errors import Malformed, Refused
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events import webhook
from shared.pagerduty.events.webhook import Ignored
from shared.pagerduty.models.webhook_subscription import (
    PATH,
    WebhookSubscription,
    delivers_here,
    incomplete,
    missing,
    partial,
)
from shared.store import keys
from shared.store.clock import StoreClock, last_ping_ms
from shared.store.redis import Redis
from shared.store.streams import move_deliveries

PATIENCE = 20.0
"""Seconds that a ping may take: PagerDuty sends it at once, and may be slow to."""
LOOK = 0.1
"""Seconds between two looks."""

Ours = Once[Sequence[WebhookSubscription]]
NEEDED = ("webhook subscription",)
TO_ARRIVE = ("Redis", "receiver", *NEEDED, "webhook address", "webhook enabled")


class Ping(Enum):
    """The result of a ping: stored, rejected for its signature, not seen by the local receiver, or no receiver here."""

    CAME = "came"
    TURNED_AWAY = "turned away"
    LOST = "lost"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Pinging:
    """Pings subscriptions, one at a time, and watches the events stream and the receiver on this machine."""

    pagerduty: PagerDuty
    redis: Redis
    receiver: Receiver
    patience: float = PATIENCE

    async def ping(self, subscription: str) -> Ping:
        """Ping a subscription. Raises as a call does, and `StoreDown`."""
        since = await StoreClock(self.redis).now_ms()
        before = await self.receiver.turned_away()
        await self.pagerduty.ping_subscription(subscription)
        try:
            async with asyncio.timeout(self.patience):
                return await self._seen(since, before)
        except TimeoutError:
            return Ping.NOBODY if await self.receiver.turned_away() is None else Ping.LOST

    async def _seen(self, since: int, before: float | None) -> Ping:
        """Wait until it is stored or turned away; who else was turned away at this moment cannot be told apart."""
        while True:
            if await self._stored(since):
                return Ping.CAME
            now = await self.receiver.turned_away()
            if before is not None and now is not None and now > before:
                return Ping.TURNED_AWAY
            await asyncio.sleep(LOOK)

    async def _stored(self, since: int) -> bool:
        """Look on the stream, where it is moved if no worker does that, and whether one has taken it from there."""
        await move_deliveries(self.redis)
        if await last_ping_ms(self.redis) >= since:
            return True
        entries: Any = await self.redis.execute_command("XRANGE", keys.EVENTS, since, "+")
        return any(_is_ping(dict(fields).get(b"body", b"")) for _, fields in entries)


def _is_ping(body: bytes) -> bool:
    try:
        read = webhook.parse(body)
    except Malformed:
        return False
    return isinstance(read, Ignored) and read.ping


def checks(pagerduty: PagerDuty, wanted: str, pinging: Pinging | None, *, local: bool) -> list[Check]:
    """
    List the checks of the subscriptions.

    `wanted` is the id of one, or `any`. `pinging` is None when there is no Redis to see a ping in. `local` says that
    PagerDuty is a simulator on this machine, which reaches what is here.
    """

    async def ask() -> Sequence[WebhookSubscription]:
        return [each for each in (await pagerduty.webhook_subscriptions()).value if delivers_here(each, wanted)]

    ours: Ours = Once(ask)

    async def present() -> Verdict:
        return judged(missing(await ours()), ", ".join(each.id for each in await ours()))

    async def complete() -> Verdict:
        return judged(incomplete(await ours()), "sends all required events")

    async def whole() -> Verdict:
        return judged(partial(await ours()), "covers the whole account", Status.WARNING)

    found = [
        Check("webhook subscription", present, needs=("PagerDuty token",)),
        Check("webhook events", complete, needs=NEEDED),
        Check("webhook filter", whole, needs=NEEDED),
        Check("webhook address", lambda: address(ours, local=local), needs=NEEDED),
        Check("webhook enabled", lambda: enabled(ours), needs=NEEDED),
    ]
    if pinging is not None:
        found.append(Check("webhook ping", lambda: arrives(ours, pinging), longest=90.0, needs=TO_ARRIVE))
    return found


async def address(ours: Ours, *, local: bool) -> Verdict:
    """Check that PagerDuty can reach the webhook URL, over an encrypted connection."""
    for each in await ours():
        url = urlsplit(each.url)
        if not url.path.endswith(PATH):
            return failed(f"{each.id} delivers to {each.url}", f"the receiver listens at {PATH}: create another one")
        if not local and is_private(url.hostname or ""):
            return failed(f"{each.id} delivers to {url.hostname}, which PagerDuty can't reach", "use a public address")
        if not local and url.scheme != "https":
            return warned(f"{each.id} delivers without encryption", "create another one with an https address")
    return passed(", ".join(each.url for each in await ours()))


async def enabled(ours: Ours) -> Verdict:
    """Check that PagerDuty has not switched it off."""
    off = [each.id for each in await ours() if each.disabled]
    if off:
        what = f"PagerDuty disabled {', '.join(off)} for a day: three deliveries in a row were rejected"
        return failed(what, "find the cause in the receiver's log; a running worker then re-enables it")
    return passed("enabled")


async def arrives(ours: Ours, pinging: Pinging) -> Verdict:
    """Send a ping through each subscription and wait for it: that proves its URL, its secret and the store."""
    for each in await ours():
        try:
            verdict = judge(each, await pinging.ping(each.id))
        except Refused as error:
            fix = "give the app the scope webhook_subscriptions.write, or create a REST API key with full access"
            return failed(f"PagerDuty refused to ping {each.id}: {error}", fix)
        if verdict.status is not Status.PASS:
            return verdict
    return passed("PagerDuty's ping arrived, was verified and stored")


def judge(subscription: WebhookSubscription, ping: Ping) -> Verdict:
    """Return the finding for the result of a ping."""
    match ping:
        case Ping.CAME:
            return passed("PagerDuty's ping arrived, was verified and stored")
        case Ping.TURNED_AWAY:
            secrets = "PAGERDUTY_WEBHOOK_SECRETS does not contain the secret"
            what = f"the receiver rejected the ping: {secrets} of {subscription.id}"
            return failed(what, "add it and send the receiver SIGHUP; if it is lost, run `pagebridge webhook rotate`")
        case Ping.LOST:
            what = f"PagerDuty's ping did not reach the receiver on this machine: {subscription.url} leads elsewhere"
            return failed(what, "check DNS, proxy, firewall and RECEIVER_PORT")
        case Ping.NOBODY:
            what = "PagerDuty's ping was not stored, and no receiver runs on this machine"
            return failed(what, "start `pagebridge up`, or check the receiver's log where it runs")


def is_private(host: str) -> bool:
    """True if a host is known to be unreachable from the internet."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host
