"""Messages one by one, without a worker around them."""

from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.read_path.message_sync import MessageSync
from shared.durations import Durations
from shared.errors import Unavailable
from shared.model.ids import ChannelId, MessageTs
from shared.model.message_state import MessageState
from shared.store.clock import StoreClock
from shared.store.losses import Losses


async def test_a_thread_is_not_cleared_before_all_posts_have_landed() -> None:
    """A line whose post may still land would stay behind: it is waited for, and nothing is read or deleted before."""
    redis, none = cast("Any", FakeAsyncRedis()), cast("Any", None)
    clock = StoreClock(redis)
    sync = MessageSync(none, clock, Durations(), Losses(redis))
    now_ms = await clock.now_ms()
    pending = [MessageState(ts=MessageTs("1.0")), MessageState(begun_ms=now_ms, until_ms=now_ms + 5_000)]

    with pytest.raises(Unavailable, match="may still land") as raised:
        await sync.delete_replies(ChannelId("C0"), MessageTs("1.0"), pending, none)

    assert 4 < (raised.value.retry_after or 0) <= 5
    await redis.aclose()
