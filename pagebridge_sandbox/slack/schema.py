"""The few rules out of which Block Kit's limits are written, with Slack's words for what breaks them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Value = Any
"""Any JSON value."""


@dataclass(frozen=True)
class Violation:
    """One broken rule, at a JSON pointer. `constraint` and `expected` are what `blocks.validate` tells about it."""

    message: str
    pointer: str
    constraint: str
    expected: object = None

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


class Rule(Protocol):
    """Something that a JSON value can break."""

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`, which stands at the JSON pointer `at`."""


def _check_length(value: str, least: int, most: int, at: str) -> Iterator[Violation]:
    if len(value) < least:
        yield Violation(f"must be more than {least - 1} characters", at, "min_length", least)
    if len(value) > most:
        yield Violation(f"must be less than {most + 1} characters", at, "max_length", most)


@dataclass(frozen=True)
class String:
    """A string of `least` to `most` characters, or one of `choices`."""

    most: int = 3000
    least: int = 1
    choices: tuple[str, ...] = ()

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        if not isinstance(value, str):
            yield Violation("must provide a string", at, "type", "string")
        elif self.choices and value not in self.choices:
            yield Violation("must be a valid enum value", at, "enum", list(self.choices))
        else:
            yield from _check_length(value, self.least, self.most, at)


@dataclass(frozen=True)
class Pattern:
    """A string of at most 3000 characters that has a certain form, which `words` ask for."""

    pattern: str
    description: str

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        yield from String().check(value, at)
        if isinstance(value, str) and value and not re.fullmatch(self.pattern, value):
            yield Violation(f"must be {self.description}", at, "format", self.description)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        if not isinstance(value, bool):
            yield Violation("must provide a boolean", at, "type", "boolean")


@dataclass(frozen=True)
class Number:
    """A whole number from `least` to `most`."""

    least: int
    most: int

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        if not isinstance(value, int) or isinstance(value, bool):
            yield Violation("must provide a number", at, "type", "integer")
        elif not self.least <= value <= self.most:
            yield Violation(f"must be between {self.least} and {self.most}", at, "range", [self.least, self.most])


@dataclass(frozen=True)
class Anything:
    """A value that is not looked into."""

    def check(self, value: Value, at: str) -> Iterator[Violation]:  # noqa: ARG002 - the signature of a rule
        """Give no problem."""
        yield from ()


@dataclass(frozen=True)
class Items:
    """A list of `least` to `most` things of one kind. `key` names a field that must differ among them."""

    rule: Rule
    most: int
    least: int = 1
    key: str = ""

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        if not isinstance(value, list):
            yield Violation("must provide an array", at, "type", "array")
            return
        if len(value) < self.least:
            yield Violation(f"must provide at least {self.least} items", at, "min_items", self.least)
        if len(value) > self.most:
            yield Violation(f"no more than {self.most} items allowed", at, "max_items", self.most)
        for place, item in enumerate(value):
            yield from self.rule.check(item, f"{at}/{place}")
        yield from self._check_unique(value, at)

    def _check_unique(self, value: list[Value], at: str) -> Iterator[Violation]:
        seen = set()
        for place, item in enumerate(value):
            name = item.get(self.key) if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            if name in seen:
                yield Violation(f'`{self.key}` "{name}" already exists', f"{at}/{place}/{self.key}", "unique")
            seen.add(name)


@dataclass(frozen=True)
class Shape:
    """An object with these fields and no others. `extra_check` checks several fields together."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    extra_check: Callable[[Mapping[str, Value], str], Iterator[Violation]] | None = None

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        if not isinstance(value, dict):
            yield Violation("must provide an object", at, "type", "object")
            return
        for name in self.required.keys() - value.keys():
            yield Violation(f"missing required field: {name}", at, "required", name)
        rules = {**self.required, **self.optional}
        for name, item in value.items():
            if name == "type":
                continue
            if name in rules:
                yield from rules[name].check(item, f"{at}/{name}")
            else:
                yield Violation(f"invalid additional property: {name}", at, "additional_property", sorted(rules))
        if self.extra_check:
            yield from self.extra_check(value, at)


@dataclass(frozen=True)
class ByType:
    """An object whose `type` decides which rule it follows."""

    rules: Mapping[str, Rule]

    def check(self, value: Value, at: str) -> Iterator[Violation]:
        """Give every problem of `value`."""
        if not isinstance(value, dict):
            yield Violation("must provide an object", at, "type", "object")
        elif "type" not in value:
            yield Violation("missing required field: type", at, "required", "type")
        elif not isinstance(value["type"], str):
            yield Violation("must provide a string", f"{at}/type", "type", "string")
        elif value["type"] not in self.rules:
            yield Violation(f"unsupported type: {value['type']}", f"{at}/type", "enum", list(self.rules))
        else:
            yield from self.rules[value["type"]].check(value, at)
