"""Reading users, teams, escalation policies, services, priorities and who is on call."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from pagebridge_sandbox.pagerduty.clock import rest_timestamp
from pagebridge_sandbox.pagerduty.directory import EscalationPolicy, Service
from pagebridge_sandbox.pagerduty.responders import require_ability
from pagebridge_sandbox.pagerduty.responses import Json, Response, invalid_input
from pagebridge_sandbox.pagerduty.rest import includes
from pagebridge_sandbox.pagerduty.rest.api import Context, Routes
from pagebridge_sandbox.pagerduty.rest.includes import make_expander
from pagebridge_sandbox.pagerduty.rest.request import Request
from pagebridge_sandbox.pagerduty.rest.sorting import SortKeys, sort_by_query
from pagebridge_sandbox.pagerduty.rest.time_zones import localize_times

T = TypeVar("T")

POLICY_SORTS: SortKeys[EscalationPolicy] = {"name": lambda policy: policy.name.casefold()}
SERVICE_SORTS: SortKeys[Service] = {"name": lambda service: service.name.casefold()}


def list_users(context: Context) -> Response:
    """List users by name; `query` is compared loosely with name and address."""
    directory, request = context.account.directory, context.request
    teams = set(request.array_param("team_ids"))
    users = [
        user
        for user in directory.users.values()
        if _matches_query(request.query.get("query", ""), f"{user.name} {user.email}")
        and (not teams or teams & {team.id for team in directory.teams_of(user.id)})
    ]
    users.sort(key=lambda user: (user.name.casefold(), user.id))
    return Response(request.page("users", users, _expanding_renderer(context, context.renderer.user, includes.USER)))


def get_current_user(context: Context) -> Response:
    """
    Show the person whose token it is; refuse it for an account-level key or token, which belongs to no user.

    The error is a text, by which PagerDuty's own Python client recognises such a key.
    """
    if context.token_user is not None:
        return get_user(context, context.token_user)
    return Response({"error": "No current user: this is an account-level access token"}, HTTPStatus.BAD_REQUEST)


def get_user(context: Context, user_id: str) -> Response:
    """Show a user."""
    return Response(
        {
            "user": _expanding_renderer(context, context.renderer.user, includes.ONE_USER)(
                context.account.directory.user(user_id)
            )
        }
    )


def list_teams(context: Context) -> Response:
    """List teams."""
    require_ability(context.account, "teams")
    query = context.request.query.get("query", "")
    teams = [team for team in context.account.directory.teams.values() if _matches_query(query, team.name)]
    return Response(context.request.page("teams", teams, context.renderer.team))


def get_team(context: Context, team_id: str) -> Response:
    """Show a team; its privileges, which can be asked for, are not simulated."""
    require_ability(context.account, "teams")
    show = _expanding_renderer(context, context.renderer.team, includes.TEAM)
    return Response({"team": show(context.account.directory.team(team_id))})


def list_members(context: Context, team_id: str) -> Response:
    """List who is on a team."""
    members = context.renderer.members(context.account.directory.team(team_id))
    return Response(context.request.page("members", members, make_expander(context, includes.MEMBER)))


def list_policies(context: Context) -> Response:
    """List escalation policies."""
    request = context.request
    query, users, teams = (
        request.query.get("query", ""),
        set(request.array_param("user_ids")),
        set(request.array_param("team_ids")),
    )
    policies = [
        policy
        for policy in context.account.directory.policies.values()
        if _matches_query(query, policy.name)
        and (not users or any(users & set(level) for level in policy.levels))
        and (not teams or teams & set(policy.teams))
    ]
    show = _expanding_renderer(context, context.renderer.policy, includes.POLICY)
    return Response(request.page("escalation_policies", sort_by_query(request, policies, POLICY_SORTS, 1), show))


def get_policy(context: Context, policy_id: str) -> Response:
    """Show an escalation policy as it is now."""
    return Response(
        {
            "escalation_policy": _expanding_renderer(context, context.renderer.policy, includes.POLICY)(
                context.account.directory.policy(policy_id)
            )
        }
    )


def list_services(context: Context) -> Response:
    """List services."""
    request = context.request
    query, name, teams = request.query.get("query", ""), request.query.get("name"), set(request.array_param("team_ids"))
    services = [
        service
        for service in context.account.directory.services.values()
        if _matches_query(query, service.name)
        and name in (None, service.name)
        and (not teams or teams & set(service.teams))
    ]
    show = _expanding_renderer(context, context.renderer.service, includes.SERVICE)
    return Response(
        localize_times(request, request.page("services", sort_by_query(request, services, SERVICE_SORTS, 1), show))
    )


def get_service(context: Context, service_id: str) -> Response:
    """Show a service."""
    return Response(
        {
            "service": _expanding_renderer(context, context.renderer.service, includes.SERVICE)(
                context.account.directory.service(service_id)
            )
        }
    )


def list_priorities(context: Context) -> Response:
    """List priorities, the highest first."""
    priorities = list(context.account.directory.priorities.values())
    return Response(context.request.page("priorities", priorities, context.renderer.priority))


def list_oncalls(context: Context) -> Response:
    """List who is on call in the time that is asked for, or else now."""
    request = context.request
    since, until = _time_range(request, context.account.clock.now())
    policies, users, schedules = (
        request.array_param(name) for name in ("escalation_policy_ids", "user_ids", "schedule_ids")
    )
    oncalls = [
        oncall
        for policy in context.account.directory.policies.values()
        for oncall in context.renderer.oncalls(policy)
        if (not policies or policy.id in policies)
        and (not users or oncall["user"]["id"] in users)
        and (not schedules or (oncall["schedule"] or {"id": "null"})["id"] in schedules)
        and (oncall["start"] is None or oncall["start"] <= rest_timestamp(until))
        and (oncall["end"] is None or rest_timestamp(since) < oncall["end"])
    ]
    return Response(localize_times(request, request.page("oncalls", oncalls, make_expander(context, includes.ONCALL))))


def _time_range(request: Request, now: datetime) -> tuple[datetime, datetime]:
    request.bool_param("earliest")
    since, until = request.time_param("since") or now, request.time_param("until") or now
    if until < since:
        raise invalid_input("until must not be before since")
    return since.astimezone(UTC), until.astimezone(UTC)


def list_abilities(context: Context) -> Response:
    """List what the account can do."""
    return Response({"abilities": sorted(context.account.directory.abilities)})


def get_ability(context: Context, name: str) -> Response:
    """Answer whether the account has an ability; 402 when it has not."""
    require_ability(context.account, name)
    return Response("", HTTPStatus.NO_CONTENT)


def _expanding_renderer(context: Context, show: Callable[[T], Json], allowed: Sequence[str]) -> Callable[[T], Json]:
    """Return what shows a thing, with what `include[]` asks for."""
    expand = make_expander(context, allowed)
    return lambda thing: expand(show(thing))


def _matches_query(query: str, text: str) -> bool:
    """Compare as loosely as PagerDuty's search: every word of the query is somewhere in the text."""
    return all(word in text.casefold() for word in query.casefold().split())


ROUTES: Routes = {
    ("GET", "/users"): list_users,
    ("GET", "/users/me"): get_current_user,
    ("GET", "/users/{}"): get_user,
    ("GET", "/teams"): list_teams,
    ("GET", "/teams/{}"): get_team,
    ("GET", "/teams/{}/members"): list_members,
    ("GET", "/escalation_policies"): list_policies,
    ("GET", "/escalation_policies/{}"): get_policy,
    ("GET", "/services"): list_services,
    ("GET", "/services/{}"): get_service,
    ("GET", "/priorities"): list_priorities,
    ("GET", "/oncalls"): list_oncalls,
    ("GET", "/abilities"): list_abilities,
    ("GET", "/abilities/{}"): get_ability,
}
