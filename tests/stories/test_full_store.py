"""What came in while nobody worked has filled Redis: a worker makes room by itself, and nothing is lost."""

import aiohttp
import pytest

from shared.store import keys
from shared.store.redis import connect
from tests.servers import not_on
from tests.stories.harness import SECRET, Bridge, running, settled, until
from tests.webhook_receiver.running import SIGNATURE, sign

ROOM = 3_000_000
"""Bytes that Redis may use beyond what it has."""
PADDINGS = (100_000, 4_000, 0)
"""Bytes by which a delivery is longer than it was, until the last room is gone."""


@not_on("sentinel", "cluster", because="what is kept for replicas takes more room than there is")
@pytest.mark.both_servers
async def test_a_backlog_that_has_filled_redis_is_worked_off() -> None:
    """All workers were away until Redis was full of deliveries: 503 from there on, and one worker empties it again."""
    async with running(workers=0) as bridge, connect(bridge.valkey.url) as redis:
        await redis.config_set("maxmemory", (await redis.info("memory"))["used_memory"] + ROOM)
        bridge.trigger("in time")
        await bridge.pagerduty.webhooks.wait_until_idle()
        await _fill(bridge)
        # Buffers of Redis's own have come and gone meanwhile, and may have left room again.
        await redis.config_set("maxmemory", (await redis.info("memory"))["used_memory"] - 1)
        bridge.trigger("too late")
        await until(lambda: any(each.status == 503 for each in bridge.pagerduty.webhooks.log), "an answer 503")

        await bridge.start_worker()

        await bridge.card("in time")
        await bridge.card("too late")
        await settled(bridge)
        assert [[], []] == [card.replies for card in bridge.channel.messages]
        assert 0 == await redis.xlen(keys.DEAD_LETTERS)


async def _fill(bridge: Bridge) -> None:
    """Deliver what was delivered already, longer than before, until nothing is taken any more."""
    first = bridge.pagerduty.webhooks.log[0]
    url = next(iter(bridge.pagerduty.webhooks.subscriptions.values())).url
    async with aiohttp.ClientSession() as http:
        for padding in PADDINGS:
            body = first.body + b" " * padding
            headers = {SIGNATURE: sign(body, SECRET)}
            status = 202
            while status == 202:
                async with http.post(url, data=body, headers=headers) as answer:
                    status = answer.status
            assert 503 == status
