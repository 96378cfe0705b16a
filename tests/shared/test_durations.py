"""What follows from the durations."""

from shared.durations import Durations

DURATIONS = Durations()


def test_a_call_lands_within_its_time() -> None:
    """Twelve seconds from when it was begun, however soon nobody knew its outcome."""
    assert 12_000 == DURATIONS.lands_by_ms(0, 200, 6.0)
    assert 12_000 == DURATIONS.lands_by_ms(0, 6_000, 6.0)


def test_a_call_of_a_worker_that_slept_may_land_later() -> None:
    """It was stopped before the call had left, which then left within the time-out at most."""
    assert 26_000 == DURATIONS.lands_by_ms(0, 20_000, 6.0)
