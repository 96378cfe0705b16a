"""Slow clients, and too many of them, over bare sockets."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import cycle

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import Redis
from tests.webhook_receiver.running import (
    BODY,
    PATH,
    PATIENCE,
    QUICK,
    SIGNATURE,
    Running,
    running,
    sign,
    storing,
    until,
)
from webhook_receiver.event_stream import Limits

HEADER = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{SIGNATURE}: {sign()}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
SLACK = 2.0
"""Seconds that a busy machine may add: less than until anything else than the deadline ends a connection."""
DRIP = 0.02
"""Seconds between two bytes of a slow client: often enough that it is never silent for long."""


async def closed_after(reader: asyncio.StreamReader) -> float:
    """Wait until the other side has closed, and return the seconds it took."""
    begun = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        try:
            while await reader.read(65536):
                pass
        except ConnectionResetError:
            pass
    return time.monotonic() - begun


async def drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send `data` a byte at a time, for ever again, until nobody listens."""
    for byte in cycle(data):
        if writer.is_closing():
            return
        writer.write(bytes([byte]))
        await asyncio.sleep(DRIP)


async def flood(client: socket.socket, data: bytes) -> None:
    """Send `data` again and again, and read nothing."""
    while True:
        await asyncio.get_running_loop().sock_sendall(client, data)


@pytest.mark.parametrize(
    ("begin", "rest", "limit"),
    [
        (b"", b"", QUICK.header),
        (b"", b"POST / HTTP/1.1\r\nX-Slow: ", QUICK.header),
        (b"POST / HTTP/1.1\r\n", b"X-Slow: y\r\n", QUICK.header),
        (HEADER, b"", QUICK.body),
        (HEADER.replace(b"Content-Length: %d" % len(BODY), b"Content-Length: 100000"), b"x", QUICK.body),
        (HEADER.replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked"), b"1\r\nx\r\n", QUICK.body),
    ],
    ids=["silent", "slow line", "slow headers", "no body", "slow body", "slow chunks"],
)
async def test_a_slow_client_is_cut_off(receiver: Running, begin: bytes, rest: bytes, limit: float) -> None:
    """However a client drags its request out, the deadline is for the whole part, not for the next byte."""
    begun = time.monotonic()  # not later: a busy machine may take long to connect
    reader, writer = await receiver.connect()
    writer.write(begin)
    async with asyncio.TaskGroup() as group:
        dripping = group.create_task(drip(writer, rest))
        await closed_after(reader)
        dripping.cancel()
    seconds = time.monotonic() - begun
    writer.close()

    assert 0.8 * limit < seconds < limit + SLACK


async def test_an_idle_connection_is_closed(valkey: EmbeddedValkey) -> None:
    """A connection is kept for the next delivery, but not for ever."""
    async with running(valkey.url, limits=replace(QUICK, idle=1.0)) as receiver:
        reader, writer = await receiver.connect()
        for _ in range(2):
            writer.write(HEADER + BODY)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
            await asyncio.sleep(0.6)
        writer.write(HEADER[:20])

        assert await closed_after(reader) < QUICK.header + SLACK
        writer.close()


async def test_a_request_after_a_pause_has_its_own_deadline(valkey: EmbeddedValkey) -> None:
    """Who begins another request has the time for its header, not what is left of the pause."""
    async with running(valkey.url, limits=replace(QUICK, idle=PATIENCE)) as receiver:
        reader, writer = await receiver.connect()
        writer.write(HEADER + BODY)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(2 * QUICK.header)  # until no earlier deadline is left
        async with asyncio.TaskGroup() as group:
            dripping = group.create_task(drip(writer, b"POST / HTTP/1.1\r\nX-Slow: "))
            seconds = await closed_after(reader)
            dripping.cancel()
        writer.close()

    assert seconds < QUICK.header + SLACK


async def test_a_client_that_reads_nothing_is_cut_off(valkey: EmbeddedValkey) -> None:
    """Answers that nobody takes do not pile up."""
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    async with running(valkey.url, limits=replace(QUICK, answer=0.5)) as receiver:
        with socket.socket() as client:
            # The smallest packets and buffers, which are full after hundreds of answers and not after ten thousands.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", receiver.receiver.port))
            client.setblocking(False)
            async with asyncio.timeout(5 * PATIENCE):  # until its buffers are full the receiver computes
                with pytest.raises(ConnectionError):
                    await flood(client, request)


async def test_good_clients_are_served_among_many_bad_ones(valkey: EmbeddedValkey) -> None:
    """When all places are taken by clients that say nothing, each good one takes the place of the oldest."""
    limits = replace(QUICK, connections=8, header=60.0, body=60.0)
    async with running(valkey.url, limits=limits) as receiver, AsyncExitStack() as stack:
        bad = [await receiver.connect() for _ in range(30)]
        for number, (_, writer) in enumerate(bad):
            stack.callback(writer.close)
            if number % 2:
                writer.write(HEADER)
        for _ in range(20):
            assert 202 == await receiver.deliver()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(closed_after(reader) for reader, _ in bad[:23]))


async def test_good_clients_do_not_wait_for_hundreds_of_idle_ones(valkey: EmbeddedValkey) -> None:
    """300 connections that say nothing, or half of something, take every place: good clients do not notice."""
    beginnings = [b"", b"POST", HEADER[:-2], HEADER, HEADER + BODY[:-1], HEADER + BODY]
    async with running(valkey.url, limits=Limits()) as receiver, AsyncExitStack() as stack:
        for number in range(300):
            _, writer = await receiver.connect()
            stack.callback(writer.close)
            writer.write(beginnings[number % len(beginnings)])
        begun = time.monotonic()
        for _ in range(20):
            assert 202 == await receiver.deliver()

        assert time.monotonic() - begun < 20 * 0.5


@pytest.mark.parametrize(
    "sent", [b"", HEADER[:40], HEADER, HEADER + BODY[:-1]], ids=["nothing", "line", "header", "body"]
)
async def test_a_client_that_stops_sending_is_let_go(receiver: Running, sent: bytes) -> None:
    """Whoever closes its half of the connection in the middle of a delivery does not keep the other half."""
    reader, writer = await receiver.connect()
    writer.write(sent)
    writer.write_eof()

    assert await closed_after(reader) < QUICK.header + 1.0
    writer.close()


async def test_an_answer_under_way_is_not_given_up(valkey: EmbeddedValkey, redis: Redis) -> None:
    """A delivery that is being stored keeps its place, however many come after it."""
    async with running(valkey.url, limits=replace(QUICK, connections=1)) as receiver, asyncio.TaskGroup() as group:
        await redis.execute_command("CLIENT", "PAUSE", 10_000, "WRITE")
        delivering = group.create_task(receiver.exchange(HEADER.replace(b"Host", b"Connection: close\r\nHost") + BODY))
        await until(lambda: storing(redis), "the delivery to be in Redis's hands")
        for _ in range(5):
            assert b"" == await receiver.exchange(b"")
        await redis.execute_command("CLIENT", "UNPAUSE")

    assert delivering.result().startswith(b"HTTP/1.1 202 ")
