"""Deliveries that PagerDuty really made, posted byte for byte to a real receiver."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.stories.harness import settled
from tests.stories.processes import Deployment, deployed

SAMPLES = Path(__file__).parents[3] / "shared/reference/pagerduty/samples/signed_real"
THEN = datetime(2025, 4, 7, 3, 50, tzinfo=UTC)
"""A moment after the last of the deliveries."""
IN_ORDER = (
    "pagey_ping",
    "incident_triggered",
    "incident_acknowledged",
    "incident_resolved",
    "incident_annotated_resolution_note",
)

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the vendors' reference is not beside this checkout")


def signed() -> dict[str, Any]:
    """Read the secret that the deliveries were signed with, and their headers."""
    known: dict[str, Any] = json.loads((SAMPLES / "SIGNATURES.json").read_text("utf-8"))
    return known


async def deliver(bridge: Deployment, name: str) -> int:
    """Post one delivery as it came, and return the HTTP status of the answer."""
    headers = {"Content-Type": "application/json", **signed()["files"][f"{name}.json"]}
    url = f"http://127.0.0.1:{bridge.receiver_port}/webhooks/pagerduty"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=(SAMPLES / f"{name}.json").read_bytes(), headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("order", [IN_ORDER, IN_ORDER[::-1], IN_ORDER * 2], ids=["in order", "backwards", "twice"])
async def test_real_deliveries_make_the_right_card(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Five deliveries of incident 37: one card, resolved by Ben; its thread tells each thing that happened once."""
    async with deployed(tmp_path) as bridge:
        bridge.pagerduty.clock.advance((THEN - datetime.now(UTC)).total_seconds())
        await bridge.receiver(PAGERDUTY_WEBHOOK_SECRETS=signed()["secret"])
        await bridge.start_worker()

        assert [202] * len(order) == [await deliver(bridge, name) for name in order]

        await bridge.card("Resolved")
        await settled(bridge)
        [card] = bridge.channel.messages
        assert "#37" in card.plain
        assert "Test" in card.plain
        assert "Resolved by Ben in PagerDuty" in card.plain
        assert [] == [label for label in card.buttons if label in ("Acknowledge", "Resolve")]
        thread = "\n".join(reply.plain for reply in card.replies).lower()
        assert "Opened by Ben in PagerDuty" in card.plain
        assert [1, 1, 1] == [thread.count(word) for word in ("acknowledged", "resolved", "resolving it")]
        assert all(
            reply.plain.split(" ", 1)[1].startswith("Ben ") and "in PagerDuty" in reply.plain for reply in card.replies
        )
        assert [] == bridge.writes()
