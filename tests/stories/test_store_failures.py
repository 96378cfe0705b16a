"""Redis goes away: nobody is left in the dark, nothing is done behind anybody's back, and it all goes on by itself."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Message
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.clusters import node, serve_nothing, served
from tests.metric_samples import sample
from tests.servers import VARIABLE, not_on
from tests.stories.harness import Bridge, running, settled, until

TAKES_LATE = not_on("cluster", because="in a cluster a server that hangs is asked before it is sent anything")
SOON = 5.0
"""Seconds after which whoever clicked knows what became of it."""


@asynccontextmanager
async def redis_of(bridge: Bridge) -> AsyncIterator[Redis]:
    """Look into the bridge's Redis."""
    redis = connect(bridge.valkey.url)
    try:
        yield redis
    finally:
        await redis.aclose()


@contextmanager
def hanging(bridge: Bridge) -> Iterator[None]:
    """Let Redis take connections and bytes, and answer nothing."""
    pid = bridge.valkey.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def ready(bridge: Bridge) -> Message:
    """Let monitoring open an incident, and wait until all is told of it."""
    bridge.trigger()
    await bridge.card()
    await settled(bridge)
    return await bridge.card("Triggered")


async def soon_told(bridge: Bridge, name: str, button: str, words: str, confirm: str | None = None) -> str:
    """Let somebody press a button, and return what they are told, which must not take long."""
    begun = time.monotonic()
    click = await bridge.click(name, button, confirm=confirm)
    told = await bridge.told(name, words)
    assert time.monotonic() - begun < SOON
    assert click.acked
    return told


async def commands_so_far(redis: Redis) -> int:
    """Count the entries that were ever put on the commands stream."""
    return int((await redis.xinfo_stream(keys.COMMANDS))["entries-added"])


@pytest.mark.both_servers
async def test_an_acknowledge_goes_straight_to_pagerduty(bridge: Bridge) -> None:
    """Redis is down: Alice's press is carried out at once, in her name, and she is told."""
    await ready(bridge)
    await bridge.valkey.kill()

    await soon_told(bridge, "Alice", "Acknowledge", "You acknowledged incident #1")

    assert ["alice@example.com"] == [call.from_email for call in bridge.effects()]
    await bridge.valkey.start()
    await bridge.card("Acknowledged by Alice Ng")
    await settled(bridge)
    assert 1 == len(await bridge.lines(1))
    assert 1 == len(bridge.writes())


async def test_an_escalation_is_not_sent(bridge: Bridge) -> None:
    """Redis is down: Bob is told that his escalation was not kept, nothing is sent, and later he can try again."""
    await ready(bridge)
    await bridge.valkey.kill()

    told = await soon_told(bridge, "Bob", "Escalate", "could not be saved", confirm="Escalate")

    assert "nothing was sent" in told
    await bridge.valkey.start()
    await settled(bridge)
    assert [] == bridge.writes()
    again = bridge.slack.person("U0BOB").private_messages[-1]
    await bridge.click("Bob", "Try again", again, confirm="Escalate")
    await bridge.card("Assigned to @Bob Ng")


async def test_a_dialog_is_not_sent(bridge: Bridge) -> None:
    """Redis is down: Bob's dialog says so and keeps what he typed; sent again later it is done, once."""
    await ready(bridge)
    modal = await bridge.dialog("Bob", "Resolve")
    modal.fill("What fixed it?", "Restarted it")
    await bridge.valkey.kill()

    begun = time.monotonic()
    await modal.submit()

    assert time.monotonic() - begun < SOON
    assert "treat it as not sent" in modal.errors["What fixed it?"]
    assert "Restarted it" == modal.values["What fixed it?"]
    await bridge.valkey.start()
    await settled(bridge)
    assert [] == bridge.writes()
    assert (await modal.submit()).acked
    await bridge.card("Resolved by Bob Ng in Slack")
    await settled(bridge)
    assert 1 == len(bridge.writes())


@TAKES_LATE
@pytest.mark.both_servers
async def test_a_dialog_that_redis_takes_late_is_void(bridge: Bridge) -> None:
    """Redis hangs and stores what Bob sent only after he was told that it was not kept: it is never carried out."""
    await ready(bridge)
    modal = await bridge.dialog("Bob", "Resolve")
    async with redis_of(bridge) as redis:
        before = await commands_so_far(redis)

        with hanging(bridge):
            await modal.submit()

        assert "treat it as not sent" in modal.errors["What fixed it?"]
        async with asyncio.timeout(SOON):
            while await commands_so_far(redis) == before:  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.01)
    await settled(bridge)
    assert [] == bridge.writes()
    assert [] == bridge.private("Bob")
    assert "Triggered" in bridge.channel.messages[0].plain


