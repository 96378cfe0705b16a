"""Mistakes of configuration, put in plain words: all of them at once, each with its place."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import BridgeError

WANTED = {
    "missing": "is not set",
    "extra_forbidden": "is not a known key",
    "string_type": "must be a text, in quotes",
    "int_parsing": "must be a number",
    "int_type": "must be a number",
    "less_than_equal": "must be a port up to 65535",
    "greater_than_equal": "must be a port up to 65535",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}
"""The words for a wrong value, by the kind of pydantic's error; the only numbers with bounds are ports."""
LISTS: Mapping[int | str, str] = {
    "admins": '["U024BE7LH"]',
    "broadcast": '["escalated"]',
    "card_fields": '["details.region"]',
    "card_links": '[{ label = "Runbook", url = "https://runbooks.example.com" }]',
    "channels": '["C024BE91L"]',
    "email_domains": '["example.com"]',
    "digest_priorities": '["P4", "P5"]',
    "everywhere": '["PXPGF42"]',
    "excluded": '["U024BE7LH"]',
    "levels": "[1, 2]",
    "policies": '["PANZZEQ"]',
    "schedules": '["PI7DH85"]',
}
"""A list for each key of `bridge.toml` that is one."""


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
        case "value_error":
            return str(error["ctx"]["error"])
        case "frozen_set_type" | "tuple_type":
            return f"must be a list, such as {LISTS.get(error['loc'][-1], '[]')}"
        case kind:
            return WANTED.get(kind) or error["msg"].removeprefix("Input ").replace("should be", "must be", 1)
