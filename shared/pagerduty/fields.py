"""Taking decoded JSON apart: each step gives a value of the type that is wanted, or raises `Malformed`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.errors import Malformed
from shared.model.event import SECOND, Instant


@dataclass(frozen=True)
class Fields:
    """A JSON object. What it lacks reads as null, which PagerDuty does not tell apart either."""

    values: dict[str, object]

    @classmethod
    def of(cls, value: object) -> Self:
        """Take `value` as an object."""
        if not isinstance(value, dict):
            raise Malformed(f"{_kind(value)} in place of an object")
        return cls(value)

    def get(self, name: str) -> object:
        """Give a field as it is; None when it is missing."""
        return self.values.get(name)

    def optional_text(self, name: str) -> str:
        """Give a text, empty when it is null or missing."""
        value = self.get(name)
        return "" if value is None else text(value)

    def optional_number(self, name: str) -> int | None:
        """Give a whole number; None when it is null or missing."""
        value = self.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise Malformed(f"{_kind(value)} in place of a whole number")

    def members(self, name: str) -> "list[Fields]":
        """Give a list of objects, empty when it is null or missing."""
        value = self.get(name)
        return [] if value is None else members(value)


def members(value: object) -> list[Fields]:
    """Take `value` as a list of objects."""
    if not isinstance(value, list):
        raise Malformed(f"{_kind(value)} in place of a list")
    return [Fields.of(member) for member in value]


def text(value: object) -> str:
    """
    Take `value` as a text.

    JSON can carry halves of surrogate pairs, which no file and no socket takes; they become U+FFFD.
    """
    if not isinstance(value, str):
        raise Malformed(f"{_kind(value)} in place of a text")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def time(value: object) -> Instant:
    """Take `value` as an ISO 8601 time with a time zone; REST gives whole seconds."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        raise Malformed("a text that is no time") from None
    if moment.tzinfo is None:
        raise Malformed("a time without a time zone")
    return Instant(int(moment.timestamp()) * SECOND, SECOND)


def optional_time(value: object) -> Instant | None:
    """Take `value` as a time; None when it is null."""
    return None if value is None else time(value)


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
