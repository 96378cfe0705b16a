"""Pure: Slack's text markup as styled words, the way that its clients show them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from pagebridge_sandbox.slack import mrkdwn

NameLookup = Callable[[str], str]
Style = Literal[
    "plain", "bold", "link", "title", "mention", "code", "small", "quote", "button", "primary", "private", "rule"
]
NO_BREAK = "\u00a0"
"""A space at which no line ends."""

EMOJI = {
    "alarm_clock": "⏰",
    "arrow_double_up": "⏫",
    "arrow_right": "➡️",
    "busts_in_silhouette": "👥",
    "clipboard": "📋",
    "eyes": "👀",
    "gear": "⚙️",
    "grey_question": "❔",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "label": "🏷️",
    "lock": "🔒",
    "mega": "📣",
    "memo": "📝",
    "no_entry": "⛔",
    "raising_hand": "🙋",
    "rotating_light": "🚨",
    "satellite_antenna": "📡",
    "speech_balloon": "💬",
    "telephone_receiver": "📞",
    "thread": "🧵",
    "triangular_flag_on_post": "🚩",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "x": "❌",
    "fast_forward": "⏩",
    "zzz": "💤",
}
"""The symbols that the bridge uses, by their names in Slack."""

TOKEN = re.compile(
    r"<(?P<reference>[^<>]+)>|`(?P<code>[^`]+)`|(?<!\w)\*(?P<bold>\S(?:[^\n]*?\S)?)\*(?!\w)|:(?P<emoji>[a-z_]+):"
)
DATE = re.compile(r"!date\^(\d+)\^[^|]*\|.*")


def show_emoji(text: str) -> str:
    """Put the symbols in the place of their names."""
    return re.sub(r":([a-z_]+):", lambda found: EMOJI.get(found[1], found[0]), text)


@dataclass(frozen=True)
class Span:
    """Words in one style."""

    text: str
    style: Style = "plain"


@dataclass(frozen=True)
class Reader:
    """Whose screen it is: the names that are shown, the time zone and today's date in it."""

    name_of: NameLookup
    zone: tzinfo | None
    now: float

    def clock_time(self, seconds: float) -> str:
        """Write a time of day, `seconds` since the epoch, as Slack does: `9:51 AM`."""
        return datetime.fromtimestamp(seconds, self.zone).strftime(f"%I:%M{NO_BREAK}%p").lstrip("0")

    def lines(self, text: str, style: Style = "plain") -> Iterator[list[Span]]:
        """Read mrkdwn, line by line; plain words are in `style`, and those of a quotation in its own."""
        for line in text.splitlines():
            quoted = line.startswith("> ")
            if line.strip():
                yield list(self._spans(line.removeprefix("> "), "quote" if quoted else style))

    def _spans(self, text: str, style: Style) -> Iterator[Span]:
        end = 0
        for token in TOKEN.finditer(text):
            yield from _words(text[end : token.start()], style)
            end = token.end()
            match token.lastgroup:
                case "reference":
                    yield self._reference(token["reference"], style)
                case "code":
                    yield Span(mrkdwn.unescape(token["code"]), "code")
                case "bold":
                    yield from self._spans(token["bold"], "bold")
                case _:
                    yield from _words(show_emoji(token[0]), style)
        yield from _words(text[end:], style)

    def _reference(self, inside: str, style: Style) -> Span:
        """Show a link, a mention or a date."""
        if date := DATE.fullmatch(inside):
            return Span(self._date(int(date[1])), style)
        shown = mrkdwn.to_plain_text(f"<{inside}>", self.name_of)
        if inside[0] in "@#!":
            return Span(shown, "mention")
        return Span(shown, "title" if style == "bold" else "link")

    def _date(self, seconds: int) -> str:
        """Show Slack's `{date_short_pretty} {time}` (its page on formatting text): today goes by that word."""
        at, today = (datetime.fromtimestamp(each, self.zone) for each in (seconds, self.now))
        day = "today" if at.date() == today.date() else f"{at:%b} {at.day}, {at.year}"
        return f"{day} {self.clock_time(seconds)}".replace(" ", NO_BREAK)


def _words(text: str, style: Style) -> Iterator[Span]:
    if text:
        yield Span(mrkdwn.unescape(text), style)
