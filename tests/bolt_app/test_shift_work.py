"""What shifts set off: nothing where nothing is configured, and else each at its time."""

import asyncio
from typing import Any, cast

from fakeredis import FakeAsyncRedis

from bolt_app.handover.shifts import LOOK
from bolt_app.shift_work import ShiftWatch
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.store import keys
from shared.store.coordination import WorkQueue
from tests.bolt_app.built_services import CLOSED

HANDOVER = {"channel": "C0DUTY", "policy": "PPAYMENTS"}
GROUP = {"group": "@oncall", "schedules": ["PSCHED1"], "tell": "C0DUTY"}


def stopped() -> asyncio.Event:
    """Return what ends a watch's wait at once."""
    stopping = asyncio.Event()
    stopping.set()
    return stopping


async def test_nothing_is_asked_of_the_store_where_nothing_is_configured() -> None:
    """No Redis command: there is not even a queue behind this one."""
    await ShiftWatch(CLOSED, LiveConfig(BridgeConfig()), Durations(), stopped()).step()


async def test_what_is_new_is_looked_at_at_once_and_the_rest_later() -> None:
    """Also what was changed in `bridge.toml`; a handover every half hour, a group with each resync."""
    redis, durations = cast("Any", FakeAsyncRedis()), Durations()
    config = LiveConfig(BridgeConfig.model_validate({"handovers": [HANDOVER], "oncall_groups": [GROUP]}))
    queue = WorkQueue(redis, "handovers", 10)
    watch = ShiftWatch(queue, config, durations, stopped())
    [group] = config.current.oncall_groups

    async def due_in() -> list[int]:
        """Look in how many seconds both are due, and forget it."""
        now = (await redis.time())[0]
        due = [await redis.zscore(keys.of_queue("handovers", "due"), name) for name in ("C0DUTY", group.id)]
        await redis.delete(keys.of_queue("handovers", "due"))
        return [round(at / 1000 - now, -1) for at in due]

    await watch.step()
    assert [0, 0] == await due_in()
    await watch.step()
    assert [LOOK, durations.resync] == await due_in()
    changed = {"handovers": [HANDOVER], "oncall_groups": [{**GROUP, "schedules": ["PSCHED2"]}]}
    config.current = BridgeConfig.model_validate(changed)
    await watch.step()
    assert [LOOK, 0] == await due_in()
    await redis.aclose()
