"""What the door to PagerDuty puts on the wire, and what it makes of what comes back."""

import asyncio
import json
import re
import socket
from pathlib import Path

import pagerduty
import pytest
from aiohttp import web

from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain
from shared.model.event import Instant
from shared.model.event_types import Status
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.lanes import SEATS, Lane
from shared.vendor_calls import ServerClock
from tests.metric_samples import sample
from tests.shared.local_server import LocalServer, Request
from tests.shared.pagerduty.responses import EPOCH_DATE, EPOCH_MS, INCIDENT, incident

PATH = f"/incidents/{INCIDENT}"


def counter(method: str, outcome: str) -> float:
    """Read the counter of calls."""
    labels = {"method": method, "outcome": outcome}
    return sample("pagebridge_pagerduty_calls_total", labels) or 0.0


async def write(door: PagerDuty) -> object:
    """Make the call that must never be made twice."""
    return await door.set_status(INCIDENT, Status.ACKNOWLEDGED, "alice@example.com")


async def test_writes_in_the_name_of_the_person(server: LocalServer, door: PagerDuty) -> None:
    """A write names its person in `From`, whatever letters their address has, and nobody else's call carries it."""
    server.say({"incident": incident(status="acknowledged")})
    for address in ("alice@example.com", "zoë@example.com"):
        await door.set_status(INCIDENT, Status.ACKNOWLEDGED, address)
    await door.incident(INCIDENT)
    put = server.requests[0]
    assert (put.method, put.path) == ("PUT", PATH)
    assert json.loads(put.body) == {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    assert put.headers["From"] == "alice@example.com"
    assert server.requests[1].headers["From"] == "zoë@example.com"
    assert "From" not in server.requests[2].headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, BadCredentials),
        (404, NotFound),
        (408, Uncertain),
        (302, Uncertain),
        (429, Unavailable),
        (500, Uncertain),
        (502, Uncertain),
        (503, Uncertain),
        (504, Uncertain),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b'{"error": {"message": "no"}}'])
async def test_one_request_whatever_the_answer(
    server: LocalServer, door: PagerDuty, status: int, error: type[CallError], body: bytes
) -> None:
    """No answer makes the client ask again of its own accord."""
    server.say_raw(body, status, {"Location": "/elsewhere"} if status == 302 else None)
    with pytest.raises(CallError) as raised:
        await write(door)
    assert type(raised.value) is error
    assert len(server.requests) == 1


async def test_tells_how_long_to_wait(server: LocalServer, door: PagerDuty) -> None:
    """A 429 says when to come back, in PagerDuty's own header."""
    server.say({"error": {"message": "Rate Limit Exceeded", "code": 2020}}, 429, {"ratelimit-reset": "7"})
    with pytest.raises(Unavailable) as raised:
        await door.incident(INCIDENT)
    assert raised.value.retry_after == 7


async def test_a_broken_connection_is_uncertain_and_not_repeated(server: LocalServer, door: PagerDuty) -> None:
    """Once bytes have left, PagerDuty may have acted."""
    server.drop()
    before = counter("set_status", "uncertain")
    with pytest.raises(Uncertain):
        await write(door)
    await door.aclose()
    assert len(server.requests) == 1
    assert counter("set_status", "uncertain") == before + 1


async def test_a_broken_connection_that_had_been_used_before(server: LocalServer, door: PagerDuty) -> None:
    """A connection kept open and cut under the next call does not lead to a second request either."""
    server.say({"incident": incident()})
    await door.incident(INCIDENT)
    server.drop()
    with pytest.raises(Uncertain):
        await write(door)
    assert [r.method for r in server.requests] == ["GET", "PUT"]


async def test_no_answer_in_time_is_uncertain(server: LocalServer, door: PagerDuty) -> None:
    """A time-out after sending leaves it open, for reads as well."""
    release = asyncio.Event()
    server.hang(release)
    for call in (write(door), door.incident(INCIDENT)):
        with pytest.raises(Uncertain):
            await call
    release.set()
    assert len(server.requests) == 2


