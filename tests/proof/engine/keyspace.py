"""The data of a `MemoryServer`: values of one type under each key, some of which expire, and how arguments are read."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from redis._parsers.base import BaseParser
from redis.exceptions import ResponseError

V = TypeVar("V")

MOST = 2**63
_INTEGER = re.compile(rb"-?[1-9][0-9]{0,18}|0")


class Text(bytes):
    """The value of a string key."""


class Hash(dict[bytes, bytes]):
    """The value of a hash key."""


class SortedSet(dict[bytes, float]):
    """The value of a sorted set: members with their scores."""

    def ranked(self) -> list[tuple[bytes, float]]:
        """List the members, lowest score first, equal scores in the order of their bytes."""
        return sorted(self.items(), key=lambda item: (item[1], item[0]))


class Row(list[bytes]):
    """The value of a list key."""


class Keyspace:
    """
    All keys. `at_us` is the time of the command at hand, in microseconds since 1970: it stands still within a script.

    `grown` names the streams and lists that have got entries since the server last looked.
    """

    def __init__(self) -> None:
        self.at_us = 0
        self.grown: list[bytes] = []
        self._values: dict[bytes, object] = {}
        self._expires_ms: dict[bytes, int] = {}

    @property
    def at_ms(self) -> int:
        """The same time in milliseconds."""
        return self.at_us // 1000

    def find(self, key: bytes, kind: type[V]) -> V | None:
        """Find the value under `key`; an error reply if it is of another kind."""
        found = self.value(key)
        if found is not None and not isinstance(found, kind):
            raise failure("WRONGTYPE Operation against a key holding the wrong kind of value")
        return found

    def value(self, key: bytes) -> object:
        """Find the value under `key`, of whatever kind, unless it has expired."""
        if self._expires_ms and self._expires_ms.get(key, math.inf) < self.at_ms:
            self.delete(key)
        return self._values.get(key)

    def find_or_make(self, key: bytes, kind: type[V]) -> V:
        """Find the value under `key`, or put a new one there."""
        value = self.find(key, kind)
        if value is None:
            value = self._values[key] = kind()
        return value

    def put(self, key: bytes, value: object, expires_ms: int | None = None) -> None:
        """Put a value under `key`, in place of whatever was there and its expiry."""
        self.delete(key)
        self._values[key] = value
        if expires_ms is not None:
            self._expires_ms[key] = expires_ms

    def replace(self, key: bytes, value: object) -> None:
        """Put another value under `key`, which expires when the old one would have."""
        self._values[key] = value

    def delete(self, key: bytes) -> bool:
        """Remove a key, and tell whether it was there."""
        self._expires_ms.pop(key, None)
        return self._values.pop(key, None) is not None

    def drop_if_empty(self, key: bytes) -> None:
        """Remove a hash, a sorted set or a list that has nothing left in it."""
        if not self._values.get(key, True):
            self.delete(key)

    def expire(self, key: bytes, at_ms: int) -> bool:
        """Let a key expire then, and tell whether it is there."""
        if self.value(key) is None:
            return False
        if at_ms <= self.at_ms:
            self.delete(key)
        else:
            self._expires_ms[key] = at_ms
        return True

    def expiry(self, key: bytes) -> int | None:
        """Tell when a key expires, if ever."""
        return self._expires_ms.get(key)


@dataclass(frozen=True)
class Command:
    """
    One command: `carry_out` gets the keyspace and the arguments after the name.

    `least` and `most` say how many arguments it takes; None stands for any number.
    """

    carry_out: Callable[[Keyspace, Sequence[bytes]], object]
    least: int
    most: int | None = None


def failure(text: str) -> ResponseError:
    """Make the exception that redis-py makes of an error reply."""
    error: ResponseError = BaseParser.parse_error(text)
    return error


def syntax_error() -> ResponseError:
    """Make the error for arguments in a wrong place."""
    return failure("ERR syntax error")


def integer(text: bytes, error: str = "ERR value is not an integer or out of range") -> int:
    """Read a 64-bit integer, as strictly as Redis."""
    if not _INTEGER.fullmatch(text) or not -MOST <= int(text) < MOST:
        raise failure(error)
    return int(text)


def score(text: bytes, error: str = "ERR value is not a valid float") -> float:
    """Read the score of a member, or an end of a range of scores."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number) or b"_" in text or text != text.strip():
        raise failure(error)
    return number


def number(value: float) -> bytes:
    """Write a number as Redis does: in full if it is whole, else with as few digits as tell it from others."""
    return b"%d" % value if value.is_integer() and abs(value) < 2**53 else repr(value).encode()
