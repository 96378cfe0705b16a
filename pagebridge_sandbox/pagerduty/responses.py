"""The common parts of every answer of the simulated PagerDuty."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]
"""A JSON object, as it goes over the wire."""

ALREADY_RESOLVED = 1001
ALREADY_ACKNOWLEDGED = 1002
CANNOT_ESCALATE = 1006
ASSIGNEE_NOT_FOUND = 1007
REQUESTER_NOT_FOUND = 1008
CANNOT_REASSIGN = 1011
NOT_ACKNOWLEDGED = 1012
INVALID_SNOOZE = 1013
POLICY_NOT_FOUND = 1014
NOBODY_ON_CALL = 1015
REQUESTER_NOT_AUTHORIZED = 1018
ALREADY_MERGED = 1019
INVALID_PRIORITY = 1020
INVALID_REQUESTER = 1028
INTERNAL_ERROR = 2000
INVALID_INPUT = 2001
ARGUMENTS_CAUSED_ERROR = 2002
INVALID_API_KEY = 2006
ACCESS_DENIED = 2010
USER_NOT_FOUND = 2013
MISSING_ABILITY = 2014
REQUEST_TIMEOUT = 2016
PRODUCT_LIMIT = 2019
RATE_LIMITED = 2020
NOT_FOUND = 2100
"""Codes of PagerDuty's page on errors."""


TEAM_FIELDS = frozenset({"teams", "default_role"})
"""The fields that go when teams are left out."""


def without_teams(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Leave out of JSON what it says of teams; a list of teams itself stays."""
    if isinstance(value, list):
        return [without_teams(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {name: without_teams(inner) for name, inner in value.items() if name not in TEAM_FIELDS or "id" not in value}


@dataclass(frozen=True)
class Response:
    """The answer to one call. A text body is sent as it is: gateways answer without JSON."""

    body: Json | str
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """Raised when PagerDuty says no; nothing has changed. `status` is the HTTP status, `code` PagerDuty's own."""

    def __init__(self, code: int, message: str, *errors: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(": ".join([message, *errors]))
        self.code = code
        self.message = message
        self.errors = list(errors)
        self.status = status

    @property
    def response(self) -> Response:
        """The refusal as the REST API words it."""
        error: Json = {"message": self.message, "code": self.code}
        if self.errors:
            error["errors"] = self.errors
        return Response({"error": error}, self.status)


def not_found(what: str = "") -> ApiError:
    """Refuse because something does not exist."""
    return ApiError(NOT_FOUND, "Not Found", *([what] if what else []), status=HTTPStatus.NOT_FOUND)


def invalid_input(*errors: str) -> ApiError:
    """Refuse arguments, saying what is wrong with each."""
    return ApiError(INVALID_INPUT, "Invalid Input Provided", *errors)
