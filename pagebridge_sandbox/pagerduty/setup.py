"""Setting up the simulated account: who works there, and what can break."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import EscalationPolicy, Priority, Service, Shift, Team, User
from pagebridge_sandbox.pagerduty.subscriptions import Subscription
from pagebridge_sandbox.pagerduty.webhooks import Webhooks


class AccountSetup:
    """
    The acts of an administrator.

    Ids are made up unless given. Teams may be given as such or by id. Naming something that does not exist raises
    `ApiError` (404), a role that PagerDuty does not have `ValueError`.
    """

    def __init__(self, account: Account, webhooks: Webhooks) -> None:
        self._account = account
        self.webhooks: Webhooks = webhooks

    @property
    def users(self) -> list[User]:
        """The account's users."""
        return list(self._account.directory.users.values())

    @property
    def teams(self) -> list[Team]:
        """The account's teams."""
        return list(self._account.directory.teams.values())

    @property
    def services(self) -> list[Service]:
        """The account's services."""
        return list(self._account.directory.services.values())

    @property
    def escalation_policies(self) -> list[EscalationPolicy]:
        """The account's escalation policies."""
        return list(self._account.directory.policies.values())

    @property
    def priorities(self) -> list[Priority]:
        """The account's priorities, the highest first."""
        return list(self._account.directory.priorities.values())

    def add_user(
        self,
        name: str,
        email: str,
        role: str = "user",
        id: str | None = None,  # noqa: A002 - PagerDuty's word
    ) -> User:
        """Add a user; `role` is the base role. Unlike PagerDuty, two may have the same address."""
        return self._account.directory.add_user(name, email, role, id)

    def change_user(self, user_id: str, **changes: str) -> User:
        """Change a user's `name`, `email`, `role`, `time_zone` or `job_title`."""
        return self._account.directory.change_user(user_id, **changes)

    def remove_user(self, user_id: str) -> None:
        """Delete a user."""
        self._account.directory.remove_user(user_id)

    def add_team(
        self,
        name: str,
        id: str | None = None,  # noqa: A002 - PagerDuty's word
        *,
        private: bool = False,
    ) -> Team:
        """Add a team, without members."""
        team = Team(id or ids.object_id(), name, private)
        self._account.directory.teams[team.id] = team
        return team

    def add_member(self, team_id: str, user_id: str, role: str = "responder") -> None:
        """Put a user on a team as `manager`, `responder` or `observer`, or change their role there."""
        self._account.directory.add_member(team_id, user_id, role)

    def remove_member(self, team_id: str, user_id: str) -> None:
        """Take a user off a team."""
        self._account.directory.team(team_id).members.pop(user_id, None)

    def add_escalation_policy(
        self,
        name: str,
        levels: Iterable[Iterable[str]],
        teams: Sequence[Team | str] = (),
        id: str | None = None,  # noqa: A002 - PagerDuty's word
        *,
        delay: int | None = None,
        loops: int = 0,
    ) -> EscalationPolicy:
        """
        Add an escalation policy: the ids of the users of each level, the first level first.

        `delay` is in minutes from level to level, of which there are `loops` rounds more; without it nothing escalates
        by itself.
        """
        policy = self._account.directory.add_policy(name, levels, _team_ids(teams), id)
        return self._account.directory.put_policy(replace(policy, delay=delay, loops=loops))

    def set_shifts(self, policy_id: str, shifts: Iterable[tuple[str, datetime, datetime]], schedule: str = "") -> None:
        """Replace the shifts at the first level of a policy: user, begin, end. Open incidents are not reassigned."""
        directory = self._account.directory
        made = tuple(Shift(*one, schedule) for one in shifts)
        directory.put_policy(replace(directory.policy(policy_id), shifts=made))

    def add_service(
        self,
        name: str,
        policy_id: str,
        teams: Sequence[Team | str] = (),
        id: str | None = None,  # noqa: A002 - PagerDuty's word
        *,
        acknowledgement_timeout: int | None = None,
        auto_resolve_timeout: int | None = None,
    ) -> Service:
        """
        Add a service; its incidents belong to its teams, or else to those of its escalation policy.

        The timeouts are in seconds; without them an acknowledge holds, and nothing is resolved by itself.
        """
        service = self._account.directory.add_service(name, policy_id, _team_ids(teams), id)
        return self._account.directory.put_service(
            replace(service, acknowledgement_timeout=acknowledgement_timeout, auto_resolve_timeout=auto_resolve_timeout)
        )

    def set_ability(self, name: str, *, present: bool) -> None:
        """Give the account an ability, or take it away; `coordinated_responding` is what responder requests need."""
        abilities = self._account.directory.abilities
        (abilities.add if present else abilities.discard)(name)

    def add_incident_type(self, name: str) -> None:
        """Add an incident type, beside `incident_default` and `major_incident`."""
        self._account.directory.incident_types.add(name)

    def add_priority(
        self,
        name: str,
        description: str = "",
        id: str | None = None,  # noqa: A002 - PagerDuty's word
    ) -> Priority:
        """Add a priority, below those that were added before."""
        priority = Priority(id or ids.object_id(), name, description)
        self._account.directory.priorities[priority.id] = priority
        return priority

    def subscribe(
        self,
        url: str,
        secrets: Iterable[str],
        events: Iterable[str] | None = None,
        service_id: str | None = None,
        team_id: str | None = None,
    ) -> Subscription:
        """
        Have webhooks sent to `url`, signed with every secret: all events or these types, of one service or team.

        `pagey.ping` is sent by `webhooks.ping`, with any filter.
        """
        wanted = None if events is None else frozenset(events)
        subscription = Subscription(ids.object_id(), url, list(secrets), wanted, service_id, team_id)
        self.webhooks.subscriptions[subscription.id] = subscription
        return subscription


def _team_ids(teams: Sequence[Team | str]) -> list[str]:
    return [team if isinstance(team, str) else team.id for team in teams]
