"""The help of every command of `pagebridge`, as a terminal shows it."""

from collections.abc import Iterator

import pytest
import typer

from pagebridge import cli
from tests.words.page import Page
from tests.words.terminal import Terminal


def test_every_help_can_be_read_in_one_file(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of commands, then each with its options, its example and its subcommands."""
    Terminal(monkeypatch, capsys)
    page = Page("command_line_help", "Help of the command line", "As `--help` shows it.")
    page.chapter("All commands")
    page.terminal("`pagebridge --help`", _help(capsys))
    for name in cli.COMMANDS:
        page.chapter(f"`pagebridge {name}`")
        for line in (name, *(f"{name} {each}" for each in _subcommands(name))):
            page.terminal(f"`pagebridge {line} --help`", _help(capsys, *line.split()))
    page.check(pytestconfig)


def _help(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main([*arguments, "--help"]) == 0
    return capsys.readouterr().out


def _subcommands(name: str) -> Iterator[str]:
    commands = cli._command_line([name])
    group = typer.main.get_group(commands).commands[name]
    yield from getattr(group, "commands", {})
