"""Socket Mode, frame by frame: what any client sees on the wire."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import Sample

Ws = aiohttp.ClientWebSocketResponse
SOON = 2.0


async def ticket(http: aiohttp.ClientSession, slack: SlackSandbox) -> str:
    """Ask for the address of a connection."""
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    async with http.post(slack.api_url + "apps.connections.open", headers=headers) as response:
        return str((await response.json())["url"])


@asynccontextmanager
async def connection(http: aiohttp.ClientSession, slack: SlackSandbox) -> AsyncIterator[Ws]:
    """Connect as an app does, and take the greeting."""
    async with http.ws_connect(await ticket(http, slack), autoping=False) as ws:
        assert "hello" == (await ws.receive_json(timeout=SOON))["type"]
        yield ws


async def command(slack: SlackSandbox, channel: Channel) -> Any:  # noqa: ANN401 - an interaction
    """Let Alice type a command."""
    return await slack.person("U0ALICE").type_command("/pd help", channel.id)


async def test_hello_frame(slack: SlackSandbox, http: aiohttp.ClientSession, sample: Sample) -> None:
    """It has the fields of a captured one, and counts the connections."""
    async with connection(http, slack), http.ws_connect(await ticket(http, slack)) as ws:
        hello = await ws.receive_json(timeout=SOON)

    assert 2 == hello["num_connections"]
    documented = sample("payloads/hello.json")
    assert documented.keys() == hello.keys()
    assert documented["debug_info"].keys() == hello["debug_info"].keys()


async def test_ticket_is_single_use(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """A used ticket is dead, and so is one that was never issued."""
    url = await ticket(http, slack)
    async with http.ws_connect(url):
        for dead in (url, url.replace("ticket=", "ticket=0")):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await http.ws_connect(dead)
            assert 408 == caught.value.status


async def test_ticket_expires(http: aiohttp.ClientSession) -> None:
    """After half a minute it opens nothing."""
    time = [1_700_000_000.0]
    async with SlackSandbox(now=lambda: time[0]) as slack:
        url = await ticket(http, slack)
        time[0] += slack.tickets.lifetime + 1
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url)


async def test_refused_handshake_spends_ticket(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """The ticket is dead afterwards; a new one works."""
    url = await ticket(http, slack)
    slack.socket.refuse_handshakes(1)

    for status in (503, 408):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(url)
        assert status == caught.value.status
    async with connection(http, slack):
        assert 1 == slack.socket.connections


@pytest.mark.usefixtures("alice")
async def test_payloads_rotate_over_connections(
    slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel
) -> None:
    """Payloads are dealt out in turn and never broadcast."""
    async with connection(http, slack) as one, connection(http, slack) as two, asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(command(slack, channel))
        frames = [await ws.receive_json(timeout=SOON) for ws in (one, two, one, two)]
        for ws, frame in zip(itertools.cycle((one, two)), frames, strict=False):
            await ws.send_json({"envelope_id": frame["envelope_id"]})

    assert 4 == len({frame["envelope_id"] for frame in frames})
    assert {1, 2} == {envelope.connection for envelope in slack.envelopes}
    assert all(envelope.acked for envelope in slack.envelopes)


@pytest.mark.usefixtures("alice")
async def test_no_connection_fails_dispatch(slack: SlackSandbox, channel: Channel) -> None:
    """The person is told so, privately and at once."""
    typed = await command(slack, channel)

    assert (False, "dispatch_failed") == (typed.acked, typed.failure)
    (told,) = slack.person("U0ALICE").private_messages
    assert '/pd failed with the error "dispatch_failed"' == told.plain


@pytest.mark.usefixtures("alice")
async def test_late_ack_is_ignored(slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel) -> None:
    """The person has already been told of the failure; the log shows both."""
    slack.ack_timeout = 0.05
    async with connection(http, slack) as ws:
        typed = await command(slack, channel)
        frame = await ws.receive_json(timeout=SOON)
        await ws.send_json({"envelope_id": frame["envelope_id"]})
        await slack.wait(lambda s: s.envelopes[0].acked_after_ms)

    assert (False, "operation_timeout") == (typed.acked, typed.failure)
    assert slack.envelopes[0].acked_after_ms is not None
    assert slack.envelopes[0].acked_after_ms > 50


@pytest.mark.usefixtures("alice")
async def test_oversized_ack_is_dropped(slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel) -> None:
    """From 20 KB on Slack does not even say so."""
    slack.ack_timeout = 0.2
    async with connection(http, slack) as ws, asyncio.TaskGroup() as group:
        typing = group.create_task(command(slack, channel))
        frame = await ws.receive_json(timeout=SOON)
        await ws.send_json({"envelope_id": frame["envelope_id"], "payload": {"text": "x" * 20_480}})

    assert "operation_timeout" == typing.result().failure
    assert 1 == slack.envelopes[0].dropped_acks


@pytest.mark.usefixtures("alice")
async def test_ack_over_other_connection(slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel) -> None:
    """The official clients ack over whatever connection they have."""
    async with connection(http, slack) as one, connection(http, slack) as two, asyncio.TaskGroup() as group:
        typing = group.create_task(command(slack, channel))
        receiving = [group.create_task(ws.receive_json(timeout=SOON)) for ws in (one, two)]
        done, waiting = await asyncio.wait(receiving, return_when=asyncio.FIRST_COMPLETED)
        ws = two if receiving[0] in done else one
        for task in waiting:
            task.cancel()
        await ws.send_json({"envelope_id": done.pop().result()["envelope_id"], "payload": {}})

    assert typing.result().acked


async def test_unknown_frames_are_recorded(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """What acks nothing does no harm, and can be looked at."""
    async with connection(http, slack) as ws:
        for frame in ("words", "[1]", json.dumps({"envelope_id": "made-up"}), ""):
            await ws.send_str(frame)
        await slack.wait(lambda s: len(s.unknown_frames) == 3)

    assert "words" == slack.unknown_frames[0]


async def test_pings_are_answered_and_sent(http: aiohttp.ClientSession) -> None:
    """A ping is echoed; the server sends its own at every interval, whatever else is going on."""
    async with SlackSandbox(ping_interval=0.02) as slack, connection(http, slack) as ws:
        await ws.ping(b"sdk-ping-pong:1")
        frames = [await ws.receive(timeout=SOON) for _ in range(3)]

    assert (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1") in [(frame.type, frame.data) for frame in frames]
    assert aiohttp.WSMsgType.PING in [frame.type for frame in frames]


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_disconnect_frames(slack: SlackSandbox, http: aiohttp.ClientSession, sample: Sample, reason: Any) -> None:  # noqa: ANN401 - a literal
    """Each kind of disconnect has Slack's fields; after a warning payloads still come, after the others none do."""
    async with connection(http, slack) as ws:
        await slack.socket.disconnect(reason)
        frame = await ws.receive_json(timeout=SOON)
        still = slack.socket.next_connection() is not None

    assert sample(f"payloads/disconnect_{reason}.json") | {"debug_info": frame["debug_info"]} == frame
    assert (reason == "warning") is still


