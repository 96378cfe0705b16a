"""Where the story is written to, and how its hops look there."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from pagebridge_sandbox.demo.picture import wrap
from pagebridge_sandbox.demo.trace import Hop

FALLBACK_SIZE = (80, 24)
"""Columns and rows where there is no terminal."""
MAX_WIDTH = 100
"""Columns of the longest line that is easy to read."""
MIN_WIDTH = 30
PARTIES_WIDTH = 23
"""Columns for who did it to whom."""
COLUMNS_WIDTH = 72
"""From this width on a hop is in columns; on a narrower page its text is below its time."""
BODY, NARROW_BODY = " " * 11, " " * 4
"""The indentation of the text below a hop or a step, in columns and on a narrow page."""


def open_console(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Console:
    """Write to `stream`, as wide as the terminal. Colour is for terminals, unless NO_COLOR is set."""
    width = max(MIN_WIDTH, min(shutil.get_terminal_size(FALLBACK_SIZE).columns, MAX_WIDTH))
    return Console(
        file=stream,
        width=width,
        height=FALLBACK_SIZE[1],
        color_system=None if environment.get("NO_COLOR") else "auto",
        highlight=False,
        _environ=environment,
    )


def standard_output() -> Console:
    """Write to standard output; what it cannot show becomes a question mark."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return open_console(sys.stdout)


def discard() -> None:
    """Drop what is written from now on: the terminal is closed, and writing to it would be an error."""
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                os.dup2(nowhere.fileno(), stream.fileno())


def write(console: Console, text: str = "", style: str = "", margin: str = "", hanging: str = "") -> None:
    """Write one line, wrapped to the width of the console. `margin` is before its first part, then `hanging`."""
    for part in wrap(Text(text, style), console, margin, hanging):
        console.print(part, soft_wrap=True)


def hop_lines(hop: Hop, since: float, console: Console) -> Iterator[Text]:
    """Draw one hop, with its time in seconds `since` the beginning."""
    time = f"{max(0.0, hop.at - since):7.3f} s"
    parties = f"{hop.source} -> {hop.target}"
    head = Text.assemble((time, "dim"), "  ", (parties, "cyan"))
    if console.width < COLUMNS_WIDTH:
        yield head
        yield from wrap(Text(hop.description), console, NARROW_BODY)
        return
    margin = " " * (len(time) + PARTIES_WIDTH + 3)
    for place, line in enumerate(wrap(Text(hop.description), console, margin)):
        if place == 0:
            yield Text.assemble(head, " " * (len(margin) - len(head)), line[len(margin) :])
        else:
            yield line


def body_margin(console: Console) -> str:
    """Return what is before the text below a step."""
    return BODY if console.width >= COLUMNS_WIDTH else NARROW_BODY
