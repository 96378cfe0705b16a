"""What no client of good manners sends, byte by byte over bare sockets, to one receiver that has to bear it all."""

import gzip
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.servers import lent_valkey
from tests.webhook_receiver.running import BODY, PATH, PATIENT, SIGNATURE, Running, running, sign, stored

pytestmark = pytest.mark.asyncio(loop_scope="module")

FALSE = "v1=" + "0" * 64
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
LENGTH = b"Content-Length: %d" % len(BODY)
BOMB = gzip.compress(bytes(20_000_000))
"""20 kB that would be 20 MB."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def valkey() -> AsyncIterator[EmbeddedValkey]:
    """Run one Valkey for all tests of this module."""
    async with lent_valkey() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver(valkey: EmbeddedValkey) -> AsyncIterator[Running]:
    """Run one receiver for all tests of this module."""
    async with running(valkey.url, limits=PATIENT) as at_work:
        yield at_work


@pytest_asyncio.fixture(loop_scope="module")
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Look at what is stored, from an empty stream on."""
    client = connect(valkey.url)
    await client.delete(keys.DELIVERIES)
    yield client
    await client.aclose()


def request(body: bytes, *headers: bytes, line: str = f"POST {PATH} HTTP/1.1") -> bytes:
    """Write a request by hand, signed for `BODY` unless a header says otherwise."""
    signed = () if any(one.lower().startswith(b"x-pagerduty") for one in headers) else (_signature(sign()),)
    return b"\r\n".join([line.encode(), b"Host: x", b"Connection: close", *signed, *headers, b"", body])


def _signature(value: str | bytes) -> bytes:
    return SIGNATURE.encode() + b": " + (value.encode() if isinstance(value, str) else value)


