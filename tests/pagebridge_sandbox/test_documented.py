"""Our tables of what the vendors document."""

import pytest

from tests.pagebridge_sandbox.documented import SAMPLES, TABLES, derive, read_table


@pytest.mark.parametrize("vendor", TABLES)
def test_the_tables_are_what_the_reference_says(vendor: str) -> None:
    """Nothing is in a table that the vendor does not document, and nothing is left out."""
    if not SAMPLES[vendor].exists():
        pytest.skip("the vendors' reference is not beside this checkout")
    assert derive(vendor) == read_table(vendor)
