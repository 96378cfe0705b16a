"""A storm of incidents, against Slack's limits as they are: nothing lost, nothing twice, hardly a call too many."""

import pytest

from tests.metric_samples import sample
from tests.proof.check_storm import complaints
from tests.proof.storm_simulation import storm

INCIDENTS = 60
"""`make bench` plays it with 500."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("channels", "workers"), [(1, 1), (20, 1), (20, 3)])
def test_a_storm_passes(channels: int, workers: int) -> None:
    """
    Every incident has one card that says how it ended, and one line for each event, and Slack never had to say no.

    Besides these posts there are few updates, because a card says what is newest when its turn comes. It takes hardly
    longer than the limits make it; cards come before lines, those of high urgency first. Where cards are late for long
    the people of the channel are told so, and told when they are not any more, and the delay is in the metrics.
    """
    before = _slow_cards()
    passed = storm(INCIDENTS, channels, workers)

    assert [] == complaints(passed), passed.figures
    assert channels > 1 or _slow_cards() > before


def _slow_cards() -> float:
    """Count the cards that have shown something only after half a minute."""
    name = "pagebridge_card_delay_seconds"
    quick = sample(f"{name}_bucket", {"le": "30.0"}) or 0.0
    return (sample(f"{name}_count") or 0.0) - quick
