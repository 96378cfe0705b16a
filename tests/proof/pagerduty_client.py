"""PagerDuty as the core sees it: the door's own methods, answered by the model in `account`."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

from shared.errors import Refused
from shared.model.event_types import Status
from shared.model.ids import IncidentId, TeamId, UserId
from shared.pagerduty.api import errors
from shared.pagerduty.api.client import PagerDuty, Read
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.models import incident as incident_model
from shared.pagerduty.models.account import EscalationPolicy, Team, User
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import Alert, LogEntry, Note
from shared.pagerduty.models.webhook_subscription import NEEDED, WebhookSubscription
from shared.vendor_calls import ServerClock
from tests.proof import log_entries
from tests.proof import pagerduty_model as model
from tests.proof.faulty_link import Way
from tests.proof.pagerduty_model import Account, AlreadySo, History, Write
from tests.proof.personas import PEOPLE, Person

T = TypeVar("T")

SECOND = 1000
SUBSCRIPTION = WebhookSubscription(
    "PHOOK01", "https://bridge.example.com/webhooks/pagerduty", active=True, disabled=False, events=NEEDED,
    scope="account", scope_id="", description="",
)  # fmt: skip
"""The webhook subscription, which is as it should be."""


class ModelClock(ServerClock):
    """PagerDuty's clock."""

    def __init__(self, account: Account) -> None:
        """Hear nothing."""
        self._account = account

    def now_ms(self) -> int:
        """PagerDuty's time."""
        return self._account.clock_ms()


class SimulatedPagerDuty(PagerDuty):
    """One worker's door to the model. Reads answer what is there; a write says what it found and what it did."""

    def __init__(self, account: Account, way: Way) -> None:
        """Need no connection."""
        self._account = account
        self._way = way
        self.server_clock = ModelClock(account)

    async def fresh_now_ms(self) -> int:
        """PagerDuty's time."""
        return self._account.clock_ms()

    async def incident(self, incident: IncidentId, *, with_details: bool = False) -> Read[RestIncident]:
        """Read an incident; nobody in the simulation writes details."""
        assert not with_details
        return await self._way.call("read", lambda: self._with_date(self._shown(self._account.incidents[incident])))

    async def set_status(
        self, incident: IncidentId, status: Status, from_email: str, resolution: str = ""
    ) -> Read[RestIncident]:
        """Bring an incident into `status`. Nobody in the simulation writes a resolution."""
        assert not resolution
        way = self._way
        write = Write(incident, model.by_email(from_email), status.value, way.now(), way.worker)
        self._account.writes.append(write)

        def land() -> Read[RestIncident]:
            write.after = way.given_up(write.begun)
            return self._with_date(self._shown(self._account.carry_out(write)))

        try:
            answer = await way.call("write", land)
        except AlreadySo as error:
            write.answered = True
            raise Refused("PagerDuty answered: it is so already", error.code, errors.BAD_REQUEST) from None
        write.answered = True
        return answer

    async def log_entries(self, incident: IncidentId, since_ms: int | None = None) -> Read[tuple[LogEntry, ...]]:
        """Read the log, of which the model keeps the transitions."""
        return await self._way.call(
            "read", lambda: self._with_date(log_entries.entries(self._account.incidents[incident], since_ms or 0))
        )

    async def activity(self, since_ms: int) -> Read[tuple[LogEntry, ...]]:
        """Read the log of the whole account."""
        return await self._way.call("survey", lambda: self._with_date(self._activity(since_ms)))

    async def incidents(self, wanted: IncidentFilter) -> AsyncIterator[RestIncident]:
        """List incidents, by their state or by their age: nobody asks for anything else."""
        for incident in await self._way.call("survey", lambda: self._listed(wanted)):
            yield incident

    async def notes(self, incident: IncidentId) -> Read[tuple[Note, ...]]:
        """Read the notes, of which there are none."""
        del incident
        return await self._way.call("read", lambda: self._with_date(()))

    async def webhook_subscriptions(self) -> Read[tuple[WebhookSubscription, ...]]:
        """List the webhook subscriptions."""
        return await self._way.call("survey", lambda: self._with_date((SUBSCRIPTION,)))

    async def alerts(self, incident: IncidentId) -> tuple[Alert, ...]:
        """Read the alerts, of which the model has none."""
        assert incident in self._account.incidents
        return await self._way.call("read", tuple[Alert, ...])

    async def user(self, user: UserId) -> User:
        """Read a user."""
        return await self._way.call("read", lambda: next(_user(p) for p in _users() if p.pagerduty == user))

    async def users_by_query(self, text: str) -> tuple[User, ...]:
        """Search users."""
        return await self._way.call("read", lambda: tuple(_user(p) for p in _users() if text in p.email))

    async def all_users(self) -> AsyncIterator[User]:
        """Read the whole directory."""
        for user in await self._way.call("read", lambda: [_user(person) for person in _users()]):
            yield user

    async def team(self, team: TeamId) -> Team:
        """Read a team."""
        return await self._way.call("read", lambda: Team(team, "Payments", private=False))

    async def team_members(self, team: TeamId) -> Read[dict[UserId, str]]:
        """Read who is on a team."""
        people = {UserId(person.pagerduty): "responder" for person in _users() if person.team == team}
        return await self._way.call("read", lambda: self._with_date(people))

    async def escalation_policy(self, policy: str) -> EscalationPolicy:
        """Read an escalation policy."""
        return await self._way.call("read", lambda: EscalationPolicy(policy, "Payments on-call"))

    async def on_call(self, _policy: str) -> frozenset[UserId]:
        """Read who is on call: nobody who is not on the team anyway."""
        return await self._way.call("read", frozenset)

    def _with_date(self, value: T) -> Read[T]:
        return Read(value, log_entries.second(self._account.clock_ms()))

    def _activity(self, since_ms: int) -> tuple[LogEntry, ...]:
        every = (log_entries.entries(incident, since_ms) for incident in self._account.incidents.values())
        return tuple(sorted(chain.from_iterable(every), key=lambda entry: entry.at.ms))

    def _listed(self, wanted: IncidentFilter) -> list[RestIncident]:
        def fits(incident: History) -> bool:
            young = wanted.since_ms is None or incident.transitions[0].at_ms >= wanted.since_ms // SECOND * SECOND
            return young and (not wanted.statuses or incident.status in wanted.statuses)

        return [self._shown(incident) for incident in self._account.incidents.values() if fits(incident)]

    def _shown(self, incident: History) -> RestIncident:
        """Show it the way REST does: whole seconds, who changed the status last, another name for the number."""
        last = incident.last
        values = model.shown(incident) | {
            "id": incident.id,
            "incident_number": incident.number,
            "updated_at": _in_seconds(incident.updated_ms),
            "last_status_change_at": _in_seconds(last.at_ms),
            "last_status_change_by": model.reference(last.by) if last.by else model.SERVICE,
            "assigned_via": "escalation_policy",
            "assignments": [{"assignee": one} for one in model.assignees(incident)],
        }
        return incident_model.parse_incident({"incident": values})


def _in_seconds(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // SECOND, UTC).isoformat()


def _users() -> list[Person]:
    return [person for person in PEOPLE.values() if person.pagerduty]


def _user(person: Person) -> User:
    return User(
        UserId(person.pagerduty),
        person.name,
        person.email,
        "limited_user",
        frozenset({TeamId(person.team)}),
        kind="user",
    )
