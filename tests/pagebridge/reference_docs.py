"""The references among the documents, read off alert rules, `bridge.toml`, commands, events and decisions."""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any, Protocol

import typer
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument

from pagebridge import cli
from shared.config.bridge_config import TABLES
from shared.model.event_types import ANNOUNCED_TYPES, TRIGGERED
from shared.model.thread_layout import Verbosity, is_wanted
from shared.slack.render.event_wording import LINE
from tests.words.test_thread_lines import line

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "bridge.example.toml").read_text("utf-8")
DECISION = re.compile(
    r"# (\d{4}): (.+)\n\nStatus: ([a-z]+, \d{4}-\d\d-\d\d(?:; (?:superseded|amended) by \[\d{4}\]\(.+)?)\n\n"
)
VERBOSITIES: tuple[Verbosity, ...] = ("state", "changes", "all")


class Described(Protocol):
    """What is shown of a command, typer's own class of which is private."""

    help: str | None
    epilog: str | None
    params: Any


def alerts_table() -> str:
    """Write each alert with its severity and what it means for people."""
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    rows = (
        f"| [{name}](#{name.lower()}) | {rule['labels']['severity']} | {rule['annotations']['impact']} |"
        for rule in rules
        if (name := rule["alert"])
    )
    return _table("| alert | severity | what it means for people |", rows)


def fields_table() -> str:
    """Write each key of `bridge.toml`: what may stand there, what does if nothing does, and how it looks."""
    return _table("| key | default | example | meaning |", _fields())


def _fields() -> Iterator[str]:
    explained: set[type[BaseModel]] = set()
    for table, model in TABLES.items():
        meanings = _meanings(model)
        for name, field in model.model_fields.items() if model not in explained else ():
            path = (*table, name)
            key = ".".join(path)
            default = _toml(field.get_default(call_default_factory=True))
            example = f"`[[{key}]]`" if path in TABLES and f"[[{key}]]" in EXAMPLE else ""
            if path not in TABLES or name in meanings:
                yield f"| `{key}` | {default} | {example or _example(path)} | {_one_line(meanings.get(name))} |"
        explained.add(model)


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Read what stands under each field of a table; pydantic could, and each start of a program would wait for it."""
    body = [line for each in reversed(model.__mro__) if each.__module__.startswith("shared.") for line in _body(each)]
    return {
        field.target.id: text.value.value
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _body(model: type) -> list[ast.stmt]:
    (found,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(found, ast.ClassDef)
    return found.body


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _toml(value: object) -> str:
    if value in (None, PydanticUndefined):
        return "" if value is None else "required"
    if isinstance(value, frozenset | tuple):
        return "`[]`"
    if isinstance(value, dict):
        return "empty"
    return f"`{str(value).lower()}`" if isinstance(value, bool | int) else f'`"{value}"`'


def _example(path: tuple[str, ...]) -> str:
    """Find the first line of the example that gives this key, begins the table of that name, or has it in its table."""
    table, name = ("", *path)[-2:]
    value = r'\S+ = (?:".*?"|\[.*?\]|\w+)'
    found = re.search(rf"^(?:# )?(?=({name}) = )({value})", EXAMPLE, re.MULTILINE)
    found = found or re.search(rf"^\[+[a-z.]*({name})\]+\n({value})", EXAMPLE, re.MULTILINE)
    found = found or re.search(rf'{table} = .*?[{{,] ?(?=({name}) = )(\S+ = ".*?")', EXAMPLE)
    assert found, f"bridge.example.toml does not show {'.'.join(path)}"
    return f"`{found[2]}`"


def command_line() -> str:
    """Write every command with its arguments and options, as `--help` has them."""
    return "\n".join(part for name in cli.COMMANDS for part in _command(name)).strip() + "\n"


def _command(name: str) -> Iterator[str]:
    command = typer.main.get_group(cli._command_line([name])).commands[name]
    yield from _page(f"pagebridge {name}", command)
    for sub, each in getattr(command, "commands", {}).items():
        yield from _page(f"pagebridge {name} {sub}", each)


def _page(path: str, command: Described) -> Iterator[str]:
    described = " ".join((command.help or "").split())
    yield f"## {path}\n\n{described}\n"
    options = [each for each in command.params if each.name != "help"]
    if options:
        rows = (f"| {_usage(each)} | {getattr(each, 'help', '') or ''}{_default(each)} |" for each in options)
        yield _table("| | |", rows)
    if command.epilog:
        yield f"```sh\n{command.epilog.removeprefix('Example: ')}\n```\n"


def _usage(each: object) -> str:
    if isinstance(each, TyperArgument):
        return f"`{(each.metavar or str(each.name)).upper()}`"
    names = ", ".join(getattr(each, "opts", ()))
    value = "" if getattr(each, "is_flag", False) else f" {getattr(each, 'metavar', None) or 'TEXT'}"
    return f"`{names}{value}`".replace("|", "\\|")


def _default(each: object) -> str:
    default = getattr(each, "default", None)
    return f" Default: `{default}`." if isinstance(default, str | Path) and default else ""


def events_table() -> str:
    """Write each type of event, how a line of the thread begins, and the threads that have it."""
    return _table("| event | line in the thread | shown with |", map(_event, sorted(ANNOUNCED_TYPES)))


def _event(type_: str) -> str:
    wording = LINE[type_]
    where = ", ".join(f"`{each}`" for each in VERBOSITIES if is_wanted(line(type_), each))
    words = "none: the card shows it" if type_ == TRIGGERED else f"Alice {wording.active}"
    return f"| `{type_}` | {words} | {'' if type_ == TRIGGERED else where} |"


def decisions_table() -> str:
    """Write each decision with its title and status. Raises `AssertionError` for one without a status line."""
    return _table("| decision | status |", map(_decision, sorted((ROOT / "docs/decisions").glob("0*.md"))))


def _decision(path: Path) -> str:
    found = DECISION.match(path.read_text("utf-8"))
    assert found, f"{path.name} does not begin with its number, title and status"
    return f"| [{found[1]}: {found[2]}]({path.name}) | {found[3]} |"


def _table(head: str, rows: Iterator[str]) -> str:
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *rows]) + "\n"
