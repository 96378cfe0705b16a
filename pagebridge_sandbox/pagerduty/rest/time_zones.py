"""`time_zone`: in which zone the times of an answer are written."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from pagebridge_sandbox.pagerduty.responses import Json
from pagebridge_sandbox.pagerduty.rest.request import Request

TIME_FIELDS = frozenset({"at", "start", "end"})
"""Fields that are times, beside those whose names end in `_at`."""


def localize_times(request: Request, body: Json) -> Json:
    """Write every time of an answer in the zone that the call asks for. Refused when there is no such zone."""
    zone = request.time_zone()
    return body if zone is UTC else {name: _localize(name, value, zone) for name, value in body.items()}


def _localize(name: str, value: Any, zone: tzinfo) -> Any:  # noqa: ANN401 - walks any JSON
    if isinstance(value, dict):
        return {inner: _localize(inner, each, zone) for inner, each in value.items()}
    if isinstance(value, list):
        return [_localize(name, each, zone) for each in value]
    if isinstance(value, str) and (name in TIME_FIELDS or name.endswith("_at")):
        return datetime.fromisoformat(value).astimezone(zone).isoformat()
    return value
