"""The sentences in the product's source: what is written there for people, found without running it."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("bolt_app", "pagebridge", "shared", "webhook_receiver")
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
METRICS = frozenset({"Counter", "Gauge", "Histogram", "GaugeMetricFamily", "CounterMetricFamily"})
TYPING = frozenset({"TypeVar", "cast", "NewType"})

_WORDS = re.compile(r"[A-Za-z][a-z']+[,:;.!?*)”]* +[(“*]*[A-Za-z][a-z]*|^[A-Z][a-z]+[.…]?$")
"""Two words in a row, or one that begins like a label."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_MARKS = re.compile(r"[*_`<>#@|│╭╮╰╯─\\]")
VALUE = "\0"
"""Stands in a sentence for what is put in at run time."""
_VALUES = re.compile(f"({VALUE}+)")
CODE = ("#!lua", "redis.call(", "<!doctype")
"""How code begins that Redis runs, or a browser; a pattern has a `(?`."""
NOT_READ = {
    "Authentication required": "what Redis says",
    "Authorization": "a header",
    f"Bearer {VALUE}": "a header",
    "From": "a header",
    "Server": "a header",
    f"Token token={VALUE}": "a header",
    "Input ": "pydantic's word, which is left out",
    "Read": "a name in Python",
    "Resolution Note:": "PagerDuty's words",
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'": "a header",
    "acknowledge mine": "what people type",
    "appendfsync no": "what Redis says",
    f"log.failed at {VALUE}:{VALUE}: {VALUE}\n": "for operators of a log that can't be written",
    "hand off": "what people type",
    "no route": "a value of a metric",
    "not found": "a value of the log",
    "bold red": "a style",
    "broken off": "a value of a metric",
    "too late": "a value of a type",
    "unknown command": "Redis's words",
    "who's on call": "what people type",
}
"""What looks like words and is read by no person, or only where it is typed."""


@dataclass(frozen=True)
class Sentence:
    """A sentence, where it is, and whether it is the reason of an error that is raised or made there."""

    module: str
    line: int
    text: str
    error: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the sentence in text that is `normal`, whatever is put in."""
        parts = _VALUES.split(normal(self.text).strip(f"{VALUE} "))
        # Values without words between them are one gap: a pattern for each would try all ways to share it.
        return re.compile(
            "".join(f".{{0,{300 * len(part)}}}?" if part.startswith(VALUE) else re.escape(part) for part in parts)
        )

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.text.replace(VALUE, '{}')!r}"


def normal(text: str) -> str:
    """Leave the letters of words alone: drop what only dresses them, capitals, spaces and line breaks included."""
    return "".join(_MARKS.sub("", text).lower().split())


def sentences(module: Path) -> Iterator[Sentence]:
    """Find the sentences of a module: no documentation, no names, nothing that only the log has."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    skipped = _skipped(nodes)
    name = module.relative_to(ROOT).as_posix()
    errors = _errors(nodes, CHECKS if name.startswith("bolt_app/") else ())
    for node in nodes:
        if id(node) in skipped or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = _text(node)
        if text is not None and text not in NOT_READ and _WORDS.search(text.replace(VALUE, " ").strip()):
            yield Sentence(name, node.lineno, text, errors.get(id(node), ""))


def modules() -> Iterator[Path]:
    """List the modules of the product."""
    for folder in PRODUCT:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _text(node: ast.Constant | ast.JoinedStr) -> str | None:
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
    else:
        text = _PLACEHOLDER.sub(VALUE, node.value) if isinstance(node.value, str) else ""
    return None if text.startswith(CODE) or "(?" in text else text


def _skipped(nodes: Sequence[ast.AST]) -> set[int]:
    """List the nodes that are no words for people: documentation, annotations, log calls, parts of other nodes."""
    found: set[int] = set()
    for node in nodes:
        found |= {id(inner) for part in _no_words(node) for inner in ast.walk(part)}
        if isinstance(node, ast.JoinedStr):
            found |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
    return found


def _no_words(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assign(targets=[ast.Name(id="hint")]):
            yield node
        case ast.Call() if is_log_call(node) or _called(node) in METRICS | TYPING:
            yield node
        case ast.arg(annotation=ast.AST() as annotation) | ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.FunctionDef(returns=ast.AST() as returns) | ast.AsyncFunctionDef(returns=ast.AST() as returns):
            yield returns
        case ast.FormattedValue(format_spec=ast.AST() as spec):
            yield spec
        case ast.Subscript(slice=ast.AST() as index):
            yield index


def _errors(nodes: Sequence[ast.AST], checks: Collection[str]) -> dict[int, str]:
    """Map each string inside the making of an error to that error's name."""
    return {
        id(inner): _called(node)
        for node in nodes
        if isinstance(node, ast.Call) and (_called(node) in INTERNAL or _called(node) in checks)
        for argument in node.args
        for inner in ast.walk(argument)
    }


def is_log_call(node: ast.Call) -> bool:
    """Tell whether a call writes a line of the log."""
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LOG_METHODS
        and isinstance(function.value, ast.Name)
        and function.value.id == "log"
    )


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


CHECKS = frozenset({"TypeError", "ValueError"})
"""The errors of payloads that are not as Slack documents them."""
INTERNAL = frozenset(
    {
        "BadCredentials",
        "CallError",
        "CommandRecordMissing",
        "EmbeddedValkeyError",
        "FencedOff",
        "Malformed",
        "NotFound",
        "Refused",
        "StoreDown",
        "Stopping",
        "Unavailable",
        "Uncertain",
        "WrongLayout",
    }
)
"""The errors whose reasons are no sentences of their own: they stand in others, in the log, and in a dead letter."""
