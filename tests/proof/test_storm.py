"""A storm of incidents, against Slack's limits as they are: nothing lost, nothing twice, hardly a call too many."""

import pytest

from tests.proof.storming import LINES, storm

INCIDENTS = 40


@pytest.mark.parametrize(("channels", "workers"), [(1, 1), (20, 1), (20, 3)])
def test_a_storm_passes(channels: int, workers: int) -> None:
    """
    Every incident has one card that says how it ended, and one line for each event, and Slack never had to say no.

    Besides these posts there are few updates, because a card says what is newest when its turn comes. It takes hardly
    longer than the limits make it, and cards, which come before lines, hardly longer than that many posts; and there
    are hardly more looks at each incident than something to do.
    """
    passed = storm(INCIDENTS, channels, workers)
    figures, messages = passed.figures, passed.channels.by_key()

    cards = {key: shown for key, shown in messages.items() if key.startswith("card:")}
    assert INCIDENTS == len(cards)
    assert all(["Resolved by Bob" in shown.text for shown in card] == [True] for card in cards.values())
    lines = [shown for key, shown in messages.items() if key.startswith("line:")]
    assert [1] * INCIDENTS * LINES == [len(line) for line in lines]
    assert 0 == figures.refused
    assert figures.fewest == figures.posts - figures.notices
    assert figures.notices <= 2 * channels
    assert figures.updates <= 2 * INCIDENTS
    assert figures.seconds <= 60 + 1.1 * figures.forced
    assert figures.cards <= 60 + INCIDENTS / channels
    assert figures.passes <= 2 * (figures.posts + figures.updates + INCIDENTS * LINES)