async def test_refused_connection_is_certain() -> None:
    """Where nobody listens, nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    door = PagerDuty("key", f"http://127.0.0.1:{port}", timeout=0.5)
    before = counter("set_status", "unavailable")
    with pytest.raises(Unavailable):
        await write(door)
    assert counter("set_status", "unavailable") == before + 1
    await door.aclose()


async def test_connecting_that_takes_too_long_is_certain() -> None:
    """A time-out while connecting sent nothing: here TLS is awaited from somebody who does not speak."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        door = PagerDuty("key", f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3)
        with pytest.raises(Unavailable):
            await write(door)
        await door.aclose()


async def test_calls_at_once(server: LocalServer) -> None:
    """As many calls as there are seats are on the wire together, each with its own person."""
    count = SEATS[Lane.READ].each
    together = asyncio.Barrier(count)

    async def meet(request: Request) -> web.Response:
        await together.wait()
        return web.json_response({"incident": incident(title=request.headers["From"])})

    server.answer = meet
    door = PagerDuty("k3y-for-tests", server.url, timeout=30)
    people = [f"p{n}@example.com" for n in range(count)]
    reads = await asyncio.gather(*(door.set_status(INCIDENT, Status.ACKNOWLEDGED, person) for person in people))
    assert [read.value.snapshot.title for read in reads] == people
    await door.aclose()


async def test_cancelling_does_not_stop_what_was_sent(server: LocalServer, door: PagerDuty) -> None:
    """Whoever gives up waiting must count on the effect: the request had left."""
    arrived, release = asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> web.Response:
        arrived.set()
        await release.wait()
        return web.json_response({"incident": incident()})

    server.answer = slow
    async with asyncio.TaskGroup() as group:
        task = group.create_task(write(door))
        async with asyncio.timeout(5):
            await arrived.wait()
        task.cancel()
    assert task.cancelled()
    assert len(server.requests) == 1
    release.set()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000])
async def test_an_answer_that_is_not_json_leaves_it_open(server: LocalServer, door: PagerDuty, body: bytes) -> None:
    """A gateway's page with status 200 says nothing about what PagerDuty did."""
    server.say_raw(body, 200)
    with pytest.raises(Uncertain):
        await write(door)


async def test_an_undocumented_answer(server: LocalServer, door: PagerDuty) -> None:
    """Reading it is `Malformed`; of a write nobody knows what it did."""
    server.say({"incident": {"id": INCIDENT}})
    with pytest.raises(Malformed):
        await door.incident(INCIDENT)
    with pytest.raises(Uncertain):
        await write(door)


async def test_counts_what_went_well(server: LocalServer, door: PagerDuty) -> None:
    """Each call is counted once, under its method and how it ended."""
    server.say({"incident": incident()})
    before = counter("incident", "ok")
    await door.incident(INCIDENT)
    assert counter("incident", "ok") == before + 1


@pytest.mark.parametrize(
    "url",
    ["http://api.pagerduty.com", "http://127.0.0.1.example.com", "http://127.0.0.1@evil.example", "ftp://127.0.0.1"],
)
def test_plain_http_only_on_this_machine(url: str) -> None:
    """The key travels encrypted, or not at all."""
    with pytest.raises(pagerduty.UrlError):
        PagerDuty("key", url)


async def test_errors_do_not_tell_the_key(server: LocalServer, door: PagerDuty) -> None:
    """No error text carries any of the key."""
    server.say_raw(b"", 401)
    with pytest.raises(BadCredentials) as raised:
        await door.incident(INCIDENT)
    assert "k3y" not in str(raised.value)
    assert "ests" not in str(raised.value)


def test_only_one_module_uses_the_package() -> None:
    """The official client is behind one door, so that no other module can repeat a call."""
    root = Path(__file__).parents[3]
    sources = [path for name in ("bolt_app", "shared", "webhook_receiver") for path in (root / name).rglob("*.py")]
    using = re.compile(r"^\s*(import pagerduty|from pagerduty)\b", re.MULTILINE)
    assert [path.name for path in sources if using.search(path.read_text(encoding="utf-8"))] == ["sdk.py"]


def test_pagerdutys_clock() -> None:
    """The `Date` header is a whole second of PagerDuty's own time."""
    clock = ServerClock("PagerDuty")
    assert clock.hear({"Date": EPOCH_DATE}) == Instant(EPOCH_MS, 1000)
    for headers in ({}, {"Date": "noon"}, {"Date": ""}, {"Date": EPOCH_DATE.replace("GMT", "-0000")}):
        with pytest.raises(Malformed, match="PagerDuty's answer has no usable Date header"):
            clock.hear(headers)
