"""Taking decoded JSON apart: each step gives a value of the type that is wanted, or raises `Malformed`."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.errors import Malformed
from shared.model.event import SECOND, Agent, Instant, Ref
from shared.model.ids import UserId


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

    def part(self, name: str) -> Self:
        """Give an object, an empty one when it is null or missing."""
        value = self.get(name)
        return type(self)({}) if value is None else self.of(value)

    def members(self, name: str) -> "list[Fields]":
        """Give a list of objects, empty when it is null or missing."""
        value = self.get(name)
        return [] if value is None else members(value)


def members(value: object) -> list[Fields]:
    """Take `value` as a list of objects."""
    if not isinstance(value, list):
        raise Malformed(f"{_kind(value)} in place of a list")
    return [Fields.of(member) for member in value]


def ref(fields: Fields) -> Ref:
    """Take an object as a reference."""
    return Ref(text(fields.get("id")), fields.optional_text("summary"), fields.optional_text("html_url"))


def optional_ref(value: object) -> Ref | None:
    """Take `value` as a reference; None when it is null."""
    return None if value is None else ref(Fields.of(value))


def text(value: object) -> str:
    """
    Take `value` as a text.

    JSON can carry halves of surrogate pairs, which no file and no socket takes; they become U+FFFD.
    """
    if not isinstance(value, str):
        raise Malformed(f"{_kind(value)} in place of a text")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def written(value: object) -> str:
    """Return `value` as text: a string as it is, null as empty, all else as JSON."""
    if value is None:
        return ""
    try:
        return text(value) if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        raise Malformed("a value nested too deeply") from None


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


def optional_agent(value: object) -> Agent | None:
    """Return `value` as a reference to an agent; None if it is null."""
    if value is None:
        return None
    fields = Fields.of(value)
    return Agent(text(fields.get("id")), fields.optional_text("summary"), text(fields.get("type")))


def user_id(value: object) -> UserId:
    """Take `value` as a reference to a user, of whom only the id is wanted."""
    return UserId(text(Fields.of(value).get("id")))


def is_user(reference: Fields) -> bool:
    """True for a reference to a user, False for a schedule or a policy."""
    return reference.optional_text("type") in {"user", "user_reference"}


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
