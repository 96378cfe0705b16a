"""
Printing for people and `grep`, and asking, on a terminal or line by line from a pipe; never a secret.

No text from PagerDuty or Slack steers the terminal.
"""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from shared.slack.render.blocks import plain

_FILLER = "\ue000"
NARROWEST = 20
"""Characters that a column has at least for going on below itself."""


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], width: int = 0) -> Iterator[str]:
    """
    Write `rows` aligned under their titles, a dash for nothing.

    With a `width` the last column wraps below itself; where the others leave no room for it, each row is a list.
    """
    filled = [[_spread(harmless(cell)) or "-" for cell in row] for row in (titles, *rows)]
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    indent = sum(widths[:-1]) + 2 * (len(widths) - 1)
    title = max(map(len, titles))
    if title + 2 + NARROWEST <= width < min(indent + NARROWEST, indent + widths[-1]):
        for row in filled[1:]:
            for name, cell in zip(titles, row, strict=True):
                yield from _wrapped(f"{name.ljust(title)}  {cell}", width, title + 2)
            yield ""
        return
    for row in filled:
        line = "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        yield from _wrapped(line, width, indent)


def folded(line: str, width: int, indent: int) -> list[str]:
    """Wrap a line below its last column, which begins at `indent`; one line if `width` is 0 or has no room for it."""
    return _wrapped(_spread(line), width, indent)


def _spread(text: str) -> str:
    """Let each character that takes two columns, as Chinese ones and emoji do, count as two: it brings a filler."""
    return text if text.isascii() else "".join(each + _FILLER * (cell_len(each) - 1) for each in text)


class _Wrapper(textwrap.TextWrapper):
    """Breaks a line at blanks, and behind each character of two columns: Chinese is written without blanks."""

    wordsep_simple_re = re.compile(rf"([\t\n\r\f\v ]+|[^{_FILLER}]{_FILLER})")


def _wrapped(spread: str, width: int, indent: int) -> list[str]:
    lines = [spread]
    if width >= indent + NARROWEST:
        # An address that is longer stays whole, so that it can be copied.
        wrapper = _Wrapper(width, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False)
        lines = wrapper.wrap(spread)
    return [line.replace(_FILLER, "") for line in lines]


def terminal() -> int:
    """Return the width of the terminal; 0 if the output is not a terminal, so that each row stays on one line."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def show(lines: Iterable[str]) -> None:
    """Print lines to stdout, which may be closed early, as by `head`."""
    try:
        sys.stdout.writelines(f"{harmless(line)}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has stopped; Python must not flush into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Show on a terminal how far long work is, of `total` steps if that is known; yields what to call for each step."""
    counted = (BarColumn(), MofNCompleteColumn()) if total else (TextColumn("{task.completed}"),)
    columns = (TextColumn("{task.description}"), *counted)
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda *_: bar.advance(task)


def harmless(line: str) -> str:
    """Make one line without control characters and what cannot be seen."""
    return plain(line, len(line))


def utc(at_ms: int) -> str:
    """Write a moment, given in milliseconds since 1970, as ISO 8601 in UTC."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at_ms: int) -> str:
    """Write a moment, given in milliseconds since 1970, for people, in UTC."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def age(ms: int) -> str:
    """Return an age in its largest whole unit."""
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000))
    return next((f"{ms // size}{unit}" for unit, size in units if ms >= size), f"{ms // 1000}s")


class Unanswered(Exception):
    """Raised when there is no input left."""


def ask(question: str, check: Callable[[str], str], *, secret: bool = False, default: str = "") -> str:
    """Ask until `check` takes the answer or default; its `ValueError` says what is wrong. Raises `Unanswered`."""
    while True:
        answer = _answer(question, secret=secret, default=default)
        try:
            return check(answer)
        except ValueError as error:
            why = str(error)
            show(folded(f"  {why[:1].upper()}{why[1:]}. Try again:", terminal(), 2))


def agreed(question: str) -> bool:
    """Ask a yes/no question; no input means no."""
    try:
        return ask(f"{question} [y/N]", lambda answer: answer).casefold() in {"y", "yes"}
    except Unanswered:
        return False


def _answer(question: str, *, secret: bool, default: str) -> str:
    hint = f" [{default}]" if default else ""
    if sys.stdin.isatty():
        asked = "\n".join(folded(f"{question}{hint}", terminal() - len(": "), 2))
        answer: str = typer.prompt(asked, hide_input=secret, default=default, show_default=False)
        return answer.strip() or default
    sys.stdout.write(f"{question}{hint}: ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    sys.stdout.write("\n")
    if not line:
        raise Unanswered
    return line.strip() or default
