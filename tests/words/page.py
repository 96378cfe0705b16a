"""A page of words: what people read in one place of the product, kept in a file that a person can read."""

from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
UPDATE = "--update-words"


class Page:
    """A page that is put together case by case, then compared with its file or written to it."""

    def __init__(self, name: str, title: str, about: str) -> None:
        self.path = FOLDER / f"{name}.md"
        self._lines = [f"# {title}", "", about]

    def chapter(self, heading: str, about: str = "") -> None:
        """Begin a group of situations."""
        self._lines += ["", f"## {heading}"]
        self._lines += ["", about] if about else []

    def case(self, situation: str, *texts: str) -> None:
        """Add what is read in one situation: `texts` as `tests.words.slack_text` renders them."""
        self._lines += ["", f"### {situation}"]
        for text in texts:
            self._lines += ["", *_quoted(text)]

    def entries(self, texts: Iterable[str]) -> None:
        """Add a list of sentences."""
        self._lines += ["", *(f"- {text}" for text in texts)]

    def terminal(self, situation: str, shown: str) -> None:
        """Add what a terminal shows in one situation."""
        self._lines += [
            "",
            f"### {situation}",
            "",
            "```text",
            *(line.rstrip() for line in shown.strip("\n").splitlines()),
            "```",
        ]

    def check(self, config: pytest.Config) -> None:
        """Compare the page with its file, or write it there if that is asked for."""
        words = "\n".join(self._lines) + "\n"
        if config.getoption(UPDATE):
            self.path.write_text(words)
        kept = self.path.read_text() if self.path.exists() else ""
        changed = list(unified_diff(kept.splitlines(), words.splitlines(), "as kept", "as shown now", lineterm="", n=2))
        if changed:
            pytest.fail(
                "\n".join([f"{self.path.name}: if these words are meant, run `make words`", *changed]), pytrace=False
            )


def _quoted(text: str) -> list[str]:
    quoted: list[str] = []
    for line in filter(str.strip, text.splitlines()):
        together = not quoted or (line.startswith("> ") and quoted[-1].startswith("> > "))
        quoted += [*([] if together else [">"]), f"> {line}"]
    return quoted
