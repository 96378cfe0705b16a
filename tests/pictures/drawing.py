"""Draws messages the way that Slack's clients do, as SVG that needs nothing from elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from pagebridge_sandbox.demo.markup import EMOJI, Reader, Span
from pagebridge_sandbox.slack.rendering import element_label
from shared.slack.render.blocks import Block

PALETTES = {
    "light": {
        "paper": "#ffffff", "bar": "#f8f8f8", "edge": "#d0d3d6", "text": "#1d1c1d", "small": "#616061",
        "link": "#1264a3",
        "button": "#ffffff", "outline": "#bbbabb", "badge": "#e8e8e8", "private": "#fffcf2",
    },
    "dark": {
        "paper": "#1a1d21", "bar": "#222529", "edge": "#3f4246", "text": "#e3e4e6", "small": "#abacae",
        "link": "#4fb3e8",
        "button": "#1a1d21", "outline": "#797c80", "badge": "#35383c", "private": "#262a22",
    },
}  # fmt: skip
PRIMARY = "#007a5a"
BRAND = "#06ac38"
FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
WIDTH, MARGIN, BODY = 760, 20, 68
"""Pixels: of the whole, at its sides, and before the text of a message."""
THREAD_BODY = BODY + 40
LINE, SMALL_LINE = 22, 19
AVATAR = "M9 25.5V13M27 25.5V13M5 23H31M9 13C13 20 23 20 27 13M15 23V17.5M21 23V17.5"
"""A suspension bridge, in a square of 36."""
EYE = "M1 6C4 1.5 12 1.5 15 6C12 10.5 4 10.5 1 6ZM8 4A2 2 0 1 0 8 8A2 2 0 1 0 8 4Z"
GLYPHS = {
    222: "ijl'", 278: " tf.,:;/|![]·I", 333: "r-()", 500: "ckvxyzsJ", 556: "abdeghnopquL?#$0123456789", 611: "FTZ",
    667: "ABEKPSVXY&", 722: "CDHNRUw", 778: "GOQ", 833: "mM", 944: "W", 1000: "…⋯—", 1015: "@",
}  # fmt: skip
"""Widths of Helvetica's glyphs, by 1/1000 of the size: the widest of the fonts that are named."""
WIDER = 1.16
"""How much wider lines are in DejaVu Sans, which a machine without those fonts shows."""
WIDTHS = {char: width for width, chars in GLYPHS.items() for char in chars}
HEAVY = ("bold", "mention", "title")
BOLD = 1.07
"""How much wider bold text is."""


