"""What `tools/release` rests on: the version is changed wherever it stands."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_a_release_changes_every_file_that_names_the_version() -> None:
    """No chart, document or image goes on naming the last one; the changelog gets a heading for the new one."""
    version = re.compile(rf"(?<![\w.]){re.escape(PROJECT['project']['version'])}(?![\w]|\.\d)")
    found = [
        path.relative_to(ROOT).as_posix()
        # Decisions speak of other people's versions.
        for path in (*ROOT.glob("*"), *(ROOT / "docs").glob("*"), *(ROOT / "deploy").rglob("*"))
        if path.suffix in {".md", ".yaml", ".toml", ".tpl"} and version.search(path.read_text("utf-8"))
    ]
    changed = [each["filename"] for each in PROJECT["tool"]["bumpversion"]["files"]]
    assert {*found, "CHANGELOG.md"} - {"pyproject.toml"} == set(changed)
    assert "## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
