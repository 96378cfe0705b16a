"""A receiver that runs in the test, and the ways to talk to it."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp

from shared.config.bridge_config import BridgeConfig, DurabilityLevel
from shared.config.settings import ReceiverSettings, load
from shared.store import keys
from shared.store.redis import Redis
from webhook_receiver.event_stream import Limits
from webhook_receiver.receiver import Receiver

SECRET = "a-webhook-secret"
BODY = b'{"event": {"id": "01EVENT"}}'
PATH = "/webhooks/pagerduty"
SIGNATURE = "X-PagerDuty-Signature"
QUICK = Limits(header=0.3, body=0.3, answer=3.0, idle=0.4, store=2.0, probe=0.05, drain=3.0)
PATIENT = replace(QUICK, header=10.0, body=10.0, idle=30.0)
"""For tests that are not about slow clients: this machine may be one."""
PATIENCE = 30.0
"""Seconds after which a test that waits for something has failed."""


def sign(body: bytes = BODY, secret: str = SECRET) -> str:
    """Sign as PagerDuty does."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class Running:
    """A receiver at work."""

    receiver: Receiver
    http: aiohttp.ClientSession

    async def deliver(self, body: bytes = BODY, signature: str | None = None, *headers: tuple[str, str]) -> int:
        """Deliver `body` as PagerDuty does, and return the HTTP status of the answer."""
        return await self.post(body, [(SIGNATURE, sign(body) if signature is None else signature), *headers])

    async def post(
        self, body: bytes | AsyncIterator[bytes], headers: Sequence[tuple[str, str]], path: str = PATH
    ) -> int:
        """Post `body` with exactly these headers, and return the HTTP status of the answer."""
        async with self.http.post(f"http://127.0.0.1:{self.receiver.port}{path}", data=body, headers=headers) as answer:
            return answer.status

    async def get(self, path: str, *, admin: bool = False) -> tuple[int, str]:
        """Get a page of the public or the admin port."""
        port = self.receiver.admin_port if admin else self.receiver.port
        async with self.http.get(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, await answer.text()

    async def until_ready(self, status: int) -> None:
        """Wait until `/readyz` answers with `status`."""

        async def reached() -> bool:
            return (await self.get("/readyz"))[0] == status

        await until(reached, f"/readyz to answer {status}")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a bare connection to the public port."""
        return await asyncio.open_connection("127.0.0.1", self.receiver.port)

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes on a connection of their own, and return what comes until it is closed."""
        reader, writer = await self.connect()
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            try:
                answer = await reader.read()
            except ConnectionResetError:
                answer = b""
        writer.close()
        return answer


def settings(redis_url: str, *secrets: str) -> ReceiverSettings:
    """Make settings for a receiver on this machine, on free ports."""
    return load(
        ReceiverSettings,
        redis_url=redis_url,
        pagerduty_webhook_secrets=secrets or [SECRET],
        receiver_host="127.0.0.1",
        receiver_port=0,
        receiver_admin_port=0,
    )


@asynccontextmanager
async def running(
    redis_url: str, *secrets: str, limits: Limits = QUICK, durability: DurabilityLevel = "fsync"
) -> AsyncIterator[Running]:
    """Run a receiver, and stop it at the end."""
    receiver = Receiver(settings(redis_url, *secrets), BridgeConfig(durability=durability), limits)
    async with asyncio.TaskGroup() as group:
        group.create_task(receiver.run())
        await receiver.ready.wait()
        async with aiohttp.ClientSession() as http:
            yield Running(receiver, http)
        receiver.stop()


async def stored(redis: Redis) -> list[bytes]:
    """Read the bodies of what waits for a worker, but for the receiver's own probes."""
    elements: list[bytes] = await redis.execute_command("LRANGE", keys.DELIVERIES, 0, -1)
    return [element.partition(b" ")[2] for element in elements if element]


async def storing(redis: Redis) -> bool:
    """True if a client waits for an append; `CLIENT PAUSE` makes it wait."""
    clients = await redis.execute_command("CLIENT", "LIST")
    return re.search(rb"flags=\w*b\w* .*cmd=rpush", clients) is not None


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until `condition` holds; after a while the test has failed for want of `what`."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110 -- another process decides
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None
