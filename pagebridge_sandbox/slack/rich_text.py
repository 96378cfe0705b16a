"""The rules of rich text. Source: Slack's page on rich text blocks, the official JavaScript types."""

from pagebridge_sandbox.slack.schema import ByType, Flag, Items, Number, Pattern, Rule, Shape, String

MAX_ITEMS = 1000
URL = Pattern(r"[a-zA-Z][\w+.-]*:\S+", "a valid URL")
TEXT = String(12_000)
STYLES = ("bold", "italic", "strike", "underline", "code", "highlight", "client_highlight", "unlink")
STYLE_FIELDS: dict[str, Rule] = {"style": Shape(optional=dict.fromkeys(STYLES, Flag()))}
BORDER_FIELDS: dict[str, Rule] = {"border": Number(0, 1)}

INLINE_ELEMENTS: dict[str, Rule] = {
    "text": Shape({"text": TEXT}, STYLE_FIELDS),
    "link": Shape({"url": URL}, STYLE_FIELDS | {"text": TEXT, "unsafe": Flag()}),
    "emoji": Shape({"name": String()}, STYLE_FIELDS | {"unicode": String(), "url": URL, "skin_tone": Number(1, 6)}),
    "user": Shape({"user_id": String()}, STYLE_FIELDS),
    "usergroup": Shape({"usergroup_id": String()}, STYLE_FIELDS),
    "channel": Shape({"channel_id": String()}, STYLE_FIELDS),
    "team": Shape({"team_id": String()}, STYLE_FIELDS),
    "broadcast": Shape({"range": String(choices=("here", "channel", "everyone"))}, STYLE_FIELDS),
    "color": Shape({"value": String()}, STYLE_FIELDS),
    "date": Shape(
        {"timestamp": Number(0, 9_999_999_999), "format": String()}, STYLE_FIELDS | {"url": URL, "fallback": String()}
    ),
}
INLINE_LIST = Items(ByType(INLINE_ELEMENTS), MAX_ITEMS, 0)
SECTION: dict[str, Rule] = {"rich_text_section": Shape({"elements": INLINE_LIST})}
RICH_TEXT_ELEMENTS = SECTION | {
    "rich_text_list": Shape(
        {"elements": Items(ByType(SECTION), MAX_ITEMS), "style": String(choices=("bullet", "ordered"))},
        BORDER_FIELDS | {"indent": Number(0, 8), "offset": Number(0, 10_000)},
    ),
    "rich_text_quote": Shape({"elements": INLINE_LIST}, BORDER_FIELDS),
    "rich_text_preformatted": Shape({"elements": INLINE_LIST}, BORDER_FIELDS | {"language": String()}),
}
RICH_TEXT_FIELDS: dict[str, Rule] = {"elements": Items(ByType(RICH_TEXT_ELEMENTS), MAX_ITEMS, 0)}
"""The elements of a block of rich text."""
