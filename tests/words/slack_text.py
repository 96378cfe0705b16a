"""What Slack is sent, as people see it: dates and names in place of tokens, buttons and fields in place of JSON."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bolt_app.replies.builder import Reply

Block = Mapping[str, Any]

NAMES = {"U0ALICE": "Alice Ng", "U0BOB": "Bob Ray", "C0CHECKOUT": "checkout", "C0INCIDENTS": "incidents"}
"""The people and channels of the cases."""
_TOKEN = re.compile(r"<([^<>]+)>")
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^\n*]*\S)?)\*(?![\w*])")


def seen(text: str) -> str:
    """Show mrkdwn as people see it; bold stays bold."""
    text = _BOLD.sub(r"**\1**", _TOKEN.sub(lambda found: _token(found[1]), text))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def reply(answer: Reply) -> str:
    """Show a private answer: its blocks, or its text where it has none."""
    return blocks(answer.blocks) if answer.blocks else seen(answer.text)


def blocks(shown: Iterable[Block]) -> str:
    """Show blocks one below the other."""
    return "\n".join(line for block in shown for line in _block(block))


def view(shown: Block) -> str:
    """Show a dialog: its title, its fields, and its buttons."""
    buttons = [shown[name]["text"] for name in ("close", "submit") if name in shown]
    return "\n".join([f"**{_plain(shown['title'])}**", blocks(shown["blocks"]), _row(buttons)])


def spoken(elements: Iterable[Block]) -> list[str]:
    """Say what screen readers say of buttons."""
    return [each["accessibility_label"] for each in elements if "accessibility_label" in each]


def date(ms: int) -> str:
    """Show a moment as Slack does for a reader in UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%b %-d, %H:%M}"


def _token(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return date(int(target.split("^")[1]) * 1000)
    if target[0] in "@#":
        return target[0] + NAMES.get(target[1:], target[1:])
    return f"[{label or target}]"


def _block(block: Block) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from (seen(each["text"]) for each in (block.get("text"), *block.get("fields", ())) if each)
            yield from _actions([block["accessory"]] if "accessory" in block else [])
        case "header":
            yield f"**{_plain(block['text'])}**"
        case "context":
            yield from (f"{seen(part['text'])}" for part in block["elements"])
        case "actions":
            yield from _actions(block["elements"])
        case "input":
            optional = " (optional)" if block["optional"] else ""
            yield f"{_plain(block['label'])}{optional}: {_field(block['element'])}"
        case "divider":
            yield "———"
        case unknown:
            raise AssertionError(f"a block of a type that this page does not know: {unknown}")


def _actions(elements: Iterable[Block]) -> Iterator[str]:
    elements = list(elements)
    buttons = [_plain(each["text"]) for each in elements if each["type"] == "button"]
    menus = [each for each in elements if each["type"] == "overflow"]
    if elements:
        yield _row([*buttons, *(["…"] if menus else [])])
    for menu in menus:
        yield f"Below …: {_row([_plain(option['text']) for option in menu['options']])}"
    for each in elements:
        if confirm := each.get("confirm"):
            yield f"Before {_plain(each['text'])}: **{_plain(confirm['title'])}** {_plain(confirm['text'])}"
            yield _row([_plain(confirm["deny"]), _plain(confirm["confirm"])])


def _field(element: Block) -> str:
    options = [_plain(option["text"]) for option in element.get("options", ())]
    if options:
        return " / ".join(options)
    placeholder = _plain(element["placeholder"]) if "placeholder" in element else ""
    return f"`{element.get('initial_value') or placeholder or '        '}`"


def _row(labels: Iterable[str]) -> str:
    return "  ".join(f"( {label} )" for label in labels)


def _plain(text: Block | str) -> str:
    return text if isinstance(text, str) else str(text["text"])
