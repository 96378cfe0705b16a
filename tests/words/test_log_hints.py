"""What the log says besides facts: each event that has a hint for operators or a reason in words."""

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.words.page import Page
from tests.words.sentences import is_log_call, modules

SAYING = ("hint", "why", "during")
"""The keys of a log line that hold words."""


def test_every_hint_of_the_log_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """They are taken from the source, where they are logged; reasons of errors have a page of their own."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for module in modules():
        for event, words in _said(ast.parse(module.read_text())):
            found[event][words] = None
    page = Page(
        "log_hints", "Hints in the log", "What an operator reads beside the name of an event, and in which key."
    )
    for event in sorted(found):
        page.case(f"`{event}`", *sorted(found[event]))
    page.check(pytestconfig)


def _said(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Find the words of log lines; a name stands for what it was given in the same module."""
    nodes = list(ast.walk(tree))
    named = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if not (
            isinstance(node, ast.Call) and is_log_call(node) and node.args and isinstance(node.args[0], ast.Constant)
        ):
            continue
        for key in node.keywords:
            value = named.get(key.value.id, key.value) if isinstance(key.value, ast.Name) else key.value
            if key.arg in SAYING and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield str(node.args[0].value), f"{key.arg}: {value.value}"