@dataclass(frozen=True)
class Shown:
    """Blocks of a message, and when it was posted, in milliseconds since 1970."""

    at_ms: int
    blocks: Sequence[Block]


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of `text` in pixels."""
    return sum(WIDTHS.get(char, 600) for char in text) * size / 1000 * (BOLD if bold else 1)


class Drawing:
    """A channel that grows downwards, message by message."""

    def __init__(self, palette: str, reader: Reader) -> None:
        self._colours = PALETTES[palette]
        self._reader = reader
        self._parts: list[str] = []
        self._y = 0.0

    def channel(self, name: str) -> None:
        """Draw the top of a channel."""
        bar = f"M.5 44V10A9.5 9.5 0 0 1 10 .5H{WIDTH - 10}A9.5 9.5 0 0 1 {WIDTH - 0.5} 10V44Z"
        self._parts.append(f'<path d="{bar}" fill="{self._colours["bar"]}" stroke="{self._colours["edge"]}"/>')
        self._y = 28
        self._text(MARGIN, [Span(f"# {name}", "bold")], 16)
        self._y = 62

    def card(self, card: Shown, thread: Sequence[Shown]) -> None:
        """Draw a card, and the thread below it."""
        self._message(card, BODY)
        self._y += 12
        top = self._y
        self._y += 15
        self._text(BODY + 16, [Span(f"{len(thread)} replies", "link")], 13)
        self._y += 14
        for reply in thread:
            self._message(reply, THREAD_BODY + 16, 28)
            self._y += 18
        line = f'stroke="{self._colours["edge"]}" stroke-width="2" stroke-linecap="round"'
        self._parts.append(f'<path d="M{BODY + 1} {top:.0f}V{self._y - 12:.0f}" {line}/>')
        self._y += 4

    def private(self, reply: Shown) -> None:
        """Draw what only one person sees."""
        place, top = len(self._parts), self._y
        self._y += 20
        small = self._colours["small"]
        self._parts.append(
            f'<path transform="translate({BODY} {self._y - 10:.0f})" d="{EYE}" fill="none" stroke="{small}"/>'
        )
        self._text(BODY + 22, [Span("Only visible to you", "small")], 13)
        self._y += 10
        self._message(reply, BODY)
        self._y += 12
        box = f'y="{top:.0f}" width="{WIDTH - 2}" height="{self._y - top:.0f}" fill="{self._colours["private"]}"'
        self._parts.insert(place, f'<rect x="1" {box}/>')

    def svg(self, description: str) -> str:
        """Return the whole."""
        height = round(self._y) + 10
        size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        frame = f'width="{WIDTH - 1}" height="{height - 1}" rx="9.5" fill="{self._colours["paper"]}"'
        parts = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" role="img" aria-labelledby="what">',
            f'<title id="what">{escape(description)}</title>',
            f'<rect x=".5" y=".5" {frame} stroke="{self._colours["edge"]}"/>',
            *self._parts,
            "</svg>\n",
        )
        return "\n".join(parts)

    def _message(self, message: Shown, left: float, avatar: int = 36) -> None:
        """Draw a message with its author."""
        self._avatar(left - avatar - 12, avatar)
        self._y += 14
        self._head(left, message.at_ms)
        for block in message.blocks:
            self._block(block, left)

    def _avatar(self, x: float, size: int) -> None:
        place = f'transform="translate({x:.0f} {self._y:.0f}) scale({size / 36:.3f})"'
        line = 'fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"'
        self._parts.append(
            f'<g {place}><rect width="36" height="36" rx="8" fill="{BRAND}"/><path d="{AVATAR}" {line}/></g>'
        )

    def _head(self, x: float, at_ms: int) -> None:
        """Draw the author's name, the badge of an app, and the time."""
        name = text_width("pagebridge", 15, bold=True)
        self._text(x, [Span("pagebridge", "bold")], 15, fit=name)
        badge = x + name + 6
        box = f'x="{badge:.1f}" y="{self._y - 11.5:.1f}" width="30" height="14" rx="2.5"'
        self._parts.append(f'<rect {box} fill="{self._colours["badge"]}"/>')
        self._text(badge + 15, [Span("APP", "small")], 10, anchor="middle", up=1)
        self._text(badge + 38, [Span(self._reader.clock_time(at_ms / 1000), "small")], 12)
        self._y += 2

    def _block(self, block: Block, left: float) -> None:
        match block["type"]:
            case "section":
                for line in self._reader.lines(block["text"]["text"]):
                    self._paragraph(line, left, 15, LINE)
            case "context":
                for line in self._reader.lines(" ".join(each["text"] for each in block["elements"]), "small"):
                    self._paragraph(line, left, 13, SMALL_LINE)
            case "actions":
                self._buttons(block["elements"], left)
            case other:
                raise AssertionError(f"no picture of a block of the kind {other}")

    def _paragraph(self, line: list[Span], left: float, size: int, height: int) -> None:
        if line[0].style == "quote":
            bar = f'x="{left}" y="{self._y + 5:.0f}" width="3" height="{height}" rx="1.5"'
            self._parts.append(f'<rect {bar} fill="{self._colours["edge"]}"/>')
            left += 14
        if line[0].text in EMOJI.values():
            self._y += height
            self._text(left, line[:1], size)
            self._y -= height
            left, line = left + size + 8, _lstrip(line[1:])
        for part in wrap(line, (WIDTH - MARGIN - left) / WIDER, size):
            self._y += height
            self._text(left, part, size)

    def _buttons(self, elements: Sequence[Block], left: float) -> None:
        self._y += 12
        x = left
        for element in elements:
            label = element_label(element)
            primary = element.get("style") == "primary"
            width = text_width(label, 14, bold=True) + 24
            fill, outline = (PRIMARY, PRIMARY) if primary else (self._colours["button"], self._colours["outline"])
            box = f'x="{x:.1f}" y="{self._y:.1f}" width="{width:.1f}" height="32" rx="6"'
            self._parts.append(f'<rect {box} fill="{fill}" stroke="{outline}"/>')
            colour = "#ffffff" if primary else self._colours["text"]
            self._text(x + width / 2, [Span(label, "bold")], 14, anchor="middle", up=-21, colour=colour)
            x += width + 8
        self._y += 34

    def _text(
        self,
        x: float,
        spans: Iterable[Span],
        size: float,
        *,
        anchor: str = "",
        up: float = 0,
        fit: float = 0,
        colour: str = "",
    ) -> None:
        where = f'x="{x:.1f}" y="{self._y - up:.1f}" font-size="{size}"'
        more = (f' text-anchor="{anchor}"' if anchor else "") + (f' textLength="{fit:.1f}"' if fit else "")
        words = "".join(self._span(span, colour) for span in spans)
        self._parts.append(f'<text {where}{more} xml:space="preserve">{words}</text>')

    def _span(self, span: Span, colour: str) -> str:
        fill = colour or self._colours.get(
            {"mention": "link", "title": "link"}.get(span.style, span.style), self._colours["text"]
        )
        weight = ' font-weight="700"' if span.style in HEAVY else ""
        return f'<tspan fill="{fill}"{weight}>{escape(span.text, quote=False)}</tspan>'


def wrap(line: Sequence[Span], width: float, size: float) -> Iterator[list[Span]]:
    """Break a line at its spaces where it would be wider than so many pixels."""
    part: list[Span] = []
    used = 0.0
    for word, style in ((piece, span.style) for span in line for piece in _words(span.text)):
        wide = text_width(word.rstrip(" "), size, bold=style in HEAVY)
        if part and used + wide > width:
            yield _joined(part)
            part, used = [], 0.0
        part.append(Span(word, style))
        used += text_width(word, size, bold=style in HEAVY)
    yield _joined(part)


def _words(text: str) -> list[str]:
    """Split at spaces, each kept at the end of the word before it."""
    words = text.split(" ")
    return [*(f"{word} " for word in words[:-1]), *(words[-1:] if words[-1] else [])]


def _joined(spans: Sequence[Span]) -> list[Span]:
    return [
        Span("".join(each.text for each in group), style) for style, group in groupby(spans, lambda span: span.style)
    ]


def _lstrip(line: list[Span]) -> list[Span]:
    while line and not line[0].text.strip():
        line = line[1:]
    return [Span(line[0].text.lstrip(" "), line[0].style), *line[1:]] if line else []
