"""
PagerDuty's REST API v2 in values: answers in, request bodies out. Pure.

A parser takes a decoded answer as PagerDuty sends it, with its envelope (`{"incident": {...}}`), and returns a value or
raises `Malformed`; unknown fields are passed over. Sources: PagerDuty's OpenAPI description and its pages on errors and
rate limits.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain
from shared.model.event import SECOND, Agent, Instant, Ref, Snapshot, Status, StatusChange
from shared.model.ids import IncidentId, TeamId, UserId, incident_id
from shared.pagerduty.fields import Fields, members, optional_time, text, time

PRIVATE = "none"
"""A team whose `default_role` is this hides its incidents from everybody else."""
ANSWERABLE = frozenset({"pending", "joined"})
"""The states in which somebody is a responder; who declined or was cancelled is none."""
LONGEST_WHY = 300

BAD_KEY = 2006
NOT_FOUND_CODES = frozenset({2100, 5001})
BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERROR = 400, 401, 404, 408, 429, 500


@dataclass(frozen=True)
class RestIncident:
    """
    An incident as a read or the answer to a write shows it.

    `updated` is None when PagerDuty did not say; such a reading cannot be compared with any other. `assigned_via` is
    `escalation_policy`, `direct_assignment`, or empty when not said. `responders` are those who were asked or have
    joined.
    """

    id: IncidentId
    snapshot: Snapshot
    updated: Instant | None
    status_change: StatusChange | None
    responders: frozenset[UserId]
    acknowledgers: tuple[Ref, ...]
    assigned_via: str


@dataclass(frozen=True)
class User:
    """A PagerDuty user; `role` is the base role. `kind` is PagerDuty's type: `user` for a person."""

    id: UserId
    name: str
    email: str
    role: str
    team_ids: frozenset[TeamId] = frozenset()
    kind: str = "user"
    deleted: bool = False


@dataclass(frozen=True)
class Team:
    """A PagerDuty team; a `private` one hides its incidents from whoever is not on it."""

    id: TeamId
    name: str
    private: bool


@dataclass(frozen=True)
class EscalationPolicy:
    """An escalation policy; `targets` are the users that its levels name directly, not through a schedule."""

    id: str
    name: str
    targets: frozenset[UserId]


def status_request(status: Status) -> dict[str, object]:
    """Make the body of the `PUT` that brings an incident into `status`."""
    return {"incident": {"type": "incident_reference", "status": status.value}}


def parse_incident(answer: object) -> RestIncident:
    """Read `{"incident": {...}}`."""
    incident = Fields.of(Fields.of(answer).get("incident"))
    return RestIncident(
        id=incident_id(incident.get("id")),
        snapshot=snapshot_from_rest(incident.values),
        updated=optional_time(incident.get("updated_at")),
        status_change=_status_change(incident),
        responders=_responders(incident),
        acknowledgers=tuple(_ref(one.get("acknowledger")) for one in incident.members("acknowledgements")),
        assigned_via=incident.optional_text("assigned_via"),
    )


def snapshot_from_rest(incident: object) -> Snapshot:
    """Read the fields of one incident object that a webhook carries as well, and are compared with it."""
    fields = Fields.of(incident)
    created = optional_time(fields.get("created_at"))
    return Snapshot(
        status=_status(fields.get("status")),
        title=text(fields.get("title")),
        number=fields.optional_number("incident_number"),
        url=fields.optional_text("html_url"),
        urgency=text(fields.get("urgency")),
        service=_optional_ref(fields.get("service")),
        priority=_optional_ref(fields.get("priority")),
        assignees=tuple(_ref(one.get("assignee")) for one in fields.members("assignments")),
        teams=tuple(_ref(team.values) for team in fields.members("teams")),
        escalation_policy=_optional_ref(fields.get("escalation_policy")),
        created_ms=created.ms if created else None,
    )


def parse_user(answer: object) -> User:
    """Read `{"user": {...}}`."""
    return _user(Fields.of(Fields.of(answer).get("user")))


def parse_users(answer: object) -> tuple[User, ...]:
    """Read one page of `{"users": [...]}`."""
    return tuple(_user(user) for user in members(Fields.of(answer).get("users")))


def parse_members(answer: object) -> dict[UserId, str]:
    """Read one page of `{"members": [...]}`: each member's role on that team."""
    entries = members(Fields.of(answer).get("members"))
    return {_user_id(entry.get("user")): text(entry.get("role")) for entry in entries}


def parse_team(answer: object) -> Team:
    """Read `{"team": {...}}`."""
    team = Fields.of(Fields.of(answer).get("team"))
    private = team.optional_text("default_role") == PRIVATE
    return Team(TeamId(text(team.get("id"))), text(team.get("name")), private=private)