@TAKES_LATE
async def test_an_acknowledge_that_redis_takes_late_is_not_repeated(bridge: Bridge) -> None:
    """Redis hangs: the acknowledge went straight to PagerDuty, and what Redis stores later does not repeat it."""
    await ready(bridge)
    async with redis_of(bridge) as redis:
        before = await commands_so_far(redis)

        with hanging(bridge):
            await soon_told(bridge, "Alice", "Acknowledge", "You acknowledged incident #1")
            bridge.pagerduty.automation.unacknowledge(bridge.pagerduty.incidents[0].id)

        async with asyncio.timeout(SOON):
            while await commands_so_far(redis) == before:  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.01)
    await bridge.lines(2)
    await settled(bridge)
    assert "triggered" == bridge.pagerduty.incidents[0].status
    assert 1 == len(bridge.writes())
    assert 1 == len(bridge.private("Alice"))


async def test_refusals_hold_without_redis(bridge: Bridge) -> None:
    """Carol is of another team: she is refused on the direct way too, and told whose incident it is."""
    await ready(bridge)
    await bridge.valkey.kill()

    told = await soon_told(bridge, "Carol", "Acknowledge", "You can't acknowledge")

    assert "belongs to Payments" in told
    assert [] == bridge.writes()
    await bridge.valkey.start()


async def test_a_stale_acknowledge_does_not_reopen_without_redis(bridge: Bridge) -> None:
    """Bob resolved it while Redis was down, so the card does not know yet: Alice's press does not open it again."""
    await ready(bridge)
    await bridge.valkey.kill()
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incidents[0].id)

    told = await soon_told(bridge, "Alice", "Acknowledge", "You can't acknowledge")

    assert "Bob Ng resolved it" in told
    assert [] == bridge.writes()
    await bridge.valkey.start()
    await bridge.card("Resolved by Bob Ng in PagerDuty")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("PUT", "/incidents/*", hang=True), "may or may not have gone through"),
        (Fault("GET", "/incidents/*", hang=True), "was NOT acknowledged"),
        (Fault("PUT", "/incidents/*", status=503), "may or may not have gone through"),
    ],
    ids=["the write hangs", "the read hangs", "503"],
)
async def test_when_pagerduty_fails_as_well_alice_is_told_the_truth(bridge: Bridge, fault: Fault, words: str) -> None:
    """Neither Redis nor PagerDuty: nothing is claimed, not even that nothing happened when that is not known."""
    await ready(bridge)
    bridge.pagerduty.add_fault(fault)
    await bridge.valkey.kill()

    await soon_told(bridge, "Alice", "Acknowledge", words)

    await bridge.valkey.start()


async def test_a_delivery_while_redis_is_down(bridge: Bridge) -> None:
    """PagerDuty is answered with 503 and delivers again until Redis is back: one card, nothing lost."""
    await bridge.valkey.kill()

    bridge.trigger()
    await until(lambda: any(each.status == 503 for each in bridge.pagerduty.webhooks.log), "an answer 503")
    await bridge.valkey.start()

    await bridge.card("Triggered")
    await settled(bridge)
    assert {503, 202} == {each.status for each in bridge.pagerduty.webhooks.log}
    assert 1 == len(bridge.channel.messages)
    assert [] == bridge.channel.messages[0].replies


@pytest.mark.both_servers
async def test_after_redis_was_killed_everything_goes_on() -> None:
    """Redis dies in the middle of a burst and comes back with its data: two workers go on, and nothing is doubled."""
    async with running(workers=2) as bridge:
        await ready(bridge)
        for number in range(6):
            bridge.trigger(f"burst {number}")
        await bridge.click("Alice", "Acknowledge")
        await bridge.valkey.kill()
        await bridge.valkey.start()
        bridge.trigger("afterwards")
        await bridge.card("afterwards")
        await settled(bridge)

        titles = ["Checkout latency over 2s", "afterwards", *(f"burst {number}" for number in range(6))]
        cards = bridge.channel.messages
        assert [1] * 8 == [sum(title in card.plain for card in cards) for title in titles]
        assert 8 == len(cards)
        assert [1, *[0] * 7] == [len(card.replies) for card in cards]
        assert 1 == len(bridge.effects())


