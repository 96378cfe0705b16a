"""How commands print: aligned lines that a person reads and `grep` does too, and times that say where they hold."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write `rows` as aligned lines under their titles. A cell with nothing in it is a dash."""
    filled = [[cell or "-" for cell in row] for row in (titles, *rows)]
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    for row in filled:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def show(lines: Iterable[str]) -> None:
    """Print lines on the standard output. Whoever reads it may stop early, as `head` does."""
    try:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; Python must not flush into it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def utc(at_ms: int) -> str:
    """Write a moment, given in milliseconds since 1970, as ISO 8601 in UTC."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
