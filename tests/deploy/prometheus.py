"""Prometheus and its tools, from Debian's package: the tests that need them are skipped where they are not."""

import shutil

import pytest


def tool(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; the test is skipped without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: apt-get install prometheus")
    return found
