"""The complete log of the calls to the REST API."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pagebridge_sandbox.pagerduty.responses import Json


@dataclass
class Call:
    """
    One call. `query` has every value of a parameter; `body` is the decoded JSON or, where it is none, the text.

    `status` is None while there is no answer, and stays so when the connection is cut instead; `code` is PagerDuty's
    error code. `took_effect` says whether it has changed anything, with any answer. `ended_at` is when it was
    answered or cut.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    from_email: str | None
    body: Json | list[object] | str | None
    at: datetime
    status: int | None = None
    code: int | None = None
    took_effect: bool = False
    ended_at: datetime | None = None


def matches(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern, in which `*` stands for one segment or a part of it, and `**` for anything."""
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    wild = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts), re.DOTALL)
