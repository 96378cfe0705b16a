"""The test plan names tests that exist."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_row_names_a_test_that_exists() -> None:
    """A row of the plan whose test was renamed or removed is noticed."""
    named = NAMED.findall((ROOT / "docs" / "test-plan.md").read_text("utf-8"))

    missing = [f"{path}::{name}" for path, name in named if name not in {"", *functions(ROOT / path)}]

    assert named
    assert [] == missing


@cache
def functions(path: Path) -> set[str]:
    """List the functions of a module."""
    return set(re.findall(r"^ *(?:async )?def (\w+)", path.read_text("utf-8"), re.MULTILINE))