def _statuses(answers: bytes) -> list[int]:
    """Read the statuses of the answers on one connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+)", answers)]


@pytest.mark.parametrize(
    "raw",
    [
        request(CHUNKED, b"Transfer-Encoding: chunked"),
        request(b"%x;name=value\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(BODY), BODY), b"Transfer-Encoding: chunked"),
        request(b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n", b"Transfer-Encoding: chunked"),
        request(BODY, LENGTH, b"Expect: 100-continue"),
        request(BODY, LENGTH, b"Content-Type: text/plain"),
        request(BODY, LENGTH, line=f"POST {PATH}?a=b HTTP/1.1"),
        request(BODY, LENGTH, line=f"POST {PATH} HTTP/1.0"),
        request(BODY, LENGTH, *(b"X-Custom-%d: y" % number for number in range(60))),
    ],
    ids=[
        "chunked",
        "extension and trailer",
        "tiny chunks",
        "expect",
        "plain text",
        "query",
        "HTTP/1.0",
        "many headers",
    ],
)
async def test_a_delivery_may_be_framed_in_any_honest_way(receiver: Running, redis: Redis, raw: bytes) -> None:
    """However HTTP lets a body be sent, exactly the body that was signed is stored."""
    answer = await receiver.exchange(raw)

    assert 202 == _statuses(answer)[-1]
    assert [BODY] == await stored(redis)


@pytest.mark.parametrize(
    "raw",
    [
        request(CHUNKED, LENGTH, b"Transfer-Encoding: chunked"),
        request(BODY, LENGTH, b"Content-Length: 1"),
        request(BODY, b"Content-Length: %d, %d" % (len(BODY), len(BODY))),
        request(BODY, b"Content-Length: +%d" % len(BODY)),
        request(BODY, b"Content-Length: -1"),
        request(BODY, b"Content-Length: " + b"9" * 30),
        request(CHUNKED, b"Transfer-Encoding: chunked, chunked"),
        request(CHUNKED, b"Transfer-Encoding: xchunked"),
        request(b"zz\r\n" + BODY + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
        request(b"f" * 20 + b"\r\n" + BODY, b"Transfer-Encoding: chunked"),
        request(BODY, LENGTH, b"X-Long: " + b"y" * 70_000),
        request(BODY, LENGTH, line=f"POST {PATH}{'y' * 70_000} HTTP/1.1"),
        request(BODY, LENGTH, b"Folded: one", b" two"),
        request(BODY, LENGTH, b"No colon"),
        request(BODY, LENGTH, b"Sp ace: x"),
        request(BODY, LENGTH, b"Null: \x00"),
        request(BODY, LENGTH, line=f"POST {PATH} HTTP/9.9"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    ],
    ids=lambda raw: repr(raw[-60:]),
)
async def test_a_request_that_could_be_read_in_two_ways_is_not_read(
    receiver: Running, redis: Redis, raw: bytes
) -> None:
    """What proxies and servers disagree about is refused with 400, nothing of it is stored, and nobody is named."""
    answer = await receiver.exchange(raw)

    assert [400] == _statuses(answer), answer
    assert [] == await stored(redis)
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    assert 202 == await receiver.deliver()


async def test_what_is_hidden_behind_a_body_is_a_request_of_its_own(receiver: Running, redis: Redis) -> None:
    """A second request in the same packet is taken as one, and one inside a body is only a body."""
    hidden = request(BODY, LENGTH)
    inside = request(hidden, b"Content-Length: %d" % len(hidden), _signature(sign(hidden)))
    both = request(BODY, LENGTH).replace(b"Connection: close\r\n", b"") + hidden

    assert [202] == _statuses(await receiver.exchange(inside))
    assert [202, 202] == _statuses(await receiver.exchange(both))
    assert [hidden, BODY, BODY] == await stored(redis)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", BOMB), ("GZIP", BOMB), ("gzip, gzip", gzip.compress(BOMB)), ("br", b"x"), ("identity, gzip", BOMB)],
    ids=["bomb", "capitals", "bomb in a bomb", "br", "hidden behind identity"],
)
async def test_nothing_is_unpacked(receiver: Running, redis: Redis, encoding: str, packed: bytes) -> None:
    """What is signed is stored as it is: a worker finds out that it is no event, and people can look at it."""
    headers = (f"Content-Encoding: {encoding}".encode(), b"Content-Length: %d" % len(packed), _signature(sign(packed)))

    assert [202] == _statuses(await receiver.exchange(request(packed, *headers)))
    assert [packed] == await stored(redis)


@pytest.mark.parametrize(
    "encoding", ["identity", "", "identity, identity", "utf-8", "none", "aws-chunked", "gzip", "br"]
)
async def test_what_is_signed_is_taken_however_it_is_labelled(receiver: Running, redis: Redis, encoding: str) -> None:
    """The header is not signed, the body is: three refusals would switch the subscription off for a day."""
    headers = (f"Content-Encoding: {encoding}".encode(), LENGTH, _signature(sign(BODY)))

    assert [202] == _statuses(await receiver.exchange(request(BODY, *headers)))
    assert [BODY] == await stored(redis)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        [","],
        ["v1="],
        [sign().replace("v1=", "v2=")],
        ["v1=" + sign()[3:].upper()],
        [sign().replace("v1=", "V1=")],
        [sign().replace("v1=", "v1 = ")],
        [sign()[:-1]],
        [sign()[:3] + " " + sign()[3:]],
        [f'"{sign()}"'],
        [",".join([FALSE] * 100)],
        [FALSE] * 50,
        [",".join([FALSE] * 16), sign()],
        [sign(BODY + b" ")],
        [sign(json.dumps(json.loads(BODY), indent=1).encode())],
    ],
    ids=lambda values: repr(values)[:40],
)
async def test_no_odd_signature_is_good(receiver: Running, redis: Redis, values: list[str]) -> None:
    """Whatever stands where the signature should, the answer is 401, never an error of ours, and nothing is stored."""
    lines = [_signature(value) for value in values] or [b"X-PagerDuty-Other: x"]

    assert [401] == _statuses(await receiver.exchange(request(BODY, LENGTH, *lines)))
    assert [] == await stored(redis)


async def test_thousands_of_signatures_are_not_even_read(receiver: Running, redis: Redis) -> None:
    """A header of 68 kB is more than HTTP servers take: it is refused before anything is computed."""
    huge = _signature(",".join([*[FALSE] * 1000, sign()]))

    assert [400] == _statuses(await receiver.exchange(request(BODY, LENGTH, huge)))
    assert [] == await stored(redis)


@pytest.mark.parametrize(
    "values",
    [
        [f"  {sign()}\t"],
        [f"{FALSE},{sign()}"],
        [f"{FALSE} ,\t{sign()} ,"],
        [FALSE, sign()],
        ["", sign()],
        [f"v2={'0' * 64},v0=x,{sign()}"],
        [b"v1=\xff\xfe\x80", sign()],
        [",".join([FALSE] * 15), sign()],
    ],
    ids=lambda values: repr(values)[:40],
)
async def test_a_good_signature_is_found_among_others(
    receiver: Running, redis: Redis, values: list[str | bytes]
) -> None:
    """While a secret is being changed the good signature may stand second, in a header of its own, with spaces."""
    assert [202] == _statuses(await receiver.exchange(request(BODY, LENGTH, *map(_signature, values))))
    assert 1 == len(await stored(redis))


@pytest.mark.parametrize(
    ("size", "status"), [(256_000, 202), (300_000, 202), (5_000_000, 413)], ids=["256 kB", "300 kB", "5 MB"]
)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_the_size_decides(receiver: Running, redis: Redis, size: int, status: int, *, announced: bool) -> None:
    """What PagerDuty may send is taken; ten times as much is refused, and whoever sends it all still hears why."""
    body = b"x" * size
    framing = b"Content-Length: %d" % size if announced else b"Transfer-Encoding: chunked"
    raw = body if announced else b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)

    assert [status] == _statuses(await receiver.exchange(request(raw, framing, _signature(sign(body)))))
    assert ([size] if status == 202 else []) == [len(body) for body in await stored(redis)]


async def test_who_hangs_up_early_leaves_nothing(receiver: Running, redis: Redis) -> None:
    """A delivery that breaks off in the middle is not stored, whichever part it breaks off in."""
    whole = request(BODY, LENGTH)
    for length in (1, 30, len(whole) - len(BODY), len(whole) - 1):
        _, writer = await receiver.connect()
        writer.write(whole[:length])
        writer.write_eof()
        await writer.drain()
        writer.close()
    assert 202 == await receiver.deliver(b"afterwards")
    assert [b"afterwards"] == await stored(redis)
