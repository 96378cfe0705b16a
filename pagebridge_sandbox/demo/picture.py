"""Messages as Slack shows them, for a terminal of any width."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pagebridge_sandbox.demo.markup import NO_BREAK, Reader, Span, Style
from pagebridge_sandbox.slack import Ephemeral, Message
from pagebridge_sandbox.slack.messages import BaseMessage
from pagebridge_sandbox.slack.rendering import element_label
from pagebridge_sandbox.slack.responses import Json

CARD_BAR, PRIVATE_BAR, QUOTE_BAR, THREAD_INDENT = "│ ", "┊ ", "│ ", "  "
GLUE = str.maketrans({NO_BREAK: "\u2800"})
"""Hides a space at which no line may end from Rich, which ends lines at every kind of space."""
NO_GLUE = str.maketrans({"\u2800": " "})
STYLES: dict[Style, str] = {
    "plain": "",
    "bold": "bold",
    "link": "cyan",
    "title": "bold cyan",
    "mention": "bold blue",
    "small": "dim",
    "code": "red",
    "private": "yellow",
    "quote": "italic",
    "button": "bold",
    "primary": "bold green",
    "rule": "dim",
}


def wrap(text: Text, console: Console, margin: str = "", hanging: str = "") -> Iterator[Text]:
    """
    Break a line at its spaces, so that it fits `console`; a word is broken only where it is longer than a whole line.

    The first part begins with `margin`, the others with `hanging`, or with `margin` too.
    """
    hanging = hanging or margin
    room = max(1, console.width - max(cell_len(margin), cell_len(hanging)))
    glued = Text(text.plain.translate(GLUE), text.style, spans=text.spans)
    for place, part in enumerate(glued.wrap(console, room)):
        part.rstrip()
        words = Text(part.plain.translate(NO_GLUE), part.style, spans=part.spans)
        yield Text.assemble((hanging if place else margin, STYLES["rule"]), words)


@dataclass(frozen=True)
class Picture:
    """Draws messages for one reader, as wide as the console."""

    reader: Reader
    console: Console

    def heading(self, channel: str) -> Text:
        """Draw the top of a channel."""
        return _styled([Span(f"#{channel} ", "bold"), Span("─" * (self.console.width - len(channel) - 2), "rule")])

    def card(self, message: Message) -> Iterator[Text]:
        """Draw a card and its thread below it."""
        yield from self._head(message)
        yield from self._body(message, CARD_BAR)
        if count := len(message.replies):
            yield _styled([Span("╰ ", "rule"), Span(f"{count} {'reply' if count == 1 else 'replies'}", "link")])
            yield from self._head(message.replies[0], THREAD_INDENT)  # several in a row name their author once
            for reply in message.replies:
                yield from self._body(reply, THREAD_INDENT)

    def private(self, message: Ephemeral) -> Iterator[Text]:
        """Draw a message that one person sees, with their name."""
        note = Span(f"Only visible to {message.name_of(message.user)}", "private")
        yield from wrap(_styled([note, self._time(message)]), self.console)
        yield from self._body(message, PRIVATE_BAR)

    def _head(self, message: Message, margin: str = "") -> Iterator[Text]:
        author = Span(self.reader.name_of(message.user), "bold")
        yield from wrap(_styled([author, Span(" APP", "small"), self._time(message)]), self.console, margin)

    def _time(self, message: BaseMessage) -> Span:
        return Span(f"  {self.reader.clock_time(float(message.ts))}", "small")

    def _body(self, message: BaseMessage, bar: str) -> Iterator[Text]:
        blocks = message.blocks or [{"type": "section", "text": {"type": "mrkdwn", "text": message.text}}]
        for line in (line for block in blocks for line in self._block(block)):
            margin = bar + (QUOTE_BAR if line and line[0].style == "quote" else "")
            yield from wrap(_styled(line), self.console, margin)

    def _block(self, block: Json) -> Iterator[list[Span]]:
        match block["type"]:
            case "section":
                yield from self.reader.lines(block["text"]["text"])
            case "context":
                yield from self.reader.lines(" ".join(element["text"] for element in block["elements"]), "small")
            case "actions":
                yield list(_buttons(block["elements"]))
            case _:
                pass


def _styled(spans: Iterable[Span]) -> Text:
    return Text.assemble(*((span.text, STYLES[span.style]) for span in spans))


def _buttons(elements: Sequence[Json]) -> Iterator[Span]:
    for place, element in enumerate(elements):
        if place:
            yield Span(" ")
        label = element_label(element).replace(" ", NO_BREAK)
        yield Span(f"[{label}]", "primary" if element.get("style") == "primary" else "button")
