"""How fast the door to Slack lets calls through."""

from collections.abc import Awaitable, Callable

import pytest

from shared.errors import Unavailable
from shared.model.ids import ChannelId
from shared.slack.client import Slack
from tests.shared.local_server import LocalServer
from tests.shared.slack.calls import CHANNEL, OTHER, TS, Clock, counter, post, update


async def test_posts_to_one_channel_are_paced(server: LocalServer, slack: Slack, clock: Clock) -> None:
    """Three at once, then one a second; what comes too early is not sent, and learns when to come back."""
    server.say({"ok": True, "ts": TS})
    for _ in range(3):
        await post(slack)
    before = counter("chat.postMessage", "unavailable")
    with pytest.raises(Unavailable) as raised:
        await post(slack)
    assert raised.value.retry_after == pytest.approx(1.0)
    assert len(server.requests) == 3
    assert counter("chat.postMessage", "unavailable") == before
    await post(slack, OTHER)
    clock.seconds += 1
    await post(slack)
    with pytest.raises(Unavailable):
        await post(slack)


async def test_updates_are_paced_together(server: LocalServer, slack: Slack, clock: Clock) -> None:
    """Slack counts updates over all channels: ten at once, then fifty a minute."""
    server.say({"ok": True, "ts": TS})
    for n in range(10):
        await update(slack, ChannelId(f"C{n}"))
    with pytest.raises(Unavailable) as raised:
        await update(slack)
    assert raised.value.retry_after == pytest.approx(1.2)
    clock.seconds += 1.2
    await update(slack)
    await post(slack)


@pytest.mark.parametrize("call", [post, update])
async def test_nothing_is_sent_before_retry_after(
    server: LocalServer, slack: Slack, clock: Clock, call: Callable[[Slack, ChannelId], Awaitable[object]]
) -> None:
    """After a 429 the same method waits in that channel, as long as Slack says, and in that channel only."""
    server.say({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
    with pytest.raises(Unavailable) as raised:
        await call(slack, CHANNEL)
    assert raised.value.retry_after == 30
    server.say({"ok": True, "ts": TS})
    clock.seconds += 10
    with pytest.raises(Unavailable) as raised:
        await call(slack, CHANNEL)
    assert raised.value.retry_after == pytest.approx(20)
    assert len(server.requests) == 1
    await call(slack, OTHER)
    clock.seconds += 20
    await call(slack, CHANNEL)
