"""How the story looks in a terminal."""

import os
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TextIO

from pagebridge_sandbox.demo.trace import Hop

WIDTH = 110
PARTIES_WIDTH = 23
"""Columns for who did it to whom."""
NOTE_INDENT = 11
"""Columns before what is said of a whole step."""
BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"
EMOJI = {
    ":rotating_light:": "🚨",
    ":satellite_antenna:": "📡",
    ":eyes:": "👀",
    ":white_check_mark:": "✅",
    ":no_entry:": "⛔",
    ":hourglass_flowing_sand:": "⏳",
    ":warning:": "⚠️",
    ":memo:": "📝",
    ":arrow_right:": "➡️",
    ":raising_hand:": "🙋",
    ":x:": "❌",
}


@dataclass(frozen=True)
class Console:
    """Where the story is written to, and whether in colour."""

    stream: TextIO
    colour: bool

    @classmethod
    def for_stream(cls, stream: TextIO, environment: Mapping[str, str] = os.environ) -> "Console":
        """Use colour on a terminal, unless NO_COLOR is set."""
        return cls(stream, stream.isatty() and not environment.get("NO_COLOR"))

    def write(self, text: str = "", style: str = "") -> None:
        """Write one line or several, at once."""
        self.stream.write((self.styled(text, style) if style else text) + "\n")
        self.stream.flush()

    def styled(self, text: str, style: str) -> str:
        """Give `text` a colour or weight."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour else text

    def write_hop(self, hop: Hop, since: float) -> None:
        """Write one hop, with its time in seconds `since` the beginning."""
        time, parties, what = hop_columns(hop, since)
        self.write(f"{self.styled(time, DIM)}  {self.styled(parties, CYAN)} {what}")


def hop_columns(hop: Hop, since: float) -> tuple[str, str, str]:
    """Make the three columns of a hop; the last one goes on in further lines where it is too long for one."""
    time = f"{max(0.0, hop.at - since):7.3f} s"
    parties = f"{hop.source} -> {hop.target}".ljust(PARTIES_WIDTH)
    margin = len(time) + len(parties) + 3
    what = textwrap.wrap(hop.description, WIDTH - margin, drop_whitespace=True)
    return time, parties, ("\n" + " " * margin).join(what)


def wrap_paragraph(text: str, *, first: str = "", indent: str = "") -> str:
    """Wrap `text` to the width of the story."""
    return textwrap.fill(text, WIDTH, initial_indent=first or indent, subsequent_indent=indent or " " * len(first))


def render_for_terminal(channel: str) -> str:
    """Show a channel with its symbols, cut to the width of the story."""
    for name, symbol in EMOJI.items():
        channel = channel.replace(name, symbol)
    return "\n".join(line for shown in channel.splitlines() for line in _wrap_line(shown))


def indent_note(text: str) -> str:
    """Put `text` under what was done, as far from the edge as the ticks."""
    return textwrap.indent(text, " " * NOTE_INDENT)


def _wrap_line(line: str) -> Iterable[str]:
    margin = line[: len(line) - len(line.lstrip(" │"))]
    return textwrap.wrap(line, WIDTH, subsequent_indent=margin, drop_whitespace=True) or [""]


def standard_output() -> Console:
    """Write to standard output; what it cannot show becomes a question mark."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return Console.for_stream(sys.stdout)
