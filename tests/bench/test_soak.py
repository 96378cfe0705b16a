"""`make soak` works: it knows all keys, and notices what grows."""

from pathlib import Path

import pytest

from shared.store import keys
from tests.bench.environment import staged
from tests.bench.soak import TOGETHER, Family, Sample, complaints, families, report, soak

MEGABYTE = 2**20


def samples(*held: int) -> list[Sample]:
    """Return samples of a worker that holds so many megabytes, beside a receiver that holds 60."""
    return [Sample(TOGETHER * n, 60 * MEGABYTE, each * MEGABYTE, 2 * MEGABYTE) for n, each in enumerate(held, 1)]


@pytest.mark.timeout(180)
async def test_a_short_one_names_all_that_is_kept(tmp_path: Path) -> None:
    """Each key that the bridge has written stands in the table of keys, and one that does not is told."""
    async with staged(tmp_path) as stage:
        held, kept = await soak(stage, 0)
        await stage.redis.set(f"{keys.PREFIX}{{stray}}", "x")
        strays = await families(stage.redis)

    assert [TOGETHER * n for n in range(1, 5)] == [sample.over for sample in held]
    assert {"pb:{work}:<incident>:incident", "pb:{work}:<incident>:slack", "pb:{work}:audit"} <= {
        one.name for one in kept
    }
    assert "unknown" not in {one.name for one in kept}
    assert ["1 keys that the table does not name"] == complaints(held, strays)[-1:]
    assert all(one.name in report(held, kept) for one in kept)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ((70, 75, 80, 80, 80, 80, 81, 81), []),
        ((70, 70, 70, 70, 72, 74, 80, 82), ["the worker grew from 73.0 MB to 81.0 MB"]),
    ],
)
def test_what_grows_after_the_start_is_told(held: tuple[int, ...], told: list[str]) -> None:
    """A process may take memory at first, and then no more."""
    assert told == complaints(samples(*held), [])


def test_a_year_is_reckoned_from_how_long_keys_are_kept() -> None:
    """What expires after half a year is there for half of a year's incidents."""
    half, always = Family("half"), Family("always")
    half.add(1000, 365 * 12 * 3600)
    always.add(1000, -1)

    assert (5_000_000.0, 10_000_000.0) == (half.in_a_year(1), always.in_a_year(1))
