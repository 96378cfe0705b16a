"""
The log speaks one language: each call in the tree names its event `noun.verb`, and the same thing by the same key.

Whoever searches for an incident or a reference finds every line about it, whichever process wrote it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
MEANT = {
    "incident": "the incident's id at PagerDuty",
    "command": "the command's id",
    "event_id": "the id of PagerDuty's event",
    "entry": "the id of an entry on a stream",
    "delivery": "PagerDuty's id of a delivery",
    "channel": "a Slack channel's id",
    "ts": "a Slack message",
    "user": "somebody's id, in Slack or in PagerDuty",
    "reference": "what somebody was told to quote",
}
"""The keys that are searched for, and what each one holds."""
ALIASES = re.compile(
    r"incident_?id|inc|cmd|command_?id|evt|event_?type|channel_?id|chan|ref|reference_?id|user_?id|slack_user|entry_?id"
    r"|delivery_?id|message_?ts|err|error|exc|reason|msg|message"
)
"""Names under which the same things, or the reason (`why`), must not go."""
TOLD = frozenset({"why", "reference", "hint", "incident", "command"})
"""A line about a failure has at least one of these, so that somebody can go on from it."""


@dataclass
class LogCall:
    """One call: where it is, how severe, which event, which keys with what expressions."""

    where: str
    level: str
    event: str | None
    keys: dict[str, str] = field(default_factory=dict)


def calls() -> Iterator[LogCall]:
    """Give every log call of the product."""
    for package in ("bolt_app", "shared", "webhook_receiver", "pagebridge"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "sandbox" not in path.parts:
                yield from _calls_of(path)


def _calls_of(path: Path) -> Iterator[LogCall]:
    tree = ast.parse(path.read_text("utf-8"))
    for scope in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        dicts = dict(_dicts(scope))
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and _is_log(node.func):
                keys: dict[str, str] = {}
                for keyword in node.keywords:
                    given = {keyword.arg: ast.unparse(keyword.value)} if keyword.arg else {}
                    keys |= given or dicts.get(ast.unparse(keyword.value), {})
                named = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield LogCall(where, node.func.attr, named if isinstance(named, str) else None, keys)  # type: ignore[attr-defined]  # _is_log made sure


def _dicts(scope: ast.AST) -> Iterator[tuple[str, dict[str, str]]]:
    """Find the facts that a function first puts into a dictionary."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            keys = (
                key.value for key in node.value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            )
            yield (
                node.targets[0].id,
                {key: ast.unparse(value) for key, value in zip(keys, node.value.values, strict=False)},
            )


def _is_log(func: ast.expr) -> bool:
    return (
        isinstance(func, ast.Attribute)
        and func.attr in LEVELS
        and isinstance(func.value, ast.Name)
        and func.value.id in {"log", "logger"}
    )


@cache
def found() -> list[LogCall]:
    """List every log call once. They are looked for when a test asks, not whenever tests are collected."""
    return list({call.where: call for call in calls()}.values())


def odd(fits: Callable[[LogCall], bool]) -> list[str]:
    """List the calls that do not fit, by their places."""
    return [f"{call.where} {call.event}" for call in found() if not fits(call)]


def test_the_calls_were_found() -> None:
    """What follows holds for all of them, not for none."""
    assert len(found()) > 80
    assert {"event.folded", "command.ended", "delivery.stored"} <= {call.event for call in found()}


def test_each_event_is_noun_verb() -> None:
    """A fixed name with one dot, so that it can be counted and searched for; what varies is in the keys."""
    name = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
    assert [] == odd(lambda call: call.event is not None and name.fullmatch(call.event) is not None)


def test_the_same_thing_has_the_same_key() -> None:
    """No second name for what has one."""
    assert [] == odd(lambda call: not any(ALIASES.fullmatch(key) for key in call.keys))
    assert [] == odd(lambda call: all(re.fullmatch(r"[a-z]+(_[a-z]+)*", key) for key in call.keys))


def test_what_is_about_a_command_is_about_its_incident() -> None:
    """So the incident's id finds it; a typed line need not be about one."""
    assert [] == odd(lambda call: not call.keys.get("command", "").endswith("command.id") or "incident" in call.keys)


@pytest.mark.parametrize(
    ("ending", "key"),
    [
        ((".incident", ".incident.id"), "incident"),
        (("command.id",), "command"),
        (("reference()", "quoted"), "reference"),
    ],
)
def test_the_keys_hold_what_they_say(ending: tuple[str, ...], key: str) -> None:
    """An incident's id goes by `incident`, a command's by `command`, whatever the variable is called."""
    assert [] == odd(lambda call: all(name == key for name, value in call.keys.items() if value.endswith(ending)))


def test_a_failure_can_be_followed_up() -> None:
    """A line from warning up says why, or carries something to go on from."""
    bad = {"warning", "error", "critical", "exception"}
    assert [] == odd(lambda call: call.level not in bad or bool(TOLD & call.keys.keys()))


def test_every_key_is_spelled_one_way() -> None:
    """Each of the keys that people search for is in use, under exactly that name."""
    assert MEANT.keys() <= {key for call in found() for key in call.keys}
