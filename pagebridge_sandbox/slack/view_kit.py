"""The limits of views as tables. Source: Slack's pages on views and on the surfaces that each block is for."""

from collections.abc import Iterator, Mapping
from typing import Any

from pagebridge_sandbox.slack.block_kit import BLOCKS, MODAL_ONLY, OPEN, plain
from pagebridge_sandbox.slack.schema import ByType, Flag, Items, Problem, Rule, Shape, String

FOR_MESSAGES = frozenset({"markdown", "file", *OPEN}) - {"video"}
"""Blocks that stand in messages only."""
IN_VIEWS = {kind: rule for kind, rule in BLOCKS.items() if kind not in FOR_MESSAGES}
NAMED: dict[str, Rule] = {
    "private_metadata": String(3000, 0),
    "callback_id": String(255, 0),
    "external_id": String(255, 0),
}


def _blocks(kinds: Mapping[str, Rule], least: int) -> Rule:
    return Items(ByType(kinds), 100, least, key="block_id")


def _inside(value: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    blocks = value.get("blocks")
    for place, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict):
            yield place, block


def _submit(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    for place, block in _inside(value):
        if block.get("type") == "input" and "submit" not in value:
            message = "must define `submit` to use an `input` block in modals"
            yield Problem(message, f"{at}/blocks/{place}/input", "required", "submit")


def _focus(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    """Only one element of a view may be focused when it loads."""
    wanted = 0
    for place, block in _inside(value):
        elements = block.get("elements")
        inside = [block.get("element"), block.get("accessory"), *(elements if isinstance(elements, list) else [])]
        wanted += sum(isinstance(each, dict) and each.get("focus_on_load") is True for each in inside)
        if wanted > 1:
            yield Problem("only one element may have `focus_on_load`", f"{at}/blocks/{place}", "unique")
            return


def _together(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    yield from _submit(value, at)
    yield from _focus(value, at)


VIEWS: Mapping[str, Rule] = {
    "modal": Shape(
        {"title": plain(24), "blocks": _blocks(IN_VIEWS | MODAL_ONLY, 1)},
        NAMED | {"submit": plain(24), "close": plain(24), "clear_on_close": Flag(), "notify_on_close": Flag(),
                 "submit_disabled": Flag()},
        _together,
    ),
    "home": Shape({"blocks": _blocks(IN_VIEWS, 0)}, NAMED, _focus),
}  # fmt: skip
"""The kinds of views that an app can show."""
