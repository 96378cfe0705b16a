"""The company of the play: what its bridge.toml names is there, and there is something of each feature to see."""

import tomllib
from datetime import UTC, datetime

from bolt_app.handover.shifts import shift_changes
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.play.fixtures import DESK, FIRST_SHIFT, INCIDENTS, ROUTING, set_up_pagerduty
from shared.config.bridge_config import BridgeConfig
from shared.model.ids import ChannelId
from shared.pagerduty.api.client import PagerDuty


async def test_a_shift_is_handed_over_within_minutes() -> None:
    """The bridge posts it in the channel for everything, without anybody having done anything."""
    async with PagerDutySandbox() as pagerduty:
        set_up_pagerduty(pagerduty)
        config = BridgeConfig.model_validate(tomllib.loads(ROUTING))
        chosen = config.handover(ChannelId(INCIDENTS))
        assert chosen is not None
        assert DESK == chosen.policy
        [group] = config.oncall_groups
        assert (DESK,) == group.policies
        door = PagerDuty(pagerduty.token, pagerduty.url)
        now_ms = int(datetime.now(UTC).timestamp() * 1000)

        found = await door.on_calls(chosen.policy, now_ms - 60_000, now_ms + 3_600_000)

        first = shift_changes(found, now_ms - 60_000, now_ms + 3_600_000)[0]
        assert (("Alice Ng",), ("Bob Ray",)) == (first.going, first.coming)
        assert 60_000 < first.at_ms - now_ms <= FIRST_SHIFT.total_seconds() * 1000
        await door.aclose()
