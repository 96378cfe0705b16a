"""The commands that the page of `pagebridge play` suggests are those of the app; it may import nothing of it."""

import json
from pathlib import Path

import pytest

import pagebridge_sandbox.play
from bolt_app.commands.verbs import USAGES
from tests.words.page import UPDATE

MODULE = Path(pagebridge_sandbox.play.__file__).parent / "page/js/slack/commands.js"


def test_suggested_commands(pytestconfig: pytest.Config) -> None:
    """Each has what it takes and what it does; `make words` writes them."""
    lines = [
        f"  {{ text: {_js(f'/pd {each.verb} ')}, usage: {_js(f'/pd {each.line}')}, note: {_js(each.description)} }},"
        for each in USAGES
    ]
    words = "\n".join(
        ["/* The commands that are suggested, as `make words` writes them. */", "", "export const COMMANDS = [", *lines]
    )
    if pytestconfig.getoption(UPDATE):
        MODULE.write_text(words + "\n];\n")
    assert words + "\n];\n" == MODULE.read_text()


def _js(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
