"""Blocks as people read them, line by line."""

from collections.abc import Iterator
from typing import Any

from pagebridge_sandbox.slack import mrkdwn
from pagebridge_sandbox.slack.mrkdwn import Names
from pagebridge_sandbox.slack.responses import Json


def text_object(shown: Json, names: Names) -> str:
    """Render a text object of either kind."""
    content = str(shown.get("text", ""))
    return mrkdwn.plain(content, names) if shown.get("type") == "mrkdwn" else content


def lines(blocks: list[Json], names: Names) -> Iterator[str]:
    """Render blocks, their buttons as `[Label]`."""
    for block in blocks:
        yield from _block(block, names)


def label(element: Json) -> str:
    """Say what is visible on an interactive element."""
    shown = element.get("text") or element.get("placeholder") or {}
    return str(shown.get("text") or ("⋯" if element["type"] == "overflow" else element["type"]))


def _block(block: Json, names: Names) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from _section(block, names)
        case "header":
            yield text_object(block["text"], names)
        case "context":
            yield " ".join(_piece(element, names) for element in block["elements"])
        case "actions":
            yield " ".join(f"[{label(element)}]" for element in block["elements"])
        case "input":
            yield f"{block['label']['text']}: [{label(block['element'])}]"
        case "image":
            yield f"[image: {block['alt_text']}]"
        case "divider":
            yield "-" * 8
        case "markdown":
            yield block["text"]
        case "rich_text":
            yield "".join(_rich(block))
        case other:
            yield f"[{other}]"


def _section(block: Json, names: Names) -> Iterator[str]:
    if "text" in block:
        yield text_object(block["text"], names)
    for shown in block.get("fields", []):
        yield text_object(shown, names)
    if "accessory" in block:
        yield _piece(block["accessory"], names)


def _piece(element: Json, names: Names) -> str:
    match element["type"]:
        case "mrkdwn" | "plain_text":
            return text_object(element, names)
        case "image":
            return f"[image: {element['alt_text']}]"
    return f"[{label(element)}]"


def _rich(value: Any) -> Iterator[str]:  # noqa: ANN401 - rich text nests without end
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        yield from _rich(value.get("elements", []))
    else:
        for item in value:
            yield from _rich(item)
