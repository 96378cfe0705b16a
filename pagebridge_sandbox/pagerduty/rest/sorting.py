"""`sort_by`: in which order things are listed."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pagebridge_sandbox.pagerduty.responses import invalid_input
from pagebridge_sandbox.pagerduty.rest.request import Request

MAX_SORTS = 2
T = TypeVar("T")
SortKeys = Mapping[str, Callable[[T], Any]]
"""The values that can be sorted by, by field; the first field is the default."""


def sort_by_query(request: Request, things: list[T], sorts: SortKeys[T], max_fields: int = MAX_SORTS) -> list[T]:
    """Sort by the fields that the call names, `most` of them at most, each with `:asc` or `:desc` behind it."""
    fields = [field for field in request.query.get("sort_by", next(iter(sorts))).split(",") if field]
    if len(fields) > max_fields:
        raise invalid_input(f"sort_by must not name more than {max_fields}")
    for field in reversed(fields):
        name, _, direction = field.partition(":")
        if name not in sorts or direction not in ("", "asc", "desc"):
            raise invalid_input(f"sort_by must not be {field}")
        things.sort(key=sorts[name], reverse=direction == "desc")
    return things
