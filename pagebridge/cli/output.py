"""How commands print: aligned lines that a person reads and `grep` does too, and times that say where they hold."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

NARROWEST = 20
"""Characters that a column has at least for going on below itself."""


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], width: int = 0) -> Iterator[str]:
    """
    Write `rows` as aligned lines under their titles. A cell with nothing in it is a dash.

    With a `width`, in characters, the last column goes on below itself where a line would be longer.
    """
    filled = [[cell or "-" for cell in row] for row in (titles, *rows)]
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    indent = sum(widths[:-1]) + 2 * (len(widths) - 1)
    for row in filled:
        line = "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        if width < indent + NARROWEST:
            yield line
        else:
            yield from textwrap.wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False)


def terminal() -> int:
    """Return the width of the terminal; 0 if the output is not a terminal, so that each row stays on one line."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def show(lines: Iterable[str]) -> None:
    """Print lines to stdout, which may be closed early, as by `head`."""
    try:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has stopped; Python must not flush into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def utc(at_ms: int) -> str:
    """Write a moment, given in milliseconds since 1970, as ISO 8601 in UTC."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
