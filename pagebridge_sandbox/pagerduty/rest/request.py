"""One call to the REST API, and how its parameters and body are read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TypeVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from multidict import MultiMapping

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.pagerduty.responses import Json, invalid_input

DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 25, 100, 10_000
"""Pages have 25 entries unless asked for up to 100; beyond the 10,000th none can be read (PagerDuty, pagination)."""

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """A call as it came over the wire. `sender` is its `From` header; `path` are its unquoted segments."""

    method: str
    path: tuple[str, ...]
    query: MultiMapping[str]
    authorization: str
    from_email: str | None
    body: bytes
    is_json: bool
    longest_page: int = MAX_LIMIT

    @classmethod
    def from_http(cls, raw: web.Request, body: bytes, longest_page: int = MAX_LIMIT) -> "Request":
        """Read a call. A page is never longer than `longest_page`."""
        return cls(
            method=raw.method,
            path=tuple(unquote(segment) for segment in raw.rel_url.raw_path.strip("/").split("/")),
            query=raw.query,
            authorization=raw.headers.get("Authorization", ""),
            from_email=raw.headers.get("From"),
            body=body,
            is_json=raw.content_type == "application/json",
            longest_page=longest_page,
        )

    def body_object(self, name: str) -> Json:
        """Return the object `name` in the body."""
        value = self.parsed_body().get(name)
        if not isinstance(value, dict):
            raise invalid_input(f"{name} is missing")
        return value

    def parsed_body(self) -> Json:
        """Return the body. What is not sent as JSON counts as not sent, and anything but an object as empty."""
        try:
            decoded = decode(self.body) if self.is_json else None
        except ValueError:
            raise invalid_input("Malformed JSON") from None
        return decoded if isinstance(decoded, dict) else {}

    def array_param(self, name: str, allowed: Iterable[str] | None = None) -> list[str]:
        """Return the values of an array parameter such as `statuses[]`, each of which must be allowed."""
        values = self.query.getall(f"{name}[]", [])
        for value in values:
            if allowed is not None and value not in allowed:
                raise invalid_input(f"{name}[] must not be {value}")
        return values

    def time_param(self, name: str) -> datetime | None:
        """Return a parameter that is a time; without a zone it is in that of `time_zone`."""
        text = self.query.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise invalid_input(f"{name} is not a valid time") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self.time_zone())

    def time_zone(self) -> tzinfo:
        """Return the zone that `time_zone` names; without it UTC, the account's zone."""
        name = self.query.get("time_zone")
        if name is None:
            return UTC
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise invalid_input("time_zone is not a valid time zone") from None

    def bool_param(self, name: str) -> bool:
        """Return a parameter that is true or false, and false when it is not given."""
        text = self.query.get(name, "false").casefold()
        if text not in BOOLEANS:
            raise invalid_input(f"{name} must be true or false")
        return BOOLEANS[text]

    def page(self, name: str, things: Sequence[T], show: Callable[[T], Json]) -> Json:
        """Show the page that is asked for, in the classic way with `limit`, `offset`, `more` and `total`."""
        limit, offset = self._int_param("limit", DEFAULT_LIMIT), self._int_param("offset", 0)
        if not 1 <= limit <= MAX_LIMIT:
            raise invalid_input(f"Limit must be between 1 and {MAX_LIMIT}")
        if offset < 0 or offset + limit > MAX_OFFSET:
            raise invalid_input(f"Offset must not be negative, and offset plus limit not more than {MAX_OFFSET}")
        limit = min(limit, self.longest_page)
        return {
            name: [show(thing) for thing in things[offset : offset + limit]],
            "limit": limit,
            "offset": offset,
            "more": offset + limit < len(things),
            "total": len(things) if self.bool_param("total") else None,
        }

    def _int_param(self, name: str, default: int) -> int:
        text = self.query.get(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise invalid_input(f"{name} must be a number") from None
