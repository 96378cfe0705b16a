"""Which operation a call is for, and whether the caller may make it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import User
from pagebridge_sandbox.pagerduty.incident_rendering import IncidentRenderer
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident
from pagebridge_sandbox.pagerduty.oauth import AUTHORIZE_PATH, TOKEN_PATH, OAuthServer
from pagebridge_sandbox.pagerduty.rendering import DirectoryRenderer
from pagebridge_sandbox.pagerduty.responses import (
    INVALID_API_KEY,
    INVALID_REQUESTER,
    RATE_LIMITED,
    REQUESTER_NOT_FOUND,
    ApiError,
    Response,
    invalid_input,
    not_found,
)
from pagebridge_sandbox.pagerduty.rest.request import Request
from pagebridge_sandbox.pagerduty.roles import require_may_act

MINUTE, EPOCH = timedelta(minutes=1), datetime.fromtimestamp(0, UTC)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class Context:
    """
    The input of an operation: the account, the request, and the renderers of its response.

    `token_user` is whose token it came with, None for a key or an app's own.
    """

    account: Account
    request: Request
    renderer: DirectoryRenderer
    incident_renderer: IncidentRenderer
    token_user: str | None = None

    def requester(self) -> User:
        """Return the user in `From`, whom every write needs with an account-level key."""
        email = self.request.from_email
        if email is None:
            raise invalid_input("The From header must name the e-mail address of a valid user of this account")
        if not EMAIL.fullmatch(email):
            raise ApiError(INVALID_REQUESTER, "Requester Is Invalid", "The From header is not an e-mail address")
        user = self.account.directory.user_by_email(email)
        if user is None:
            raise ApiError(REQUESTER_NOT_FOUND, "Requester User Not Found")
        return user

    def actor_for_incident(self, incident: Incident, user: User) -> Actor:
        """Return a user as the one who changes an incident; refused when their roles do not let them."""
        return self.actor_for_teams(user, incident.teams, incident.involved_users)

    def actor_for_teams(self, user: User, teams: Sequence[str], involved: Sequence[str] = ()) -> Actor:
        """Return a user as the one who acts on what belongs to these teams."""
        if self.account.options.enforce_roles:
            require_may_act(self.account.directory, user, teams, involved)
        return Actor.person(user)


Operation = Callable[..., Response]
"""Takes the context and the variable parts of the path."""
Routes = dict[tuple[str, str], Operation]
"""Operations by method and path, in which `{}` is a variable part."""


SEPARATELY_LIMITED: frozenset[tuple[str, tuple[str, ...]]] = frozenset(
    {("POST", ("incidents",)), ("PUT", ("incidents",)), ("GET", ("oncalls",))}
)
"""Operations with a limit of their own (OpenAPI), whose number PagerDuty does not publish."""


@dataclass
class CallsPerMinute:
    """So many calls a minute."""

    limit: int
    window_start: datetime = EPOCH
    used: int = 0

    def count_call(self, now: datetime) -> dict[str, str]:
        """Count a call, and return the headers that say how many are left in this minute."""
        if now - self.window_start >= MINUTE:
            self.window_start, self.used = now, 0
        self.used += 1
        headers = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(max(0, self.limit - self.used)),
            "ratelimit-reset": str(max(1, round((self.window_start + MINUTE - now).total_seconds()))),
        }
        if self.used > self.limit:
            raise RateLimited(headers)
        return headers


class Api:
    """
    The REST API of an account, for one account-level key and the apps of `oauth`.

    It may make `rate_limit` calls a minute, and `operation_limit` of each operation that has a limit of its own.
    """

    def __init__(
        self, account: Account, routes: Routes, token: str, rate_limit: int, operation_limit: int | None = None
    ) -> None:
        self._account = account
        self.oauth = OAuthServer(account.clock, account.directory.users.values)
        self._routes = {(method, tuple(path.strip("/").split("/"))): routes[method, path] for method, path in routes}
        self._token = token
        self._limit = CallsPerMinute(rate_limit)
        self._operation_limits: dict[tuple[str, tuple[str, ...]], CallsPerMinute] = (
            {} if operation_limit is None else {each: CallsPerMinute(operation_limit) for each in SEPARATELY_LIMITED}
        )
        self.directory_renderer = DirectoryRenderer(account.directory, account.references, account.service_status)
        self.incident_renderer = IncidentRenderer(account.references)

    def __call__(self, request: Request) -> Response:
        """Carry out a call at once. Raises `ApiError`."""
        if request.path == TOKEN_PATH:
            return self.oauth.handle(request)
        if request.path == AUTHORIZE_PATH:
            return self.oauth.sign_in(request)
        self._authenticate(request)
        limits = self._count_call(request)
        try:
            answer = self._perform(request)
        except ApiError as refusal:
            answer = refusal.response
        return replace(answer, headers={**answer.headers, **limits})

    def _perform(self, request: Request) -> Response:
        operation, variables = self._match_route(request)
        user = self.oauth.user_of(request)
        context = Context(self._account, request, self.directory_renderer, self.incident_renderer, user)
        return operation(context, *variables)

    def _match_route(self, request: Request) -> tuple[Operation, list[str]]:
        for (method, pattern), operation in self._routes.items():
            if method == request.method and len(pattern) == len(request.path):
                pairs = list(zip(pattern, request.path, strict=True))
                if all(part in ("{}", segment) for part, segment in pairs):
                    return operation, [segment for part, segment in pairs if part == "{}"]
        raise not_found()

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.authorization.partition(" ")
        if scheme.lower() == "bearer" and self.oauth.authorize(request, key):
            return
        name, _, token = key.strip().partition("=")
        if (scheme.lower(), name) != ("token", "token") or token.strip('"') != self._token:
            raise ApiError(INVALID_API_KEY, "Unauthorized", status=HTTPStatus.UNAUTHORIZED)

    def _count_call(self, request: Request) -> dict[str, str]:
        """Count a call against every limit that it has; what is returned is about the closest one."""
        now = self._account.clock.now()
        headers = self._limit.count_call(now)
        own = self._operation_limits.get((request.method, request.path))
        return own.count_call(now) if own else headers


class RateLimited(ApiError):
    """Raised for a call too many in this minute."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(RATE_LIMITED, "Rate Limit Exceeded", status=HTTPStatus.TOO_MANY_REQUESTS)
        self._headers = headers

    @property
    def response(self) -> Response:
        """The refusal, with the headers that say when to come back."""
        return replace(super().response, headers=self._headers)
