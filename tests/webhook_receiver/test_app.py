"""What a delivery is answered, and what of it is stored."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store import keys
from shared.store.redis import Redis
from tests.webhook_receiver.running import BODY, PATH, PATIENT, SIGNATURE, Running, running, sign, stored
from webhook_receiver.app import MOST_BODY

SAMPLES = Path(__file__).parents[3] / "shared/reference/pagerduty/samples/signed_real"
FALSE = "v1=" + "0" * 64


async def pieces(body: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    """Send a body in chunks, without saying how long it is."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def raw(body: bytes, *headers: bytes) -> bytes:
    """Write a request by hand, for what no client would send."""
    lines = [f"POST {PATH} HTTP/1.1".encode(), b"Host: x", b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendors' reference is not beside this checkout")
async def test_real_deliveries_are_stored_byte_for_byte(valkey: EmbeddedValkey, redis: Redis) -> None:
    """Each of the captured deliveries gets 202 and is on the stream as it was sent."""
    signed = json.loads((SAMPLES / "SIGNATURES.json").read_text())
    bodies = [(SAMPLES / name).read_bytes() for name in signed["files"]]
    async with running(valkey.url, signed["secret"]) as receiver:
        headers = [list(one.items()) for one in signed["files"].values()]
        answers = [await receiver.post(*one) for one in zip(bodies, headers, strict=True)]

    assert [202] * 5 == answers
    assert bodies == await stored(redis)


async def test_an_entry_says_what_came_when(receiver: Running, redis: Redis) -> None:
    """The worker finds the time of receipt and the raw body."""
    before = time.time_ns() // 1_000_000
    assert 202 == await receiver.deliver()
    after = time.time_ns() // 1_000_000

    [element] = [element for element in await redis.execute_command("LRANGE", keys.DELIVERIES, 0, -1) if element]
    received, _, body = element.partition(b" ")
    assert BODY == body
    assert before <= int(received) <= after


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[1", BODY], ids=["empty", "binary", "broken", "json"])
async def test_whatever_is_signed_is_stored(receiver: Running, redis: Redis, body: bytes) -> None:
    """The receiver does not read the body; what is no event is for the worker to find out."""
    assert 202 == await receiver.deliver(body)
    assert [body] == await stored(redis)


async def test_a_delivery_may_come_twice(receiver: Running, redis: Redis) -> None:
    """A repeated delivery is stored again: what is new is decided where events are folded."""
    assert [202, 202] == [await receiver.deliver(), await receiver.deliver()]
    assert 2 == len(await stored(redis))


@pytest.mark.parametrize(
    "signatures", [[], [FALSE], [sign(secret="other")], ["nonsense"]], ids=["none", "wrong", "other secret", "nonsense"]
)
async def test_an_unsigned_delivery_is_refused(receiver: Running, redis: Redis, signatures: list[str]) -> None:
    """Without a good signature the answer is 401 and nothing is stored."""
    assert 401 == await receiver.post(BODY, [(SIGNATURE, one) for one in signatures])
    assert [] == await stored(redis)


async def test_one_good_signature_of_several_is_enough(receiver: Running) -> None:
    """Signatures may stand in one header or in two, in any order."""
    assert 202 == await receiver.deliver(signature=f"{FALSE},{sign()}")
    assert 202 == await receiver.post(BODY, [(SIGNATURE, FALSE), (SIGNATURE, sign())])


async def test_old_and_new_secrets_are_in_force_together(valkey: EmbeddedValkey) -> None:
    """While the secret is being changed, deliveries signed with either of them are taken."""
    async with running(valkey.url, "old", "new") as receiver:
        assert [202, 202, 401] == [
            await receiver.deliver(signature=sign(secret=secret)) for secret in ("old", "new", "older")
        ]


@pytest.mark.parametrize("odd", [b"v1=\xff\xfe", "v1=é".encode(), b"v1=" + b"\xc3" * 64])
async def test_a_header_beyond_ascii_is_only_wrong(receiver: Running, odd: bytes) -> None:
    """Bytes that no signature has are refused, and do not stand in the way of a good one."""
    refused = await receiver.exchange(raw(BODY, SIGNATURE.encode() + b": " + odd))
    taken = await receiver.exchange(raw(BODY, SIGNATURE.encode() + b": " + odd + b", " + sign().encode()))

    assert refused.startswith(b"HTTP/1.1 401 ")
    assert taken.startswith(b"HTTP/1.1 202 ")


async def test_a_delivery_that_was_compressed_on_the_way_is_refused(receiver: Running, redis: Redis) -> None:
    """PagerDuty does not compress: what it signed is not what is on the wire."""
    assert 401 == await receiver.deliver(gzip.compress(BODY), sign(BODY), ("Content-Encoding", "gzip"))
    assert [] == await stored(redis)


async def test_a_chunked_delivery_is_taken_as_a_whole(receiver: Running, redis: Redis) -> None:
    """A body whose length is not given beforehand arrives complete."""
    body = BODY * 2000
    assert 202 == await receiver.post(pieces(body), [(SIGNATURE, sign(body))])
    assert [body] == await stored(redis)


async def test_the_largest_delivery_is_taken(receiver: Running, redis: Redis) -> None:
    """512 KiB are allowed, in one piece or in many."""
    body = b"x" * MOST_BODY
    assert [202, 202] == [await receiver.deliver(body), await receiver.post(pieces(body), [(SIGNATURE, sign(body))])]
    assert {MOST_BODY} == {len(body) for body in await stored(redis)}


async def test_a_larger_delivery_is_refused(receiver: Running, redis: Redis) -> None:
    """One byte more is too much, whether announced or not, signed or not."""
    body = b"x" * (MOST_BODY + 1)
    assert 413 == await receiver.deliver(body)
    assert 413 == await receiver.post(pieces(body), [(SIGNATURE, sign(body))])
    assert 413 == await receiver.deliver(body, FALSE)
    assert [] == await stored(redis)


@pytest.mark.parametrize("odd", ["", "with space", "é", "x" * 200], ids=["none", "space", "accent", "long"])
async def test_an_odd_delivery_id_is_dropped(receiver: Running, redis: Redis, odd: str) -> None:
    """Nobody signed the delivery's id, so only a harmless one gets into the log."""
    with capture_logs() as logged:
        assert 202 == await receiver.deliver(BODY, None, ("X-Webhook-Id", odd))
    assert [""] == [entry["delivery"] for entry in logged if entry["event"] == "delivery.stored"]
    assert [BODY] == await stored(redis)


async def test_other_paths_and_methods_are_not_served(receiver: Running) -> None:
    """There is one thing to post to, and it cannot be read; the metrics are not public."""
    assert [405, 404, 404, 404] == [(await receiver.get(path))[0] for path in (PATH, "/", f"{PATH}/", "/metrics")]


async def test_a_proxy_may_leave_its_prefix(receiver: Running, redis: Redis) -> None:
    """The subscription's address has it, so a delivery with it is one; what ends otherwise is none."""
    signed = [(SIGNATURE, sign())]
    assert [202, 202] == [await receiver.post(BODY, signed, f"{prefix}{PATH}") for prefix in ("/pagebridge", "/a/b")]
    assert [404, 404] == [await receiver.post(BODY, signed, path) for path in (f"/x{PATH}/more", "/x" + PATH[1:])]
    assert [BODY, BODY] == await stored(redis)


async def test_the_public_port_says_nothing_about_itself(receiver: Running) -> None:
    """Health comes without details, and no answer names a library or a version."""
    assert [(200, ""), (200, "")] == [await receiver.get("/healthz"), await receiver.get("/readyz")]

    requests = [raw(BODY), b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"\x16\x03\x01 what\r\n\r\n"]
    for answer in [await receiver.exchange(request) for request in requests]:
        assert b"aiohttp" not in answer
        assert b"Python" not in answer


async def test_many_deliveries_at_once_are_all_stored(valkey: EmbeddedValkey, redis: Redis) -> None:
    """A burst is worked off; nobody is turned away who waits for his answer."""
    bodies = [b"%d" % number for number in range(100)]
    async with running(valkey.url, limits=PATIENT) as receiver:
        answers = await asyncio.gather(*(receiver.deliver(body) for body in bodies))
    answered = [body for body, answer in zip(bodies, answers, strict=True) if answer == 202]

    assert sorted(bodies) == sorted(answered)
    assert sorted(bodies) == sorted(await stored(redis))


async def test_the_metrics_count_answers_and_time(receiver: Running) -> None:
    """Operators see how deliveries are answered and how long storing takes, on the port of this machine only."""
    before = (await receiver.get("/metrics", admin=True))[1]
    await receiver.deliver()
    await receiver.deliver(signature=FALSE)
    after = (await receiver.get("/metrics", admin=True))[1]

    for name in ('deliveries_total{answer="202"}', 'deliveries_total{answer="401"}', "store_seconds_count"):
        assert _value(before, name) + 1 == _value(after, name)


async def test_some_metrics_are_chosen_by_their_names(receiver: Running) -> None:
    """`/metrics?name[]=` returns the named metrics only."""
    status, text = await receiver.get("/metrics?name[]=pagebridge_receiver_ready", admin=True)

    assert (200, "pagebridge_receiver_ready 1.0") == (status, text.splitlines()[-1])
    assert "pagebridge_deliveries" not in text


def _value(metrics: str, name: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith(f"pagebridge_{name}")]
    return float(lines[0].split()[-1]) if lines else 0.0
