"""Mistakes of configuration, put in plain words: all of them at once, each with its place."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import BridgeError


class Problem(NamedTuple):
    """A configuration problem and its fix; as text, both in one line."""

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what}: {self.fix}"


class Misconfigured(BridgeError):
    """Raised when the bridge cannot start as it is configured. `problems` has one line for each problem."""

    def __init__(self, where: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{where}:", *(f"  - {problem}" for problem in self.problems)]))


def error_details(error: ValidationError) -> list[ErrorDetails]:
    """List what pydantic found, without the values: one of them may be a secret."""
    return error.errors(include_url=False, include_input=False)


def describe_error(error: ErrorDetails) -> str:
    """Describe one validation error in plain words."""
    match error["type"]:
        case "missing":
            return "is not set"
        case "extra_forbidden":
            return "is not a known key"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            return error["msg"].removeprefix("Input ")