async def test_a_cluster_that_is_down_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No node serves our keys: deliveries get 503, an acknowledge goes straight, and the worker goes on afterwards."""
    monkeypatch.setenv(VARIABLE, str(node(tmp_path)))
    async with running(workers=0) as bridge, redis_of(bridge) as redis:
        await served(redis)
        await bridge.start_worker()
        await ready(bridge)
        await serve_nothing(redis)
        await soon_told(bridge, "Alice", "Acknowledge", "You acknowledged incident #1")
        bridge.trigger("meanwhile")
        await until(lambda: any(each.status == 503 for each in bridge.pagerduty.webhooks.log), "an answer 503")

        await served(redis)

        await bridge.card("meanwhile")
        await bridge.card("Acknowledged by Alice Ng")
        await settled(bridge)
        assert [1, 0] == [len(card.replies) for card in bridge.channel.messages]
        assert 1 == len(bridge.effects())


NO_COMMAND = (
    b'{"id":"c","action":"acknowledge","incident":"no id","by":{"id":"U1","team":"T1"},"channel":"C1",'
    b'"message":null,"response_url":""}'
)


POISON: list[tuple[str, str, dict[bytes, bytes]]] = [
    ("garbage", keys.EVENTS, {b"\xff\xfe": b"\x00\xff"}),
    ("wrong kind", keys.EVENTS, {b"v": b"1", b"kind": b"telegram", b"body": b"{}"}),
    ("no JSON", keys.EVENTS, {b"received": b"1", b"body": b"{not json"}),
    ("5,000 fields", keys.EVENTS, {b"field %d" % number: b"" for number in range(5000)}),
    ("20 MB", keys.EVENTS, {b"body": b"{" * 20_000_000}),
    ("a name of 20 MB", keys.COMMANDS, {b"n" * 20_000_000: b""}),
    ("a command about no incident", keys.COMMANDS, {b"body": NO_COMMAND, b"void": b"9999999999999"}),
    ("a command of no time", keys.COMMANDS, {b"body": NO_COMMAND.replace(b"no id", b"Q1"), b"void": b"9" * 5000}),
]


@pytest.mark.parametrize(
    ("stream", "fields"), [(stream, fields) for _, stream, fields in POISON], ids=[name for name, _, _ in POISON]
)
async def test_a_poisonous_entry_stops_nothing(bridge: Bridge, stream: str, fields: dict[bytes, bytes]) -> None:
    """What nobody can understand goes to the dead letters, is counted, and what follows is handled as ever."""
    counted = buried(stream)
    async with redis_of(bridge) as redis:
        await redis.execute_command("XADD", stream, "*", *[part for field in fields.items() for part in field])
        bridge.trigger()

        await bridge.card()
        await settled(bridge)

        [(_, letter)] = await redis.execute_command("XRANGE", keys.DEAD_LETTERS, "-", "+")
    assert all(any(value.startswith(kept) for kept in letter.values()) for value in fields.values())
    assert letter[b"why"]
    assert counted + 1 == buried(stream)


def buried(stream: str) -> float:
    """Read how many entries of a stream have been buried so far."""
    return sample("pagebridge_dead_letters_total", {"stream": stream}) or 0.0


async def test_what_a_stolen_receiver_can_append_stops_nothing(bridge: Bridge) -> None:
    """Elements without a time, with another, far too long, empty: what follows is handled as ever."""
    odd = (b"", b" ", b"x", b"9" * 400 + b" {}", b"9999999999999 {}", b"-1 {}", b"1 " + b"[" * 20_000_000)
    async with redis_of(bridge) as redis:
        await redis.execute_command("RPUSH", keys.DELIVERIES, *odd)
        bridge.trigger()

        await bridge.card()
        await settled(bridge)

        letters = await redis.execute_command("XRANGE", keys.DEAD_LETTERS, "-", "+")
    assert len(odd) - 1 == len(letters)


async def test_an_incident_that_is_none_stops_no_queue(bridge: Bridge) -> None:
    """An older version has left one in a work queue: it is dropped, and the others have their turn."""
    async with redis_of(bridge) as redis:
        for queue in ("dirty", "commands", "briefings"):
            await redis.execute_command("ZADD", keys.of_queue(queue, "due"), 0, b"no \xff id")
        bridge.trigger()

        await bridge.card()
        await settled(bridge)


async def test_a_stolen_receiver_cannot_answer_for_pagerduty(bridge: Bridge) -> None:
    """What looks like an answer of PagerDuty's to our own call is one more delivery without sense."""
    answer = {"id": "answer:x", "type": "incident.triggered", "incident": "Q1", "source": "answer", "at": {"ms": 1}}
    bridge.trigger()
    await bridge.card()
    async with redis_of(bridge) as redis:
        await redis.execute_command("RPUSH", keys.DELIVERIES, b"1 " + json.dumps(answer).encode())
        await settled(bridge)
        [(_, letter)] = await redis.execute_command("XRANGE", keys.DEAD_LETTERS, "-", "+")
    assert keys.EVENTS.encode() == letter[b"stream"]


@pytest.mark.both_servers
async def test_a_click_is_acked_only_when_it_is_stored(bridge: Bridge) -> None:
    """Redis takes 0.3 s over every write: no ack comes before that is over."""
    bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    redis = connect(bridge.valkey.url)
    await redis.execute_command("CLIENT", "PAUSE", 300, "WRITE")

    click = await bridge.click("Alice", "Acknowledge")

    assert click.envelope is not None
    assert click.envelope.acked_after_ms is not None
    assert click.envelope.acked_after_ms > 200
    await bridge.card("Acknowledged")
    await redis.aclose()
