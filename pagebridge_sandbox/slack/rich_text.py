"""The rules of rich text. Source: Slack's page on rich text blocks, the official JavaScript types."""

from pagebridge_sandbox.slack.schema import ByType, Flag, Form, Items, Number, Rule, Shape, String

MOST = 1000
URL = Form(r"[a-zA-Z][\w+.-]*:\S+", "a valid URL")
WORDS = String(12_000)
STYLES = ("bold", "italic", "strike", "underline", "code", "highlight", "client_highlight", "unlink")
STYLED: dict[str, Rule] = {"style": Shape(optional=dict.fromkeys(STYLES, Flag()))}
BORDERED: dict[str, Rule] = {"border": Number(0, 1)}

PIECES: dict[str, Rule] = {
    "text": Shape({"text": WORDS}, STYLED),
    "link": Shape({"url": URL}, STYLED | {"text": WORDS, "unsafe": Flag()}),
    "emoji": Shape({"name": String()}, STYLED | {"unicode": String(), "url": URL, "skin_tone": Number(1, 6)}),
    "user": Shape({"user_id": String()}, STYLED),
    "usergroup": Shape({"usergroup_id": String()}, STYLED),
    "channel": Shape({"channel_id": String()}, STYLED),
    "team": Shape({"team_id": String()}, STYLED),
    "broadcast": Shape({"range": String(choices=("here", "channel", "everyone"))}, STYLED),
    "color": Shape({"value": String()}, STYLED),
    "date": Shape(
        {"timestamp": Number(0, 9_999_999_999), "format": String()}, STYLED | {"url": URL, "fallback": String()}
    ),
}
PIECE = Items(ByType(PIECES), MOST, 0)
SECTION: dict[str, Rule] = {"rich_text_section": Shape({"elements": PIECE})}
PARTS = SECTION | {
    "rich_text_list": Shape(
        {"elements": Items(ByType(SECTION), MOST), "style": String(choices=("bullet", "ordered"))},
        BORDERED | {"indent": Number(0, 8), "offset": Number(0, 10_000)},
    ),
    "rich_text_quote": Shape({"elements": PIECE}, BORDERED),
    "rich_text_preformatted": Shape({"elements": PIECE}, BORDERED | {"language": String()}),
}
RICH_TEXT: dict[str, Rule] = {"elements": Items(ByType(PARTS), MOST, 0)}
"""What a block of rich text is made of."""
