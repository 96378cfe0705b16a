"""Reading whom and what an account consists of."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from shared.model.event import SECOND, Instant
from shared.model.ids import TeamId, UserId
from shared.pagerduty.api.request_bodies import moment
from shared.pagerduty.api.transport import PAGE, Params, Transport, get
from shared.pagerduty.models import escalation_policy as escalation_policy_model
from shared.pagerduty.models import service as service_model
from shared.pagerduty.models import user as user_model
from shared.pagerduty.models.escalation_policy import EscalationPolicy, OnCall
from shared.pagerduty.models.service import Priority, Service
from shared.pagerduty.models.user import Team, User

T = TypeVar("T")


class Directory(Transport):
    """
    The account.

    A search by `query` is fuzzy and gives the first page only: finding nothing means nothing. An empty one fits all.
    """

    async def user(self, user: UserId) -> User:
        """Read a user; a deleted one is usually `NotFound`."""
        return (await self._read("user", get("users", user), user_model.parse_user)).value

    async def users_by_query(self, query: str) -> tuple[User, ...]:
        """Search users by name or address."""
        return await self._search("users_by_query", "users", query, user_model.parse_users)

    async def all_users(self) -> AsyncIterator[User]:
        """Read the whole directory. PagerDuty pages no further than 10,000; more is `Refused`."""
        async for page in self._pages("all_users", get("users"), user_model.parse_users):
            for user in page:
                yield user

    async def team(self, team: TeamId) -> Team:
        """Read a team."""
        return (await self._read("team", get("teams", team), user_model.parse_team)).value

    async def teams(self, query: str = "") -> tuple[Team, ...]:
        """Search teams by name."""
        return await self._search("teams", "teams", query, user_model.parse_teams)

    async def team_members(self, team: TeamId) -> dict[UserId, str]:
        """Read the members of a team with their role there: `manager`, `responder` or `observer`."""
        roles: dict[UserId, str] = {}
        async for page in self._pages("team_members", get("teams", team, "members"), user_model.parse_members):
            roles |= page
        return roles

    async def escalation_policy(self, policy: str) -> EscalationPolicy:
        """Read an escalation policy as it is now, which need not be as it was when an incident took it."""
        request = get("escalation_policies", policy)
        return (await self._read("escalation_policy", request, escalation_policy_model.parse_escalation_policy)).value

    async def escalation_policies(self, query: str = "") -> tuple[EscalationPolicy, ...]:
        """Search escalation policies by name."""
        parse = escalation_policy_model.parse_escalation_policies
        return await self._search("escalation_policies", "escalation_policies", query, parse)

    async def on_calls(self, policy: str, at_ms: int | None = None, until_ms: int | None = None) -> tuple[OnCall, ...]:
        """
        Read who is on call for an escalation policy at which level, now or in the second of `at_ms`.

        With `until_ms` also those on call at any time up to that second.

        One person may be on call at several levels, or at one by several schedules. PagerDuty limits these calls more
        strictly.
        """
        params: Params = {"escalation_policy_ids[]": policy}
        if at_ms is not None:
            params = {**params, "since": moment(at_ms), "until": moment((until_ms or at_ms) + SECOND)}
        return await self._all("on_calls", get("oncalls", params=params), escalation_policy_model.parse_on_calls)

    async def on_calls_between(self, since_ms: int, until_ms: int) -> tuple[OnCall, ...]:
        """Read who is on call at any time between the two, for any escalation policy."""
        params: Params = {"since": moment(since_ms), "until": moment(until_ms)}
        return await self._all("on_calls", get("oncalls", params=params), escalation_policy_model.parse_on_calls)

    async def on_call(self, policy: str) -> frozenset[UserId]:
        """Read who is on call for an escalation policy now, at any level."""
        return frozenset(UserId(entry.user.id) for entry in await self.on_calls(policy))

    async def service(self, service: str) -> Service:
        """Read a service."""
        return (await self._read("service", get("services", service), service_model.parse_service)).value

    async def services(self, query: str = "") -> tuple[Service, ...]:
        """Search services by name."""
        return await self._search("services", "services", query, service_model.parse_services)

    async def all_services(self) -> tuple[Service, ...]:
        """Read every service."""
        return await self._all("all_services", get("services"), service_model.parse_services)

    async def priorities(self) -> tuple[Priority, ...]:
        """Read the priorities in PagerDuty's order, the highest first; an account without them is `Refused`."""
        return await self._all("priorities", get("priorities"), service_model.parse_priorities)

    async def abilities(self) -> frozenset[str]:
        """Read what the account can do, by PagerDuty's names, such as `RESPONDERS`."""
        return (await self._read("abilities", get("abilities"), service_model.parse_abilities)).value

    async def clock(self) -> Instant:
        """Return PagerDuty's clock, to the second."""
        return (await self._read("clock", get("abilities"), service_model.parse_abilities)).date

    async def _search(
        self, name: str, things: str, query: str, parse: Callable[[object], tuple[T, ...]]
    ) -> tuple[T, ...]:
        params: Params = {"query": query, "limit": PAGE} if query else {"limit": PAGE}
        return (await self._read(name, get(things, params=params), parse)).value
