"""Blocks as people read them, line by line."""

from collections.abc import Iterator
from typing import Any

from pagebridge_sandbox.slack import mrkdwn
from pagebridge_sandbox.slack.mrkdwn import NameLookup
from pagebridge_sandbox.slack.responses import Json


def text_object(shown: Json, name_of: NameLookup) -> str:
    """Render a text object of either kind."""
    content = str(shown.get("text", ""))
    return mrkdwn.to_plain_text(content, name_of) if shown.get("type") == "mrkdwn" else content


def render_blocks(blocks: list[Json], name_of: NameLookup) -> Iterator[str]:
    """Render blocks, their buttons as `[Label]`."""
    for block in blocks:
        yield from _render_block(block, name_of)


def element_label(element: Json) -> str:
    """Return the visible text of an interactive element."""
    shown = element.get("text") or element.get("placeholder") or {}
    return str(shown.get("text") or ("⋯" if element["type"] == "overflow" else element["type"]))


def _render_block(block: Json, name_of: NameLookup) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from _render_section(block, name_of)
        case "header":
            yield text_object(block["text"], name_of)
        case "context":
            yield " ".join(_render_element(element, name_of) for element in block["elements"])
        case "actions":
            yield " ".join(f"[{element_label(element)}]" for element in block["elements"])
        case "input":
            yield f"{block['label']['text']}: [{element_label(block['element'])}]"
        case "image":
            yield f"[image: {block['alt_text']}]"
        case "divider":
            yield "-" * 8
        case "markdown":
            yield block["text"]
        case "rich_text":
            yield "".join(_rich_text(block))
        case other:
            yield f"[{other}]"


def _render_section(block: Json, name_of: NameLookup) -> Iterator[str]:
    if "text" in block:
        yield text_object(block["text"], name_of)
    for shown in block.get("fields", []):
        yield text_object(shown, name_of)
    if "accessory" in block:
        yield _render_element(block["accessory"], name_of)


def _render_element(element: Json, name_of: NameLookup) -> str:
    match element["type"]:
        case "mrkdwn" | "plain_text":
            return text_object(element, name_of)
        case "image":
            return f"[image: {element['alt_text']}]"
    return f"[{element_label(element)}]"


def _rich_text(value: Any) -> Iterator[str]:  # noqa: ANN401 - rich text nests without end
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        yield from _rich_text(value.get("elements", []))
    else:
        for item in value:
            yield from _rich_text(item)
