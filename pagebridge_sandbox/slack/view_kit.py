"""The limits of views as tables. Source: Slack's pages on views and on the surfaces that each block is for."""

from collections.abc import Iterator, Mapping
from typing import Any

from pagebridge_sandbox.slack.block_kit import BLOCKS, MODAL_ONLY_BLOCKS, UNCHECKED_BLOCKS, plain_text
from pagebridge_sandbox.slack.schema import ByType, Flag, Items, Rule, Shape, String, Violation

MESSAGE_ONLY_BLOCKS = frozenset({"markdown", "file", *UNCHECKED_BLOCKS}) - {"video"}
"""Blocks that stand in messages only."""
VIEW_BLOCKS = {kind: rule for kind, rule in BLOCKS.items() if kind not in MESSAGE_ONLY_BLOCKS}
ID_FIELDS: dict[str, Rule] = {
    "private_metadata": String(3000, 0),
    "callback_id": String(255, 0),
    "external_id": String(255, 0),
}


def _blocks_rule(kinds: Mapping[str, Rule], least: int) -> Rule:
    return Items(ByType(kinds), 100, least, key="block_id")


def _indexed_blocks(value: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    blocks = value.get("blocks")
    for place, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict):
            yield place, block


def _check_submit(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    for place, block in _indexed_blocks(value):
        if block.get("type") == "input" and "submit" not in value:
            message = "must define `submit` to use an `input` block in modals"
            yield Violation(message, f"{at}/blocks/{place}/input", "required", "submit")


def _check_focus(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    """Only one element of a view may be focused when it loads."""
    wanted = 0
    for place, block in _indexed_blocks(value):
        elements = block.get("elements")
        inside = [block.get("element"), block.get("accessory"), *(elements if isinstance(elements, list) else [])]
        wanted += sum(isinstance(each, dict) and each.get("focus_on_load") is True for each in inside)
        if wanted > 1:
            yield Violation("only one element may have `focus_on_load`", f"{at}/blocks/{place}", "unique")
            return


def _check_modal(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    yield from _check_submit(value, at)
    yield from _check_focus(value, at)


VIEWS: Mapping[str, Rule] = {
    "modal": Shape(
        {"title": plain_text(24), "blocks": _blocks_rule(VIEW_BLOCKS | MODAL_ONLY_BLOCKS, 1)},
        ID_FIELDS | {"submit": plain_text(24), "close": plain_text(24), "clear_on_close": Flag(),
                     "notify_on_close": Flag(), "submit_disabled": Flag()},
        _check_modal,
    ),
    "home": Shape({"blocks": _blocks_rule(VIEW_BLOCKS, 0)}, ID_FIELDS, _check_focus),
}  # fmt: skip
"""The kinds of views that an app can show."""
