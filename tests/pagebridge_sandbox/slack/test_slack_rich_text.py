"""Rich text, and blocks in which a value is of another kind."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from pagebridge_sandbox.slack.rendering import render_blocks
from pagebridge_sandbox.slack.validation import check_blocks, check_view
from tests.pagebridge_sandbox.slack.conftest import actions, button, section

WORDS = {"type": "text", "text": "x", "style": {"bold": True}}
PIECES: list[dict[str, Any]] = [
    WORDS,
    {"type": "link", "url": "https://example.com", "text": "there"},
    {"type": "emoji", "name": "eyes"},
    {"type": "user", "user_id": "U0ALICE"},
    {"type": "broadcast", "range": "here"},
    {"type": "date", "timestamp": 1_795_656_229, "format": "{time}", "fallback": "then"},
]
SECTION = {"type": "rich_text_section", "elements": PIECES}
PARTS: list[dict[str, Any]] = [
    SECTION,
    {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [SECTION]},
    {"type": "rich_text_quote", "elements": [WORDS], "border": 1},
    {"type": "rich_text_preformatted", "elements": [WORDS]},
]
OTHERS: tuple[Any, ...] = (None, 5, True, [], {}, "x", "", [None], [{}])


def rich(*parts: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make a block of rich text."""
    return {"type": "rich_text", "elements": list(parts)}


def test_every_rich_text_element_is_accepted() -> None:
    """Each piece and each part of the official types is taken."""
    assert [] == check_blocks([rich(*PARTS)])


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"type": "rich_text_table", "elements": []}, "/type"),
        ({"type": "rich_text_section"}, ""),
        ({"type": "rich_text_section", "elements": [{"type": "text"}]}, "/elements/0"),
        ({"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "all"}]}, "/elements/0/range"),
        ({"type": "rich_text_list", "style": "bullet", "elements": [WORDS]}, "/elements/0/type"),
        ({"type": "rich_text_list", "style": "square", "elements": [SECTION]}, "/style"),
    ],
)
def test_invalid_rich_text_is_reported(part: dict[str, Any], pointer: str) -> None:
    """What is not of the official types is refused where it stands."""
    assert [f"/blocks/0/elements/0{pointer}"] == [problem.pointer for problem in check_blocks([rich(part)])]


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Find the way to every value."""
    steps: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    for step in steps:
        yield (*way, step)
        if isinstance(value[step], dict | list):
            yield from places(value[step], (*way, step))


def test_any_value_is_validated_without_crash() -> None:
    """Whatever stands in the place of a value, there is a verdict, and what is taken can be shown to people."""
    blocks = [{**section("x"), "accessory": button("x")}, actions(button("y")), rich(*PARTS)]
    for way in places(blocks):
        for other in OTHERS:
            changed: Any = copy.deepcopy(blocks)
            at = changed
            for step in way[:-1]:
                at = at[step]
            at[way[-1]] = other
            check_view({"type": "home", "blocks": changed})
            if not check_blocks(changed):
                assert isinstance("\n".join(render_blocks(changed, str)), str)
