"""A storm of incidents, against Slack's limits as they are: nothing lost, nothing twice, hardly a call too many."""

import pytest

from tests.metric_samples import sample
from tests.proof.check_digest import ABOVE, OPEN_ONES, figures
from tests.proof.check_digest import complaints as digest_complaints
from tests.proof.check_storm import complaints
from tests.proof.storm_simulation import Weather, storm

INCIDENTS = 60
"""`make bench` plays it with 500."""


@pytest.mark.timeout(600)  # of the clock on the wall: others want the machine too
@pytest.mark.parametrize(("channels", "workers"), [(1, 1), (20, 1), (20, 3)])
def test_a_storm_passes(channels: int, workers: int) -> None:
    """
    Every incident has one card that says how it ended, and one line for each event, and Slack never had to say no.

    Besides these posts there are few updates, because a card says what is newest when its turn comes. It takes hardly
    longer than the limits make it; cards come before lines, those of high urgency first. Where cards are late for long
    the people of the channel are told so, and told when they are not any more, and the delay is in the metrics.
    """
    before = _slow_cards()
    passed = storm(Weather(INCIDENTS, channels, workers))

    assert [] == complaints(passed), passed.figures
    assert channels > 1 or _slow_cards() > before


def _slow_cards() -> float:
    """Count the cards that have shown something only after half a minute."""
    name = "pagebridge_card_delay_seconds"
    quick = sample(f"{name}_bucket", {"le": "30.0"}) or 0.0
    return (sample(f"{name}_count") or 0.0) - quick


@pytest.mark.timeout(600)  # of the clock on the wall: others want the machine too
@pytest.mark.parametrize(("incidents", "channels", "workers"), [(160, 1, 1), (80, 2, 2), (120, 20, 1)])
def test_a_storm_with_a_digest_passes(incidents: int, channels: int, workers: int) -> None:
    """
    Incidents of low urgency beyond the rate share one card of their channel, which is never half a minute out of date.

    Those of high urgency and the first have their own cards and lines at once; when the storm is over those that are
    still open get theirs, with what is told from then on, and those that are resolved were only counted. Where people
    were told that cards are late they are told at once that they are not any more.
    """
    weather = Weather(incidents, channels, workers, above=ABOVE, open_ones=OPEN_ONES)
    passed = storm(weather)

    assert [] == digest_complaints(passed, weather), figures(passed, weather)
