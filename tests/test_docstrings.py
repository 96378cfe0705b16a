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
        for line, name in stale_names(names_in(path), definitions(package))
    ]
    assert [] == stale


def test_an_old_name_is_noticed() -> None:
    """A parameter's old name is reported with its line, its new name is not."""
    source = 'def post(text: str) -> None:\n    """Post `body`, which is not `text`."""\n'
    assert [(2, "body")] == list(stale_names(Names(source), frozenset()))


def modules(package: str) -> list[Path]:
    """List the modules of a package."""
    return sorted((ROOT / package).rglob("*.py"))


class Names:
    """
    What one module names: in its docstrings, in its code, and for others to refer to.

    A string of the code uses its words, for the vendors' fields and codes occur as such. If it is a name as a whole, it
    defines that name.
    """

    def __init__(self, source: str) -> None:
        self.docstrings: dict[ast.Constant, str] = {}
        self.used: set[str] = set()
        self.defined: set[str] = set()
        for node in ast.walk(ast.parse(source)):
            self._take(node)

    def _take(self, node: ast.AST) -> None:
        match node:
            case ast.expr_context():  # first, because there are most of them
                pass
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                self.used.add(name)
            case ast.Attribute(attr=name, ctx=context):
                self.used.add(name)
                if isinstance(context, ast.Store):
                    self.defined.add(name)
            case ast.Expr(value=ast.Constant(value=str(text)) as docstring):
                self.docstrings[docstring] = text  # before the walk comes to the constant itself
            case ast.Constant(value=str(text)):
                self._take_string(text, used=node not in self.docstrings)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.used.add(name)
                self.defined.add(name)
            case ast.alias(name=name):
                self.used.update(name.split("."))
            case _:
                pass
        if isinstance(node, ast.Module | ast.ClassDef):
            self.defined.update(assigned(node.body))

    def _take_string(self, text: str, *, used: bool) -> None:
        if used:
            self.used.update(re.findall(r"\w+", text))
        if re.fullmatch(r"[\w.]+", text):
            self.defined.update(text.split("."))


@cache
def names_in(path: Path) -> Names:
    """Read a module once for all tests."""
    return Names(path.read_text(encoding="utf-8"))


def stale_names(module: Names, defined: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of what docstrings name though neither the module uses it nor anything defines it."""
    known = module.used | defined | FOREIGN.keys() | set(dir(builtins))
    for docstring, text in module.docstrings.items():
        yield from ((docstring.lineno, name) for name in NAME.findall(text) if name not in known)


@cache
def definitions(package: str) -> frozenset[str]:
    """Collect what can be referred to from a package: what it, the product and the simulators define."""
    return frozenset().union(*(defined_by(each) for each in {*PACKAGES, package} - ({"tests"} - {package})))


@cache
def defined_by(package: str) -> frozenset[str]:
    """Collect what a package defines, the names of its modules included."""
    found: set[str] = set()
    for path in modules(package):
        found.update(path.relative_to(ROOT).with_suffix("").parts)
        found.update(names_in(path).defined)
    return frozenset(found)


def assigned(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that are assigned in a body."""
    for statement in body:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
        yield from (target.id for target in targets if isinstance(target, ast.Name))
