"""Rolling restarts: workers are replaced one after the other while people click, and nobody notices."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bolt_app.slack_transport.http import PATH
from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.slack import Interaction, Message
from tests.stories.harness import settled, until
from tests.stories.processes import QUICK, START, Deployment, Process, deployed_with_receiver, incidents, lines

BURST = 6
"""Clicks around each end of a worker."""


@dataclass
class Front:
    """What stands before workers over HTTP, as Caddy does: a connection that is refused goes to the next worker."""

    ports: list[int] = field(default_factory=list)
    port: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to the first worker that takes it."""
        with suppress(ConnectionError):
            for port in self.ports:
                with suppress(ConnectionRefusedError):
                    to_reader, to_writer = await asyncio.open_connection(HOST, port)
                    await asyncio.gather(_pipe(reader, to_writer), _pipe(to_reader, writer))
                    return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def standing_before(bridge: Deployment) -> AsyncIterator[Front]:
    """Run a front, and let the workers that are started take Slack's requests from it."""
    front = Front()
    server = await asyncio.start_server(front.carry, HOST, 0)
    front.port = server.sockets[0].getsockname()[1]
    bridge.environment |= {"SLACK_TRANSPORT": "http", "SLACK_HTTP_HOST": HOST, "SLACK_HTTP_PORT": "0"}
    bridge.environment |= {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": bridge.slack.signing_secret}
    try:
        yield front
    finally:
        server.close()


async def over_http(bridge: Deployment, front: Front) -> Process:
    """Start a worker, which takes what the earlier ones refuse."""
    process = bridge.start(QUICK)
    async with asyncio.timeout(START):
        while not process.logged("slack.listening"):  # noqa: ASYNC110 -- a log has no event for it
            await asyncio.sleep(0.05)
    front.ports.append(process.logged("slack.listening")[0]["port"])
    if bridge.slack.socket.enabled:
        await bridge.slack.use_request_url(f"http://{HOST}:{front.port}{PATH}")
    return process


async def replaced_under_load(bridge: Deployment, process: Process, cards: list[Message]) -> list[Interaction]:
    """Tell a worker to stop in the middle of a burst of clicks, and return them when it has ended."""
    sent = len(bridge.slack.envelopes)
    async with asyncio.TaskGroup() as group:
        clicks = [group.create_task(bridge.click("Alice", "Acknowledge", card)) for card in cards]
        bridge.trigger(f"meanwhile {cards[0].ts}")
        await until(lambda: any(each.acked for each in bridge.slack.envelopes[sent:]), "the first ack")
        process.send(signal.SIGTERM)
        assert 0 == await process.ended()
    return [click.result() for click in clicks]


async def all_done_once(bridge: Deployment, cards: list[Message], clicks: list[Interaction]) -> None:
    """Make sure that every click was taken, carried out once and told once, and every incident has its card."""
    await settled(bridge)
    count = len(cards)
    assert [True] * count == [click.acked for click in clicks]
    told = [(lines(card, "Alice Ng acknowledged it in Slack"), len(card.replies)) for card in cards]
    assert [(1, 1)] * count == told
    assert ["alice@example.com"] * count == [call.from_email for call in bridge.effects()]
    assert count + 2 == len(bridge.channel.messages)


@pytest.mark.both_servers
@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_workers_are_replaced_one_after_the_other(tmp_path: Path, transport: str) -> None:
    """Two workers are told to stop, one after the other, a third is there: every click is taken, done and told once."""
    async with deployed_with_receiver(tmp_path) as bridge, standing_before(bridge) as front:
        if transport == "socket":
            bridge.environment |= {"SLACK_TRANSPORT": "socket", "SLACK_APP_TOKEN": bridge.slack.app_token}

        async def started() -> Process:
            return await (bridge.quick_worker() if transport == "socket" else over_http(bridge, front))

        old = await asyncio.gather(started(), started())
        cards = await incidents(bridge, *(f"incident {number:02}" for number in range(2 * BURST)))
        clicks: list[Interaction] = []
        await started()
        for number, process in enumerate(old):
            burst = cards[number * BURST : (number + 1) * BURST]
            clicks += await replaced_under_load(bridge, process, burst)

        await all_done_once(bridge, cards, clicks)
        assert [[], []] == [process.failures for process in old]
