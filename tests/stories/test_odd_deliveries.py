"""Deliveries that are signed and yet make no sense: taken, kept for people to look at, and in nobody's way."""

import hashlib
import hmac
from datetime import UTC, datetime

import aiohttp

from shared.store import keys
from shared.store.redis import connect
from tests.stories.harness import SECRET, Bridge, receiving, settled

DATA = '"id": "Q1INCIDENT", "type": "incident", "status": "triggered", "number": 37, "title": "Odd", "teams": []'
EVENT = '"id": "01EVENT", "event_type": "incident.triggered", "occurred_at": "2025-04-07T03:47:13.546Z", "agent": null'
WHOLE = f'{{"event": {{{EVENT}, "data": {{{DATA}}}}}}}'
ODD = {
    "nothing": b"",
    "no JSON": b"\x00\xff\xfe",
    "half of it": WHOLE[:-5].encode(),
    "nested deeply": b'{"event":' * 50_000,
    "a number with 5,000 digits": WHOLE.replace("37", "9" * 5000).encode(),
    "not a number": WHOLE.replace("37", "NaN").encode(),
    "endless": WHOLE.replace("37", "-Infinity").encode(),
    "two ids": WHOLE.replace('"id": "01EVENT"', '"id": "01EVENT", "id": "02EVENT"').encode(),
    "UTF-16": WHOLE.encode("utf-16"),
    "UTF-32": WHOLE.encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf" + WHOLE.encode(),
    "broken UTF-8": WHOLE.encode().replace(b"Odd", b"\xc3\x28"),
    "two of them": WHOLE.encode() * 2,
    "a time without a zone": WHOLE.replace("546Z", "546").encode(),
    "an id that leads elsewhere": WHOLE.replace("Q1INCIDENT", "Q1/../users").encode(),
    "an agent of 20,000 characters": WHOLE.replace(
        '"agent": null', f'"agent": {{"summary": "{"n" * 20_000}"}}'
    ).encode(),
    "another shape": b'[{"event": null}]',
}


async def deliver(port: int, body: bytes) -> int:
    """Deliver `body` as PagerDuty does, and return the HTTP status of the answer."""
    signature = "v1=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    url = f"http://127.0.0.1:{port}/webhooks/pagerduty"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers={"X-PagerDuty-Signature": signature}) as answer,
    ):
        return answer.status


async def test_what_is_signed_and_makes_no_sense_is_kept(bridge: Bridge) -> None:
    """Each is answered with 202 and stands whole among the dead letters; an incident afterwards has its card."""
    async with receiving(bridge.valkey) as port:
        assert dict.fromkeys(ODD, 202) == {name: await deliver(port, body) for name, body in ODD.items()}
    bridge.trigger("Afterwards")
    await bridge.card("Afterwards")
    await settled(bridge)

    redis = connect(bridge.valkey.url)
    letters = await redis.execute_command("XRANGE", keys.DEAD_LETTERS, "-", "+")
    await redis.aclose()
    assert sorted(ODD.values()) == sorted(letter[b"body"] for _, letter in letters)
    assert all(letter[b"why"] for _, letter in letters)
    assert 1 == len(bridge.channel.messages)


async def test_half_a_surrogate_pair_is_shown_as_a_replacement(bridge: Bridge) -> None:
    """A title that no socket would take does not keep its incident from being shown."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    body = WHOLE.replace("Odd", "Odd \\ud800!").replace("2025-04-07T03:47:13.546Z", now).encode()
    async with receiving(bridge.valkey) as port:
        assert 202 == await deliver(port, body)

    assert "Odd \ufffd!" in (await bridge.card("Odd")).plain
