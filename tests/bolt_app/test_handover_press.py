"""The button that posts a handover: what is acked is on the disk, with everything that posts it."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.listeners.handover import NOT_STORED, POSTING, PostHandover
from pagebridge_sandbox.slack import Fault, SlackSandbox
from shared.durations import Durations
from shared.errors import BadCredentials, StoreDown
from shared.model.ids import CommandId, IncidentId
from shared.slack.api.client import Slack
from shared.slack.render.buttons import POST_HANDOVER
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.handovers import handover_posts
from shared.store.redis import Redis
from tests.bolt_app.built_services import wired
from tests.builders import NOON

CHANNEL = IncidentId("C0INCIDENTS")
PRESS: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U0ALICE", "team_id": "T0ACME"},
    "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": CHANNEL},
    "trigger_id": "1.2.abc",
    "actions": [
        {"type": "button", "action_id": POST_HANDOVER, "value": "handover", "action_ts": "1700000001.000200"},
    ],
}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack in which Alice is in a channel."""
    async with SlackSandbox(enforce_rate_limits=False) as sandbox:
        sandbox.add_user("Alice Ng", id="U0ALICE")
        sandbox.add_channel("incidents", id=CHANNEL, members=["U0ALICE"])
        yield sandbox


@pytest.mark.parametrize(("disk_fails", "told"), [(False, POSTING), (True, NOT_STORED)], ids=["on disk", "the disk"])
async def test_a_press_is_on_the_disk_before_it_is_acked(slack: SlackSandbox, told: str, *, disk_fails: bool) -> None:
    """With the mark by which it is posted; if that is not sure, the person is told so."""
    redis = cast("Redis", FakeAsyncRedis())
    posts, queue, door = (
        handover_posts(redis),
        WorkQueue(redis, "handovers", 10.0),
        Slack(slack.bot_token, slack.api_url),
    )
    happened: list[object] = []

    async def on_disk(channel: IncidentId) -> None:
        happened.extend([len((await posts.load(channel)).value.asked), await redis.zcard(queue.keys[0])])
        if disk_fails:
            raise StoreDown("the disk did not confirm it")

    async def ack() -> None:
        happened.append("acked")

    listener = PostHandover(posts, queue, on_disk, door, StoreClock(redis), Durations())
    await listener.post(cast("Any", ack), PRESS)

    assert [1, 1, "acked"] == happened
    assert [told] == [message.text for message in slack.person("U0ALICE").private_messages]
    await door.aclose()
    await redis.aclose()


async def test_a_token_that_is_refused_costs_no_handover(slack: SlackSandbox) -> None:
    """It waits until an operator has set another one; what a channel refuses is over, and the person is told."""
    redis = cast("Redis", FakeAsyncRedis())
    door = Slack(slack.bot_token, slack.api_url)
    built = await wired(redis, slack=door)
    posts, poster = built.store.handover_posts, built.read_path.shift_work.handovers
    await posts.change(CHANNEL, lambda known: known.with_asked(CommandId("p1"), "", NOON))
    lease = await built.store.leases("handover").take(CHANNEL)
    assert lease

    slack.add_fault(Fault("chat.postMessage", error="token_revoked", times=1))
    with pytest.raises(BadCredentials):
        await poster.run(CHANNEL, lease)
    assert not (await posts.load(CHANNEL)).value.asked[CommandId("p1")].over
    slack.add_fault(Fault("chat.postMessage", error="is_archived", times=1))
    await poster.run(CHANNEL, lease)
    assert (await posts.load(CHANNEL)).value.asked[CommandId("p1")].over
    await door.aclose()
    await redis.aclose()
