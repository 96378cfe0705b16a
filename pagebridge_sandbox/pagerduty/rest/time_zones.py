"""`time_zone`: in which zone the times of an answer are written."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from pagebridge_sandbox.pagerduty.responses import Json
from pagebridge_sandbox.pagerduty.rest.request import Request

TIMES = frozenset({"at", "start", "end"})
"""Fields that are times, beside those whose names end in `_at`."""


def localised(request: Request, body: Json) -> Json:
    """Write every time of an answer in the zone that the call asks for. Refused when there is no such zone."""
    zone = request.zone()
    return body if zone is UTC else {name: _inside(name, value, zone) for name, value in body.items()}


def _inside(name: str, value: Any, zone: tzinfo) -> Any:  # noqa: ANN401 - walks any JSON
    if isinstance(value, dict):
        return {inner: _inside(inner, each, zone) for inner, each in value.items()}
    if isinstance(value, list):
        return [_inside(name, each, zone) for each in value]
    if isinstance(value, str) and (name in TIMES or name.endswith("_at")):
        return datetime.fromisoformat(value).astimezone(zone).isoformat()
    return value
