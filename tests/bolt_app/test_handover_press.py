"""The button that posts a handover: what is acked is on the disk, with everything that posts it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.listeners.handover import NOT_STORED, POSTING, PostHandover
from bolt_app.worker_parts import BuiltWorker
from pagebridge_sandbox.slack import Fault, SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.durations import Durations
from shared.errors import BadCredentials, StoreDown, Unavailable
from shared.model.handover_posts import HandoverPosts, ShiftChange, ShiftPosts
from shared.model.ids import CommandId, IncidentId, SlackUserId
from shared.model.message_state import MessageState
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.slack.render.buttons import POST_HANDOVER
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.document_kinds import handover_posts
from shared.store.redis import Redis
from tests.bolt_app.built_services import wired
from tests.builders import NOON

CHANNEL, PRESSED = IncidentId("C0INCIDENTS"), CommandId("p1")
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


@dataclass
class Poster:
    """What posts the handovers of a channel in which Alice has pressed."""

    built: BuiltWorker
    lease: Lease

    async def run(self) -> bool:
        """Have a pass over the channel, and return whether the post is over."""
        await self.built.read_path.shift_work.handovers.run(CHANNEL, self.lease)
        return await self.over()

    async def over(self) -> bool:
        """Return whether the post that she asked for is made, or given up."""
        return (await self.posts()).asked[PRESSED].over

    async def posts(self) -> HandoverPosts:
        """Return what is recorded."""
        return (await self.built.store.handover_posts.load(CHANNEL)).value


@pytest.fixture
async def poster(slack: SlackSandbox) -> AsyncIterator[Poster]:
    """Put a worker together, and store that Alice has pressed."""
    redis, door = cast("Redis", FakeAsyncRedis()), Slack(slack.bot_token, slack.api_url)
    away = PagerDuty("token", "http://127.0.0.1:1", 0.5)
    built = await wired(redis, away, slack=door, home=await door.auth_test())
    asked = HandoverPosts(CHANNEL).with_asked(PRESSED, "", NOON, SlackUserId("U0ALICE"))
    await built.store.handover_posts.change(CHANNEL, lambda _: asked)
    lease = await built.store.leases("handover").take(CHANNEL)
    assert lease
    yield Poster(built, lease)
    await away.aclose()
    await door.aclose()
    await redis.aclose()


async def test_a_token_that_is_refused_costs_no_handover(slack: SlackSandbox, poster: Poster) -> None:
    """It waits until an operator has set another one; what a channel refuses is over, and the person is told."""
    slack.add_fault(Fault("chat.postMessage", error="token_revoked", times=1))
    with pytest.raises(BadCredentials):
        await poster.run()
    assert not await poster.over()
    slack.add_fault(Fault("chat.postMessage", error="is_archived", times=1))

    assert await poster.run()
    assert [] == slack.channels[CHANNEL].messages


@pytest.mark.parametrize(("guest", "posted"), [(None, 1), ("multi", 0)], ids=["a member", "a guest"])
async def test_who_has_become_a_guest_posts_nothing(
    slack: SlackSandbox, poster: Poster, guest: Literal["multi"] | None, posted: int
) -> None:
    """The press decides, and not that the button was shown."""
    slack.users["U0ALICE"].guest = guest

    assert await poster.run()
    assert posted == len(slack.channels[CHANNEL].messages)


async def test_what_was_begun_at_a_change_of_shift_waits_for_no_one(slack: SlackSandbox, poster: Poster) -> None:
    """It is recorded, so that PagerDuty need not be read for it, however long that is away."""
    handovers = ({"channel": CHANNEL, "policy": "PPOL001"},)
    poster.built.config.current = BridgeConfig.model_validate({"handovers": handovers})
    begun = ShiftPosts("PPOL001", NOON).with_message(ShiftChange(NOON + 1, ("Alice",), ("Bob",)), MessageState())
    await poster.built.store.handover_posts.change(CHANNEL, lambda known: known.with_shifts(begun))

    with pytest.raises(Unavailable):
        await poster.run()

    assert ["Alice hands over to Bob" in message.plain for message in slack.channels[CHANNEL].messages] == [False, True]
    assert begun.told(ShiftChange(NOON + 1, (), ())) == (await poster.posts()).shifts
