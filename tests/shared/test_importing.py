"""A program's own parts are imported without looking for garbage."""

import gc
from collections.abc import Iterator

import pytest

from shared.importing import importing


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Turn the garbage collector on again after a test; what other tests have left is collected, and not kept."""
    gc.collect()
    yield
    gc.enable()


def test_what_was_imported_is_never_looked_through() -> None:
    """The garbage collector is off meanwhile; afterwards it is on again, and passes over what is there by then."""
    before = gc.get_freeze_count()
    with importing():
        was_on = gc.isenabled()
        part = [object()]

    assert not was_on
    assert gc.isenabled()
    assert gc.get_freeze_count() > before
    assert not any(each is part for each in gc.get_objects())


def test_a_collector_that_was_off_stays_off() -> None:
    """An import inside another leaves turning it on to the outer one, also after an error."""
    gc.disable()
    with pytest.raises(ImportError), importing():
        raise ImportError

    assert not gc.isenabled()
