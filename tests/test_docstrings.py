"""Docstrings follow the code: a name in backticks is one that the code around it has."""

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bolt_app", "pagebridge", "pagebridge_sandbox", "shared", "tests", "webhook_receiver")
NAME = re.compile(r"`([A-Za-z_]\w*)(?:\.[\w.]+)?(?:\([^`]*\))?`")
FOREIGN = {
    "BLOCK": "an option of XREAD",
    "grep": "a program",
    "head": "a program",
    "on_response_prepare": "a signal of aiohttp",
    "ss": "letters in an address",
    "U0A1B2C3D4E": "an example",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_names_in_docstrings_exist(package: str) -> None:
    """A renamed parameter, field, function or class keeps no old name in the text that describes it."""
    stale = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in modules(package)
        for line, name in stale_names(path.read_text(encoding="utf-8"), definitions(package))
    ]
    assert [] == stale


def test_an_old_name_is_noticed() -> None:
    """A parameter's old name is reported with its line, its new name is not."""
    source = 'def post(text: str) -> None:\n    """Post `body`, which is not `text`."""\n'
    assert [(2, "body")] == list(stale_names(source, frozenset()))


def modules(package: str) -> list[Path]:
    """List the modules of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def stale_names(source: str, defined: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of what docstrings name though neither the module uses it nor anything defines it."""
    tree = ast.parse(source)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    docstrings = {each for each in texts if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    known = used(tree, docstrings) | defined | FOREIGN.keys() | set(dir(builtins))
    for docstring in docstrings:
        yield from ((docstring.lineno, name) for name in NAME.findall(str(docstring.value)) if name not in known)


def used(tree: ast.Module, docstrings: set[ast.Constant]) -> set[str]:
    """Collect the names that a module uses, and the words of its strings that are no docstrings."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.Constant(value=str(text)) if node not in docstrings:
                found.update(re.findall(r"\w+", text))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name):
                found.update(name.split("."))
            case _:
                pass
    return found


@cache
def definitions(package: str) -> frozenset[str]:
    """Collect what can be referred to from a package: what it, the product and the simulators define."""
    return frozenset().union(*(defined_by(each) for each in {*PACKAGES, package} - ({"tests"} - {package})))


@cache
def defined_by(package: str) -> frozenset[str]:
    """
    Collect what a package defines, the names of its modules included.

    A string that is a name as a whole counts, for the vendors' fields and codes occur as such.
    """
    found: set[str] = set()
    for path in modules(package):
        found.update(path.relative_to(ROOT).with_suffix("").parts)
        found.update(defined_in(ast.parse(path.read_text(encoding="utf-8"))))
    return frozenset(found)


def defined_in(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module defines at its top or in its classes, all fields included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from assigned(node.body)
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.Constant(value=str(text)) if re.fullmatch(r"[\w.]+", text):
                yield from text.split(".")
            case _:
                pass


def assigned(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that are assigned in a body."""
    for statement in body:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
        yield from (target.id for target in targets if isinstance(target, ast.Name))