async def test_refresh_one_connection(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """Connections have lives of their own; payloads go to the other one meanwhile."""
    async with connection(http, slack) as one, connection(http, slack):
        await slack.socket.disconnect("refresh_requested", 1)
        assert "disconnect" == (await one.receive_json(timeout=SOON))["type"]
        chosen = [slack.socket.next_connection() for _ in range(2)]

    assert [2, 2] == [each.id for each in chosen if each]


async def test_refresh_closes_remaining_connection(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """Slack closes the old connection itself after a while."""
    async with connection(http, slack) as ws, asyncio.TaskGroup() as group:
        group.create_task(slack.socket.refresh(grace=0.01))
        frames = [await ws.receive(timeout=SOON) for _ in range(2)]

    assert "refresh_requested" == json.loads(frames[0].data)["reason"]
    assert aiohttp.WSMsgType.CLOSE == frames[1].type
    await slack.wait(lambda s: s.socket.connections == 0)


async def test_connection_limit(slack: SlackSandbox, http: aiohttp.ClientSession, sample: Sample) -> None:
    """It is told so and closed; the ten go on."""
    async with http.ws_connect(await ticket(http, slack)) as first:
        others = [await http.ws_connect(await ticket(http, slack)) for _ in range(9)]
        await slack.socket.wait_connected(10)
        async with http.ws_connect(await ticket(http, slack)) as ws:
            frame = await ws.receive_json(timeout=SOON)
            closing = await ws.receive(timeout=SOON)
        assert 10 == slack.socket.connections
        for each in (first, *others):
            await each.close()

    documented = sample("payloads/disconnect_too_many_websockets.json")
    assert documented | {"debug_info": frame["debug_info"]} == frame
    assert aiohttp.WSMsgType.CLOSE == closing.type


async def test_disabled_socket_sends_link_disabled(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """With Socket Mode off, a connection is told that the link is disabled."""
    slack.socket.enabled = False
    async with http.ws_connect(await ticket(http, slack)) as ws:
        assert "link_disabled" == (await ws.receive_json(timeout=SOON))["reason"]


async def test_cut_aborts_transport(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    """There is no closing handshake, the transport just ends."""
    async with connection(http, slack) as ws:
        slack.socket.cut()
        frame = await ws.receive(timeout=SOON)

    assert 0 == slack.socket.connections
    assert frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


@pytest.mark.usefixtures("alice")
async def test_half_open_connection_passes_nothing(
    slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel
) -> None:
    """Slack still counts it and sends payloads into it; they time out. Pings are not answered."""
    slack.ack_timeout = 0.05
    async with connection(http, slack) as ws:
        slack.socket.half_open()
        await ws.ping(b"x")
        typed = await command(slack, channel)
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.01)

    assert "operation_timeout" == typed.failure


async def test_event_is_retried_until_acked(slack: SlackSandbox, http: aiohttp.ClientSession, alice: User) -> None:
    """A second delivery has another envelope, the same event id, and says why it comes."""
    slack.ack_timeout = 0.2
    async with connection(http, slack) as ws, asyncio.TaskGroup() as group:
        telling = group.create_task(slack.user_changed(alice.id))
        first = await ws.receive_json(timeout=SOON)
        again = await ws.receive_json(timeout=SOON)
        await ws.send_json({"envelope_id": again["envelope_id"]})
        await slack.wait(lambda s: s.envelopes[-1].acked)

    result = telling.result()
    assert result is not None
    assert not result.acked
    assert ("user_change", alice.id) == (first["payload"]["event"]["type"], first["payload"]["event"]["user"]["id"])
    assert first["payload"]["event_id"] == again["payload"]["event_id"]
    assert first["envelope_id"] != again["envelope_id"]
    assert [(0, ""), (1, "timeout")] == [(frame["retry_attempt"], frame["retry_reason"]) for frame in (first, again)]


async def test_only_subscribed_events_are_sent(slack: SlackSandbox, alice: User) -> None:
    """The manifest decides."""
    slack.bot_events.clear()

    assert await slack.user_changed(alice.id) is None
    assert not slack.envelopes


async def test_wait_connected_timeout(slack: SlackSandbox) -> None:
    """The failure says how many there are."""
    with pytest.raises(AssertionError, match="0 of 2 connections are open"):
        await slack.socket.wait_connected(2, timeout=0.01)