def parse_escalation_policy(answer: object) -> EscalationPolicy:
    """Read `{"escalation_policy": {...}}`."""
    policy = Fields.of(Fields.of(answer).get("escalation_policy"))
    targets = [target for rule in policy.members("escalation_rules") for target in rule.members("targets")]
    named = frozenset(UserId(text(target.get("id"))) for target in targets if _is_user(target))
    return EscalationPolicy(text(policy.get("id")), text(policy.get("name")), named)


def parse_oncalls(answer: object) -> frozenset[UserId]:
    """Read one page of `{"oncalls": [...]}`: who is on call, at whatever level."""
    return frozenset(_user_id(entry.get("user")) for entry in members(Fields.of(answer).get("oncalls")))


def has_more(answer: object) -> bool:
    """Tell whether another page follows."""
    return Fields.of(answer).get("more") is True


def server_time(headers: Mapping[str, str]) -> Instant:
    """Read PagerDuty's clock off the `Date` header of an answer."""
    try:
        moment = parsedate_to_datetime(headers["Date"])
        return Instant(int(moment.timestamp()) * SECOND, SECOND)
    except (KeyError, ValueError, OverflowError):
        raise Malformed("PagerDuty's answer has no usable Date header") from None


def error_from(status: int, headers: Mapping[str, str], body: bytes) -> CallError:
    """
    Make the error that an answer outside 200 to 299 stands for.

    5xx and 408 leave open whether the call took effect, and so does what PagerDuty does not document, such as a
    redirect.
    """
    why, code = _reason(status, body)
    if status == TOO_MANY:
        return Unavailable(why, _retry_after(headers))
    if status < BAD_REQUEST or status == REQUEST_TIMEOUT or status >= SERVER_ERROR:
        return Uncertain(why)
    if status == UNAUTHORIZED and code in {BAD_KEY, None}:
        return BadCredentials(why, code, status)
    if status == NOT_FOUND or code in NOT_FOUND_CODES:
        return NotFound(why, code, status)
    return Refused(why, code, status)


def _reason(status: int, body: bytes) -> tuple[str, int | None]:
    """Read what PagerDuty says in words and its code. Gateways answer with no JSON, or with something else."""
    try:
        error = json.loads(body).get("error")
        message, code, details = error.get("message"), error.get("code"), error.get("errors")
    except (AttributeError, ValueError, RecursionError):
        return f"PagerDuty answered with HTTP status {status}", None
    texts = [message, *(details if isinstance(details, list) else [])]
    words = ": ".join(dict.fromkeys(word for word in texts if isinstance(word, str) and word))
    known = code if isinstance(code, int) and not isinstance(code, bool) else None
    return f"PagerDuty answered: {words or f'HTTP status {status}'}"[:LONGEST_WHY], known


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds to wait; a 429 may come without saying."""
    given = {name.lower(): value for name, value in headers.items()}
    for name in ("ratelimit-reset", "retry-after"):
        try:
            seconds = float(given[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None


def _status(value: object) -> Status:
    try:
        return Status(text(value))
    except ValueError:
        raise Malformed("an incident in a state that PagerDuty does not document") from None


def _status_change(incident: Fields) -> StatusChange | None:
    at, by = incident.get("last_status_change_at"), incident.get("last_status_change_by")
    return None if at is None else StatusChange(None if by is None else _agent(Fields.of(by)), time(at))


def _agent(agent: Fields) -> Agent:
    return Agent(text(agent.get("id")), agent.optional_text("summary"), text(agent.get("type")))


def _responders(incident: Fields) -> frozenset[UserId]:
    entries = incident.members("incidents_responders")
    return frozenset(_user_id(entry.get("user")) for entry in entries if entry.get("state") in ANSWERABLE)


def _user(user: Fields) -> User:
    return User(
        id=UserId(text(user.get("id"))),
        name=text(user.get("name")),
        email=text(user.get("email")),
        role=text(user.get("role")),
        team_ids=frozenset(TeamId(text(team.get("id"))) for team in user.members("teams")),
        kind=text(user.get("type")),
        deleted=user.get("deleted_at") is not None,
    )


def _user_id(reference: object) -> UserId:
    return UserId(text(Fields.of(reference).get("id")))


def _is_user(target: Fields) -> bool:
    return target.get("type") in {"user", "user_reference"}


def _optional_ref(value: object) -> Ref | None:
    return None if value is None else _ref(value)


def _ref(value: object) -> Ref:
    fields = Fields.of(value)
    return Ref(text(fields.get("id")), fields.optional_text("summary"), fields.optional_text("html_url"))
