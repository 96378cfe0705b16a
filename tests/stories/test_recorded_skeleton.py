"""The skeleton of a test, as the page of `pagebridge play` writes it from what was done there."""

from typing import Any

import pytest

from pagebridge_sandbox.play.skeletons import story
from tests.stories.harness import Bridge

Json = dict[str, Any]
ALICE = {"user": "U0ALICE"}
ACTS: list[tuple[str, Json]] = [
    ("pagerduty/trigger", {"alert": "checkout", "title": "The first"}),
    ("pagerduty/trigger", {"alert": "checkout", "title": "The second"}),
    ("slack/click", {**ALICE, "card": 2, "label": "Acknowledge"}),
    ("slack/click", {**ALICE, "card": 1, "label": "Add note"}),
    ("slack/modal/fill", {**ALICE, "block_id": "text", "action_id": "value", "value": "Looking"}),
    ("slack/modal/submit", ALICE),
]


async def test_it_does_what_was_recorded(bridge: Bridge) -> None:
    """To the incident to which it was done, in a dialog once that is there; what must hold is left to its author."""
    namespace: Json = {}
    text = story([{"path": path, "body": body} for path, body in ACTS])
    exec(text, namespace)  # noqa: S102 - our own text

    with pytest.raises(AssertionError, match="say what must hold"):
        await namespace["test_recorded_story"](bridge)

    await bridge.channel.wait(lambda _: bridge.pagerduty.incident(1).notes)
    assert ["triggered", "acknowledged"] == [bridge.pagerduty.incident(number).status for number in (1, 2)]
    assert ["Looking"] == list(bridge.pagerduty.incident(1).notes)
