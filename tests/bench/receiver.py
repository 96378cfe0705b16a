"""The receiver's durable path beside a bare handler that only reads and verifies."""

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import aclosing
from dataclasses import dataclass, field

from pagebridge_sandbox.loopback import HOST, free_ports
from shared.store.clock import init_generation
from shared.store.redis import connect
from tests.bench.measurement import Figure, Sizes, spread
from tests.stories.harness import SECRET
from tests.stories.processes import Deployment

SECTION = "Receiver: read, verify, append, wait for the disk, 202"
BARE = "a bare handler: read, verify, 202"
ROUNDS = 4
"""The two take turns, so that whatever else the machine does meets both."""
BODY = json.dumps({"event": {"id": "01BENCH", "event_type": "pagey.ping", "data": {"message": "x" * 1800}}}).encode()
"""As long as most deliveries."""


@dataclass
class Load:
    """What one server was asked, and how long its answers took."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.took) / self.seconds


async def measured(bridge: Deployment, sizes: Sizes) -> list[Figure]:
    """Ask both servers in turn, over one connection and over several, with a store that a worker has begun."""
    async with aclosing(connect(bridge.valkey.url)) as redis:
        await init_generation(redis)
    await bridge.receiver()
    [bare] = free_ports(1)
    bridge.start("tests.bench.baseline", BARE_PORT=str(bare))
    await _listening(bare)
    found: list[Figure] = []
    for connections in (1, sizes.connections):
        durable, reference = Load(), Load()
        for _ in range(ROUNDS):
            await _ask(bridge.receiver_port, connections, sizes.deliveries // ROUNDS, durable)
            await _ask(bare, connections, sizes.deliveries // ROUNDS, reference)
        what = f"{connections} connection{'s' * (connections > 1)}"
        found.append(Figure(SECTION, f"{what}, deliveries", durable.rate, "1/s", reference.rate, BARE))
        found += spread(SECTION, what, durable.took, reference.took, BARE)
    return found


async def _ask(port: int, connections: int, deliveries: int, load: Load) -> None:
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_one_connection(port, deliveries // connections, load))
    load.seconds += time.perf_counter() - begun


async def _one_connection(port: int, deliveries: int, load: Load) -> None:
    request = _request()
    reader, writer = await asyncio.open_connection(HOST, port)
    for _ in range(deliveries):
        begun = time.perf_counter()
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        load.took.append(time.perf_counter() - begun)
        if not answer.startswith(b"HTTP/1.1 202 "):
            raise RuntimeError(f"not taken: {answer!r}")
    writer.close()


def _request() -> bytes:
    signature = "v1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    headers = f"Host: x\r\nX-PagerDuty-Signature: {signature}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    return b"POST /webhooks/pagerduty HTTP/1.1\r\n" + headers.encode() + BODY


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
